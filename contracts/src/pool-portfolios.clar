;; pool-portfolios: what every pool owns and aims at, what is paused, and which tokens and venues are known. One entry
;; holds a pool's whole portfolio and its pauses, so that reading it is one read.
;; Trusts: .whale-pool-vault, .pool-books and .pool-office, which alone write here, check who asks and tell of it.
;; Holds: numbers, no asset; they cannot go below zero or beyond what arithmetic can hold.
;; Errors: u3500 to u3599. Rounding: none.

(define-constant PRICE_ONE u1000000000000) ;; 12 decimals
;; The product of the two largest numbers still fits.
(define-constant MAX_AMOUNT u100000000000000000000)
(define-constant RUNNING { deposits: false, withdrawals: false, rebalances: false })

;; Only the vault, the books and the office write here.
(define-constant ERR_NOT_WRITER (err u3500))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u3501))
;; The asset is not one of this pool's.
(define-constant ERR_NOT_MEMBER (err u3502))
;; The portfolio shows less than that.
(define-constant ERR_NOT_ENOUGH (err u3503))
;; The portfolio cannot hold that much.
(define-constant ERR_TOO_LARGE (err u3504))
;; Target, STX and what is still held are more than ten assets.
(define-constant ERR_TOO_MANY (err u3505))
;; The asset is not registered.
(define-constant ERR_UNKNOWN_ASSET (err u3506))

;; `rows` always has STX in it, and everything that is wanted or held; `pauses` is what is stopped.
(define-map portfolios uint {
  pauses: { deposits: bool, withdrawals: bool, rebalances: bool },
  rows: (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }),
})
;; What is stopped in all pools.
(define-data-var pauses-of-all { deposits: bool, withdrawals: bool, rebalances: bool } RUNNING)
;; A registered asset; `unit` divides amount times price into micro-STX.
(define-map assets principal { decimals: uint, unit: uint })
(define-map adapters principal (buff 32))

(map-set assets .stx-token { decimals: u6, unit: PRICE_ONE })

;; --- pool-office ---

;; Enter what a pool aims at. What it still holds stays listed with a target of zero.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_UNKNOWN_ASSET, ERR_TOO_MANY.
(define-public (set-targets (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (let ((entry (get-entry pool-id))
        (before (get rows entry)))
    (try! (assert-writer))
    (asserts! (is-some (map-get? portfolios pool-id)) ERR_NO_POOL)
    (let ((wanted (get rows (try! (fold add-target (try! (include-stx targets)) (ok { before: before, rows: (list) })))))
          (after (try! (fold keep-held before (ok wanted)))))
      (map-set portfolios pool-id (merge entry { rows: after }))
      (ok { before: before, after: after })
    )
  )
)

;; Enter which doors of a pool, or with u0 of all pools, are shut.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL.
(define-public (set-pauses (pool-id uint) (flags { deposits: bool, withdrawals: bool, rebalances: bool }))
  (let ((for-all (is-eq pool-id u0))
        (entry (get-entry pool-id))
        (before (if for-all (var-get pauses-of-all) (get pauses entry))))
    (try! (assert-writer))
    (asserts! (or for-all (is-some (map-get? portfolios pool-id))) ERR_NO_POOL)
    (if for-all
      (var-set pauses-of-all flags)
      (map-set portfolios pool-id (merge entry { pauses: flags }))
    )
    (ok before)
  )
)

;; Enter a token and its decimals.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_TOO_LARGE.
(define-public (set-asset (asset principal) (decimals uint))
  (begin
    (try! (assert-writer))
    (asserts! (<= decimals u12) ERR_TOO_LARGE)
    (ok (map-set assets asset { decimals: decimals, unit: (pow u10 (+ decimals u6)) }))
  )
)

;; Enter the code of a venue, or that it is no longer one.
;; Caller: pool-office. Fails: ERR_NOT_WRITER.
(define-public (set-adapter (adapter principal) (code (optional (buff 32))))
  (let ((before (map-get? adapters adapter)))
    (try! (assert-writer))
    (match code
      hash (map-set adapters adapter hash)
      (map-delete adapters adapter)
    )
    (ok before)
  )
)

;; --- pool-books ---

;; Enter a pool that holds nothing yet.
;; Caller: pool-books. Fails: ERR_NOT_WRITER, and as set-targets does.
(define-public (open-portfolio (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (begin
    (try! (assert-writer))
    (map-set portfolios pool-id { pauses: RUNNING, rows: (list) })
    (set-targets pool-id targets)
  )
)

;; Enter STX that came in.
;; Caller: pool-books. Fails: ERR_NOT_WRITER, ERR_NOT_MEMBER, ERR_TOO_LARGE.
(define-public (note-income (pool-id uint) (ustx uint))
  (let ((entry (get-entry pool-id)))
    (try! (assert-writer))
    (ok (map-set portfolios pool-id (merge entry { rows: (try! (add (get rows entry) .stx-token ustx)) })))
  )
)

;; Enter what went out in kind: an amount for every row, in their order.
;; Caller: pool-books. Fails: ERR_NOT_WRITER, ERR_NOT_ENOUGH.
(define-public (note-leaving (pool-id uint) (amounts (list 10 uint)))
  (let ((entry (get-entry pool-id))
        (rows (get rows entry)))
    (try! (assert-writer))
    (asserts! (is-eq (len rows) (len amounts)) ERR_NOT_ENOUGH)
    (asserts! (is-none (index-of? (map covers rows amounts) false)) ERR_NOT_ENOUGH)
    (ok (map-set portfolios pool-id (merge entry { rows: (map reduce rows amounts) })))
  )
)

;; Enter STX that went out.
;; Caller: pool-books and the vault. Fails: ERR_NOT_WRITER, ERR_NOT_MEMBER, ERR_NOT_ENOUGH.
(define-public (note-expense (pool-id uint) (ustx uint))
  (let ((entry (get-entry pool-id)))
    (try! (assert-writer))
    (ok (map-set portfolios pool-id (merge entry { rows: (try! (take (get rows entry) .stx-token ustx)) })))
  )
)

;; --- the vault ---

;; Enter a swap: what went and what came.
;; Caller: the vault. Fails: ERR_NOT_WRITER, ERR_NOT_MEMBER, ERR_NOT_ENOUGH, ERR_TOO_LARGE.
(define-public (note-swap (pool-id uint) (from principal) (to principal) (spent uint) (received uint))
  (begin
    (try! (assert-writer))
    (let ((entry (get-entry pool-id))
          (less (try! (take (get rows entry) from spent))))
      (ok (map-set portfolios pool-id (merge entry { rows: (try! (add less to received)) })))
    )
  )
)

;; --- views ---

;; What a pool holds and wants.
(define-read-only (get-portfolio (pool-id uint))
  (get rows (get-entry pool-id))
)

;; The same, with what is shut for the pool: by itself or with all of them.
(define-read-only (get-holdings (pool-id uint))
  (let ((entry (get-entry pool-id)))
    { pauses: (add-pauses-of-all (get pauses entry)), rows: (get rows entry) }
  )
)

;; All that is needed to know about a swap before it is made.
(define-read-only (get-trade (pool-id uint) (from principal) (to principal) (adapter principal))
  (let ((entry (get-entry pool-id))
        (rows (get rows entry)))
    {
      ;; Every pool has a row of STX.
      exists: (> (len rows) u0),
      paused: (get rebalances (add-pauses-of-all (get pauses entry))),
      code: (map-get? adapters adapter),
      from: (find-row rows from),
      to: (find-row rows to),
    }
  )
)

(define-read-only (get-asset (asset principal))
  (map-get? assets asset)
)

;; The code hash a venue was admitted with.
(define-read-only (get-adapter (adapter principal))
  (map-get? adapters adapter)
)

;; --- guards ---

(define-private (assert-writer)
  (ok (asserts!
    (or
      (is-eq contract-caller .whale-pool-vault)
      (is-eq contract-caller .pool-books)
      (is-eq contract-caller .pool-office)
    )
    ERR_NOT_WRITER
  ))
)

;; --- moving ---

;; The rows with more of an asset.
(define-private (add
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (asset principal)
    (amount uint)
  )
  (let ((index (unwrap! (index-of? (map get-row-asset rows) asset) ERR_NOT_MEMBER))
        (row (unwrap! (element-at? rows index) ERR_NOT_MEMBER)))
    (asserts! (<= amount (- MAX_AMOUNT (get amount row))) ERR_TOO_LARGE)
    (ok (unwrap! (replace-at? rows index (merge row { amount: (+ (get amount row) amount) })) ERR_NOT_MEMBER))
  )
)

;; The rows with less of an asset.
(define-private (take
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (asset principal)
    (amount uint)
  )
  (let ((index (unwrap! (index-of? (map get-row-asset rows) asset) ERR_NOT_MEMBER))
        (row (unwrap! (element-at? rows index) ERR_NOT_MEMBER)))
    (asserts! (<= amount (get amount row)) ERR_NOT_ENOUGH)
    (ok (unwrap! (replace-at? rows index (reduce row amount)) ERR_NOT_MEMBER))
  )
)

;; --- rows ---

(define-private (get-entry (pool-id uint))
  (default-to { pauses: RUNNING, rows: (list) } (map-get? portfolios pool-id))
)

(define-private (add-pauses-of-all (own { deposits: bool, withdrawals: bool, rebalances: bool }))
  (let ((all (var-get pauses-of-all)))
    {
      deposits: (or (get deposits own) (get deposits all)),
      withdrawals: (or (get withdrawals own) (get withdrawals all)),
      rebalances: (or (get rebalances own) (get rebalances all)),
    }
  )
)

(define-private (get-row-asset (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
  (get asset row)
)

(define-private (find-row
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (asset principal)
  )
  (match (index-of? (map get-row-asset rows) asset)
    index (element-at? rows index)
    none
  )
)

(define-private (add-target
    (target { asset: principal, bps: uint })
    (progress (response {
      before: (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }),
      rows: (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }),
    } uint))
  )
  (let ((so-far (try! progress))
        (known (unwrap! (map-get? assets (get asset target)) ERR_UNKNOWN_ASSET))
        (held (default-to u0 (get amount (find-row (get before so-far) (get asset target)))))
        (row (merge known { asset: (get asset target), amount: held, bps: (get bps target) })))
    (ok (merge so-far { rows: (unwrap! (as-max-len? (append (get rows so-far) row) u10) ERR_TOO_MANY) }))
  )
)

(define-private (include-stx (targets (list 10 { asset: principal, bps: uint })))
  (if (is-some (index-of? (map get-target-asset targets) .stx-token))
    (ok targets)
    (ok (unwrap! (as-max-len? (append targets { asset: .stx-token, bps: u0 }) u10) ERR_TOO_MANY))
  )
)

(define-private (get-target-asset (target { asset: principal, bps: uint }))
  (get asset target)
)

(define-private (keep-held
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (kept (response (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }) uint))
  )
  (let ((rows (try! kept)))
    (if (or (is-eq (get amount row) u0) (is-some (find-row rows (get asset row))))
      kept
      (ok (unwrap! (as-max-len? (append rows (merge row { bps: u0 })) u10) ERR_TOO_MANY))
    )
  )
)

(define-private (covers
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (amount uint)
  )
  (<= amount (get amount row))
)

(define-private (reduce
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (amount uint)
  )
  (merge row { amount: (- (get amount row) amount) })
)
