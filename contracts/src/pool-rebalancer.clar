;; pool-rebalancer: carries out one slice of a mandate. It holds a keeper's swaps to the mandate and the day's loss,
;; and sees to it that the pool ends nearer to its target than it began. After three days without a slice anybody
;; may take the keeper's place, within the same bounds and for the same pay.
;; Trusts: the vault for measured amounts, for the price of every swap and for pauses, pool-valuation for what a pool
;; has and is worth, pool-governance for mandates; who calls for nothing but the choice of swaps. Holds nothing.
;; Errors: u1400 to u1499, and those of the vault (u13xx) and of governance (u17xx) unchanged.
;; Rounding: what is sold is valued up, what is bought down; pay down. Times are seconds of block time.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait dex-adapter .dex-adapter-trait.dex-adapter-trait)

(define-constant BPS_ONE u10000)
(define-constant DAY_SECS u86400)
(define-constant SILENCE_SECS (* u3 DAY_SECS))
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant MAX_DAY_LOSS_BPS u200)
(define-constant MAX_DAY_PAY_BPS u50) ;; so that many small slices cannot eat a pool
(define-constant GAS_LIMIT_USTX u1000000)
(define-constant PAY_BPS u11000)

;; The caller is no keeper, and keepers have not been silent for three days.
(define-constant ERR_NOT_KEEPER (err u1400))
;; There are no swaps in the slice.
(define-constant ERR_NO_LEGS (err u1401))
;; There is no mandate of that number.
(define-constant ERR_NO_MANDATE (err u1404))
;; The price of something the pool holds is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u1405))
;; The pool would lose more in one day than it may.
(define-constant ERR_DAY_LOSS (err u1407))
;; The pool would not be nearer to its target.
(define-constant ERR_DRIFT_NOT_LOWER (err u1408))

;; What each pool lost to swaps and paid to keepers, by day of block time.
(define-map days { pool-id: uint, day: uint } { loss-ustx: uint, pay-ustx: uint })
;; When the last slice of a pool ran.
(define-map last-slices uint uint)

;; --- the keeper, or anyone after three days of silence ---

;; Run one slice: all of its swaps or none. A swap that fails at its venue is tried at its fallback, if it has one:
;; whatever the first venue did is undone, because its failure crosses a contract call.
;; Caller: role "keeper"; anyone once neither the mandate nor the pool has had a slice for three days.
;; Emits: slice-executed, after the vault's leg-executed and keeper-paid.
;; Fails: ERR_NOT_KEEPER, ERR_NO_LEGS, ERR_NO_MANDATE, ERR_NO_PRICE, ERR_DAY_LOSS, ERR_DRIFT_NOT_LOWER; and what
;; execute-leg, note-slice and pay-keeper fail with.
(define-public (rebalance-pool
    (pool-id uint)
    (mandate-id uint)
    (slice uint)
    (fee-ustx uint)
    (legs (list 10 {
      from: <ft>,
      to: <ft>,
      amount: uint,
      min-out: uint,
      dex: <dex-adapter>,
      fallback: (optional <dex-adapter>),
    }))
  )
  (let ((keeper contract-caller)
        (mandate (contract-call? .pool-governance get-mandate mandate-id)))
    (asserts! (may-run keeper pool-id (get opened-at mandate)) ERR_NOT_KEEPER)
    (asserts! (> (len legs) u0) ERR_NO_LEGS)
    (let ((before (try! (gauge-drift pool-id none)))
          (swapped (try! (fold run-leg legs (ok {
            pool-id: pool-id,
            slippage-bps: (get slippage-bps (get limits (unwrap! mandate ERR_NO_MANDATE))),
            sold: u0,
            bought: u0,
            loss: u0,
            fallbacks: u0,
            outs: (list),
          }))))
          (after (try! (gauge-drift pool-id (some (get known before)))))
          (value-ustx (get value-ustx before)))
      (asserts! (< (get drift-bps after) (get drift-bps before)) ERR_DRIFT_NOT_LOWER)
      (try! (contract-call? .pool-governance note-slice mandate-id pool-id slice (get sold swapped) value-ustx
        (get loss swapped)
      ))
      (print {
        topic: "slice-executed",
        pool-id: pool-id,
        mandate-id: mandate-id,
        slice: slice,
        keeper: keeper,
        drift-before: (get drift-bps before),
        drift-after: (get drift-bps after),
        sold-ustx: (get sold swapped),
        bought-ustx: (get bought swapped),
        fallbacks: (get fallbacks swapped),
        paid-ustx: (try! (settle-day pool-id value-ustx (get loss swapped) fee-ustx (get idle-ustx after) keeper)),
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
  (let ((drift (try! (gauge-drift pool-id none)))
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
  (get-day-at pool-id (get-day-of stacks-block-time))
)

;; When the last slice of a pool ran; none before its first.
(define-read-only (get-last-slice-at (pool-id uint))
  (map-get? last-slices pool-id)
)

;; The second from which anyone may run the mandate's next slice, unless one runs before; none without such a mandate.
(define-read-only (get-open-to-all-at (mandate-id uint))
  (match (contract-call? .pool-governance get-mandate mandate-id)
    mandate (some (add-silence (get pool-id mandate) (get opened-at mandate)))
    none
  )
)

;; --- guards ---

;; A mandate that is not there makes nobody a keeper.
(define-private (may-run (caller principal) (pool-id uint) (opened-at (optional uint)))
  (or
    (contract-call? .pool-access has-role caller "keeper")
    (match opened-at
      at (>= stacks-block-time (add-silence pool-id at))
      false
    )
  )
)

;; --- moving ---

(define-private (run-leg
    (leg {
      from: <ft>,
      to: <ft>,
      amount: uint,
      min-out: uint,
      dex: <dex-adapter>,
      fallback: (optional <dex-adapter>),
    })
    (progress (response {
      pool-id: uint,
      slippage-bps: uint,
      sold: uint,
      bought: uint,
      loss: uint,
      fallbacks: uint,
      outs: (list 10 uint),
    } uint))
  )
  (let ((so-far (try! progress))
        (pool-id (get pool-id so-far))
        (slippage-bps (get slippage-bps so-far))
        (from (get from leg))
        (to (get to leg))
        (amount (get amount leg))
        (min-out (get min-out leg))
        (dex (get dex leg))
        (tried (contract-call? .whale-pool-vault execute-leg pool-id from to amount min-out slippage-bps dex))
        (done (if (is-ok tried)
          tried
          (match (get fallback leg)
            other (contract-call? .whale-pool-vault execute-leg pool-id from to amount min-out slippage-bps other)
            tried
          )
        ))
        (swapped (try! done))
        (sold (get sold-ustx swapped))
        (bought (get bought-ustx swapped)))
    (ok (merge so-far {
      sold: (+ (get sold so-far) sold),
      bought: (+ (get bought so-far) bought),
      loss: (+ (get loss so-far) (if (> sold bought) (- sold bought) u0)),
      fallbacks: (+ (get fallbacks so-far) (if (is-ok tried) u0 u1)),
      outs: (default-to (get outs so-far) (as-max-len? (append (get outs so-far) (get received swapped)) u10)),
    }))
  )
)

;; Notes the slice, holds the day's loss to its bound, and pays the fee and a tenth, as far as the gas limit, the pool's idle STX and the
;; day's allowance go.
(define-private (settle-day
    (pool-id uint)
    (value-ustx uint)
    (loss-ustx uint)
    (fee-ustx uint)
    (idle-ustx uint)
    (keeper principal)
  )
  ;; The time is asked for once, for its cost.
  (let ((now stacks-block-time)
        (day (get-day-of now))
        (today (get-day-at pool-id day))
        (loss (+ (get loss-ustx today) loss-ustx))
        (allowed (mul-div-down value-ustx MAX_DAY_PAY_BPS BPS_ONE))
        (left (if (> allowed (get pay-ustx today)) (- allowed (get pay-ustx today)) u0))
        (owed (lesser (preview-pay (lesser fee-ustx GAS_LIMIT_USTX)) left))
        (pay (lesser owed idle-ustx)))
    (asserts! (<= (* loss BPS_ONE) (* value-ustx MAX_DAY_LOSS_BPS)) ERR_DAY_LOSS)
    (map-set last-slices pool-id now)
    (map-set days { pool-id: pool-id, day: day } { loss-ustx: loss, pay-ustx: (+ (get pay-ustx today) pay) })
    (and (> pay u0) (try! (contract-call? .whale-pool-vault pay-keeper pool-id keeper pay)))
    (ok pay)
  )
)

;; --- arithmetic ---

(define-private (gauge-drift
    (pool-id uint)
    (known (optional { assets: (list 10 principal), prices: (list 10 (optional uint)) }))
  )
  (ok (unwrap! (contract-call? .pool-valuation gauge-drift pool-id known) ERR_NO_PRICE))
)

(define-private (get-day-of (at uint))
  (/ at DAY_SECS)
)

(define-private (get-day-at (pool-id uint) (day uint))
  (default-to { loss-ustx: u0, pay-ustx: u0 } (map-get? days { pool-id: pool-id, day: day }))
)

;; Three days after the mandate opened or the pool had a slice, whichever is later.
(define-private (add-silence (pool-id uint) (opened-at uint))
  (let ((last-slice (default-to u0 (map-get? last-slices pool-id))))
    (+ SILENCE_SECS (if (> last-slice opened-at) last-slice opened-at))
  )
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
