;; stx-token: native STX behind a SIP-010 face, so that STX can stand in a list of tokens.
;; Holds nothing and trusts nobody. The vault books its STX under this contract's principal.
;; Errors: u2000 to u2099 here; u1 to u4 are those of `stx-transfer?`. Rounding: none.

(impl-trait .sip-010-trait.sip-010-trait)

;; Only the owner of the STX may move it.
(define-constant ERR_NOT_OWNER (err u2000))

;; --- users ---

;; Move native STX.
;; Caller: the owner, as tx-sender. Emits: the native event, and the memo where there is one.
;; Fails: ERR_NOT_OWNER, u1 not enough, u2 to oneself, u3 zero.
(define-public (transfer
    (amount uint)
    (sender principal)
    (recipient principal)
    (memo (optional (buff 34)))
  )
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (match memo
      note (stx-transfer-memo? amount sender recipient note)
      (stx-transfer? amount sender recipient)
    )
  )
)

;; --- views ---

(define-read-only (get-name)
  (ok "Stacks")
)

(define-read-only (get-symbol)
  (ok "STX")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-balance (who principal))
  (ok (stx-get-balance who))
)

(define-read-only (get-total-supply)
  (ok stx-liquid-supply)
)

(define-read-only (get-token-uri)
  (ok none)
)
