;; bitflow-stable-adapter: swaps STX and stSTX at Bitflow's stableswap pool, in base units.
;; Trusts: nobody. It acts for its direct caller only, and believes balances, not the venue's answer.
;; Stacking DAO's ratio bounds the price: a trade may lose MARGIN_BPS against it and no more.
;; Holds: nothing. Errors: u3000 to u3099; the venue's own codes are translated, never passed on.
;; Rounding: down, against the trader, as the venue does.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)

;; There is no route between these two tokens.
(define-constant ERR_UNKNOWN_PAIR (err u3000))
;; The amount is too small for the venue to pay anything.
(define-constant ERR_DUST (err u3001))
;; The venue takes less than ten times what its pool holds.
(define-constant ERR_TOO_LARGE (err u3002))
;; The swap would pay less than the stated minimum.
(define-constant ERR_SLIPPAGE (err u3003))
;; The venue has switched this pool off.
(define-constant ERR_POOL_CLOSED (err u3004))
;; The venue has no such pool of these tokens, or nothing in it.
(define-constant ERR_NO_POOL (err u3005))
;; The sender, or the venue, does not hold what has to be moved.
(define-constant ERR_NO_FUNDS (err u3006))
;; The venue failed in a way that has no code of its own here.
(define-constant ERR_VENUE_FAILED (err u3007))
;; The venue paid less than it said.
(define-constant ERR_PAID_TOO_LITTLE (err u3008))
;; The venue took more than it was offered.
(define-constant ERR_TOOK_TOO_MUCH (err u3009))
;; Somebody stands between the owner of the tokens and this contract.
(define-constant ERR_NOT_OWNER (err u3010))
;; Stacking DAO tells no ratio of stSTX to STX, or one that cannot be right.
(define-constant ERR_NO_RATIO (err u3011))
;; The venue's price is too far on the wrong side of the ratio.
(define-constant ERR_OFF_RATIO (err u3012))

(define-constant STX .stx-token)
(define-constant STSTX 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token)
;; STX as the venue names it: the first token of this pool.
(define-constant VENUE_STX 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2)

(define-constant BPS u10000)
;; One STX per stSTX as the ratio says it.
(define-constant ONE_RATIO u1000000)
;; stSTX began at one STX and only gains; ten is decades away.
(define-constant MAX_RATIO u10000000)
;; What a trade may lose against the ratio, fees and its own weight included.
(define-constant MARGIN_BPS u300)
;; The venue's own limit: an amount has to stay below this many times the pool's balance.
(define-constant MAX_BALANCES u10)

;; --- users ---

;; Sell `amount` of `from` for at least `min-out` of `to`.
;; Caller: the owner of the tokens, directly. Emits: bitflow-stable-swapped. Fails: any error of this contract.
(define-public (swap
    (from <ft>)
    (to <ft>)
    (amount uint)
    (min-out uint)
  )
  (begin
    (asserts! (is-eq contract-caller tx-sender) ERR_NOT_OWNER)
    (let (
        (quoted (try! (get-quote from to amount)))
        (sold-before (try! (balance-of from)))
        (bought-before (try! (balance-of to)))
      )
      (asserts! (>= quoted min-out) ERR_SLIPPAGE)
      (asserts! (>= sold-before amount) ERR_NO_FUNDS)
      ;; The venue refuses a minimum of zero; the quote is above zero, so one loses nothing.
      (try! (trade (is-eq (contract-of from) STX) amount (if (> min-out u0) min-out u1)))
      (let (
          (sold-after (try! (balance-of from)))
          (bought-after (try! (balance-of to)))
        )
        ;; The venue's answer counts for nothing: what left and what arrived does.
        (asserts! (>= sold-after (- sold-before amount)) ERR_TOOK_TOO_MUCH)
        (asserts! (>= bought-after (+ bought-before min-out)) ERR_PAID_TOO_LITTLE)
        (print {
          topic: "bitflow-stable-swapped",
          owner: tx-sender,
          from: (contract-of from),
          to: (contract-of to),
          amount: amount,
          out: (- bought-after bought-before),
        })
        (ok (- bought-after bought-before))
      )
    )
  )
)

;; --- views ---

;; Exactly what `swap` would pay now, fees included.
(define-read-only (get-quote (from <ft>) (to <ft>) (amount uint))
  (quote-between (contract-of from) (contract-of to) amount)
)

;; The same for callers that have no trait at hand. The pool's record, the fees and the midpoint are
;; reckoned here, the curve by the venue: its own quotes can be asked in no view.
(define-read-only (quote-between (from principal) (to principal) (amount uint))
  (begin
    (asserts! (is-routed from to) ERR_UNKNOWN_PAIR)
    (let (
        (ratio (try! (get-ratio)))
        (pool (unwrap! (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-pool-stx-ststx-v-1-4 get-pool) ERR_NO_POOL))
        (sells-stx (is-eq from STX))
        (balance-in (if sells-stx (get x-balance pool) (get y-balance pool)))
        (balance-out (if sells-stx (get y-balance pool) (get x-balance pool)))
      )
      (asserts! (and (is-eq (get x-token pool) VENUE_STX) (is-eq (get y-token pool) STSTX)) ERR_NO_POOL)
      (asserts! (and (> balance-in u0) (> balance-out u0)) ERR_NO_POOL)
      (asserts! (get pool-status pool) ERR_POOL_CLOSED)
      (asserts! (> amount u0) ERR_DUST)
      (asserts! (< amount (* balance-in MAX_BALANCES)) ERR_TOO_LARGE)
      (let ((left (left-after
          sells-stx
          (net-of
            amount
            (if sells-stx (get x-protocol-fee pool) (get y-protocol-fee pool))
            (if sells-stx (get x-provider-fee pool) (get y-provider-fee pool))
          )
          (get x-balance pool)
          (get y-balance pool)
          (get midpoint-primary-numerator pool)
          (get midpoint-primary-denominator pool)
          (get amplification-coefficient pool)
          (get convergence-threshold pool)
        )))
        (asserts! (< left balance-out) ERR_DUST)
        (let ((out (- balance-out left)))
          (asserts! (is-fair sells-stx amount out ratio) ERR_OFF_RATIO)
          (ok out)
        )
      )
    )
  )
)

;; Whether there is a route between two tokens, in either direction.
(define-read-only (is-routed (from principal) (to principal))
  (or
    (and (is-eq from STX) (is-eq to STSTX))
    (and (is-eq from STSTX) (is-eq to STX))
  )
)

;; --- routes ---

;; The tokens are always named in the pool's own order; the function gives the direction.
(define-private (trade (sells-stx bool) (amount uint) (min-out uint))
  (match (if sells-stx
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-core-v-1-4 swap-x-for-y
      'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-pool-stx-ststx-v-1-4
      'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2
      'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token
      amount
      min-out
    )
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-core-v-1-4 swap-y-for-x
      'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-pool-stx-ststx-v-1-4
      'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2
      'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token
      amount
      min-out
    )
  )
    out (ok out)
    code (translate code)
  )
)

;; --- guards ---

(define-private (balance-of (token <ft>))
  (ok (unwrap! (contract-call? token get-balance tx-sender) ERR_VENUE_FAILED))
)

;; STX per stSTX, 6 decimals.
(define-private (get-ratio)
  (let ((ratio (unwrap! (contract-call? 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2 get-ststx-ratio) ERR_NO_RATIO)))
    (asserts! (and (>= ratio ONE_RATIO) (<= ratio MAX_RATIO)) ERR_NO_RATIO)
    (ok ratio)
  )
)

;; Whether what comes in is worth what goes out by the ratio, less the margin. A better price is welcome.
(define-private (is-fair (sells-stx bool) (amount uint) (out uint) (ratio uint))
  (if sells-stx
    (>= (* out ratio BPS) (* amount ONE_RATIO (- BPS MARGIN_BPS)))
    (>= (* out ONE_RATIO BPS) (* amount ratio (- BPS MARGIN_BPS)))
  )
)

;; The venue's codes, as far as they mean something to whoever trades and the quote has not met them.
(define-private (translate (code uint))
  (if (is-eq code u1012)
    ERR_NO_POOL
    (if (is-eq code u1) ERR_NO_FUNDS ERR_VENUE_FAILED)
  )
)

;; --- arithmetic ---

;; What is left of an amount after both fees, each rounded down.
(define-private (net-of (amount uint) (protocol-fee uint) (provider-fee uint))
  (- amount (/ (* amount protocol-fee) BPS) (/ (* amount provider-fee) BPS))
)

;; What the pool keeps of the other token when `net` has come in. Its midpoint, `num` to `den`, turns
;; STX into stSTX before the curve sees them.
(define-private (left-after
    (sells-stx bool)
    (net uint)
    (x uint)
    (y uint)
    (num uint)
    (den uint)
    (amp uint)
    (threshold uint)
  )
  (if sells-stx
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-core-v-1-4 get-y
      (/ (* net num) den) (/ (* x num) den) y amp threshold
    )
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.stableswap-core-v-1-4 get-x
      (/ (* net den) num) (/ (* y den) num) x amp threshold
    )
  )
)
