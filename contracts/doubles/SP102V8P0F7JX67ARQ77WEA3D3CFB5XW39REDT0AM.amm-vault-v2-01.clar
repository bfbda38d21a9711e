;; Double of the ALEX vault: custody of every pool's tokens.
;; Trusts: the pool contract, which alone may move tokens out.
;; Holds: the native assets behind the pools, and a tally of the venue's fees.

(use-trait ft .trait-sip-010.sip-010-trait)

;; The caller is not the pool contract.
(define-constant ERR_NOT_AUTHORIZED (err u1000))

(define-map reserve principal uint)

(define-public (transfer-ft (token-trait <ft>) (amount uint) (recipient principal))
  (begin
    (try! (assert-pool))
    (as-contract (contract-call? token-trait transfer-fixed amount tx-sender recipient none))
  )
)

(define-public (add-to-reserve (token-trait principal) (amount uint))
  (begin
    (try! (assert-pool))
    (ok (map-set reserve token-trait (+ (get-reserve token-trait) amount)))
  )
)

(define-read-only (get-reserve (token-trait principal))
  (default-to u0 (map-get? reserve token-trait))
)

(define-private (assert-pool)
  (ok (asserts! (is-eq contract-caller .amm-pool-v2-01) ERR_NOT_AUTHORIZED))
)
