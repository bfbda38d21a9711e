;; withdrawal-queue: who waits for STX, in which order, and how fast a pool may be left in STX. The queue of a pool is
;; one entry, so that reading it is one read.
;; Trusts: .pool-desk, which alone writes here, checks who asks for what and tells of it.
;; Holds: numbers, no asset; the vault holds the shares.
;; Errors: u2300 to u2399.
;; Rounding: for the pool. Payments are rounded down; the minimum that a part leaves behind is rounded up.

(define-constant BPS_ONE u10000)
(define-constant DAY_SECS u86400)
;; The largest value, shares and minimum that the arithmetic below can hold.
(define-constant MAX_USTX u10000000000000000)
(define-constant MAX_SHARES u100000000000000000000)
(define-constant OUTFLOW_BPS u2500) ;; of a pool's value, in one day of UTC
(define-constant MIN_OUTFLOW_USTX u1000000000)

;; Only pool-desk writes here.
(define-constant ERR_NOT_DESK (err u2300))
;; The queue of this pool is full.
(define-constant ERR_FULL (err u2301))
;; That user has no request in this pool.
(define-constant ERR_NO_REQUEST (err u2302))
;; The number is more than the arithmetic can hold.
(define-constant ERR_TOO_LARGE (err u2303))

;; Oldest first, one request per user.
(define-map queues uint (list 50 { user: principal, shares: uint, min-out: uint, asked-at: uint }))
;; What left each pool in STX on the last day that anything did.
(define-map outflows uint { day: uint, ustx: uint })
;; When a user last came or went.
(define-map calls { pool-id: uint, user: principal } uint)

;; --- pool-desk ---

;; Put a request at the end of the queue; a second one of the same user joins the first, in its place.
;; Caller: pool-desk. Fails: ERR_NOT_DESK, ERR_TOO_LARGE, ERR_FULL.
(define-public (add-request (pool-id uint) (user principal) (shares uint) (min-out uint))
  (let ((before (default-to { user: user, shares: u0, min-out: u0, asked-at: stacks-block-time } (get-request pool-id user)))
        (others (get-queue pool-id)))
    (try! (assert-desk))
    (asserts! (and (<= shares MAX_SHARES) (<= min-out MAX_USTX)) ERR_TOO_LARGE)
    (let ((after (merge before { shares: (+ (get shares before) shares), min-out: (+ (get min-out before) min-out) })))
      (asserts! (and (<= (get shares after) MAX_SHARES) (<= (get min-out after) MAX_USTX)) ERR_TOO_LARGE)
      (map-set queues pool-id
        (match (index-of? (map get-user others) user)
          place (default-to others (replace-at? others place after))
          (unwrap! (as-max-len? (append others after) u50) ERR_FULL)
        )
      )
      (ok (get shares after))
    )
  )
)

;; Take a request out.
;; Caller: pool-desk. Fails: ERR_NOT_DESK, ERR_NO_REQUEST.
(define-public (remove-request (pool-id uint) (user principal))
  (let ((request (unwrap! (get-request pool-id user) ERR_NO_REQUEST)))
    (try! (assert-desk))
    (map-set queues pool-id (get kept (fold keep-other (get-queue pool-id) { gone: user, kept: (list) })))
    (ok request)
  )
)

;; Say who is paid what at this value, oldest first, out of `idle-ustx` and what may still leave today, and take the
;; paid parts out of the queue. With `only`, the others keep their place and their claim, and nobody else is paid.
;; A request below its own minimum is passed over; the last that cannot be paid in full is paid in part.
;; Caller: pool-desk. Fails: ERR_NOT_DESK, ERR_TOO_LARGE.
(define-public (settle (pool-id uint) (only (optional principal)) (value-ustx uint) (total-shares uint) (idle-ustx uint))
  (begin
    (try! (assert-desk))
    (try! (assert-worth value-ustx total-shares))
    (let ((settled (fold settle-one (get-queue pool-id) {
            only: only,
            value: value-ustx,
            total: total-shares,
            room: (lesser idle-ustx (get-outflow-room pool-id value-ustx)),
            shares: u0,
            ustx: u0,
            left: (list),
            payments: (list),
          })))
      (map-set queues pool-id (get left settled))
      (add-outflow pool-id (get ustx settled))
      (ok { shares: (get shares settled), ustx: (get ustx settled), payments: (get payments settled) })
    )
  )
)

;; Count STX that leaves without having waited.
;; Caller: pool-desk. Fails: ERR_NOT_DESK, ERR_TOO_LARGE.
(define-public (note-outflow (pool-id uint) (ustx uint))
  (begin
    (try! (assert-desk))
    (asserts! (<= ustx MAX_USTX) ERR_TOO_LARGE)
    (ok (add-outflow pool-id ustx))
  )
)

;; Note that a user comes or goes now; the answer is when they last did.
;; Caller: pool-desk. Fails: ERR_NOT_DESK.
(define-public (note-call (pool-id uint) (user principal))
  (let ((before (get-last-call pool-id user)))
    (try! (assert-desk))
    (map-set calls { pool-id: pool-id, user: user } stacks-block-time)
    (ok before)
  )
)

;; --- views ---

;; Queued requests, oldest first.
(define-read-only (get-queue (pool-id uint))
  (default-to (list) (map-get? queues pool-id))
)

(define-read-only (get-request (pool-id uint) (user principal))
  (match (index-of? (map get-user (get-queue pool-id)) user)
    place (element-at? (get-queue pool-id) place)
    none
  )
)

(define-read-only (get-last-call (pool-id uint) (user principal))
  (default-to u0 (map-get? calls { pool-id: pool-id, user: user }))
)

;; What left a pool in STX today.
(define-read-only (get-outflow (pool-id uint))
  (match (map-get? outflows pool-id)
    outflow (if (is-eq (get day outflow) (get-today)) (get ustx outflow) u0)
    u0
  )
)

;; What may still leave a pool in STX today: a quarter of its value with what left already, and 1,000 STX at least.
(define-read-only (get-outflow-room (pool-id uint) (value-ustx uint))
  (let ((gone (get-outflow pool-id))
        (quarter (mul-div-down (+ (lesser value-ustx MAX_USTX) gone) OUTFLOW_BPS BPS_ONE))
        (limit (if (> quarter MIN_OUTFLOW_USTX) quarter MIN_OUTFLOW_USTX)))
    (if (> limit gone) (- limit gone) u0)
  )
)

;; What the queued requests whose own minimum is met would be paid at this value. Fails: ERR_TOO_LARGE.
(define-read-only (get-owed (pool-id uint) (value-ustx uint) (total-shares uint))
  (let ((queue (get-queue pool-id)))
    (if (is-eq (len queue) u0)
      (ok u0)
      (begin
        (try! (assert-worth value-ustx total-shares))
        (ok (get owed (fold add-claim queue { until: none, value: value-ustx, total: total-shares, owed: u0 })))
      )
    )
  )
)

;; All that is needed to know before `user` is paid or sent back: their request, what everybody is owed, what is owed
;; to those who asked earlier, and what may still leave today. Fails: ERR_TOO_LARGE.
(define-read-only (get-standing (pool-id uint) (user principal) (value-ustx uint) (total-shares uint))
  (let ((queue (get-queue pool-id))
        (start { until: (some user), value: value-ustx, total: total-shares, owed: u0 }))
    (try! (assert-worth value-ustx total-shares))
    (ok {
      request: (get-request pool-id user),
      owed: (get owed (fold add-claim queue (merge start { until: none }))),
      older: (get owed (fold add-claim queue start)),
      room: (get-outflow-room pool-id value-ustx),
    })
  )
)

;; --- guards ---

(define-private (assert-desk)
  (ok (asserts! (is-eq contract-caller .pool-desk) ERR_NOT_DESK))
)

(define-private (assert-worth (value-ustx uint) (total-shares uint))
  (ok (asserts! (and (<= value-ustx MAX_USTX) (<= total-shares MAX_SHARES)) ERR_TOO_LARGE))
)

;; --- the queue ---

(define-private (get-user (request { user: principal, shares: uint, min-out: uint, asked-at: uint }))
  (get user request)
)

(define-private (keep-other
    (request { user: principal, shares: uint, min-out: uint, asked-at: uint })
    (state { gone: principal, kept: (list 50 { user: principal, shares: uint, min-out: uint, asked-at: uint }) })
  )
  (if (is-eq (get user request) (get gone state))
    state
    (merge state { kept: (default-to (get kept state) (as-max-len? (append (get kept state) request) u50)) })
  )
)

;; Adds what a request would be paid, unless its own minimum says no; `until` and who asked later do not count.
(define-private (add-claim
    (request { user: principal, shares: uint, min-out: uint, asked-at: uint })
    (state { until: (optional principal), value: uint, total: uint, owed: uint })
  )
  (if (is-eq (some (get user request)) (get until state))
    (merge state { value: u0 })
    (merge state {
      owed: (+ (get owed state) (get-claim request (get value state) (get total state))),
    })
  )
)

;; What a request would be paid now, and nothing while its own minimum is not met.
(define-private (get-claim
    (request { user: principal, shares: uint, min-out: uint, asked-at: uint })
    (value uint)
    (total uint)
  )
  (let ((payout (mul-div-down (get shares request) value total)))
    (if (< payout (get min-out request)) u0 payout)
  )
)

(define-private (settle-one
    (request { user: principal, shares: uint, min-out: uint, asked-at: uint })
    (state {
      only: (optional principal),
      value: uint,
      total: uint,
      room: uint,
      shares: uint,
      ustx: uint,
      left: (list 50 { user: principal, shares: uint, min-out: uint, asked-at: uint }),
      payments: (list 50 { user: principal, shares: uint, ustx: uint }),
    })
  )
  (let ((claim (get-claim request (get value state) (get total state)))
        (room (get room state))
        (whole (<= claim room))
        (part (if whole (get shares request) (mul-div-down room (get total state) (get value state))))
        (ustx (if whole claim (mul-div-down part (get value state) (get total state))))
        (mine (is-eq (default-to (get user request) (get only state)) (get user request))))
    (merge (if (and mine (> ustx u0))
        (merge state {
          shares: (+ (get shares state) part),
          ustx: (+ (get ustx state) ustx),
          payments: (default-to (get payments state)
            (as-max-len? (append (get payments state) { user: (get user request), shares: part, ustx: ustx }) u50)
          ),
          left: (keep-rest (get left state) request part),
        })
        (merge state { left: (keep-rest (get left state) request u0) })
      )
      { room: (if whole (- room claim) u0) }
    )
  )
)

;; What of a request stays in the queue once `part` of its shares is paid.
(define-private (keep-rest
    (left (list 50 { user: principal, shares: uint, min-out: uint, asked-at: uint }))
    (request { user: principal, shares: uint, min-out: uint, asked-at: uint })
    (part uint)
  )
  (let ((rest (- (get shares request) part)))
    (if (is-eq rest u0)
      left
      (default-to left
        (as-max-len?
          (append left (merge request {
            shares: rest,
            min-out: (mul-div-up (get min-out request) rest (get shares request)),
          }))
          u50
        )
      )
    )
  )
)

;; --- the day ---

(define-private (add-outflow (pool-id uint) (ustx uint))
  (map-set outflows pool-id { day: (get-today), ustx: (+ (get-outflow pool-id) ustx) })
)

(define-private (get-today)
  (/ stacks-block-time DAY_SECS)
)

;; --- arithmetic ---

(define-private (lesser (a uint) (b uint))
  (if (< a b) a b)
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) (if (> divisor u0) divisor u1))
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
