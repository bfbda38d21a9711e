;; price-observations: what each source last said of an asset, and the median of those that count. State.
;; Trusts: pool-oracle alone, which reads the sources and governs their bounds.
;; Holds: nothing. A source that says nothing new leaves what it said before, which ages. A price set by hand does not
;; age: it counts until it ends. What is not firm, the average of a venue that was watched too briefly, counts only
;; where it agrees with the median of the rest, and never alone.
;; Errors: u3400 to u3499. Rounding: down.

;; The caller is not the oracle.
(define-constant ERR_NOT_ORACLE (err u3400))
;; The price set by hand is zero or beyond what the arithmetic can hold.
(define-constant ERR_PRICE_OUT_OF_RANGE (err u3401))
;; A price set by hand would hold for no time, or for more than a week.
(define-constant ERR_BAD_DURATION (err u3402))
;; There is no price set by hand to clear.
(define-constant ERR_NO_MANUAL_PRICE (err u3403))

(define-constant BPS_ONE u10000)
(define-constant MAX_PRICE u1000000000000000000)
(define-constant DAY_SECS u86400)
(define-constant MAX_MANUAL_SECS (* u7 DAY_SECS))
;; How far a source's clock may be ahead of the block's.
(define-constant MAX_AHEAD_SECS u120)
(define-constant END_OF_TIME u340282366920938463463374607431768211455)
(define-constant SILENCE { reported: none, alex: none, velar: none, ratio: none, dia: none, lazer: none })

(define-map points principal {
  reported: (optional { price: uint, at: uint, firm: bool }),
  alex: (optional { price: uint, at: uint, firm: bool }),
  velar: (optional { price: uint, at: uint, firm: bool }),
  ratio: (optional { price: uint, at: uint, firm: bool }),
  dia: (optional { price: uint, at: uint, firm: bool }),
  lazer: (optional { price: uint, at: uint, firm: bool }),
})
(define-map manual-prices principal { price: uint, at: uint, until: uint })

;; --- the oracle ---

;; Keep what the sources say now, weigh all that is fresh, and measure it and the report against the ground.
;; Caller: pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE.
(define-public (note
    (asset principal)
    (seen {
      reported: (optional { price: uint, at: uint, firm: bool }),
      alex: (optional { price: uint, at: uint, firm: bool }),
      velar: (optional { price: uint, at: uint, firm: bool }),
      ratio: (optional { price: uint, at: uint, firm: bool }),
      dia: (optional { price: uint, at: uint, firm: bool }),
      lazer: (optional { price: uint, at: uint, firm: bool }),
    })
    (bounds { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
    (ground (optional { price: uint, at: uint }))
  )
  (let ((before (get-points asset)))
    (try! (assert-oracle))
    (map-set points asset {
      reported: (newer (get reported seen) (get reported before)),
      alex: (newer (get alex seen) (get alex before)),
      velar: (newer (get velar seen) (get velar before)),
      ratio: (newer (get ratio seen) (get ratio before)),
      dia: (newer (get dia seen) (get dia before)),
      lazer: (newer (get lazer seen) (get lazer before)),
    })
    (let ((view (weigh asset bounds)))
      (ok { view: view, jumped: (is-jump (get price (get reported seen)) view ground (get max-jump-bps bounds)) })
    )
  )
)

;; Forget what a source said.
;; Caller: pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE.
(define-public (forget (asset principal) (source (string-ascii 12)))
  (let ((row (get-points asset)))
    (try! (assert-oracle))
    (ok (map-set points asset {
      reported: (if (is-eq source "reported") none (get reported row)),
      alex: (if (is-eq source "alex") none (get alex row)),
      velar: (if (is-eq source "velar") none (get velar row)),
      ratio: (if (is-eq source "ratio") none (get ratio row)),
      dia: (if (is-eq source "dia") none (get dia row)),
      lazer: (if (is-eq source "lazer") none (get lazer row)),
    }))
  )
)

;; Set a price by hand, which holds for so long.
;; Caller: pool-oracle. Emits: manual-price-set.
;; Fails: ERR_NOT_ORACLE, ERR_PRICE_OUT_OF_RANGE, ERR_BAD_DURATION.
(define-public (set-manual (asset principal) (price uint) (valid-secs uint))
  (begin
    (try! (assert-oracle))
    (asserts! (and (> price u0) (<= price MAX_PRICE)) ERR_PRICE_OUT_OF_RANGE)
    (asserts! (and (> valid-secs u0) (<= valid-secs MAX_MANUAL_SECS)) ERR_BAD_DURATION)
    (let ((after { price: price, at: stacks-block-time, until: (+ stacks-block-time valid-secs) }))
      (print { topic: "manual-price-set", asset: asset, before: (get-manual asset), after: after })
      (ok (map-set manual-prices asset after))
    )
  )
)

;; Take a price set by hand back before it ends.
;; Caller: pool-oracle. Emits: manual-price-cleared. Fails: ERR_NOT_ORACLE, ERR_NO_MANUAL_PRICE.
(define-public (clear-manual (asset principal))
  (begin
    (try! (assert-oracle))
    (let ((before (unwrap! (get-manual asset) ERR_NO_MANUAL_PRICE)))
      (print { topic: "manual-price-cleared", asset: asset, before: before })
      (ok (map-delete manual-prices asset))
    )
  )
)

;; --- views ---

(define-read-only (get-points (asset principal))
  (default-to SILENCE (map-get? points asset))
)

;; The price set by hand, while it holds.
(define-read-only (get-manual (asset principal))
  (match (map-get? manual-prices asset)
    row (if (<= stacks-block-time (get until row)) (some row) none)
    none
  )
)

;; Everything stored about an asset, fresh or not.
(define-read-only (get-rows (asset principal))
  (let ((row (get-points asset))
        (by-hand (match (get-manual asset)
          manual (some { price: (get price manual), at: (get at manual), firm: true })
          none
        )))
    (get rows (fold add-row
      (list (get reported row) (get alex row) (get velar row) (get ratio row) (get dia row) (get lazer row) by-hand)
      { names: (list "reported" "alex" "velar" "ratio" "dia" "lazer" "manual"), at: u0, rows: (list) }
    ))
  )
)

;; What the fresh sources agree on: their median (of the middle two the mean), how many count and how many have
;; spoken, the oldest of those that age, until when all of them are fresh, whether the outermost are too far apart,
;; and whether one that is not firm disagrees.
(define-read-only (weigh
    (asset principal)
    (bounds { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
  )
  (let ((row (get-points asset))
        (max-age-secs (get max-age-secs bounds))
        (max-spread-bps (get max-spread-bps bounds))
        (told (list (get reported row) (get alex row) (get velar row) (get ratio row) (get dia row) (get lazer row)))
        (firm (with-manual (get-manual asset) (fold add-firm told {
          max-age: max-age-secs,
          prices: (list),
          stored: u0,
          oldest-at: none,
          until: END_OF_TIME,
        })))
        (prices (get prices firm))
        (last (if (> (len prices) u0) (- (len prices) u1) u0))
        (price (/ (+ (pick prices (/ last u2)) (pick prices (/ (+ last u1) u2))) u2))
        (whole (fold add-young (list (get alex row) (get velar row)) {
          max-age: max-age-secs,
          price: price,
          max-spread: max-spread-bps,
          sources: (len prices),
          oldest-at: (get oldest-at firm),
          until: (get until firm),
          odd: false,
        })))
    {
      price: price,
      sources: (get sources whole),
      stored: (get stored firm),
      apart: (> (* (- (pick prices last) (pick prices u0)) BPS_ONE) (* price max-spread-bps)),
      odd: (get odd whole),
      oldest-at: (get oldest-at whole),
      until: (get until whole),
    }
  )
)

;; --- guards ---

(define-private (assert-oracle)
  (ok (asserts! (is-eq contract-caller .pool-oracle) ERR_NOT_ORACLE))
)

(define-private (is-fresh (at uint) (max-age-secs uint))
  (and (>= (+ at max-age-secs) stacks-block-time) (<= at (+ stacks-block-time MAX_AHEAD_SECS)))
)

;; --- weighing ---

;; The ground is forgotten after a day. What nobody fresh says is no jump.
(define-private (is-jump
    (reported (optional uint))
    (view {
      price: uint,
      sources: uint,
      stored: uint,
      apart: bool,
      odd: bool,
      oldest-at: (optional uint),
      until: uint,
    })
    (ground (optional { price: uint, at: uint }))
    (max-jump-bps uint)
  )
  (match ground
    before (and
      (>= (+ (get at before) DAY_SECS) stacks-block-time)
      (or
        (is-further (default-to (get price before) reported) (get price before) max-jump-bps)
        (and (> (get price view) u0) (is-further (get price view) (get price before) max-jump-bps))
      )
    )
    false
  )
)

(define-private (add-firm
    (told (optional { price: uint, at: uint, firm: bool }))
    (seen { max-age: uint, prices: (list 7 uint), stored: uint, oldest-at: (optional uint), until: uint })
  )
  (match told
    point (if (and (get firm point) (is-fresh (get at point) (get max-age seen)))
      (merge seen {
        prices: (insert (get price point) (get prices seen)),
        stored: (+ (get stored seen) u1),
        oldest-at: (older (get at point) (get oldest-at seen)),
        until: (least (+ (get at point) (get max-age seen)) (get until seen)),
      })
      (merge seen { stored: (+ (get stored seen) u1) })
    )
    seen
  )
)

(define-private (with-manual
    (by-hand (optional { price: uint, at: uint, until: uint }))
    (seen { max-age: uint, prices: (list 7 uint), stored: uint, oldest-at: (optional uint), until: uint })
  )
  (match by-hand
    manual (merge seen {
      prices: (insert (get price manual) (get prices seen)),
      stored: (+ (get stored seen) u1),
      until: (least (get until manual) (get until seen)),
    })
    seen
  )
)

(define-private (add-young
    (told (optional { price: uint, at: uint, firm: bool }))
    (seen {
      max-age: uint,
      price: uint,
      max-spread: uint,
      sources: uint,
      oldest-at: (optional uint),
      until: uint,
      odd: bool,
    })
  )
  (match told
    point (if (or (get firm point) (is-eq (get price seen) u0) (not (is-fresh (get at point) (get max-age seen))))
      seen
      (if (is-further (get price point) (get price seen) (get max-spread seen))
        (merge seen { odd: true })
        (merge seen {
          sources: (+ (get sources seen) u1),
          oldest-at: (older (get at point) (get oldest-at seen)),
          until: (least (+ (get at point) (get max-age seen)) (get until seen)),
        })
      )
    )
    seen
  )
)

(define-private (newer
    (now (optional { price: uint, at: uint, firm: bool }))
    (before (optional { price: uint, at: uint, firm: bool }))
  )
  (if (is-some now) now before)
)

(define-private (add-row
    (told (optional { price: uint, at: uint, firm: bool }))
    (acc {
      names: (list 7 (string-ascii 8)),
      at: uint,
      rows: (list 7 { source: (string-ascii 12), price: uint, at: uint, firm: bool }),
    })
  )
  (let ((passed (merge acc { at: (+ (get at acc) u1) }))
        (source (default-to "" (element-at? (get names acc) (get at acc)))))
    (match told
      point (merge passed {
        rows: (default-to (get rows acc) (as-max-len? (append (get rows acc) (merge { source: source } point)) u7)),
      })
      passed
    )
  )
)

;; --- arithmetic ---

(define-private (is-further (a uint) (b uint) (bps uint))
  (> (* (if (> a b) (- a b) (- b a)) BPS_ONE) (* b bps))
)

(define-private (least (a uint) (b uint))
  (if (< a b) a b)
)

(define-private (older (at uint) (so-far (optional uint)))
  (some (match so-far before (least at before) at))
)

(define-private (pick (prices (list 7 uint)) (index uint))
  (default-to u0 (element-at? prices index))
)

;; Put a price where it belongs in an ascending list.
(define-private (insert (price uint) (sorted (list 7 uint)))
  (let ((passed (fold insert-one sorted { price: price, placed: false, out: (list) })))
    (if (get placed passed)
      (get out passed)
      (add (get out passed) price)
    )
  )
)

(define-private (insert-one (item uint) (acc { price: uint, placed: bool, out: (list 7 uint) }))
  (if (or (get placed acc) (> (get price acc) item))
    (merge acc { out: (add (get out acc) item) })
    (merge acc { placed: true, out: (add (add (get out acc) (get price acc)) item) })
  )
)

;; There are seven sources, so the list never overflows.
(define-private (add (prices (list 7 uint)) (price uint))
  (default-to prices (as-max-len? (append prices price) u7))
)
