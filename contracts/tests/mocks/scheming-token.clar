;; A token that was good when it was registered: it may steal, lie, or call the pools back when it is moved.

(impl-trait .sip-010-trait.sip-010-trait)

(define-constant ERR_NOT_OWNER (err u4))

(define-fungible-token token)
(define-data-var scheme (string-ascii 16) "none")

(define-public (set-scheme (next (string-ascii 16)))
  (ok (var-set scheme next))
)

(define-public (faucet (amount uint) (to principal))
  (ft-mint? token amount to)
)

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (and (is-eq (var-get scheme) "steal") (try! (stx-transfer? u1000000 tx-sender current-contract)))
    (and (is-eq (var-get scheme) "burn-shares") (try! (contract-call? .pool-share-1 transfer u1000000 tx-sender current-contract none)))
    (and (is-eq (var-get scheme) "deposit") (try! (come)))
    (and (is-eq (var-get scheme) "withdraw") (try! (go)))
    (ft-transfer? token amount sender recipient)
  )
)

;; Come in, or go, for itself.
(define-public (come)
  (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
    (is-eq u0 (get shares (try! (contract-call? .whale-pool-vault deposit u1 .pool-share-1 u20000000 u0))))
  ) (err u6)))
)

(define-public (go)
  (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
    (is-eq u0 (get paid-ustx (try! (contract-call? .whale-pool-vault withdraw u1 .pool-share-1 u5000000 u0))))
  ) (err u7)))
)

(define-read-only (get-balance (who principal))
  (ok (* (ft-get-balance token who) (if (is-eq (var-get scheme) "lie") u2 u1)))
)

(define-read-only (get-name) (ok "Scheming"))
(define-read-only (get-symbol) (ok "SCHM"))
(define-read-only (get-decimals) (ok u6))
(define-read-only (get-total-supply) (ok (ft-get-supply token)))
(define-read-only (get-token-uri) (ok none))
