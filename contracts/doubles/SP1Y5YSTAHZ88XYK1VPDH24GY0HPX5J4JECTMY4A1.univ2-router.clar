;; Double of Velar's router: quotes, asks the core to swap, then checks the minimum.
;; Holds: nothing.

(use-trait ft 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)
(use-trait share-fee-to-trait .univ2-share-fee-to-trait.share-fee-to-trait)

;; The stated minimum is zero.
(define-constant ERR_ROUTER_PRECONDITIONS (err u200))
;; The swap pays less than the stated minimum.
(define-constant ERR_ROUTER_POSTCONDITIONS (err u201))

(define-public (swap-exact-tokens-for-tokens
    (id uint)
    (token0 <ft>)
    (token1 <ft>)
    (token-in <ft>)
    (token-out <ft>)
    (share-fee-to <share-fee-to-trait>)
    (amt-in uint)
    (amt-out-min uint)
  )
  (let (
      (pool (contract-call? .univ2-core do-get-pool id))
      (is-token0 (is-eq (contract-of token-in) (contract-of token0)))
      (amt-out (try! (contract-call? .univ2-library get-amount-out
        amt-in
        (if is-token0 (get reserve0 pool) (get reserve1 pool))
        (if is-token0 (get reserve1 pool) (get reserve0 pool))
        (get swap-fee pool)
      )))
      (event (try! (contract-call? .univ2-core swap id token-in token-out share-fee-to amt-in amt-out)))
    )
    (asserts! (> amt-out-min u0) ERR_ROUTER_PRECONDITIONS)
    (asserts! (>= amt-out amt-out-min) ERR_ROUTER_POSTCONDITIONS)
    (ok event)
  )
)
