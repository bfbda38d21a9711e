;; A token anybody can mint, whose transfers and answers can be frozen.

(impl-trait .sip-010-trait.sip-010-trait)

(define-constant ERR_NOT_OWNER (err u4))
(define-constant ERR_FROZEN (err u77))
(define-constant ERR_MUTE (err u78))

(define-fungible-token token)
(define-data-var frozen bool false)
(define-data-var mute bool false)

(define-public (freeze (stop-transfers bool) (stop-answers bool))
  (begin
    (var-set mute stop-answers)
    (ok (var-set frozen stop-transfers))
  )
)

(define-public (faucet (amount uint) (to principal))
  (ft-mint? token amount to)
)

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (not (var-get frozen)) ERR_FROZEN)
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (ft-transfer? token amount sender recipient)
  )
)

(define-read-only (get-balance (who principal))
  (begin
    (asserts! (not (var-get mute)) ERR_MUTE)
    (ok (ft-get-balance token who))
  )
)

(define-read-only (get-name) (ok "Freezable"))
(define-read-only (get-symbol) (ok "FRZ"))
(define-read-only (get-decimals) (ok u6))
(define-read-only (get-total-supply) (ok (ft-get-supply token)))
(define-read-only (get-token-uri) (ok none))
