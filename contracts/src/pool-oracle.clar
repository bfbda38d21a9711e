;; pool-oracle: what a whole token is worth in STX, agreed between independent sources.
;; Trusts: pool-access for who governs, who reports and who may reset; no single source, the reporter included.
;; Holds: nothing. Prices have 12 decimals: STX per whole token, and USD per STX under .stx-token.
;; Sources: the reporter, Pyth Lazer, DIA, stSTX's ratio, a price set by hand, and the averages of ALEX and Velar.
;; They are judged whenever one of them comes in, and the verdict is kept in one row: it is fresh until the first
;; source that counted is older than the asset's bound, and the next judgement goes on without that one.
;; An average that is not firm (price-averages) confirms: it counts where it agrees with the median of the others,
;; which it does not move, and says nothing where it does not. So after a silence one report is enough to agree on,
;; and nobody moves a price, or trips a breaker, by moving a pool for a block.
;; Errors: u1500 to u1599. Rounding: down, by less than 10^-12 of an STX.

(use-trait lazer-decoder 'SPMV5HDZ4EMB8XY7HAYT3XW0DF7DZ4E8XEG2J1T8.pyth-lazer-traits.decoder-trait)

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
(define-constant DAY_SECS u86400)
;; How long a price stands as what the next ones are measured against.
(define-constant ANCHOR_SECS u3600)
;; How far a reporter's clock may be ahead of the block's.
(define-constant MAX_AHEAD_SECS u120)

;; `accepted` is what the next prices are measured against: what was agreed on, renewed once it is ANCHOR_SECS old.
;; `view` is the last judgement of price-observations; `lazer-at` the stamp of the last Lazer update.
(define-map states principal {
  bounds: { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint },
  tripped: bool,
  accepted: (optional { price: uint, at: uint }),
  lazer-at: uint,
  view: { price: uint, sources: uint, stored: uint, apart: bool, odd: bool, oldest-at: (optional uint), until: uint },
})

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

;; --- anyone ---

;; Have Pyth Lazer verify a signed update, and store what it says of our assets as post-prices does. A price other than
;; STX's is turned into STX by the agreed USD per STX, and passed over while there is none. Lazer may take a fee.
;; Caller: anyone. Emits: lazer-posted, and breaker-tripped for each breaker that trips now.
;; Fails: ERR_UNKNOWN_ASSET, ERR_FROM_FUTURE, ERR_TOO_OLD, ERR_OLDER_THAN_STORED, and as price-sources read-lazer.
(define-public (post-lazer (update (buff 8192)) (decoder <lazer-decoder>))
  (let ((rows (try! (contract-call? .price-sources read-lazer update decoder)))
        (summary (try! (fold post-lazer-one rows (ok { posted: u0, tripped: u0 })))))
    (print { topic: "lazer-posted", by: contract-caller, posted: (get posted summary), tripped: (get tripped summary) })
    (ok summary)
  )
)

;; Look at the on-chain sources of these assets and judge them again.
;; Caller: anyone. Emits: prices-observed, and breaker-tripped for each breaker that trips now. Fails: ERR_UNKNOWN_ASSET.
(define-public (observe (assets (list 10 principal)))
  (let ((summary (try! (fold observe-one assets (ok { posted: u0, tripped: u0 })))))
    (print { topic: "prices-observed", by: contract-caller, observed: (get posted summary), tripped: (get tripped summary) })
    (ok summary)
  )
)

;; --- guardians ---

;; Let an asset be priced again. What it was measured against is forgotten, so the next price is the new ground, and
;; the averages of its venues start again from where these stand now.
;; Caller: governance or role emergency. Emits: breaker-reset. Fails: ERR_NOT_GUARDIAN, ERR_NOT_TRIPPED.
(define-public (reset-breaker (asset principal))
  (begin
    (asserts! (or (is-governance) (contract-call? .pool-access has-role contract-caller "emergency")) ERR_NOT_GUARDIAN)
    (asserts! (is-tripped asset) ERR_NOT_TRIPPED)
    (try! (contract-call? .price-sources forget-averages asset))
    (try! (judge asset none none { posted: u0, tripped: u0 }))
    (map-set states asset (merge (unwrap! (map-get? states asset) ERR_UNKNOWN_ASSET) { tripped: false, accepted: none }))
    (print { topic: "breaker-reset", asset: asset, by: contract-caller })
    (ok true)
  )
)

;; --- governance ---

;; Set an asset's bounds; .stx-token stands for USD per STX. With min-sources u1 a single source decides, within the
;; bound on jumps; everybody sees it in get-config.
;; Caller: governance. Emits: asset-configured. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_CONFIG.
(define-public (set-asset
    (asset principal)
    (config { min-sources: uint, max-age-secs: uint, max-spread-bps: uint, max-jump-bps: uint })
  )
  (let ((before (map-get? states asset)))
    (asserts! (is-governance) ERR_NOT_GOVERNANCE)
    (asserts! (is-within (get min-sources config) MAX_SOURCES) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-age-secs config) DAY_SECS) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-spread-bps config) MAX_BOUND_BPS) ERR_BAD_CONFIG)
    (asserts! (is-within (get max-jump-bps config) MAX_BOUND_BPS) ERR_BAD_CONFIG)
    (print { topic: "asset-configured", asset: asset, before: (get-config asset), after: config })
    (ok (map-set states asset {
      bounds: config,
      tripped: (default-to false (get tripped before)),
      accepted: (get-accepted asset),
      lazer-at: (default-to u0 (get lazer-at before)),
      view: (contract-call? .price-observations weigh asset config),
    }))
  )
)

;; Read the asset from ALEX: the product over the hops of each pool's price, y per x in the pool's own
;; order, or its inverse. One STX in has to come out as STX per token, so a pool with STX as x is inverted.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-alex-source (asset principal) (hops (list 2 { x: principal, y: principal, factor: uint, invert: bool })))
  (if (is-governance) (accept-source (contract-call? .price-sources set-alex asset hops)) ERR_NOT_GOVERNANCE)
)

;; Read the asset from a Velar pool of STX and a token of 6 decimals: reserve0 per reserve1, or the inverse.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-velar-source (asset principal) (pool-id uint) (invert bool))
  (if (is-governance) (accept-source (contract-call? .price-sources set-velar asset pool-id invert)) ERR_NOT_GOVERNANCE)
)

;; Read the asset, stSTX, from Stacking DAO's own ratio.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-ratio-source (asset principal))
  (if (is-governance) (accept-source (contract-call? .price-sources set-ratio asset)) ERR_NOT_GOVERNANCE)
)

;; Read the asset from DIA, which answers in USD; other assets than STX go through the agreed USD per STX.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-dia-source (asset principal) (key (string-ascii 32)))
  (if (is-governance) (accept-source (contract-call? .price-sources set-dia asset key)) ERR_NOT_GOVERNANCE)
)

;; Take the asset from a feed of Pyth Lazer, STX/USD u45 or BTC/USD u1, when somebody posts an update this sure of it.
;; Caller: governance. Emits: source-set. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (set-lazer-source (asset principal) (feed-id uint) (max-conf-bps uint))
  (if (is-governance) (accept-source (contract-call? .price-sources set-lazer asset feed-id max-conf-bps)) ERR_NOT_GOVERNANCE)
)

;; Stop reading a source, and forget what it said. "reported" forgets the last reported price.
;; Caller: governance. Emits: source-removed. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_SOURCE.
(define-public (remove-source (asset principal) (source (string-ascii 12)))
  (begin
    (asserts! (is-governance) ERR_NOT_GOVERNANCE)
    (unwrap! (contract-call? .price-sources remove asset source) ERR_BAD_SOURCE)
    (try! (contract-call? .price-observations forget asset source))
    (judge-again asset)
    (ok true)
  )
)

;; Set a price by hand, for at most a week. It counts as one source, does not age, and ends by itself.
;; Caller: governance. Emits: manual-price-set.
;; Fails: ERR_NOT_GOVERNANCE, ERR_UNKNOWN_ASSET, and as price-observations set-manual.
(define-public (set-manual-price (asset principal) (price uint) (valid-secs uint))
  (begin
    (asserts! (is-governance) ERR_NOT_GOVERNANCE)
    (asserts! (is-some (map-get? states asset)) ERR_UNKNOWN_ASSET)
    (try! (contract-call? .price-observations set-manual asset price valid-secs))
    (ok (judge-again asset))
  )
)

;; Take a price set by hand back before it ends.
;; Caller: governance. Emits: manual-price-cleared. Fails: ERR_NOT_GOVERNANCE, and as price-observations clear-manual.
(define-public (clear-manual-price (asset principal))
  (begin
    (asserts! (is-governance) ERR_NOT_GOVERNANCE)
    (try! (contract-call? .price-observations clear-manual asset))
    (ok (judge-again asset))
  )
)

;; --- views ---

;; STX per whole token. STX itself is always worth one.
;; Fails: ERR_UNKNOWN_ASSET, ERR_TRIPPED, ERR_TOO_FEW_SOURCES, ERR_SOURCES_APART, ERR_STALE_PRICE.
(define-read-only (get-consensus-price (asset principal))
  (if (is-eq asset .stx-token)
    (ok { price: ONE_E12, sources: u1, oldest-at: stacks-block-time })
    (agree asset stacks-block-time)
  )
)

;; STX per whole token of each asset, in their order; none where get-consensus-price would fail.
(define-read-only (get-prices (assets (list 10 principal)))
  (let ((now stacks-block-time))
    ;; Over two lists `map` aborts when the first is empty.
    (if (is-eq assets (list)) (list) (map price-at assets (list now now now now now now now now now now)))
  )
)

;; USD per STX. Fails as get-consensus-price does.
(define-read-only (get-stx-usd)
  (agree .stx-token stacks-block-time)
)

;; Everything the sources of an asset said, fresh or not.
(define-read-only (get-sources (asset principal))
  (contract-call? .price-observations get-rows asset)
)

;; Where the oracle looks for an asset's price beside the reporter.
(define-read-only (get-source-list (asset principal))
  (contract-call? .price-sources get-sources asset)
)

(define-read-only (get-config (asset principal))
  (get bounds (map-get? states asset))
)

(define-read-only (get-accepted (asset principal))
  (default-to none (get accepted (map-get? states asset)))
)

(define-read-only (is-tripped (asset principal))
  (default-to false (get tripped (map-get? states asset)))
)

;; --- guards ---

(define-private (is-governance)
  (contract-call? .pool-access is-governance contract-caller)
)

(define-private (accept-source (answer (response bool uint)))
  (ok (unwrap! answer ERR_BAD_SOURCE))
)

(define-private (assert-time (asset principal) (at uint) (stored-at uint))
  (begin
    (asserts! (<= at (+ stacks-block-time MAX_AHEAD_SECS)) ERR_FROM_FUTURE)
    (asserts! (>= (+ at (get max-age-secs (unwrap! (get-config asset) ERR_UNKNOWN_ASSET))) stacks-block-time) ERR_TOO_OLD)
    (ok (asserts! (>= at stored-at) ERR_OLDER_THAN_STORED))
  )
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
        (stored (get reported (contract-call? .price-observations get-points asset))))
    (asserts! (is-some (map-get? states asset)) ERR_UNKNOWN_ASSET)
    (asserts! (is-within (get price row) MAX_PRICE) ERR_PRICE_OUT_OF_RANGE)
    (try! (assert-time asset (get at row) (default-to u0 (get at stored))))
    (judge asset (some { price: (get price row), at: (get at row), firm: true }) none summary)
  )
)

;; A stamp of Lazer's comes in once.
(define-private (post-lazer-one
    (row { asset: principal, price: uint, at: uint })
    (so-far (response { posted: uint, tripped: uint } uint))
  )
  (let ((summary (try! so-far))
        (asset (get asset row))
        (state (unwrap! (map-get? states asset) ERR_UNKNOWN_ASSET))
        (point (in-stx asset (some { price: (get price row), at: (get at row) }))))
    (try! (assert-time asset (get at row) (+ (get lazer-at state) u1)))
    (map-set states asset (merge state { lazer-at: (get at row) }))
    (if (is-some point)
      (judge asset none point summary)
      (ok summary)
    )
  )
)

(define-private (observe-one (asset principal) (so-far (response { posted: uint, tripped: uint } uint)))
  (judge asset none none (try! so-far))
)

;; USD per STX stands under .stx-token as it is; other prices are divided by what is agreed, whose age they share.
(define-private (in-stx (asset principal) (told (optional { price: uint, at: uint })))
  (let ((usd (unwrap! told none)))
    (if (is-eq asset .stx-token)
      (some { price: (get price usd), at: (get at usd), firm: true })
      (let ((rate (unwrap! (get-stx-usd) none))
            (price (/ (* (get price usd) ONE_E12) (get price rate)))
            (rate-at (get oldest-at rate)))
        (if (is-within price MAX_PRICE)
          (some { price: price, at: (if (< (get at usd) rate-at) (get at usd) rate-at), firm: true })
          none
        )
      )
    )
  )
)

;; --- judging ---

;; Look at the on-chain sources, and weigh what all say now with what was said before; trip the breaker, or renew the ground if that is due.
(define-private (judge
    (asset principal)
    (reported (optional { price: uint, at: uint, firm: bool }))
    (lazer (optional { price: uint, at: uint, firm: bool }))
    (summary { posted: uint, tripped: uint })
  )
  (let ((state (unwrap! (map-get? states asset) ERR_UNKNOWN_ASSET))
        (before (get accepted state))
        (looked (try! (contract-call? .price-sources look asset)))
        (seen (merge looked { dia: (in-stx asset (get dia looked)), reported: reported, lazer: lazer }))
        (judged (try! (contract-call? .price-observations note asset seen (get bounds state) before)))
        (view (get view judged))
        (trips (and (not (get tripped state)) (or (get apart view) (get jumped judged))))
        (is-out (or trips (get tripped state)))
        (is-due (>= stacks-block-time (+ (default-to u0 (get at before)) ANCHOR_SECS)))
        (renews (and (not is-out) is-due (>= (get sources view) (get min-sources (get bounds state))))))
    (map-set states asset (merge state {
      tripped: is-out,
      accepted: (if renews (some { price: (get price view), at: stacks-block-time }) before),
      view: view,
    }))
    (if trips
      (begin
        (print (merge view { topic: "breaker-tripped", asset: asset, jumped: (get jumped judged), before: before }))
        true
      )
      false
    )
    (ok { posted: (+ (get posted summary) u1), tripped: (+ (get tripped summary) (if is-out u1 u0)) })
  )
)

;; Weigh again what was said, after a bound or a source changed. It trips nothing; the next judgement may.
(define-private (judge-again (asset principal))
  (match (map-get? states asset)
    state (map-set states asset (merge state { view: (contract-call? .price-observations weigh asset (get bounds state)) }))
    false
  )
)

;; The last judgement, while all that counted in it is fresh. The time is asked for once in a call, for its cost.
(define-private (agree (asset principal) (now uint))
  (let ((state (unwrap! (map-get? states asset) ERR_UNKNOWN_ASSET))
        (view (get view state))
        (is-enough (>= (get sources view) (get min-sources (get bounds state)))))
    (asserts! (not (get tripped state)) ERR_TRIPPED)
    (asserts! (>= (get stored view) (get min-sources (get bounds state))) ERR_TOO_FEW_SOURCES)
    (asserts! (or is-enough (not (get odd view))) ERR_SOURCES_APART)
    (asserts! (and is-enough (<= now (get until view))) ERR_STALE_PRICE)
    (asserts! (not (get apart view)) ERR_SOURCES_APART)
    (ok { price: (get price view), sources: (get sources view), oldest-at: (default-to now (get oldest-at view)) })
  )
)

(define-private (price-at (asset principal) (now uint))
  (if (is-eq asset .stx-token) (some ONE_E12) (match (agree asset now) agreed (some (get price agreed)) code none))
)
