;; Double of ststx-token (stSTX).
;; Trusts: nobody; `mint-for-test` is open to everyone and exists only here.
;; Holds: the balances of `ststx`, 6 decimals.

(define-fungible-token ststx)

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_SENDER (err u1401))

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_SENDER)
    (try! (ft-transfer? ststx amount sender recipient))
    (match memo note (print note) 0x)
    (ok true)
  )
)

;; TEST ONLY: the real token has no open faucet.
(define-public (mint-for-test (amount uint) (recipient principal))
  (ft-mint? ststx amount recipient)
)

(define-read-only (get-balance (who principal))
  (ok (ft-get-balance ststx who))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply ststx))
)

(define-read-only (get-name)
  (ok "Stacked STX Token")
)

(define-read-only (get-symbol)
  (ok "stSTX")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-token-uri)
  (ok (some u"https://example.org/ststx.json"))
)
