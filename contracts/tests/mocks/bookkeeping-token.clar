;; A token anybody can mint, which keeps balances in a map of its own: no allowance sees what moves.

(impl-trait .sip-010-trait.sip-010-trait)

(define-constant ERR_NOT_OWNER (err u4))
(define-constant ERR_NOT_ENOUGH (err u1))

(define-map balances principal uint)

(define-public (faucet (amount uint) (to principal))
  (ok (map-set balances to (+ (balance-of to) amount)))
)

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (asserts! (<= amount (balance-of sender)) ERR_NOT_ENOUGH)
    (map-set balances sender (- (balance-of sender) amount))
    (ok (map-set balances recipient (+ (balance-of recipient) amount)))
  )
)

(define-read-only (get-balance (who principal)) (ok (balance-of who)))
(define-read-only (get-name) (ok "Bookkeeping"))
(define-read-only (get-symbol) (ok "BOOK"))
(define-read-only (get-decimals) (ok u6))
(define-read-only (get-total-supply) (ok u0))
(define-read-only (get-token-uri) (ok none))

(define-private (balance-of (who principal))
  (default-to u0 (map-get? balances who))
)
