;; price-averages: what a venue's price was over time, from what the oracle saw of it. State.
;; Trusts: price-sources alone, which reads the venue for pool-oracle; the venue itself at no single moment.
;; Holds: nothing. One row per asset and venue: the sum of price times seconds, and two marks WINDOW_SECS apart.
;; Between two observations the venue counts as having stood at the one of the two that is nearer to its average
;; so far, for at most STEP_SECS; for the rest of a longer time it counts as unchanged. Whoever moves a pool for one
;; block, one observation or not, therefore moves nothing: it takes two observations in a row with no other between.
;; The average reaches back to the older mark, WINDOW_SECS at least. It is firm once it does. After GAP_SECS without
;; an observation nobody knows where the venue stood: the average starts again from where it stands now, not firm.
;; Errors: u2700 to u2799. Rounding: down.

;; The caller does not read for the oracle.
(define-constant ERR_NOT_ORACLE (err u2700))
;; The price is zero or beyond what the sums can hold.
(define-constant ERR_PRICE_OUT_OF_RANGE (err u2701))

(define-constant MAX_PRICE u1000000000000000000)
(define-constant WINDOW_SECS (* u15 u60))
(define-constant STEP_SECS (* u5 u60))
(define-constant GAP_SECS (* u15 u60))

;; `sum` is of price times seconds since the row was started; the marks are earlier values of it.
(define-map averages { asset: principal, venue: (string-ascii 12) } {
  spot: uint,
  at: uint,
  sum: uint,
  older: { sum: uint, at: uint },
  newer: { sum: uint, at: uint },
})

;; --- the oracle ---

;; Take note of where a venue stands now, and say what it stood at on average.
;; Caller: price-sources, for pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE, ERR_PRICE_OUT_OF_RANGE.
(define-public (observe (asset principal) (venue (string-ascii 12)) (spot uint))
  (begin
    (try! (assert-oracle))
    (asserts! (and (> spot u0) (<= spot MAX_PRICE)) ERR_PRICE_OUT_OF_RANGE)
    (let ((row (next-row (map-get? averages { asset: asset, venue: venue }) spot)))
      (map-set averages { asset: asset, venue: venue } row)
      (ok (summary row))
    )
  )
)

;; Start again with the next observation of each of the asset's venues.
;; Caller: price-sources, for pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE.
(define-public (forget (asset principal))
  (begin
    (try! (assert-oracle))
    (map-delete averages { asset: asset, venue: "alex" })
    (ok (map-delete averages { asset: asset, venue: "velar" }))
  )
)

;; --- views ---

;; The average up to the last observation, none before the first.
(define-read-only (get-average (asset principal) (venue (string-ascii 12)))
  (match (map-get? averages { asset: asset, venue: venue })
    row (some (summary row))
    none
  )
)

(define-read-only (get-row (asset principal) (venue (string-ascii 12)))
  (map-get? averages { asset: asset, venue: venue })
)

;; --- guards ---

(define-private (assert-oracle)
  (ok (asserts! (is-eq contract-caller .price-sources) ERR_NOT_ORACLE))
)

;; --- arithmetic ---

(define-private (next-row
    (before (optional {
      spot: uint,
      at: uint,
      sum: uint,
      older: { sum: uint, at: uint },
      newer: { sum: uint, at: uint },
    }))
    (spot uint)
  )
  (match before
    row (if (> (- stacks-block-time (get at row)) GAP_SECS)
      (first-row spot)
      (continued row spot)
    )
    (first-row spot)
  )
)

(define-private (first-row (spot uint))
  (let ((mark { sum: u0, at: stacks-block-time }))
    { spot: spot, at: stacks-block-time, sum: u0, older: mark, newer: mark }
  )
)

;; Both marks move up once the newer is old enough to be the older. Within one second the nearer price stays.
(define-private (continued
    (row {
      spot: uint,
      at: uint,
      sum: uint,
      older: { sum: uint, at: uint },
      newer: { sum: uint, at: uint },
    })
    (spot uint)
  )
  (let ((secs (- stacks-block-time (get at row)))
        (counted (if (< secs STEP_SECS) secs STEP_SECS))
        (average (get-mean row))
        (stood (nearer (get spot row) spot average))
        (sum (+ (get sum row) (* stood counted) (* average (- secs counted))))
        (is-due (>= (- stacks-block-time (get at (get newer row))) WINDOW_SECS)))
    {
      spot: (if (is-eq secs u0) stood spot),
      at: stacks-block-time,
      sum: sum,
      older: (if is-due (get newer row) (get older row)),
      newer: (if is-due { sum: sum, at: stacks-block-time } (get newer row)),
    }
  )
)

(define-private (summary (row {
    spot: uint,
    at: uint,
    sum: uint,
    older: { sum: uint, at: uint },
    newer: { sum: uint, at: uint },
  }))
  (let ((secs (- (get at row) (get at (get older row)))))
    { price: (get-mean row), at: (get at row), window-secs: secs, firm: (>= secs WINDOW_SECS) }
  )
)

;; With no time passed, the price it started from.
(define-private (get-mean (row {
    spot: uint,
    at: uint,
    sum: uint,
    older: { sum: uint, at: uint },
    newer: { sum: uint, at: uint },
  }))
  (let ((secs (- (get at row) (get at (get older row)))))
    (if (is-eq secs u0)
      (get spot row)
      (/ (- (get sum row) (get sum (get older row))) secs)
    )
  )
)

(define-private (nearer (a uint) (b uint) (to uint))
  (if (<= (distance a to) (distance b to)) a b)
)

(define-private (distance (a uint) (b uint))
  (if (> a b) (- a b) (- b a))
)
