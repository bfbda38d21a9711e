;; flow-token: FLOW, the voting token. SIP-010, 6 decimals, 100,000,000 FLOW minted once to the deployer.
;; Holds nothing; nobody can mint, burn or freeze.
;; Errors: u1000 to u1099 here; u1 to u3 are those of `ft-transfer?`. Rounding: none.

(impl-trait .sip-010-trait.sip-010-trait)

(define-constant SUPPLY u100000000000000) ;; 100,000,000 with 6 decimals

;; Only the owner of the tokens may move them.
(define-constant ERR_NOT_OWNER (err u1000))

(define-fungible-token flow SUPPLY)

;; --- users ---

;; Move FLOW.
;; Caller: the owner, as tx-sender. Emits: the token event, and the memo where there is one.
;; Fails: ERR_NOT_OWNER, u1 not enough, u2 to oneself, u3 zero.
(define-public (transfer
    (amount uint)
    (sender principal)
    (recipient principal)
    (memo (optional (buff 34)))
  )
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_OWNER)
    (try! (ft-transfer? flow amount sender recipient))
    (match memo
      note (print note)
      0x
    )
    (ok true)
  )
)

;; --- views ---

(define-read-only (get-name)
  (ok "Flow")
)

(define-read-only (get-symbol)
  (ok "FLOW")
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-balance (who principal))
  (ok (ft-get-balance flow who))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply flow))
)

(define-read-only (get-token-uri)
  (ok none)
)

(try! (ft-mint? flow SUPPLY tx-sender))
