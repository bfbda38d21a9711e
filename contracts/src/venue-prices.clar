;; venue-prices: what venues and oracles on the chain say now, with 12 decimals. Read-only.
;; Trusts: nobody. A source that is absent, empty or beyond all measure says `none`, never zero; only
;; pool-oracle decides whether what is said may count. Holds nothing. Errors: none. Rounding: down.

(define-constant ONE_E12 u1000000000000)
;; A million for a whole token; the product of two such prices still fits.
(define-constant MAX_PRICE u1000000000000000000)
;; Reserves beyond this are no market, and would overflow.
(define-constant MAX_RESERVE u100000000000000000000000000)
;; ALEX's factor of the constant product, and its unit; other factors have curves of their own.
(define-constant ALEX_ONE u100000000)

;; The product over the hops of each ALEX pool's price, y per x in the pool's own order, or of its inverse.
(define-read-only (get-alex-price (hops (list 2 { x: principal, y: principal, factor: uint, invert: bool })))
  (if (is-eq (len hops) u0)
    none
    (fold chain-hop hops (some ONE_E12))
  )
)

;; STX per token from a Velar pool of the two, with 6 decimals each: reserve0 per reserve1, or the inverse.
(define-read-only (get-velar-price (token principal) (pool-id uint) (invert bool))
  (match (contract-call? 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-core get-pool pool-id)
    pool (if (and
        (is-eq (if invert (get token0 pool) (get token1 pool)) token)
        (is-eq (if invert (get token1 pool) (get token0 pool)) 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx)
      )
      (per-unit (get reserve0 pool) (get reserve1 pool) invert)
      none
    )
    none
  )
)

;; STX per stSTX, from Stacking DAO's ratio of 6 decimals.
(define-read-only (get-ststx-price)
  (match (contract-call? 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2 get-ststx-ratio)
    ratio (per-unit ratio u1000000 false)
    code none
  )
)

;; USD per token from DIA, which has 8 decimals and milliseconds, and answers zeros for what it does not know.
(define-read-only (get-dia-price (key (string-ascii 32)))
  (let (
      (answer (unwrap! (contract-call? 'SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0.dia-oracle get-value key) none))
      (price (unwrap! (per-unit (get value answer) u100000000 false) none))
    )
    (some { price: price, at: (/ (get timestamp answer) u1000) })
  )
)

;; --- arithmetic ---

(define-private (chain-hop
    (hop { x: principal, y: principal, factor: uint, invert: bool })
    (so-far (optional uint))
  )
  (match so-far
    before (match (get-hop-price hop)
      price (some (/ (* before price) ONE_E12))
      none
    )
    none
  )
)

;; The balances are asked first: with an empty pool the venue's own price call aborts.
(define-private (get-hop-price (hop { x: principal, y: principal, factor: uint, invert: bool }))
  (match (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 get-balances
    (get x hop) (get y hop) (get factor hop)
  )
    pool (if (is-eq (get factor hop) ALEX_ONE)
      (per-unit (get balance-y pool) (get balance-x pool) (get invert hop))
      (match (begin
        (unwrap! (per-unit (get balance-y pool) (get balance-x pool) false) none)
        (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 get-price
          (get x hop) (get y hop) (get factor hop)
        ))
        price (per-unit price ALEX_ONE (get invert hop))
        code none
      )
    )
    code none
  )
)

;; top / bottom with 12 decimals, or bottom / top; none when either is nothing or the price is out of range.
(define-private (per-unit (top uint) (bottom uint) (invert bool))
  (if (and (> top u0) (> bottom u0) (<= top MAX_RESERVE) (<= bottom MAX_RESERVE))
    (let ((price (if invert (/ (* bottom ONE_E12) top) (/ (* top ONE_E12) bottom))))
      (if (and (> price u0) (<= price MAX_PRICE)) (some price) none)
    )
    none
  )
)
