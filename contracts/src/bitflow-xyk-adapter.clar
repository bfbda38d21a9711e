;; bitflow-xyk-adapter: swaps sBTC and WELSH against STX at Bitflow's constant product pools, in base units.
;; Trusts: nobody. It acts for its direct caller only, and believes balances, not the venue's answer.
;; Holds: nothing. Errors: u2900 to u2999; the venue's own codes are translated, never passed on.
;; Rounding: down, against the trader, as the venue does. The venue takes its own fee in a transfer
;; apart from the pool's; both together are the amount.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait bitflow-ft 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.sip-010-trait-ft-standard-v-1-1.sip-010-trait)
(use-trait bitflow-pool 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-pool-trait-v-1-2.xyk-pool-trait)

;; There is no route between these two tokens.
(define-constant ERR_UNKNOWN_PAIR (err u2900))
;; The amount is too small for the venue to pay anything.
(define-constant ERR_DUST (err u2901))
;; The amount is larger than anything the venue could hold.
(define-constant ERR_TOO_LARGE (err u2902))
;; The swap would pay less than the stated minimum.
(define-constant ERR_SLIPPAGE (err u2903))
;; The venue has switched this pool off.
(define-constant ERR_POOL_CLOSED (err u2904))
;; The venue has no such pool of these tokens.
(define-constant ERR_NO_POOL (err u2905))
;; The sender, or the venue, does not hold what has to be moved.
(define-constant ERR_NO_FUNDS (err u2906))
;; The venue failed in a way that has no code of its own here.
(define-constant ERR_VENUE_FAILED (err u2907))
;; The venue paid less than it said.
(define-constant ERR_PAID_TOO_LITTLE (err u2908))
;; The venue took more than it was offered.
(define-constant ERR_TOOK_TOO_MUCH (err u2909))
;; Somebody stands between the owner of the tokens and this contract.
(define-constant ERR_NOT_OWNER (err u2910))

(define-constant STX .stx-token)
(define-constant SBTC 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token)
(define-constant WELSH 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token)
;; STX as the venue names it: always the second token of these pools.
(define-constant VENUE_STX 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2)

(define-constant BPS u10000)
;; Ten thousand million whole tokens: beyond it the venue's arithmetic can overflow, which aborts without a code.
(define-constant MAX_AMOUNT u10000000000000000)

;; --- users ---

;; Sell `amount` of `from` for at least `min-out` of `to`.
;; Caller: the owner of the tokens, directly. Emits: bitflow-xyk-swapped. Fails: any error of this contract.
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
      (try! (trade (contract-of from) (contract-of to) amount (if (> min-out u0) min-out u1)))
      (let (
          (sold-after (try! (balance-of from)))
          (bought-after (try! (balance-of to)))
        )
        ;; The venue's answer counts for nothing: what left and what arrived does.
        (asserts! (>= sold-after (- sold-before amount)) ERR_TOOK_TOO_MUCH)
        (asserts! (>= bought-after (+ bought-before min-out)) ERR_PAID_TOO_LITTLE)
        (print {
          topic: "bitflow-xyk-swapped",
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

;; The same for callers that have no trait at hand. Reckoned from the pool's own record: the venue's
;; quotes can be asked in no view, and the one for the second token takes the first one's fees.
(define-read-only (quote-between (from principal) (to principal) (amount uint))
  (begin
    (asserts! (is-routed from to) ERR_UNKNOWN_PAIR)
    (asserts! (<= amount MAX_AMOUNT) ERR_TOO_LARGE)
    (let (
        (x (if (is-eq from STX) to from))
        (pool (unwrap! (get-pool x) ERR_NO_POOL))
        (sells-x (is-eq from x))
        (net (- amount
          (/ (* amount (if sells-x (get x-protocol-fee pool) (get y-protocol-fee pool))) BPS)
          (/ (* amount (if sells-x (get x-provider-fee pool) (get y-provider-fee pool))) BPS)
        ))
        (balance-in (if sells-x (get x-balance pool) (get y-balance pool)))
        (balance-out (if sells-x (get y-balance pool) (get x-balance pool)))
      )
      (asserts! (and (is-eq (get x-token pool) x) (is-eq (get y-token pool) VENUE_STX)) ERR_NO_POOL)
      (asserts! (get pool-status pool) ERR_POOL_CLOSED)
      (asserts! (> net u0) ERR_DUST)
      (let ((out (/ (* balance-out net) (+ balance-in net))))
        (asserts! (> out u0) ERR_DUST)
        (ok out)
      )
    )
  )
)

;; Whether there is a route between two tokens, in either direction.
(define-read-only (is-routed (from principal) (to principal))
  (or (is-pair from to SBTC STX) (is-pair from to WELSH STX))
)

;; --- routes ---

(define-private (is-pair (from principal) (to principal) (a principal) (b principal))
  (or
    (and (is-eq from a) (is-eq to b))
    (and (is-eq from b) (is-eq to a))
  )
)

(define-private (get-pool (x principal))
  (if (is-eq x SBTC)
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-pool-sbtc-stx-v-1-1 get-pool)
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-pool-welsh-stx-v-1-1 get-pool)
  )
)

;; A trait has to be named where it is used, so each pool is written out.
(define-private (trade (from principal) (to principal) (amount uint) (min-out uint))
  (let ((sells-x (is-eq to STX)))
    (if (is-eq (if sells-x from to) SBTC)
      (route 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-pool-sbtc-stx-v-1-1 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token sells-x amount min-out)
      (route 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-pool-welsh-stx-v-1-1 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token sells-x amount min-out)
    )
  )
)

;; The tokens are always named in the pool's own order; the function gives the direction.
(define-private (route (pool <bitflow-pool>) (x <bitflow-ft>) (sells-x bool) (amount uint) (min-out uint))
  (match (if sells-x
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-core-v-1-2 swap-x-for-y
      pool x 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2 amount min-out
    )
    (contract-call? 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.xyk-core-v-1-2 swap-y-for-x
      pool x 'SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR.token-stx-v-1-2 amount min-out
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

;; The venue's codes, as far as they mean something to whoever trades and the quote has not met them.
(define-private (translate (code uint))
  (if (is-eq code u1012)
    ERR_NO_POOL
    (if (is-eq code u1) ERR_NO_FUNDS ERR_VENUE_FAILED)
  )
)
