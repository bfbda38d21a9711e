;; velar-adapter: swaps STX and WELSH at Velar's first generation pools, in base units.
;; Trusts: nobody. It acts for its direct caller only, and believes balances, not the venue's answer.
;; Holds: nothing. Errors: u1900 to u1999; the venue's own codes are translated, never passed on.
;; Rounding: down, against the trader, as the venue does.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait velar-ft 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)

;; There is no route between these two tokens.
(define-constant ERR_UNKNOWN_PAIR (err u1900))
;; The amount is too small for the venue to pay anything.
(define-constant ERR_DUST (err u1901))
;; The amount is larger than anything the venue could hold.
(define-constant ERR_TOO_LARGE (err u1902))
;; The swap would pay less than the stated minimum.
(define-constant ERR_SLIPPAGE (err u1903))
;; The venue has no such pool.
(define-constant ERR_NO_POOL (err u1904))
;; The sender does not hold what has to be sold.
(define-constant ERR_NO_FUNDS (err u1905))
;; The venue failed in a way that has no code of its own here.
(define-constant ERR_VENUE_FAILED (err u1906))
;; The venue paid less than it said.
(define-constant ERR_PAID_TOO_LITTLE (err u1907))
;; The venue took more than it was offered.
(define-constant ERR_TOOK_TOO_MUCH (err u1908))
;; Somebody stands between the owner of the tokens and this contract.
(define-constant ERR_NOT_OWNER (err u1909))

(define-constant STX .stx-token)
(define-constant WSTX 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx)
(define-constant WELSH 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token)

;; Ten thousand million whole tokens: beyond it the venue's arithmetic can overflow, which aborts without a code.
(define-constant MAX_AMOUNT u10000000000000000)

;; --- users ---

;; Sell `amount` of `from` for at least `min-out` of `to`.
;; Caller: the owner of the tokens, directly. Emits: velar-swapped. Fails: any error of this contract.
(define-public (swap
    (from <ft>)
    (to <ft>)
    (amount uint)
    (min-out uint)
  )
  (begin
    (asserts! (is-eq contract-caller tx-sender) ERR_NOT_OWNER)
    (let (
        (quoted (try! (quote-at-pool (contract-of from) (contract-of to) amount)))
        (sold-before (try! (balance-of from)))
        (bought-before (try! (balance-of to)))
      )
      (asserts! (>= (get out quoted) min-out) ERR_SLIPPAGE)
      (asserts! (>= sold-before amount) ERR_NO_FUNDS)
      ;; The venue refuses a minimum of zero; the quote is above zero, so one loses nothing.
      (try! (trade (get id quoted) (is-eq (contract-of from) STX) amount (if (> min-out u0) min-out u1)))
      (let (
          (sold-after (try! (balance-of from)))
          (bought-after (try! (balance-of to)))
        )
        ;; The venue's answer counts for nothing: what left and what arrived does.
        (asserts! (>= sold-after (- sold-before amount)) ERR_TOOK_TOO_MUCH)
        (asserts! (>= bought-after (+ bought-before min-out)) ERR_PAID_TOO_LITTLE)
        (print {
          topic: "velar-swapped",
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
  (ok (get out (try! (quote-at-pool from to amount))))
)

;; Whether there is a route between two tokens, in either direction.
(define-read-only (is-routed (from principal) (to principal))
  (or
    (and (is-eq from STX) (is-eq to WELSH))
    (and (is-eq from WELSH) (is-eq to STX))
  )
)

;; --- routes ---

;; What a swap pays, and the number of the pool that pays it.
(define-private (quote-at-pool (from principal) (to principal) (amount uint))
  (begin
    (asserts! (is-routed from to) ERR_UNKNOWN_PAIR)
    (asserts! (<= amount MAX_AMOUNT) ERR_TOO_LARGE)
    (let (
        (id (unwrap! (contract-call? 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-core get-pool-id WSTX WELSH) ERR_NO_POOL))
        (pool (unwrap! (contract-call? 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-core get-pool id) ERR_NO_POOL))
        (sells-stx (is-eq from STX))
        ;; The venue's library refuses nothing but amounts and reserves of zero.
        (out (unwrap! (contract-call? 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-library get-amount-out
          amount
          (if sells-stx (get reserve0 pool) (get reserve1 pool))
          (if sells-stx (get reserve1 pool) (get reserve0 pool))
          (get swap-fee pool)
        ) ERR_DUST))
      )
      (asserts! (> out u0) ERR_DUST)
      (ok { id: id, out: out })
    )
  )
)

(define-private (trade (id uint) (sells-stx bool) (amount uint) (min-out uint))
  (if sells-stx
    (route id 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token amount min-out)
    (route id 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx amount min-out)
  )
)

;; The first two tokens are always the pool's own order; the next two give the direction.
(define-private (route (id uint) (token-in <velar-ft>) (token-out <velar-ft>) (amount uint) (min-out uint))
  (begin
    (unwrap!
      (contract-call? 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-router swap-exact-tokens-for-tokens
        id
        'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.wstx
        'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token
        token-in
        token-out
        'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-share-fee-to
        amount
        min-out
      )
      ERR_VENUE_FAILED
    )
    (ok true)
  )
)

;; --- guards ---

(define-private (balance-of (token <ft>))
  (ok (unwrap! (contract-call? token get-balance tx-sender) ERR_VENUE_FAILED))
)
