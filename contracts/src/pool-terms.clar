;; pool-terms: on what terms each pool is run: how much it may be worth, what it charges, who receives that, and
;; how much of the year's fee budget is used. Every change of cap or rates is announced three days ahead.
;; Trusts: .pool-desk and .pool-office, which alone write here, check who asks for what and tell of it.
;; Holds: numbers, no asset.
;; Errors: u2200 to u2299.
;; Rounding: for the pool. Fees are rounded down, each kind by itself, and the high-water mark up.

(define-constant BPS_ONE u10000)
(define-constant PRICE_ONE u1000000000000) ;; 12 decimals
(define-constant PARTS_ONE u1000000000000000) ;; fee fractions have 15 decimals
(define-constant MAX_UINT u340282366920938463463374607431768211455)
;; The largest shares and value that the arithmetic below can hold.
(define-constant MAX_SHARES u100000000000000000000)
(define-constant MAX_USTX u10000000000000000)
(define-constant DAY_SECS u86400)
(define-constant YEAR_SECS (* u365 DAY_SECS))
;; Thirteen twelfths of a year cover every span of a year.
(define-constant MONTH_SECS (/ YEAR_SECS u12))
(define-constant MONTHS u13)
(define-constant NO_PARTS (list u0 u0 u0 u0 u0 u0 u0 u0 u0 u0 u0 u0 u0))
(define-constant ANNOUNCE_SECS (* u3 DAY_SECS))
(define-constant LAUNCH_MANAGEMENT_BPS u50) ;; a year, and the most there can be
(define-constant LAUNCH_PERFORMANCE_BPS u1000) ;; of the gain, and the most there can be
(define-constant BUDGET_PARTS (/ PARTS_ONE u100)) ;; of value, in any 365 days
(define-constant INSURANCE_BPS u500) ;; of the management fee

;; Only pool-desk and pool-office write here.
(define-constant ERR_NOT_WRITER (err u2200))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u2201))
;; No rates are announced for this pool.
(define-constant ERR_NOTHING_ANNOUNCED (err u2202))
;; The announced rates do not apply yet.
(define-constant ERR_TOO_EARLY (err u2203))
;; The number is more than the arithmetic can hold.
(define-constant ERR_TOO_LARGE (err u2204))

(define-data-var accounts
  { fee-account: principal, insurance-account: principal }
  { fee-account: .fee-treasury, insurance-account: .insurance-fund }
)
(define-map caps uint { cap-usd: uint, next: (optional { cap-usd: uint, at: uint }) })
(define-map rates uint {
  management-bps: uint,
  performance-bps: uint,
  next: (optional { management-bps: uint, performance-bps: uint, at: uint }),
})
;; How far fees are charged: the time and the share price, and what was charged in the thirteen months that end with
;; `month`, oldest first, as fractions of value.
(define-map meters uint { fees-at: uint, high-water-mark: uint, month: uint, parts: (list 13 uint) })

;; --- pool-office and pool-desk ---

;; Enter the terms of a new pool.
;; Caller: pool-office. Fails: ERR_NOT_WRITER.
(define-public (open-pool (pool-id uint) (cap-usd uint))
  (begin
    (try! (assert-writer))
    (map-set caps pool-id { cap-usd: cap-usd, next: none })
    (map-set meters pool-id {
      fees-at: stacks-block-time,
      high-water-mark: PRICE_ONE,
      month: (get-month),
      parts: NO_PARTS,
    })
    (ok (map-set rates pool-id {
      management-bps: LAUNCH_MANAGEMENT_BPS,
      performance-bps: LAUNCH_PERFORMANCE_BPS,
      next: none,
    }))
  )
)

;; Enter a cap that is in force, by itself, three days from now. It replaces what was announced before.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL.
(define-public (announce-cap (pool-id uint) (cap-usd uint))
  (let ((before (unwrap! (get-cap pool-id) ERR_NO_POOL))
        (at (+ stacks-block-time ANNOUNCE_SECS)))
    (try! (assert-writer))
    (map-set caps pool-id { cap-usd: before, next: (some { cap-usd: cap-usd, at: at }) })
    (ok { before: before, at: at })
  )
)

;; Enter rates that may be applied three days from now. They replace what was announced before.
;; Caller: pool-office. Fails: ERR_NOT_WRITER, ERR_NO_POOL.
(define-public (announce-rates (pool-id uint) (management-bps uint) (performance-bps uint))
  (let ((before (unwrap! (map-get? rates pool-id) ERR_NO_POOL))
        (at (+ stacks-block-time ANNOUNCE_SECS)))
    (try! (assert-writer))
    (map-set rates pool-id (merge before {
      next: (some { management-bps: management-bps, performance-bps: performance-bps, at: at }),
    }))
    (ok {
      before: { management-bps: (get management-bps before), performance-bps: (get performance-bps before) },
      at: at,
    })
  )
)

;; Let the announced rates take the place of the old ones, which are charged until now.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_NOTHING_ANNOUNCED, ERR_TOO_EARLY.
(define-public (apply-rates (pool-id uint))
  (let ((before (unwrap! (map-get? rates pool-id) ERR_NO_POOL))
        (next (unwrap! (get next before) ERR_NOTHING_ANNOUNCED))
        (after { management-bps: (get management-bps next), performance-bps: (get performance-bps next) }))
    (try! (assert-writer))
    (asserts! (>= stacks-block-time (get at next)) ERR_TOO_EARLY)
    (map-set rates pool-id (merge after { next: none }))
    (ok {
      before: { management-bps: (get management-bps before), performance-bps: (get performance-bps before) },
      after: after,
    })
  )
)

;; Enter who receives the fees, and the insurance part of them, of all pools.
;; Caller: pool-office. Fails: ERR_NOT_WRITER.
(define-public (set-accounts (fee-account principal) (insurance-account principal))
  (begin
    (try! (assert-writer))
    (ok (var-set accounts { fee-account: fee-account, insurance-account: insurance-account }))
  )
)

;; Say what a pool owes its fee accounts now, and note that it is charged.
;; Caller: pool-desk. Fails: ERR_NOT_WRITER, ERR_NO_POOL, ERR_TOO_LARGE.
(define-public (charge (pool-id uint) (total-shares uint) (value-ustx (optional uint)))
  (let ((fees (try! (preview-charge pool-id total-shares value-ustx)))
        (parts (get-parts pool-id))
        (last (- MONTHS u1)))
    (try! (assert-writer))
    (map-set meters pool-id {
      fees-at: (get fees-at fees),
      high-water-mark: (get high-water-mark fees),
      month: (get-month),
      parts: (default-to parts
        (replace-at? parts last (+ (default-to u0 (element-at? parts last)) (get parts fees)))
      ),
    })
    (ok (merge fees (var-get accounts)))
  )
)

;; --- views ---

;; The cap in force.
(define-read-only (get-cap (pool-id uint))
  (match (map-get? caps pool-id)
    cap (some (match (get next cap)
      next (if (>= stacks-block-time (get at next)) (get cap-usd next) (get cap-usd cap))
      (get cap-usd cap)
    ))
    none
  )
)

;; The rates in force, and those announced.
(define-read-only (get-rates (pool-id uint))
  (map-get? rates pool-id)
)

;; What is in force for a pool, and until when and above which share price its fees are charged.
(define-read-only (get-terms (pool-id uint))
  (let ((rate (map-get? rates pool-id))
        (meter (map-get? meters pool-id)))
    {
      cap-usd: (default-to u0 (get-cap pool-id)),
      management-bps: (default-to u0 (get management-bps rate)),
      performance-bps: (default-to u0 (get performance-bps rate)),
      high-water-mark: (default-to u0 (get high-water-mark meter)),
      fees-at: (default-to u0 (get fees-at meter)),
    }
  )
)

;; The cap that is announced and not in force yet.
(define-read-only (get-next-cap (pool-id uint))
  (match (map-get? caps pool-id)
    cap (match (get next cap)
      next (if (>= stacks-block-time (get at next)) none (some next))
      none
    )
    none
  )
)

(define-read-only (get-accounts)
  (var-get accounts)
)

;; What may still be charged to a pool now, as a fraction of its value.
(define-read-only (get-budget (pool-id uint))
  (- BUDGET_PARTS (fold + (get-parts pool-id) u0))
)

;; The shares to make for the fee accounts, such that they are worth the fees once made. Without a value only the
;; management fee is charged, which needs no price: a part of the value is the same part of the shares. While a fee
;; rounds to nothing its clock, or the mark, stays; while its rate is zero they go on, so that a later rate finds nothing
;; to catch up on. What is beyond the budget is forgiven. Without shares no time counts.
;; Fails: ERR_NO_POOL, ERR_TOO_LARGE.
(define-read-only (preview-charge (pool-id uint) (total-shares uint) (value-ustx (optional uint)))
  (let ((rate (unwrap! (map-get? rates pool-id) ERR_NO_POOL))
        (meter (unwrap! (map-get? meters pool-id) ERR_NO_POOL))
        (mark (get high-water-mark meter))
        (value (default-to u0 value-ustx)))
    (asserts! (and (<= total-shares MAX_SHARES) (<= value MAX_USTX)) ERR_TOO_LARGE)
    (let ((room (get-budget pool-id))
          (due (get-time-parts (get fees-at meter) (get management-bps rate)))
          (gained (get-gain-parts value total-shares mark (get performance-bps rate)))
          (management-parts (lesser due room))
          (performance-parts (lesser gained (- room management-parts)))
          (rest (- PARTS_ONE management-parts performance-parts))
          (management (mul-div-down total-shares management-parts rest))
          (performance (mul-div-down total-shares performance-parts rest))
          (total (greater (+ total-shares management performance) u1)))
      (ok {
        management: management,
        performance: performance,
        insured: (mul-div-down management INSURANCE_BPS BPS_ONE),
        parts: (+ (if (> management u0) management-parts u0) (if (> performance u0) performance-parts u0)),
        fees-at: (if (or
            (> management u0)
            (> due management-parts)
            (is-eq total-shares u0)
            (is-eq (get management-bps rate) u0)
          )
          stacks-block-time
          (get fees-at meter)
        ),
        high-water-mark: (if (or
            (> performance u0)
            (> gained performance-parts)
            (is-eq (get performance-bps rate) u0)
          )
          (greater mark (mul-div-up value PRICE_ONE total))
          mark
        ),
      })
    )
  )
)

;; --- guards ---

(define-private (assert-writer)
  (ok (asserts! (or (is-eq contract-caller .pool-desk) (is-eq contract-caller .pool-office)) ERR_NOT_WRITER))
)

;; --- the budget ---

;; What was charged in this month and the twelve before it, oldest first.
(define-private (get-parts (pool-id uint))
  (match (map-get? meters pool-id)
    meter (let ((passed (lesser (- (get-month) (get month meter)) MONTHS)))
      (default-to NO_PARTS (as-max-len?
        (concat
          (default-to (list) (slice? (get parts meter) passed MONTHS))
          (default-to (list) (slice? NO_PARTS u0 passed))
        )
        u13
      ))
    )
    NO_PARTS
  )
)

(define-private (get-month)
  (/ stacks-block-time MONTH_SECS)
)

;; --- arithmetic ---

(define-private (get-time-parts (since uint) (yearly-bps uint))
  (if (> stacks-block-time since)
    (mul-div-down (* (- stacks-block-time since) yearly-bps) PARTS_ONE (* BPS_ONE YEAR_SECS))
    u0
  )
)

;; A mark too high to be multiplied is above every value.
(define-private (get-gain-parts (value-ustx uint) (total uint) (mark uint) (gain-bps uint))
  (let ((limit (/ (- MAX_UINT PRICE_ONE) (greater total u1)))
        (mark-ustx (if (> mark limit) value-ustx (mul-div-up mark total PRICE_ONE))))
    (if (> value-ustx mark-ustx)
      (mul-div-down (* (- value-ustx mark-ustx) gain-bps) (/ PARTS_ONE BPS_ONE) value-ustx)
      u0
    )
  )
)

(define-private (lesser (a uint) (b uint))
  (if (< a b) a b)
)

(define-private (greater (a uint) (b uint))
  (if (> a b) a b)
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
