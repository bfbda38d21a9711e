;; pool-rebalancer: carries out one slice of a mandate. It checks a keeper's swaps against the consensus prices,
;; the mandate and the day's loss, and that the pool ends nearer to its target than it began.
;; Trusts: the vault for books and measured amounts, pool-oracle for prices, pool-governance for mandates; the
;; keeper for nothing but its choice of swaps. Holds nothing.
;; Errors: u1400 to u1499, and those of the vault (u13xx) and of governance (u17xx) unchanged.
;; Rounding: what is sold is valued up, what is bought down. Times are seconds of block time.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait dex-adapter .dex-adapter-trait.dex-adapter-trait)

(define-constant BPS_ONE u10000)
(define-constant DAY_SECS u86400)
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant MAX_DAY_LOSS_BPS u200)
(define-constant MAX_DAY_PAY_BPS u50) ;; so that many small slices cannot eat a pool
(define-constant GAS_LIMIT_USTX u1000000)
(define-constant PAY_BPS u11000)

;; The caller is no keeper.
(define-constant ERR_NOT_KEEPER (err u1400))
;; There are no swaps in the slice.
(define-constant ERR_NO_LEGS (err u1401))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u1402))
;; The pool is paused.
(define-constant ERR_PAUSED (err u1403))
;; There is no mandate of that number.
(define-constant ERR_NO_MANDATE (err u1404))
;; A price is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u1405))
;; A swap brought less than the consensus price less the mandate's slippage.
(define-constant ERR_SLIPPAGE (err u1406))
;; The pool would lose more in one day than it may.
(define-constant ERR_DAY_LOSS (err u1407))
;; The pool would not be nearer to its target.
(define-constant ERR_DRIFT_NOT_LOWER (err u1408))

;; What each pool lost to swaps and paid to keepers, by day of block time.
(define-map days { pool-id: uint, day: uint } { loss-ustx: uint, pay-ustx: uint })

;; --- the keeper ---

;; Run one slice: all of its swaps or none.
;; Caller: role "keeper". Emits: slice-executed, after the vault's leg-executed and keeper-paid.
;; Fails: ERR_NOT_KEEPER, ERR_NO_LEGS, ERR_NO_POOL, ERR_PAUSED, ERR_NO_MANDATE, ERR_NO_PRICE,
;; ERR_SLIPPAGE, ERR_DAY_LOSS, ERR_DRIFT_NOT_LOWER; and what execute-leg and note-slice fail with.
(define-public (rebalance-pool
    (pool-id uint)
    (mandate-id uint)
    (slice uint)
    (fee-ustx uint)
    (legs (list 10 { from: <ft>, to: <ft>, amount: uint, min-out: uint, dex: <dex-adapter> }))
  )
  (let ((keeper contract-caller))
    (asserts! (contract-call? .pool-access has-role keeper "keeper") ERR_NOT_KEEPER)
    (asserts! (> (len legs) u0) ERR_NO_LEGS)
    (asserts! (not (get paused (unwrap! (contract-call? .whale-pool-vault get-pool pool-id) ERR_NO_POOL))) ERR_PAUSED)
    (asserts! (is-ok (contract-call? .whale-pool-vault get-pool-allocation pool-id)) ERR_NO_PRICE)
    (let ((mandate (unwrap! (contract-call? .pool-governance get-mandate mandate-id) ERR_NO_MANDATE))
          (before (unwrap! (contract-call? .whale-pool-vault get-drift pool-id) ERR_NO_PRICE))
          (value-ustx (get value-ustx before))
          (swapped (try! (fold run-leg legs (ok {
            pool-id: pool-id,
            slippage-bps: (get slippage-bps (get limits mandate)),
            sold: u0,
            bought: u0,
            loss: u0,
            outs: (list),
          }))))
          (after (unwrap! (contract-call? .whale-pool-vault get-drift pool-id) ERR_NO_PRICE)))
      (try! (contract-call? .pool-governance note-slice mandate-id pool-id slice (get sold swapped) value-ustx
        (get loss swapped)
      ))
      (try! (note-day-loss pool-id value-ustx (get loss swapped)))
      (asserts! (< (get drift-bps after) (get drift-bps before)) ERR_DRIFT_NOT_LOWER)
      (print {
        topic: "slice-executed",
        pool-id: pool-id,
        mandate-id: mandate-id,
        slice: slice,
        drift-before: (get drift-bps before),
        drift-after: (get drift-bps after),
        sold-ustx: (get sold swapped),
        bought-ustx: (get bought swapped),
        paid-ustx: (try! (pay-keeper pool-id value-ustx fee-ustx keeper)),
      })
      (ok {
        drift-before: (get drift-bps before),
        drift-after: (get drift-bps after),
        sold-ustx: (get sold swapped),
        bought-ustx: (get bought swapped),
        outs: (get outs swapped),
      })
    )
  )
)

;; --- views ---

;; An upper bound of what closing today's drift would cost, through direct pairs in one slice.
;; Fails: ERR_NO_PRICE, also for a pool that does not exist.
(define-read-only (estimate-rebalance-cost (pool-id uint))
  (let ((drift (unwrap! (contract-call? .whale-pool-vault get-drift pool-id) ERR_NO_PRICE))
        (bps (get drift-bps drift))
        ;; The drift was rounded down, so the bound takes one more.
        (turnover (if (is-eq bps u0) u0 (mul-div-up (+ bps u1) (get free-ustx drift) BPS_ONE)))
        (slippage (mul-div-up turnover MAX_SLIPPAGE_BPS BPS_ONE))
        (gas (if (is-eq bps u0) u0 (preview-pay GAS_LIMIT_USTX))))
    (ok {
      turnover-ustx: turnover,
      slippage-ustx: slippage,
      gas-ustx: gas,
      total-ustx: (+ slippage gas),
    })
  )
)

;; What a pool lost to swaps and paid to keepers today.
(define-read-only (get-day (pool-id uint))
  (default-to { loss-ustx: u0, pay-ustx: u0 } (map-get? days { pool-id: pool-id, day: (get-today) }))
)

;; --- moving ---

(define-private (run-leg
    (leg { from: <ft>, to: <ft>, amount: uint, min-out: uint, dex: <dex-adapter> })
    (progress (response {
      pool-id: uint,
      slippage-bps: uint,
      sold: uint,
      bought: uint,
      loss: uint,
      outs: (list 10 uint),
    } uint))
  )
  (let ((so-far (try! progress))
        (from (get from leg))
        (to (get to leg))
        (dex (get dex leg))
        (amount (get amount leg))
        (done (try! (contract-call? .whale-pool-vault execute-leg (get pool-id so-far) from to amount (get min-out leg)
          (get slippage-bps so-far) dex
        )))
        (out (get received done))
        (sold (get sold-ustx done))
        (bought (get bought-ustx done)))
    (asserts! (>= (* bought BPS_ONE) (* sold (- BPS_ONE (get slippage-bps so-far)))) ERR_SLIPPAGE)
    (ok (merge so-far {
      sold: (+ (get sold so-far) sold),
      bought: (+ (get bought so-far) bought),
      loss: (+ (get loss so-far) (if (> sold bought) (- sold bought) u0)),
      outs: (default-to (get outs so-far) (as-max-len? (append (get outs so-far) out) u10)),
    }))
  )
)

(define-private (note-day-loss (pool-id uint) (value-ustx uint) (loss-ustx uint))
  (let ((today (get-day pool-id))
        (loss (+ (get loss-ustx today) loss-ustx)))
    (asserts! (<= (* loss BPS_ONE) (* value-ustx MAX_DAY_LOSS_BPS)) ERR_DAY_LOSS)
    (ok (map-set days { pool-id: pool-id, day: (get-today) } (merge today { loss-ustx: loss })))
  )
)

;; Pays the fee and a tenth, as far as the gas limit, the pool's idle STX and the day's allowance go.
(define-private (pay-keeper (pool-id uint) (value-ustx uint) (fee-ustx uint) (keeper principal))
  (let ((today (get-day pool-id))
        (allowed (mul-div-down value-ustx MAX_DAY_PAY_BPS BPS_ONE))
        (left (if (> allowed (get pay-ustx today)) (- allowed (get pay-ustx today)) u0))
        (fee (lesser fee-ustx GAS_LIMIT_USTX))
        (pay (lesser (lesser (preview-pay fee) left) (get-idle-ustx pool-id))))
    (if (is-eq pay u0)
      (ok u0)
      (begin
        (map-set days { pool-id: pool-id, day: (get-today) } (merge today { pay-ustx: (+ (get pay-ustx today) pay) }))
        (try! (contract-call? .whale-pool-vault pay-keeper pool-id keeper pay))
        (ok pay)
      )
    )
  )
)

;; --- arithmetic ---

(define-private (get-today)
  (/ stacks-block-time DAY_SECS)
)

(define-private (get-idle-ustx (pool-id uint))
  (fold add-idle (contract-call? .whale-pool-vault get-pool-assets pool-id) u0)
)

(define-private (add-idle (row { asset: principal, amount: uint, bps: uint, decimals: uint }) (sum uint))
  (if (is-eq (get asset row) .stx-token) (+ sum (get amount row)) sum)
)

(define-private (preview-pay (fee-ustx uint))
  (mul-div-down fee-ustx PAY_BPS BPS_ONE)
)

(define-private (lesser (a uint) (b uint))
  (if (< a b) a b)
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
