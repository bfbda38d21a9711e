;; pool-books: the books of every pool: its shares, what it owns and aims at, what is paused, and which tokens
;; and venues are known. One entry holds a pool's whole portfolio, so that reading it is one read.
;; Trusts: .whale-pool-vault, .pool-desk and .pool-office, which alone write here, check who asks and tell of it.
;; Holds: numbers, no asset; they cannot go below zero or beyond what arithmetic can hold.
;; Errors: u2100 to u2199. Rounding: none.

(define-constant PRICE_ONE u1000000000000) ;; 12 decimals
;; The product of the two largest numbers still fits.
(define-constant MAX_AMOUNT u100000000000000000000)
(define-constant MAX_SHARES u1000000000000000000)
(define-constant RUNNING { deposits: false, withdrawals: false, rebalances: false })

;; Only the vault, its desk and its office write here.
(define-constant ERR_NOT_WRITER (err u2100))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u2101))
;; The asset is not one of this pool's.
(define-constant ERR_NOT_MEMBER (err u2102))
;; The books show less than that.
(define-constant ERR_NOT_ENOUGH (err u2103))
;; The books cannot hold that much.
(define-constant ERR_TOO_LARGE (err u2104))
;; Target, STX and what is still held are more than ten assets.
(define-constant ERR_TOO_MANY (err u2105))
;; The asset is not registered.
(define-constant ERR_UNKNOWN_ASSET (err u2106))

(define-data-var pool-count uint u0)
(define-map pools uint {
  name: (string-ascii 32),
  share: principal,
  creator: principal,
  created-at: uint,
  total-shares: uint,
  pending-shares: uint,
})
;; Always has STX in it, and everything that is wanted or held.
(define-map portfolios uint (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
;; What is stopped; u0 stands for all pools.
(define-map pauses uint { deposits: bool, withdrawals: bool, rebalances: bool })
;; What all pools together own of an asset.
(define-map booked principal uint)
;; A registered asset; `unit` divides amount times price into micro-STX.
(define-map assets principal { decimals: uint, unit: uint })
(define-map adapters principal (buff 32))
(define-map share-pools principal uint)

(map-set assets .stx-token { decimals: u6, unit: PRICE_ONE })

;; --- pool-office ---

;; Enter a pool that holds nothing yet.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, and as set-targets does.
(define-public (open-pool
    (name (string-ascii 32))
    (share principal)
    (creator principal)
    (targets (list 10 { asset: principal, bps: uint }))
  )
  (let ((pool-id (+ (var-get pool-count) u1)))
    (try! (assert-writer))
    (map-set pools pool-id {
      name: name,
      share: share,
      creator: creator,
      created-at: stacks-block-time,
      total-shares: u0,
      pending-shares: u0,
    })
    (map-set share-pools share pool-id)
    (var-set pool-count pool-id)
    (try! (set-targets pool-id targets))
    (ok pool-id)
  )
)

;; Enter what a pool aims at. What it still holds stays listed with a target of zero.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_UNKNOWN_ASSET, ERR_TOO_MANY.
(define-public (set-targets (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (let ((before (get-portfolio pool-id)))
    (try! (assert-writer))
    (asserts! (is-some (map-get? pools pool-id)) ERR_NO_POOL)
    (let ((wanted (get rows (try! (fold add-target (try! (include-stx targets)) (ok { before: before, rows: (list) })))))
          (after (try! (fold keep-held before (ok wanted)))))
      (map-set portfolios pool-id after)
      (ok { before: before, after: after })
    )
  )
)

;; Enter which doors of a pool, or with u0 of all pools, are shut.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL.
(define-public (set-pauses (pool-id uint) (flags { deposits: bool, withdrawals: bool, rebalances: bool }))
  (let ((before (get-own-pauses pool-id)))
    (try! (assert-writer))
    (asserts! (or (is-eq pool-id u0) (is-some (map-get? pools pool-id))) ERR_NO_POOL)
    (map-set pauses pool-id flags)
    (ok before)
  )
)

;; --- pool-desk and the vault ---

;; Enter STX that came in and the shares it bought.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_MEMBER, ERR_TOO_LARGE.
(define-public (note-deposit (pool-id uint) (ustx uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (total (get total-shares pool)))
    (try! (assert-writer))
    (asserts! (and (<= total MAX_SHARES) (<= shares (- MAX_SHARES total))) ERR_TOO_LARGE)
    (map-set pools pool-id (merge pool { total-shares: (+ total shares) }))
    (credit pool-id .stx-token ustx)
  )
)

;; Enter shares that were made for the fee accounts. They never stop anybody from leaving, so they may be more than a
;; deposit may make.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_TOO_LARGE.
(define-public (note-fees (pool-id uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (try! (assert-writer))
    (asserts! (<= shares MAX_SHARES) ERR_TOO_LARGE)
    (ok (map-set pools pool-id (merge pool { total-shares: (+ (get total-shares pool) shares) })))
  )
)

;; Enter shares that went into escrow.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_ENOUGH.
(define-public (note-escrow (pool-id uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (pending (get pending-shares pool)))
    (try! (assert-writer))
    (asserts! (<= shares (- (get total-shares pool) pending)) ERR_NOT_ENOUGH)
    (ok (map-set pools pool-id (merge pool { pending-shares: (+ pending shares) })))
  )
)

;; Enter shares that came back out of escrow.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_ENOUGH.
(define-public (note-return (pool-id uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (pending (get pending-shares pool)))
    (try! (assert-writer))
    (asserts! (<= shares pending) ERR_NOT_ENOUGH)
    (ok (map-set pools pool-id (merge pool { pending-shares: (- pending shares) })))
  )
)

;; Enter shares that were burned, `escrowed` of them out of escrow, and the STX that was paid for them.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_MEMBER, ERR_NOT_ENOUGH.
(define-public (note-payment (pool-id uint) (shares uint) (escrowed uint) (ustx uint))
  (begin
    (try! (note-return pool-id escrowed))
    (try! (retire pool-id shares))
    (debit pool-id .stx-token ustx)
  )
)

;; Enter shares that were burned and the amounts, in the order of the portfolio, that were paid for them.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_ENOUGH.
(define-public (note-redemption (pool-id uint) (shares uint) (amounts (list 10 uint)))
  (let ((rows (get-portfolio pool-id)))
    (try! (assert-writer))
    (try! (retire pool-id shares))
    (asserts! (is-eq (len rows) (len amounts)) ERR_NOT_ENOUGH)
    (asserts! (is-none (index-of? (map covers rows amounts) false)) ERR_NOT_ENOUGH)
    (map unbook rows amounts)
    (ok (map-set portfolios pool-id (map reduce rows amounts)))
  )
)

;; Enter a swap: what went and what came.
;; Caller: the vault. Fails: ERR_NOT_WRITER, ERR_NOT_MEMBER, ERR_NOT_ENOUGH, ERR_TOO_LARGE.
(define-public (note-swap (pool-id uint) (from principal) (to principal) (spent uint) (received uint))
  (begin
    (try! (assert-writer))
    (let ((less (try! (take (get-portfolio pool-id) from spent))))
      (ok (map-set portfolios pool-id (try! (add less to received))))
    )
  )
)

;; Enter STX that was paid out for work.
;; Caller: the vault. Fails: ERR_NOT_WRITER, ERR_NOT_MEMBER, ERR_NOT_ENOUGH.
(define-public (note-expense (pool-id uint) (ustx uint))
  (begin
    (try! (assert-writer))
    (debit pool-id .stx-token ustx)
  )
)

;; --- pool-office: tokens and venues ---

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

;; --- views ---

(define-read-only (get-pool-count)
  (var-get pool-count)
)

;; A pool, with its portfolio as `rows` and what is shut for it.
(define-read-only (get-pool (pool-id uint))
  (match (map-get? pools pool-id)
    pool (some (merge pool { pauses: (get-pauses pool-id), rows: (get-portfolio pool-id) }))
    none
  )
)

;; What a pool holds and wants.
(define-read-only (get-portfolio (pool-id uint))
  (default-to (list) (map-get? portfolios pool-id))
)

;; What is shut for a pool: by itself or with all of them.
(define-read-only (get-pauses (pool-id uint))
  (let ((own (get-own-pauses pool-id))
        (all (get-own-pauses u0)))
    {
      deposits: (or (get deposits own) (get deposits all)),
      withdrawals: (or (get withdrawals own) (get withdrawals all)),
      rebalances: (or (get rebalances own) (get rebalances all)),
    }
  )
)

;; All that is needed to know about a swap before it is made.
(define-read-only (get-trade (pool-id uint) (from principal) (to principal) (adapter principal))
  (let ((rows (get-portfolio pool-id)))
    {
      ;; Every pool has a row of STX.
      exists: (> (len rows) u0),
      paused: (get rebalances (get-pauses pool-id)),
      code: (map-get? adapters adapter),
      from: (find-row rows from),
      to: (find-row rows to),
    }
  )
)

(define-private (get-own-pauses (pool-id uint))
  (default-to RUNNING (map-get? pauses pool-id))
)

(define-read-only (get-booked (asset principal))
  (default-to u0 (map-get? booked asset))
)

(define-read-only (get-asset (asset principal))
  (map-get? assets asset)
)

(define-read-only (get-adapter (adapter principal))
  (map-get? adapters adapter)
)

(define-read-only (get-share-pool (share principal))
  (map-get? share-pools share)
)

;; Whether every target names an asset that is registered.
(define-read-only (are-registered (targets (list 10 { asset: principal, bps: uint })))
  (is-none (index-of? (map is-registered targets) false))
)

;; --- guards ---

(define-private (assert-writer)
  (ok (asserts!
    (or
      (is-eq contract-caller .whale-pool-vault)
      (is-eq contract-caller .pool-desk)
      (is-eq contract-caller .pool-office)
    )
    ERR_NOT_WRITER
  ))
)

(define-private (is-registered (target { asset: principal, bps: uint }))
  (is-some (map-get? assets (get asset target)))
)

;; --- moving ---

(define-private (retire (pool-id uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (asserts! (<= shares (- (get total-shares pool) (get pending-shares pool))) ERR_NOT_ENOUGH)
    (ok (map-set pools pool-id (merge pool { total-shares: (- (get total-shares pool) shares) })))
  )
)

(define-private (credit (pool-id uint) (asset principal) (amount uint))
  (ok (map-set portfolios pool-id (try! (add (get-portfolio pool-id) asset amount))))
)

(define-private (debit (pool-id uint) (asset principal) (amount uint))
  (ok (map-set portfolios pool-id (try! (take (get-portfolio pool-id) asset amount))))
)

;; The rows with more of an asset, which is booked as well.
(define-private (add
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (asset principal)
    (amount uint)
  )
  (let ((index (unwrap! (index-of? (map get-row-asset rows) asset) ERR_NOT_MEMBER))
        (row (unwrap! (element-at? rows index) ERR_NOT_MEMBER))
        (all (get-booked asset)))
    (asserts! (<= amount (- MAX_AMOUNT all)) ERR_TOO_LARGE)
    (map-set booked asset (+ all amount))
    (ok (unwrap! (replace-at? rows index (merge row { amount: (+ (get amount row) amount) })) ERR_NOT_MEMBER))
  )
)

;; The rows with less of an asset, which is unbooked as well.
(define-private (take
    (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
    (asset principal)
    (amount uint)
  )
  (let ((index (unwrap! (index-of? (map get-row-asset rows) asset) ERR_NOT_MEMBER))
        (row (unwrap! (element-at? rows index) ERR_NOT_MEMBER)))
    (asserts! (<= amount (get amount row)) ERR_NOT_ENOUGH)
    (map-set booked asset (- (get-booked asset) amount))
    (ok (unwrap! (replace-at? rows index (reduce row amount)) ERR_NOT_MEMBER))
  )
)

;; --- rows ---

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

(define-private (unbook
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (amount uint)
  )
  (or (is-eq amount u0) (map-set booked (get asset row) (- (get-booked (get asset row)) amount)))
)
