;; pool-valuation: what pools and their assets are worth at the prices that independent sources agree on.
;; Trusts: pool-books for a pool's shares, pool-portfolios for what it holds, pool-oracle for prices, withdrawal-queue
;; for what is owed.
;; Holds nothing and changes nothing.
;; Errors: u2400 to u2499. Rounding: value is given both ways, down and up, each rounded per asset.
;; Prices are STX per whole token with 12 decimals; values are micro-STX; shares have 6 decimals.

(define-constant BPS_ONE u10000)
(define-constant PRICE_ONE u1000000000000) ;; 12 decimals
;; The most of an asset, and the highest price, whose product still fits.
(define-constant MAX_AMOUNT u100000000000000000000)
(define-constant MAX_PRICE u1000000000000000000)
(define-constant MAX_USTX u10000000000000000) ;; more than all STX there will ever be

;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u2400))
;; A price is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u2401))
;; The asset is not registered.
(define-constant ERR_UNKNOWN_ASSET (err u2402))
;; The amount or its value is more than could exist.
(define-constant ERR_TOO_LARGE (err u2403))

;; --- views ---

;; A pool as pool-books has it, with what it is worth; `worth` is none while a price it needs is missing.
(define-read-only (survey (pool-id uint))
  (match (contract-call? .pool-books get-pool pool-id)
    pool (some (merge pool { worth: (match (weigh (get rows pool)) value (some value) code none) }))
    none
  )
)

;; A pool with its terms and how far its fees are charged, for people to read. Needs no price.
(define-read-only (get-pool (pool-id uint))
  (match (contract-call? .pool-books get-pool pool-id)
    pool (some (merge (contract-call? .pool-terms get-terms pool-id) {
      name: (get name pool),
      share: (get share pool),
      creator: (get creator pool),
      created-at: (get created-at pool),
      total-shares: (get total-shares pool),
      pending-shares: (get pending-shares pool),
      pauses: (get pauses pool),
    }))
    none
  )
)

;; What a pool holds and wants. Needs no price.
(define-read-only (get-assets (pool-id uint))
  (map to-asset (contract-call? .pool-portfolios get-portfolio pool-id))
)

;; Micro-STX, rounded down and up per asset; only what is held needs a price.
;; Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (get-value (pool-id uint))
  (weigh (get rows (unwrap! (contract-call? .pool-books get-pool pool-id) ERR_NO_POOL)))
)

;; STX per whole share with 12 decimals, before fees not yet charged; one STX before the first deposit.
;; Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (get-share-price (pool-id uint))
  (let ((pool (unwrap! (contract-call? .pool-books get-pool pool-id) ERR_NO_POOL)))
    (if (is-eq (get total-shares pool) u0)
      (ok PRICE_ONE)
      (ok (mul-div-down (get down (try! (weigh (get rows pool)))) PRICE_ONE (get total-shares pool)))
    )
  )
)

;; What a pool holds, with the agreed price of every asset. Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (get-allocation (pool-id uint))
  (let ((rows (get rows (unwrap! (contract-call? .pool-books get-pool pool-id) ERR_NO_POOL)))
        (prices (contract-call? .pool-oracle get-prices (map get-row-asset rows))))
    (asserts! (is-none (index-of? (map is-some-price prices) false)) ERR_NO_PRICE)
    (asserts! (is-none (index-of? (map is-fitting rows prices) false)) ERR_TOO_LARGE)
    (ok (map to-allocation rows prices))
  )
)

;; How far a pool is from its target: half the sum of all gaps, in basis points of the value that queued withdrawals
;; will not take. A request below its own minimum takes nothing. Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (get-drift (pool-id uint))
  (let ((gauge (try! (gauge-drift pool-id none))))
    (ok {
      drift-bps: (get drift-bps gauge),
      value-ustx: (get value-ustx gauge),
      free-ustx: (get free-ustx gauge),
    })
  )
)

;; The same with the pool's idle STX and the prices it was measured at. Who measures twice in a call hands them in again,
;; so that both are measured alike; they are asked for anew when the assets are others by now.
;; Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (gauge-drift
    (pool-id uint)
    (known (optional { assets: (list 10 principal), prices: (list 10 (optional uint)) }))
  )
  (let ((total-shares (unwrap! (contract-call? .pool-books get-total-shares pool-id) ERR_NO_POOL))
        (rows (contract-call? .pool-portfolios get-portfolio pool-id))
        (assets (map get-row-asset rows))
        (prices (if (is-eq (get assets known) (some assets))
          (default-to (list) (get prices known))
          (contract-call? .pool-oracle get-prices assets)
        ))
        (values (try! (get-values-at rows prices)))
        (value-ustx (fold add-down values u0))
        (owed (unwrap! (contract-call? .withdrawal-queue get-owed pool-id value-ustx total-shares) ERR_TOO_LARGE))
        (free-ustx (- value-ustx (lesser owed value-ustx)))
        (gaps (get gaps (fold add-gap rows { values: values, at: u0, owed: owed, free: free-ustx, gaps: u0 }))))
    (ok {
      drift-bps: (if (is-eq free-ustx u0) u0 (mul-div-down gaps BPS_ONE (* u2 free-ustx))),
      value-ustx: value-ustx,
      free-ustx: free-ustx,
      idle-ustx: (fold add-idle rows u0),
      known: { assets: assets, prices: prices },
    })
  )
)

;; Micro-STX of `amount` base units at the agreed price, rounded down and up.
;; Fails: ERR_UNKNOWN_ASSET, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (get-asset-value (asset principal) (amount uint))
  (let ((unit (get unit (unwrap! (contract-call? .pool-portfolios get-asset asset) ERR_UNKNOWN_ASSET)))
        (price (get price (unwrap! (contract-call? .pool-oracle get-consensus-price asset) ERR_NO_PRICE))))
    (asserts! (and (<= amount MAX_AMOUNT) (<= price MAX_PRICE)) ERR_TOO_LARGE)
    (ok { price: price, down: (mul-div-down amount price unit), up: (mul-div-up amount price unit) })
  )
)

;; The fees that would be charged now, in shares. Fails: ERR_NO_POOL, ERR_NO_PRICE, ERR_TOO_LARGE.
(define-read-only (preview-fees (pool-id uint))
  (let ((pool (unwrap! (contract-call? .pool-books get-pool pool-id) ERR_NO_POOL))
        (value-ustx (get down (try! (weigh (get rows pool))))))
    (ok (unwrap!
      (contract-call? .pool-terms preview-charge pool-id (get total-shares pool) (some value-ustx))
      ERR_TOO_LARGE
    ))
  )
)

;; --- rows ---

;; Down and up, over all rows.
(define-private (weigh (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })))
  (let ((values (try! (get-values rows))))
    (ok { down: (fold add-down values u0), up: (fold add-up values u0) })
  )
)

(define-private (get-values (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })))
  (get-values-at rows (contract-call? .pool-oracle get-prices (map get-row-asset rows)))
)

(define-private (get-values-at
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (prices (list 10 (optional uint)))
  )
  (begin
    (asserts! (is-none (index-of? (map is-priced rows prices) false)) ERR_NO_PRICE)
    (asserts! (is-none (index-of? (map is-fitting rows prices) false)) ERR_TOO_LARGE)
    (let ((values (map to-value rows prices)))
      (asserts! (<= (fold add-up values u0) MAX_USTX) ERR_TOO_LARGE)
      (ok values)
    )
  )
)

(define-private (get-row-asset (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
  (get asset row)
)

(define-private (to-asset (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
  { asset: (get asset row), amount: (get amount row), bps: (get bps row), decimals: (get decimals row) }
)

(define-private (is-some-price (price (optional uint)))
  (is-some price)
)

;; Only what is held needs a price.
(define-private (is-priced
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (price (optional uint))
  )
  (or (is-eq (get amount row) u0) (is-some price))
)

(define-private (is-fitting
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (price (optional uint))
  )
  (and (<= (get amount row) MAX_AMOUNT) (<= (default-to u0 price) MAX_PRICE))
)

(define-private (to-value
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (price (optional uint))
  )
  {
    down: (mul-div-down (get amount row) (default-to u0 price) (get unit row)),
    up: (mul-div-up (get amount row) (default-to u0 price) (get unit row)),
  }
)

(define-private (to-allocation
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (price (optional uint))
  )
  {
    asset: (get asset row),
    amount: (get amount row),
    price: (default-to u0 price),
    value-ustx: (get down (to-value row price)),
  }
)

(define-private (add-idle
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (sum uint)
  )
  (if (is-eq (get asset row) .stx-token) (+ sum (get amount row)) sum)
)

;; What is owed comes off the STX side, even below zero.
(define-private (add-gap
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (state { values: (list 10 { down: uint, up: uint }), at: uint, owed: uint, free: uint, gaps: uint })
  )
  (let ((held (default-to u0 (get down (element-at? (get values state) (get at state)))))
        (wanted (mul-div-down (get bps row) (get free state) BPS_ONE))
        (claimed (if (is-eq (get asset row) .stx-token) (+ wanted (get owed state)) wanted))
        (gap (if (> held claimed) (- held claimed) (- claimed held))))
    (merge state { at: (+ (get at state) u1), gaps: (+ (get gaps state) gap) })
  )
)

;; --- arithmetic ---

(define-private (add-down (value { down: uint, up: uint }) (sum uint))
  (+ sum (get down value))
)

(define-private (add-up (value { down: uint, up: uint }) (sum uint))
  (+ sum (get up value))
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
