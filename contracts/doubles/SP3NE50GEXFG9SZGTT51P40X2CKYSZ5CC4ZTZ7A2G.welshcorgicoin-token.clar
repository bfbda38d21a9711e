;; Double of welshcorgicoin-token (WELSH).
;; Trusts: nobody; `mint-for-test` is open to everyone and exists only here.
;; Holds: the balances of `welshcorgicoin`, 6 decimals.

(define-fungible-token welshcorgicoin)

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_SENDER (err u1))

(define-public (transfer (amount uint) (from principal) (to principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender from) ERR_NOT_SENDER)
    (try! (ft-transfer? welshcorgicoin amount from to))
    (match memo note (print note) 0x)
    (ok true)
  )
)

;; TEST ONLY: the real token has no open faucet.
(define-public (mint-for-test (amount uint) (recipient principal))
  (ft-mint? welshcorgicoin amount recipient)
)

(define-read-only (get-balance (user principal))
  (ok (ft-get-balance welshcorgicoin user))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply welshcorgicoin))
)

(define-read-only (get-name)
  (ok "Welshcorgicoin")
)

(define-read-only (get-symbol)
  (ok "WELSH")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-token-uri)
  (ok (some u"https://example.org/welshcorgicoin.json"))
)
