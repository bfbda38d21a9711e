;; pool-share: the share token of one pool. Template: the identical source is deployed once per pool, and the
;; vault admits an instance only when its code hash is this one's and its deployer is the vault's.
;; Holds nothing. Trusts .whale-pool-vault alone, which names, mints and burns.
;; Errors: u1200 to u1299 here; u1 to u3 are those of the native token functions. Rounding: none.

(impl-trait .sip-010-trait.sip-010-trait)
(impl-trait .pool-share-trait.pool-share-trait)

;; Only the owner of the shares may move them.
(define-constant ERR_NOT_OWNER (err u1200))
;; Only the vault may do this.
(define-constant ERR_NOT_VAULT (err u1201))
;; The token has its name already.
(define-constant ERR_INITIALIZED (err u1202))

(define-fungible-token pool-share)

(define-data-var token-name (string-ascii 32) "")
(define-data-var token-symbol (string-ascii 10) "")
(define-data-var initialized bool false)

;; --- users ---

;; Move shares.
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
    (try! (ft-transfer? pool-share amount sender recipient))
    (match memo
      note (print note)
      0x
    )
    (ok true)
  )
)

;; --- the vault ---

;; Name the token, once.
;; Caller: the vault. Emits: share-initialized. Fails: ERR_NOT_VAULT, ERR_INITIALIZED.
(define-public (initialize (name (string-ascii 32)) (symbol (string-ascii 10)))
  (begin
    (try! (assert-vault))
    (asserts! (not (var-get initialized)) ERR_INITIALIZED)
    (var-set initialized true)
    (var-set token-name name)
    (var-set token-symbol symbol)
    (print { topic: "share-initialized", name: name, symbol: symbol })
    (ok true)
  )
)

;; Caller: the vault. Emits: the token event. Fails: ERR_NOT_VAULT, u1 when the amount is zero.
(define-public (mint (amount uint) (to principal))
  (begin
    (try! (assert-vault))
    (ft-mint? pool-share amount to)
  )
)

;; Caller: the vault. Emits: the token event. Fails: ERR_NOT_VAULT, u1 not enough or zero.
(define-public (burn (amount uint) (from principal))
  (begin
    (try! (assert-vault))
    (ft-burn? pool-share amount from)
  )
)

;; --- views ---

(define-read-only (get-name)
  (ok (var-get token-name))
)

(define-read-only (get-symbol)
  (ok (var-get token-symbol))
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-balance (who principal))
  (ok (ft-get-balance pool-share who))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply pool-share))
)

(define-read-only (get-token-uri)
  (ok none)
)

;; --- guards ---

(define-private (assert-vault)
  (ok (asserts! (is-eq contract-caller .whale-pool-vault) ERR_NOT_VAULT))
)
