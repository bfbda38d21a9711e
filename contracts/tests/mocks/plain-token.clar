;; A token anybody can mint, and nothing more than a token: what costs are measured with.

(impl-trait .sip-010-trait.sip-010-trait)

(define-constant ERR_NOT_OWNER (err u4))

(define-fungible-token token)

(define-public (faucet (amount uint) (to principal))
  (ft-mint? token amount to)
)

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (try! (ft-transfer? token amount sender recipient))
    (match memo words (print words) 0x)
    (ok true)
  )
)

(define-read-only (get-balance (who principal)) (ok (ft-get-balance token who)))
(define-read-only (get-name) (ok "Plain"))
(define-read-only (get-symbol) (ok "PLN"))
(define-read-only (get-decimals) (ok u6))
(define-read-only (get-total-supply) (ok (ft-get-supply token)))
(define-read-only (get-token-uri) (ok none))
