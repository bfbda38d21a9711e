;; pool-oracle: what a whole token is worth in STX, agreed between independent sources.
;; Trusts: pool-access for who governs, who reports and who may reset; no single source, the reporter included.
;; Holds: nothing. Prices have 12 decimals: STX per whole token, and USD per STX under .stx-token.
;; Sources: what the reporter posts, and what venue-prices reads on chain in the same call.
;; Errors: u1500 to u1599. Rounding: down, by less than 10^-12 of an STX.

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u1500))
;; The caller is no reporter.
(define-constant ERR_NOT_REPORTER (err u1501))
;; Neither governance nor the emergency role asks.
(define-constant ERR_NOT_GUARDIAN (err u1502))
;; The asset has no bounds yet.
(define-constant ERR_UNKNOWN_ASSET (err u1503))
;; A bound is zero or wider than allowed.
(define-constant ERR_BAD_CONFIG (err u1504))
;; The source does not answer, or says nothing about this asset.
(define-constant ERR_BAD_SOURCE (err u1505))
;; The price is zero or beyond what the arithmetic can hold.
(define-constant ERR_PRICE_OUT_OF_RANGE (err u1506))
;; The price is stamped further ahead than clocks may differ.
(define-constant ERR_FROM_FUTURE (err u1507))
;; A newer price is stored already.
(define-constant ERR_OLDER_THAN_STORED (err u1508))
;; The price is older than the asset's bound.
(define-constant ERR_TOO_OLD (err u1509))
;; The breaker of this asset has tripped.
(define-constant ERR_TRIPPED (err u1510))
;; Fewer sources have spoken than the asset needs.
(define-constant ERR_TOO_FEW_SOURCES (err u1511))
;; Enough sources have spoken, but too few of them lately.
(define-constant ERR_STALE_PRICE (err u1512))
;; The sources are further apart than the asset allows.
(define-constant ERR_SOURCES_APART (err u1513))
;; There is no tripped breaker to reset.
(define-constant ERR_NOT_TRIPPED (err u1514))

(define-constant ONE_E12 u1000000000000)
;; A million STX for a whole token; the product of two such prices still fits.
(define-constant MAX_PRICE u1000000000000000000)
(define-constant BPS_ONE u10000)
(define-constant MAX_BOUND_BPS u1000)
(define-constant MAX_SOURCES u5)
(define-constant HOUR_SECS u3600)
(define-constant DAY_SECS (* u24 HOUR_SECS))
;; How long a price stands as what the next ones are measured against.
(define-constant ANCHOR_SECS HOUR_SECS)
;; How far a reporter's clock may be ahead of the block's.
(define-constant MAX_AHEAD_SECS u120)
(define-constant SOURCES (list "reported" "alex" "velar" "ratio" "dia"))

(define-map configs principal { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
(define-map alex-sources principal (list 2 { x: principal, y: principal, factor: uint, invert: bool }))
(define-map velar-sources principal { pool-id: uint, invert: bool })
(define-map ratio-sources principal bool)
(define-map dia-sources principal (string-ascii 32))
(define-map observations { asset: principal, source: (string-ascii 12) } { price: uint, at: uint })
;; The price the next ones are measured against: what the sources agreed on, renewed once it is ANCHOR_SECS old.
(define-map accepted principal { price: uint, at: uint })
(define-map tripped principal bool)

;; --- reporters ---

;; Store reported prices, read the on-chain sources of the same assets, and check that they fit together.
;; A price that does not fit is stored for inspection and trips its asset's breaker; that is no error,
;; because an error would undo the trip. `tripped` counts the assets of this call whose breaker is out.
;; Caller: role reporter. Emits: prices-posted, and breaker-tripped for each breaker that trips now.
;; Fails: ERR_NOT_REPORTER, ERR_UNKNOWN_ASSET, ERR_PRICE_OUT_OF_RANGE, ERR_FROM_FUTURE, ERR_TOO_OLD,
;; ERR_OLDER_THAN_STORED.
(define-public (post-prices (prices (list 10 { asset: principal, price: uint, at: uint })))
  (begin
    (asserts! (contract-call? .pool-access has-role contract-caller "reporter") ERR_NOT_REPORTER)
    (let ((summary (try! (fold post-one prices (ok { posted: u0, tripped: u0 })))))
      (print { topic: "prices-posted", reporter: contract-caller, posted: (get posted summary), tripped: (get tripped summary) })
      (ok summary)
    )
  )
)

;; --- guardians ---

;; Let an asset be priced again. What it was measured against is forgotten, so the next price is the new ground.
;; Caller: governance or role emergency. Emits: breaker-reset. Fails: ERR_NOT_GUARDIAN, ERR_NOT_TRIPPED.
(define-public (reset-breaker (asset principal))
  (begin
    (asserts!
      (or
        (contract-call? .pool-access is-governance contract-caller)
        (contract-call? .pool-access has-role contract-caller "emergency")
      )
      ERR_NOT_GUARDIAN
    )
    (asserts! (is-tripped asset) ERR_NOT_TRIPPED)
    (map-delete tripped asset)
    (map-delete accepted asset)
    (print { topic: "breaker-reset", asset: asset, by: contract-caller })
    (ok true)
  )
)

;; --- governance ---

;; Set an asset's bounds; .stx-token stands for USD per STX.
;; Caller: governance. Emits: asset-configured. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_CONFIG.
(define-public (set-asset
    (asset principal)
    (config { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
  )
  (begin
    (try! (assert-governance))
    (asserts! (is-within (get min-sources config) MAX_SOURCES) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-age-secs config) DAY_SECS) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-spread-bps config) MAX_BOUND_BPS) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-jump-bps config) MAX_BOUND_BPS) ERR_BAD_CONFIG)
    (print { topic: "asset-configured", asset: asset, before: (map-get? configs asset), after: config })
    (ok (map-set configs asset config))
  )
)

;; Read the asset from ALEX: the product over the hops of each pool's price, y per x in the pool's own
;; order, or its inverse. One STX in has to come out as STX per token, so a pool with STX as x is inverted.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-alex-source
    (asset principal)
    (hops (list 2 { x: principal, y: principal, factor: uint, invert: bool }))
  )
  (begin
    (try! (assert-governance))
    (asserts! (and (not (is-eq asset .stx-token)) (is-some (contract-call? .venue-prices get-alex-price hops))) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "alex", before: (map-get? alex-sources asset), after: hops })
    (ok (map-set alex-sources asset hops))
  )
)

;; Read the asset from a Velar pool of STX and a token of 6 decimals: reserve0 per reserve1, or the inverse.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-velar-source (asset principal) (pool-id uint) (invert bool))
  (let ((source { pool-id: pool-id, invert: invert }))
    (try! (assert-governance))
    (asserts! (and (not (is-eq asset .stx-token)) (is-some (contract-call? .venue-prices get-velar-price asset pool-id invert))) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "velar", before: (map-get? velar-sources asset), after: source })
    (ok (map-set velar-sources asset source))
  )
)

;; Read the asset, stSTX, from Stacking DAO's own ratio.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-ratio-source (asset principal))
  (begin
    (try! (assert-governance))
    (asserts! (is-eq asset 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "ratio", before: (map-get? ratio-sources asset), after: true })
    (ok (map-set ratio-sources asset true))
  )
)

;; Read the asset from DIA, which answers in USD; other assets than STX go through the agreed USD per STX.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-dia-source (asset principal) (key (string-ascii 32)))
  (begin
    (try! (assert-governance))
    (asserts! (> (len key) u0) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "dia", before: (map-get? dia-sources asset), after: key })
    (ok (map-set dia-sources asset key))
  )
)

;; Stop reading a source, and forget what it said. "reported" forgets the last reported price.
;; Caller: governance. Emits: source-removed. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (remove-source (asset principal) (source (string-ascii 12)))
  (begin
    (try! (assert-governance))
    (asserts! (is-source source) ERR_BAD_SOURCE)
    (and (is-eq source "alex") (map-delete alex-sources asset))
    (and (is-eq source "velar") (map-delete velar-sources asset))
    (and (is-eq source "ratio") (map-delete ratio-sources asset))
    (and (is-eq source "dia") (map-delete dia-sources asset))
    (map-delete observations { asset: asset, source: source })
    (print { topic: "source-removed", asset: asset, source: source })
    (ok true)
  )
)

;; --- views ---

;; STX per whole token. STX itself is always worth one.
;; Fails: ERR_UNKNOWN_ASSET, ERR_TRIPPED, ERR_TOO_FEW_SOURCES, ERR_STALE_PRICE, ERR_SOURCES_APART.
(define-read-only (get-consensus-price (asset principal))
  (if (is-eq asset .stx-token)
    (ok { price: ONE_E12, sources: u1, oldest-at: stacks-block-time })
    (agree asset)
  )
)

;; STX per whole token of each asset, in their order; none where get-consensus-price would fail.
(define-read-only (get-prices (assets (list 10 principal)))
  (map get-price-or-none assets)
)

;; USD per STX. Fails as get-consensus-price does.
(define-read-only (get-stx-usd)
  (agree .stx-token)
)

;; Everything stored about an asset, fresh or not.
(define-read-only (get-sources (asset principal))
  (get rows (fold add-source SOURCES { asset: asset, rows: (list) }))
)

(define-read-only (get-config (asset principal))
  (map-get? configs asset)
)

(define-read-only (get-accepted (asset principal))
  (map-get? accepted asset)
)

(define-read-only (is-tripped (asset principal))
  (default-to false (map-get? tripped asset))
)

;; --- guards ---

(define-private (get-price-or-none (asset principal))
  (match (get-consensus-price asset)
    agreed (some (get price agreed))
    code none
  )
)

(define-private (assert-governance)
  (ok (asserts! (contract-call? .pool-access is-governance contract-caller) ERR_NOT_GOVERNANCE))
)

(define-private (is-source (name (string-ascii 12)))
  (or (is-eq name "reported") (is-eq name "alex") (is-eq name "velar") (is-eq name "ratio") (is-eq name "dia"))
)

(define-private (is-within (value uint) (most uint))
  (and (> value u0) (<= value most))
)

;; --- posting ---

(define-private (post-one
    (row { asset: principal, price: uint, at: uint })
    (so-far (response { posted: uint, tripped: uint } uint))
  )
  (let ((summary (try! so-far))
        (asset (get asset row))
        (config (unwrap! (map-get? configs asset) ERR_UNKNOWN_ASSET))
        (slot { asset: asset, source: "reported" })
        (stored-at (default-to u0 (get at (map-get? observations slot)))))
    (asserts! (is-within (get price row) MAX_PRICE) ERR_PRICE_OUT_OF_RANGE)
    (asserts! (<= (get at row) (+ stacks-block-time MAX_AHEAD_SECS)) ERR_FROM_FUTURE)
    (asserts! (>= (+ (get at row) (get max-age-secs config)) stacks-block-time) ERR_TOO_OLD)
    (asserts! (>= (get at row) stored-at) ERR_OLDER_THAN_STORED)
    (map-set observations slot { price: (get price row), at: (get at row) })
    (observe-sources asset)
    (judge asset (get price row) config)
    (ok {
      posted: (+ (get posted summary) u1),
      tripped: (+ (get tripped summary) (if (is-tripped asset) u1 u0)),
    })
  )
)

;; Trip the breaker or accept the price; with too few sources do neither.
(define-private (judge
    (asset principal)
    (reported uint)
    (config { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
  )
  (let ((view (weigh asset (get max-age-secs config) (get max-spread-bps config)))
        (jumped (is-jump asset reported (get price view) (get max-jump-bps config))))
    (if (is-tripped asset)
      false
      (if (or (get apart view) jumped)
        (begin
          (print {
            topic: "breaker-tripped",
            asset: asset,
            apart: (get apart view),
            jumped: jumped,
            reported: reported,
            price: (get price view),
            before: (map-get? accepted asset),
          })
          (map-set tripped asset true)
        )
        (and
          (>= (get sources view) (get min-sources config))
          (is-ground-due asset)
          (map-set accepted asset { price: (get price view), at: stacks-block-time })
        )
      )
    )
  )
)

;; The ground stands for ANCHOR_SECS, so that a price cannot be walked past the bound in small steps.
(define-private (is-ground-due (asset principal))
  (match (map-get? accepted asset)
    ground (>= stacks-block-time (+ (get at ground) ANCHOR_SECS))
    true
  )
)

(define-private (is-jump (asset principal) (reported uint) (price uint) (max-jump-bps uint))
  (match (map-get? accepted asset)
    ground (and
      (>= (+ (get at ground) DAY_SECS) stacks-block-time)
      (or
        (is-further reported (get price ground) max-jump-bps)
        (is-further price (get price ground) max-jump-bps)
      )
    )
    false
  )
)

;; --- agreement ---

(define-private (agree (asset principal))
  (let ((config (unwrap! (map-get? configs asset) ERR_UNKNOWN_ASSET))
        (view (weigh asset (get max-age-secs config) (get max-spread-bps config))))
    (asserts! (not (is-tripped asset)) ERR_TRIPPED)
    (asserts! (>= (get stored view) (get min-sources config)) ERR_TOO_FEW_SOURCES)
    (asserts! (>= (get sources view) (get min-sources config)) ERR_STALE_PRICE)
    (asserts! (not (get apart view)) ERR_SOURCES_APART)
    (ok { price: (get price view), sources: (get sources view), oldest-at: (get oldest-at view) })
  )
)

;; The fresh observations of an asset: their median (of the middle two the mean), count, oldest, and
;; whether the outermost are too far apart.
(define-private (weigh (asset principal) (max-age-secs uint) (max-spread-bps uint))
  (let ((seen (fold weigh-one (get-sources asset) {
          max-age: max-age-secs,
          prices: (list),
          oldest-at: (+ stacks-block-time MAX_AHEAD_SECS),
          stored: u0,
        }))
        (prices (get prices seen))
        (last (if (> (len prices) u0) (- (len prices) u1) u0))
        (price (/ (+ (pick prices (/ last u2)) (pick prices (/ (+ last u1) u2))) u2)))
    {
      price: price,
      apart: (> (* (- (pick prices last) (pick prices u0)) BPS_ONE) (* price max-spread-bps)),
      sources: (len prices),
      stored: (get stored seen),
      oldest-at: (get oldest-at seen),
    }
  )
)

(define-private (weigh-one
    (row { source: (string-ascii 12), price: uint, at: uint })
    (seen { max-age: uint, prices: (list 5 uint), oldest-at: uint, stored: uint })
  )
  (if (and
      (>= (+ (get at row) (get max-age seen)) stacks-block-time)
      (<= (get at row) (+ stacks-block-time MAX_AHEAD_SECS))
    )
    (merge seen {
      prices: (insert (get price row) (get prices seen)),
      oldest-at: (if (< (get at row) (get oldest-at seen)) (get at row) (get oldest-at seen)),
      stored: (+ (get stored seen) u1),
    })
    (merge seen { stored: (+ (get stored seen) u1) })
  )
)

(define-private (add-source
    (source (string-ascii 12))
    (acc { asset: principal, rows: (list 5 { source: (string-ascii 12), price: uint, at: uint }) })
  )
  (match (map-get? observations { asset: (get asset acc), source: source })
    point (merge acc {
      rows: (default-to (get rows acc)
        (as-max-len? (append (get rows acc) { source: source, price: (get price point), at: (get at point) }) u5)
      ),
    })
    acc
  )
)

;; --- sources ---

(define-private (observe-sources (asset principal))
  (begin
    (match (map-get? alex-sources asset)
      hops (observe asset "alex" (contract-call? .venue-prices get-alex-price hops) stacks-block-time)
      false
    )
    (match (map-get? velar-sources asset)
      pool (observe asset "velar" (contract-call? .venue-prices get-velar-price asset (get pool-id pool) (get invert pool)) stacks-block-time)
      false
    )
    (and
      (is-some (map-get? ratio-sources asset))
      (observe asset "ratio" (contract-call? .venue-prices get-ststx-price) stacks-block-time)
    )
    (match (map-get? dia-sources asset)
      key (observe-dia asset (contract-call? .venue-prices get-dia-price key))
      false
    )
  )
)

(define-private (observe-dia (asset principal) (seen (optional { price: uint, at: uint })))
  (match seen
    usd (if (is-eq asset .stx-token)
      (observe asset "dia" (some (get price usd)) (get at usd))
      (match (get-stx-usd)
        rate (observe asset "dia" (some (/ (* (get price usd) ONE_E12) (get price rate)))
          (if (< (get at usd) (get oldest-at rate)) (get at usd) (get oldest-at rate))
        )
        code false
      )
    )
    false
  )
)

;; A source that says nothing now leaves what it said before, which ages.
(define-private (observe (asset principal) (source (string-ascii 12)) (seen (optional uint)) (at uint))
  (match seen
    price (and
      (is-within price MAX_PRICE)
      (map-set observations { asset: asset, source: source } { price: price, at: at })
    )
    false
  )
)

;; --- arithmetic ---

(define-private (is-further (a uint) (b uint) (bps uint))
  (> (* (if (> a b) (- a b) (- b a)) BPS_ONE) (* b bps))
)

(define-private (pick (prices (list 5 uint)) (index uint))
  (default-to u0 (element-at? prices index))
)

;; Put a price where it belongs in an ascending list.
(define-private (insert (price uint) (sorted (list 5 uint)))
  (let ((passed (fold insert-one sorted { price: price, placed: false, out: (list) })))
    (if (get placed passed)
      (get out passed)
      (add (get out passed) price)
    )
  )
)

(define-private (insert-one (item uint) (acc { price: uint, placed: bool, out: (list 5 uint) }))
  (if (or (get placed acc) (> (get price acc) item))
    (merge acc { out: (add (get out acc) item) })
    (merge acc { placed: true, out: (add (add (get out acc) (get price acc)) item) })
  )
)

;; There are five sources, so the list never overflows.
(define-private (add (prices (list 5 uint)) (price uint))
  (default-to prices (as-max-len? (append prices price) u5))
)
