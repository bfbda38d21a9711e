;; Double of Velar's one-pool path: finds the pool by its tokens.
;; Holds: nothing. `do-swap` takes its minimum from the same block, so it protects nobody.

(use-trait ft 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)
(use-trait share-fee-to-trait .univ2-share-fee-to-trait.share-fee-to-trait)

;; The amount is zero.
(define-constant ERR_PRECONDITIONS (err u2001))

(define-public (do-swap (amt-in uint) (token-in <ft>) (token-out <ft>) (share-fee-to <share-fee-to-trait>))
  (let (
      (min-out (amount-out amt-in token-in token-out))
      (straight (contract-call? .univ2-core get-pool-id (contract-of token-in) (contract-of token-out)))
    )
    (asserts! (> amt-in u0) ERR_PRECONDITIONS)
    (match straight
      id (contract-call? .univ2-router swap-exact-tokens-for-tokens id token-in token-out token-in token-out share-fee-to amt-in min-out)
      (contract-call? .univ2-router swap-exact-tokens-for-tokens
        (unwrap-panic (contract-call? .univ2-core get-pool-id (contract-of token-out) (contract-of token-in)))
        token-out token-in token-in token-out share-fee-to amt-in min-out
      )
    )
  )
)

;; Aborts when there is no pool of these tokens, as the real one does.
(define-read-only (amount-out (amt-in uint) (token-in <ft>) (token-out <ft>))
  (let (
      (found (unwrap-panic (contract-call? .univ2-core lookup-pool (contract-of token-in) (contract-of token-out))))
      (pool (get pool found))
      (flipped (get flipped found))
    )
    (get-amount-out amt-in
      (if flipped (get reserve1 pool) (get reserve0 pool))
      (if flipped (get reserve0 pool) (get reserve1 pool))
      (get swap-fee pool)
    )
  )
)

(define-read-only (get-amount-out (amt-in uint) (reserve-in uint) (reserve-out uint) (swap-fee { num: uint, den: uint }))
  (let ((adjusted (/ (* amt-in (get num swap-fee)) (get den swap-fee))))
    (/ (* adjusted reserve-out) (+ reserve-in adjusted))
  )
)
