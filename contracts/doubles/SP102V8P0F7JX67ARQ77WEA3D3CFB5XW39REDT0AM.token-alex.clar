;; Double of token-alex (ALEX).
;; Trusts: nobody; `mint-for-test` is open to everyone and exists only here.
;; Holds: the balances of `alex`, 8 decimals.

(define-fungible-token alex)

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_SENDER (err u1000))

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_SENDER)
    (try! (ft-transfer? alex amount sender recipient))
    (match memo note (print note) 0x)
    (ok true)
  )
)

;; TEST ONLY: the real token has no open faucet.
(define-public (mint-for-test (amount uint) (recipient principal))
  (ft-mint? alex amount recipient)
)

;; The 8-decimal calls equal the plain ones: this token has 8 decimals.
(define-public (transfer-fixed (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (transfer (fixed-to-decimals amount) sender recipient memo)
)

;; Only the venue's own governance mints and burns; it does not exist here.
(define-public (mint (amount uint) (recipient principal))
  ERR_NOT_SENDER
)

(define-public (mint-fixed (amount uint) (recipient principal))
  ERR_NOT_SENDER
)

(define-public (burn (amount uint) (sender principal))
  ERR_NOT_SENDER
)

(define-public (burn-fixed (amount uint) (sender principal))
  ERR_NOT_SENDER
)

(define-read-only (fixed-to-decimals (amount uint))
  (/ (* amount u100000000) u100000000)
)

(define-read-only (get-balance-fixed (account principal))
  (get-balance account)
)

(define-read-only (get-total-supply-fixed)
  (get-total-supply)
)

(define-read-only (get-balance (who principal))
  (ok (ft-get-balance alex who))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply alex))
)

(define-read-only (get-name)
  (ok "ALEX Token")
)

(define-read-only (get-symbol)
  (ok "alex")
)

(define-read-only (get-decimals)
  (ok u8)
)

(define-read-only (get-token-uri)
  (ok (some u"https://example.org/alex.json"))
)
