;; pool-office: the rules of setting up: which tokens, venues and share tokens are real, what pools aim at, on what terms
;; they are run and what is stopped. It writes the books and the terms, and moves nothing.
;; Trusts: .whale-pool-vault, which alone asks and has checked the caller's role; a share token only by code hash and
;; deployer.
;; Holds nothing.
;; Errors: u1300 to u1399, shared with whale-pool-vault and pool-desk: one code has one meaning. Rounding: none.

(define-constant BPS_ONE u10000)
(define-constant MAX_DECIMALS u12)
(define-constant LAUNCH_CAP_USD u25000)
(define-constant MAX_CAP_USD u10000000000000000)
(define-constant MAX_MANAGEMENT_BPS u50) ;; a year
(define-constant MAX_PERFORMANCE_BPS u1000) ;; of the gain

;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u1305))
;; The share token is not an instance of the template, deployed by our deployer.
(define-constant ERR_NOT_TEMPLATE (err u1307))
;; The share token belongs to another pool.
(define-constant ERR_SHARE_TAKEN (err u1308))
;; The asset was registered with other decimals, or has too many.
(define-constant ERR_BAD_DECIMALS (err u1325))
;; The target names an asset that is not registered.
(define-constant ERR_UNKNOWN_ASSET (err u1326))
;; The target names an asset twice.
(define-constant ERR_DUPLICATE_ASSET (err u1327))
;; The target does not add up to 10,000 basis points.
(define-constant ERR_BAD_SUM (err u1328))
;; Target, STX and what is still held are more than ten assets.
(define-constant ERR_TOO_MANY_ASSETS (err u1329))
;; The cap is zero or above the launch cap.
(define-constant ERR_BAD_CAP (err u1330))
;; The principal is not a contract with code.
(define-constant ERR_NOT_A_CONTRACT (err u1331))
;; A fee rate is above what any pool may charge.
(define-constant ERR_BAD_FEES (err u1345))
;; Only the vault asks here.
(define-constant ERR_NOT_VAULT (err u1347))

;; --- the vault: pools ---

;; Open a pool. Its share token must be an unused instance of the template.
;; Caller: the vault. Emits: pool-created.
;; Fails: ERR_NOT_VAULT, ERR_BAD_CAP, ERR_NOT_TEMPLATE, ERR_SHARE_TAKEN, ERR_UNKNOWN_ASSET, ERR_DUPLICATE_ASSET,
;; ERR_BAD_SUM, ERR_TOO_MANY_ASSETS.
(define-public (create-pool
    (name (string-ascii 32))
    (share principal)
    (creator principal)
    (targets (list 10 { asset: principal, bps: uint }))
    (cap-usd uint)
  )
  (begin
    (try! (assert-vault))
    (asserts! (and (> cap-usd u0) (<= cap-usd LAUNCH_CAP_USD)) ERR_BAD_CAP)
    (try! (assert-template share))
    (asserts! (is-none (contract-call? .pool-books get-share-pool share)) ERR_SHARE_TAKEN)
    (try! (check-targets targets))
    (let ((pool-id (unwrap! (contract-call? .pool-books open-pool name share creator targets) ERR_TOO_MANY_ASSETS)))
      (try! (contract-call? .pool-terms open-pool pool-id cap-usd))
      (print { topic: "pool-created", pool-id: pool-id, name: name, share: share, targets: targets, cap-usd: cap-usd })
      (ok pool-id)
    )
  )
)

;; Change what a pool aims at. What it still holds stays listed with a target of zero.
;; Caller: the vault. Emits: target-set.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_UNKNOWN_ASSET, ERR_DUPLICATE_ASSET, ERR_BAD_SUM, ERR_TOO_MANY_ASSETS.
(define-public (set-targets (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (begin
    (try! (assert-vault))
    (asserts! (is-some (contract-call? .pool-books get-pool pool-id)) ERR_NO_POOL)
    (try! (check-targets targets))
    (let ((set (unwrap! (contract-call? .pool-portfolios set-targets pool-id targets) ERR_TOO_MANY_ASSETS)))
      (print {
        topic: "target-set",
        pool-id: pool-id,
        before: (map to-target (get before set)),
        after: (map to-target (get after set)),
      })
      (ok true)
    )
  )
)

;; Say which of deposits, payments and rebalances are stopped, for one pool or, with u0, for all.
;; Caller: the vault. Emits: `topic`. Fails: ERR_NOT_VAULT, ERR_NO_POOL.
(define-public (set-pauses
    (pool-id uint)
    (flags { deposits: bool, withdrawals: bool, rebalances: bool })
    (by principal)
    (topic (string-ascii 16))
  )
  (begin
    (try! (assert-vault))
    (let ((before (unwrap! (contract-call? .pool-portfolios set-pauses pool-id flags) ERR_NO_POOL)))
      (print { topic: topic, pool-id: pool-id, by: by, before: before, after: flags })
      (ok true)
    )
  )
)

;; --- the vault: tokens and venues ---

;; Say that a token is real and how many decimals it has. Saying the same again changes nothing.
;; Caller: the vault. Emits: asset-registered. Fails: ERR_NOT_VAULT, ERR_BAD_DECIMALS.
(define-public (register-asset (asset principal) (decimals uint))
  (let ((known (get decimals (contract-call? .pool-portfolios get-asset asset))))
    (try! (assert-vault))
    (asserts! (<= decimals MAX_DECIMALS) ERR_BAD_DECIMALS)
    (asserts! (is-eq decimals (default-to decimals known)) ERR_BAD_DECIMALS)
    (try! (contract-call? .pool-portfolios set-asset asset decimals))
    (print { topic: "asset-registered", asset: asset, decimals: decimals })
    (ok true)
  )
)

;; Let rebalances use a venue, as long as its code is what it is now.
;; Caller: the vault. Emits: adapter-admitted. Fails: ERR_NOT_VAULT, ERR_NOT_A_CONTRACT.
(define-public (admit-adapter (adapter principal))
  (let ((code (unwrap! (contract-hash? adapter) ERR_NOT_A_CONTRACT)))
    (try! (assert-vault))
    (let ((before (try! (contract-call? .pool-portfolios set-adapter adapter (some code)))))
      (print { topic: "adapter-admitted", adapter: adapter, before: before, after: code })
      (ok true)
    )
  )
)

;; Stop rebalances from using a venue.
;; Caller: the vault. Emits: adapter-removed. Fails: ERR_NOT_VAULT.
(define-public (remove-adapter (adapter principal))
  (begin
    (try! (assert-vault))
    (let ((before (try! (contract-call? .pool-portfolios set-adapter adapter none))))
      (print { topic: "adapter-removed", adapter: adapter, before: before })
      (ok true)
    )
  )
)

;; --- the vault: terms ---

;; Change, three days from now, how much a pool may be worth at the moment of a deposit.
;; Caller: the vault. Emits: cap-announced. Fails: ERR_NOT_VAULT, ERR_BAD_CAP, ERR_NO_POOL.
(define-public (announce-cap (pool-id uint) (cap-usd uint))
  (begin
    (try! (assert-vault))
    (asserts! (and (> cap-usd u0) (<= cap-usd MAX_CAP_USD)) ERR_BAD_CAP)
    (let ((said (unwrap! (contract-call? .pool-terms announce-cap pool-id cap-usd) ERR_NO_POOL)))
      (print { topic: "cap-announced", pool-id: pool-id, before: (get before said), after: cap-usd, at: (get at said) })
      (ok true)
    )
  )
)

;; Say what a pool shall charge; anybody may have it applied three days from now.
;; Caller: the vault. Emits: fees-announced. Fails: ERR_NOT_VAULT, ERR_BAD_FEES, ERR_NO_POOL.
(define-public (announce-fees (pool-id uint) (management-bps uint) (performance-bps uint))
  (let ((after { management-bps: management-bps, performance-bps: performance-bps }))
    (try! (assert-vault))
    (asserts! (and (<= management-bps MAX_MANAGEMENT_BPS) (<= performance-bps MAX_PERFORMANCE_BPS)) ERR_BAD_FEES)
    (let ((said (unwrap! (contract-call? .pool-terms announce-rates pool-id management-bps performance-bps) ERR_NO_POOL)))
      (print { topic: "fees-announced", pool-id: pool-id, before: (get before said), after: after, at: (get at said) })
      (ok true)
    )
  )
)

;; Change who receives the fees of all pools from now on.
;; Caller: the vault. Emits: fee-account-set. Fails: ERR_NOT_VAULT.
(define-public (set-fee-account (who principal))
  (let ((before (contract-call? .pool-terms get-accounts)))
    (try! (assert-vault))
    (print { topic: "fee-account-set", before: (get fee-account before), after: who })
    (contract-call? .pool-terms set-accounts who (get insurance-account before))
  )
)

;; Change who receives the insurance part of the management fees of all pools from now on.
;; Caller: the vault. Emits: insurance-account-set. Fails: ERR_NOT_VAULT.
(define-public (set-insurance-account (who principal))
  (let ((before (contract-call? .pool-terms get-accounts)))
    (try! (assert-vault))
    (print { topic: "insurance-account-set", before: (get insurance-account before), after: who })
    (contract-call? .pool-terms set-accounts (get fee-account before) who)
  )
)

;; --- views ---

;; Whether a target could be set. Fails: ERR_DUPLICATE_ASSET, ERR_BAD_SUM, ERR_UNKNOWN_ASSET.
(define-read-only (check-targets (targets (list 10 { asset: principal, bps: uint })))
  (let ((checked (try! (fold check-target targets (ok { sum: u0, seen: (list) })))))
    (asserts! (is-none (index-of? (map is-registered targets) false)) ERR_UNKNOWN_ASSET)
    (ok (asserts! (is-eq (get sum checked) BPS_ONE) ERR_BAD_SUM))
  )
)

;; --- guards ---

(define-private (assert-vault)
  (ok (asserts! (is-eq contract-caller .whale-pool-vault) ERR_NOT_VAULT))
)

;; The same source under another deployer would obey another vault, so the deployer must be ours as well.
(define-private (assert-template (token principal))
  (let ((code (unwrap! (contract-hash? token) ERR_NOT_TEMPLATE))
        (theirs (unwrap! (principal-destruct? token) ERR_NOT_TEMPLATE))
        (ours (unwrap! (principal-destruct? current-contract) ERR_NOT_TEMPLATE)))
    (asserts! (is-eq code (unwrap! (contract-hash? .pool-share) ERR_NOT_TEMPLATE)) ERR_NOT_TEMPLATE)
    (ok (asserts! (is-eq (get hash-bytes theirs) (get hash-bytes ours)) ERR_NOT_TEMPLATE))
  )
)

(define-private (is-registered (target { asset: principal, bps: uint }))
  (is-some (contract-call? .pool-portfolios get-asset (get asset target)))
)

(define-private (check-target
    (target { asset: principal, bps: uint })
    (checked (response { sum: uint, seen: (list 10 principal) } uint))
  )
  (let ((so-far (try! checked))
        (asset (get asset target)))
    (asserts! (is-none (index-of? (get seen so-far) asset)) ERR_DUPLICATE_ASSET)
    (asserts! (<= (get bps target) BPS_ONE) ERR_BAD_SUM)
    (ok {
      sum: (+ (get sum so-far) (get bps target)),
      seen: (unwrap! (as-max-len? (append (get seen so-far) asset) u10) ERR_TOO_MANY_ASSETS),
    })
  )
)

(define-private (to-target (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
  { asset: (get asset row), bps: (get bps row) }
)
