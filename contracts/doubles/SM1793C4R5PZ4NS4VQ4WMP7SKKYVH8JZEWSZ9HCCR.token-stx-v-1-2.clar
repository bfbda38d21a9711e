;; Double of the SIP-010 face of STX used by Bitflow: 6 decimals, holds nothing.
;; The real one also wants standard principals; the simulated chain counts
;; every mainnet address as non-standard, so that check is left out here.

(impl-trait .sip-010-trait-ft-standard-v-1-1.sip-010-trait)

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_AUTHORIZED_SIP_010 (err u4))
;; Only the owner may change this.
(define-constant ERR_NOT_AUTHORIZED (err u5001))
;; An empty address of the description.
(define-constant ERR_INVALID_TOKEN_URI (err u5004))

(define-data-var token-uri (string-utf8 256) u"")
(define-data-var contract-owner principal tx-sender)

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_AUTHORIZED_SIP_010)
    (try! (stx-transfer? amount sender recipient))
    (match memo note (print note) 0x)
    (print {
      action: "transfer",
      caller: tx-sender,
      data: { sender: sender, recipient: recipient, amount: amount, memo: memo },
    })
    (ok true)
  )
)

(define-public (set-token-uri (uri (string-utf8 256)))
  (begin
    (asserts! (is-eq tx-sender (var-get contract-owner)) ERR_NOT_AUTHORIZED)
    (asserts! (> (len uri) u0) ERR_INVALID_TOKEN_URI)
    (ok (var-set token-uri uri))
  )
)

(define-public (set-contract-owner (address principal))
  (begin
    (asserts! (is-eq tx-sender (var-get contract-owner)) ERR_NOT_AUTHORIZED)
    (ok (var-set contract-owner address))
  )
)

(define-read-only (get-name)
  (ok "Stacks")
)

(define-read-only (get-symbol)
  (ok "STX")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-total-supply)
  (ok stx-liquid-supply)
)

(define-read-only (get-balance (address principal))
  (ok (stx-get-balance address))
)

(define-read-only (get-token-uri)
  (ok (some (var-get token-uri)))
)

(define-read-only (get-contract-owner)
  (ok (var-get contract-owner))
)
