;; pool-access: who governs, and who holds which role. Every other contract asks here, so nothing points upward.
;; Governance is the deployer until `hand-over`; afterwards only voted scripts change anything. Who may stop things
;; (emergency) or stop votes (guardian) holds no role that moves assets, and cannot be given one.
;; Holds nothing. Errors: u1100 to u1199. Rounding: none.

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u1100))
;; There is no role of that name.
(define-constant ERR_UNKNOWN_ROLE (err u1101))
;; A script is open already.
(define-constant ERR_SCRIPT_OPEN (err u1102))
;; The caller has no open script to close.
(define-constant ERR_NO_SCRIPT (err u1103))
;; Who stops things or vetoes moves nothing, so nobody holds roles of both kinds.
(define-constant ERR_ROLES_APART (err u1104))

(define-data-var governance principal tx-sender)
;; The script that acts as governance now, and the governance that opened it. A script whose
;; opener no longer governs has no power.
(define-data-var acting (optional { script: principal, by: principal }) none)
(define-map roles { who: principal, role: (string-ascii 16) } bool)

;; --- governance ---

;; Make `new` the one that governs.
;; Caller: governance. Emits: governance-handed-over. Fails: ERR_NOT_GOVERNANCE.
(define-public (hand-over (new principal))
  (begin
    (try! (assert-governance))
    (print { topic: "governance-handed-over", before: (var-get governance), after: new })
    (ok (var-set governance new))
  )
)

;; Give `who` a role. Those that stop (emergency, guardian) and those that move (keeper, rebalancer) stay apart.
;; Caller: governance. Emits: role-granted. Fails: ERR_NOT_GOVERNANCE, ERR_UNKNOWN_ROLE, ERR_ROLES_APART.
(define-public (grant-role (who principal) (role (string-ascii 16)))
  (begin
    (try! (assert-governance))
    (asserts! (is-role role) ERR_UNKNOWN_ROLE)
    (asserts! (not (and (is-stopping role) (or (has-role who "keeper") (has-role who "rebalancer")))) ERR_ROLES_APART)
    (asserts! (not (and (is-moving role) (or (has-role who "emergency") (has-role who "guardian")))) ERR_ROLES_APART)
    (print { topic: "role-granted", who: who, role: role, before: (has-role who role), after: true })
    (ok (map-set roles { who: who, role: role } true))
  )
)

;; Take a role from `who`; a role never held is no error.
;; Caller: governance. Emits: role-revoked. Fails: ERR_NOT_GOVERNANCE, ERR_UNKNOWN_ROLE.
(define-public (revoke-role (who principal) (role (string-ascii 16)))
  (begin
    (try! (assert-governance))
    (asserts! (is-role role) ERR_UNKNOWN_ROLE)
    (print { topic: "role-revoked", who: who, role: role, before: (has-role who role), after: false })
    (map-delete roles { who: who, role: role })
    (ok true)
  )
)

;; Let `script` act as governance until `close-script`.
;; Caller: the governing contract itself. Emits: script-opened. Fails: ERR_NOT_GOVERNANCE, ERR_SCRIPT_OPEN.
(define-public (open-script (script principal))
  (begin
    (asserts! (is-eq contract-caller (var-get governance)) ERR_NOT_GOVERNANCE)
    (asserts! (is-none (var-get acting)) ERR_SCRIPT_OPEN)
    (var-set acting (some { script: script, by: contract-caller }))
    (print { topic: "script-opened", script: script })
    (ok true)
  )
)

;; End what `open-script` began; works even when the script handed governance over.
;; Caller: whoever opened it. Emits: script-closed. Fails: ERR_NO_SCRIPT.
(define-public (close-script)
  (let ((open (unwrap! (var-get acting) ERR_NO_SCRIPT)))
    (asserts! (is-eq contract-caller (get by open)) ERR_NO_SCRIPT)
    (var-set acting none)
    (print { topic: "script-closed", script: (get script open) })
    (ok true)
  )
)

;; --- views ---

(define-read-only (has-role (who principal) (role (string-ascii 16)))
  (default-to false (map-get? roles { who: who, role: role }))
)

;; Whether `who` governs now: the governing principal, or the script it is running.
(define-read-only (is-governance (who principal))
  (or
    (is-eq who (var-get governance))
    (is-eq (some { script: who, by: (var-get governance) }) (var-get acting))
  )
)

(define-read-only (get-governance)
  (var-get governance)
)

;; --- guards ---

(define-private (is-role (role (string-ascii 16)))
  (or
    (is-moving role)
    (is-stopping role)
    (is-eq role "reporter")
    (is-eq role "creator")
  )
)

(define-private (is-moving (role (string-ascii 16)))
  (or (is-eq role "keeper") (is-eq role "rebalancer"))
)

(define-private (is-stopping (role (string-ascii 16)))
  (or (is-eq role "emergency") (is-eq role "guardian"))
)

(define-private (assert-governance)
  (ok (asserts! (is-governance contract-caller) ERR_NOT_GOVERNANCE))
)
