;; Double of the SIP-010 face of STX used by Velar: 6 decimals, holds nothing.

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_SENDER (err u4))

(define-public (transfer (amt uint) (from principal) (to principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender from) ERR_NOT_SENDER)
    (stx-transfer? amt from to)
  )
)

(define-read-only (get-balance (of principal))
  (ok (stx-get-balance of))
)

(define-read-only (get-total-supply)
  (ok stx-liquid-supply)
)

(define-read-only (get-name)
  (ok "Wrapped STX")
)

(define-read-only (get-symbol)
  (ok "wSTX")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-token-uri)
  (ok (some u"https://a.example"))
)
