;; pool-books: the pools there are, and the shares of each: how many, and how many of them wait in escrow.
;; Trusts: .pool-desk and .pool-office, which alone write here, check who asks and tell of it; pool-portfolios for what
;; the shares are shares of.
;; Holds: numbers, no asset; they cannot go below zero or beyond what arithmetic can hold.
;; Errors: u2100 to u2199, and those of pool-portfolios (u35xx) unchanged. Rounding: none.

(define-constant MAX_SHARES u1000000000000000000)

;; Only the vault's desk and its office write here.
(define-constant ERR_NOT_WRITER (err u2100))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u2101))
;; The pool has fewer shares than that, free or in escrow.
(define-constant ERR_NOT_ENOUGH (err u2102))
;; The books cannot hold that many shares.
(define-constant ERR_TOO_LARGE (err u2103))

(define-data-var pool-count uint u0)
(define-map pools uint {
  name: (string-ascii 32),
  share: principal,
  creator: principal,
  created-at: uint,
  total-shares: uint,
  pending-shares: uint,
})
(define-map share-pools principal uint)

;; --- pool-office ---

;; Enter a pool that holds nothing yet.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, and as pool-portfolios set-targets does.
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
    (try! (contract-call? .pool-portfolios open-portfolio pool-id targets))
    (ok pool-id)
  )
)

;; --- pool-desk ---

;; Enter STX that came in and the shares it bought.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_TOO_LARGE, and as pool-portfolios note-income does.
(define-public (note-deposit (pool-id uint) (ustx uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (total (get total-shares pool)))
    (try! (assert-writer))
    (asserts! (and (<= total MAX_SHARES) (<= shares (- MAX_SHARES total))) ERR_TOO_LARGE)
    (map-set pools pool-id (merge pool { total-shares: (+ total shares) }))
    (contract-call? .pool-portfolios note-income pool-id ustx)
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
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_ENOUGH, and as pool-portfolios note-expense does.
(define-public (note-payment (pool-id uint) (shares uint) (escrowed uint) (ustx uint))
  (begin
    (try! (note-return pool-id escrowed))
    (try! (retire pool-id shares))
    (contract-call? .pool-portfolios note-expense pool-id ustx)
  )
)

;; Enter shares that were burned and the amounts, in the order of the portfolio, that were paid for them.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOT_ENOUGH, and as pool-portfolios note-leaving does.
(define-public (note-redemption (pool-id uint) (shares uint) (amounts (list 10 uint)))
  (begin
    (try! (assert-writer))
    (try! (retire pool-id shares))
    (contract-call? .pool-portfolios note-leaving pool-id amounts)
  )
)

;; --- views ---

(define-read-only (get-pool-count)
  (var-get pool-count)
)

;; A pool, with its portfolio as `rows` and what is shut for it.
(define-read-only (get-pool (pool-id uint))
  (match (map-get? pools pool-id)
    pool (some (merge pool (contract-call? .pool-portfolios get-holdings pool-id)))
    none
  )
)

;; How many shares a pool has; none without such a pool.
(define-read-only (get-total-shares (pool-id uint))
  (get total-shares (map-get? pools pool-id))
)

(define-read-only (get-share-pool (share principal))
  (map-get? share-pools share)
)

;; --- guards ---

(define-private (assert-writer)
  (ok (asserts!
    (or (is-eq contract-caller .pool-desk) (is-eq contract-caller .pool-office))
    ERR_NOT_WRITER
  ))
)

;; --- moving ---

(define-private (retire (pool-id uint) (shares uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (asserts! (<= shares (- (get total-shares pool) (get pending-shares pool))) ERR_NOT_ENOUGH)
    (ok (map-set pools pool-id (merge pool { total-shares: (- (get total-shares pool) shares) })))
  )
)
