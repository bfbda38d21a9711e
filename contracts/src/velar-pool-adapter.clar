;; velar-pool-adapter: swaps STX and sBTC at Velar's second generation pool 70, in base units.
;; Trusts: nobody. It acts for its direct caller only, and believes balances, not the venue's answer.
;; Holds: nothing. Errors: u2800 to u2899; the venue's own codes are translated, never passed on.
;; Rounding: down, against the trader, as the venue does.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait velar-ft 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)

;; There is no route between these two tokens.
(define-constant ERR_UNKNOWN_PAIR (err u2800))
;; The amount is too small for the venue to pay anything.
(define-constant ERR_DUST (err u2801))
;; The amount is larger than anything the venue could hold.
(define-constant ERR_TOO_LARGE (err u2802))
;; The swap would pay less than the stated minimum.
(define-constant ERR_SLIPPAGE (err u2803))
;; The venue's pool is not of these tokens, or charges by another contract.
(define-constant ERR_NO_POOL (err u2804))
;; The sender, or the venue, does not hold what has to be moved.
(define-constant ERR_NO_FUNDS (err u2805))
;; The venue failed in a way that has no code of its own here.
(define-constant ERR_VENUE_FAILED (err u2806))
;; The venue paid less than it said.
(define-constant ERR_PAID_TOO_LITTLE (err u2807))
;; The venue took more than it was offered.
(define-constant ERR_TOOK_TOO_MUCH (err u2808))
;; Somebody stands between the owner of the tokens and this contract.
(define-constant ERR_NOT_OWNER (err u2809))

(define-constant STX .stx-token)
(define-constant SBTC 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token)
(define-constant WSTX 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx)
(define-constant FEES 'SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY.univ2-fees-v1_0_0-0070)

;; More than all STX or all sBTC: beyond it the venue's arithmetic can overflow, which aborts without a code.
(define-constant MAX_AMOUNT u10000000000000000)

;; --- users ---

;; Sell `amount` of `from` for at least `min-out` of `to`.
;; Caller: the owner of the tokens, directly. Emits: velar-pool-swapped. Fails: any error of this contract.
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
          topic: "velar-pool-swapped",
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

;; The same for callers that have no trait at hand.
(define-read-only (quote-between (from principal) (to principal) (amount uint))
  (begin
    (asserts! (is-routed from to) ERR_UNKNOWN_PAIR)
    (asserts! (<= amount MAX_AMOUNT) ERR_TOO_LARGE)
    (let (
        (pool (contract-call? 'SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY.univ2-pool-v1_0_0-0070 do-get-pool))
        (sells-stx (is-eq from STX))
        ;; The fees contract refuses nothing but amounts too small to split.
        (net (get amt-in-adjusted (unwrap! (contract-call? 'SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY.univ2-fees-v1_0_0-0070 calc-fees amount) ERR_DUST)))
        (reserve-in (if sells-stx (get reserve0 pool) (get reserve1 pool)))
        (reserve-out (if sells-stx (get reserve1 pool) (get reserve0 pool)))
      )
      (asserts! (is-ours (get token0 pool) (get token1 pool) (get fees pool)) ERR_NO_POOL)
      (asserts! (> net u0) ERR_DUST)
      (let ((out (/ (* net reserve-out) (+ reserve-in net))))
        (asserts! (> out u0) ERR_DUST)
        (ok out)
      )
    )
  )
)

;; Whether there is a route between two tokens, in either direction.
(define-read-only (is-routed (from principal) (to principal))
  (or
    (and (is-eq from STX) (is-eq to SBTC))
    (and (is-eq from SBTC) (is-eq to STX))
  )
)

;; --- routes ---

(define-private (trade (sells-stx bool) (amount uint) (min-out uint))
  (if sells-stx
    (route 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token amount min-out)
    (route 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx amount min-out)
  )
)

;; Here the order of the tokens gives the direction.
(define-private (route (token-in <velar-ft>) (token-out <velar-ft>) (amount uint) (min-out uint))
  (match (contract-call? 'SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY.univ2-pool-v1_0_0-0070 swap
    token-in token-out 'SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY.univ2-fees-v1_0_0-0070 amount min-out
  )
    swapped (ok (get amt-out swapped))
    code (translate code)
  )
)

;; --- guards ---

(define-private (balance-of (token <ft>))
  (ok (unwrap! (contract-call? token get-balance tx-sender) ERR_VENUE_FAILED))
)

;; Whether the pool is the one this adapter was written for: its tokens in its order, and its fees.
(define-private (is-ours (token0 principal) (token1 principal) (fees principal))
  (and (is-eq token0 WSTX) (is-eq token1 SBTC) (is-eq fees FEES))
)

;; The one code that means something to whoever trades is the tokens' own for too low a balance.
(define-private (translate (code uint))
  (if (is-eq code u1) ERR_NO_FUNDS ERR_VENUE_FAILED)
)
