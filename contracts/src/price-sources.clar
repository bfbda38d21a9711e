;; price-sources: which sources an asset has beside the reporter, and what they say now. State and reading.
;; Trusts: pool-oracle alone, which passes on what governance sets; no source for what it says, which is weighed with
;; the others'. What ALEX and Velar say is what they stood at on average (price-averages), never the moment's. Pyth Lazer keeps no price on the chain: an update is checked where it is used. The signature, the signer
;; and the decoder are the Lazer contract's business, which takes no other decoder than its own; what is asked here is
;; that a price is there, above zero, sure enough, and of a feed that governance gave to an asset.
;; Holds: nothing. Errors: u3300 to u3399. Rounding: down.

(use-trait lazer-decoder 'SPMV5HDZ4EMB8XY7HAYT3XW0DF7DZ4E8XEG2J1T8.pyth-lazer-traits.decoder-trait)

;; The caller is not the oracle.
(define-constant ERR_NOT_ORACLE (err u3300))
;; The source does not answer, belongs to another asset, or there is none of that name.
(define-constant ERR_BAD_SOURCE (err u3301))
;; The update has no feed that belongs to an asset.
(define-constant ERR_NO_FEED (err u3302))
;; The feed has no price above zero, or one beyond what the arithmetic can hold.
(define-constant ERR_NO_PRICE (err u3303))
;; The feed does not say how sure it is.
(define-constant ERR_NO_CONFIDENCE (err u3304))
;; The feed is less sure than the asset allows.
(define-constant ERR_UNSURE (err u3305))
;; The update has more feeds of ours than one call takes.
(define-constant ERR_TOO_MANY_FEEDS (err u3306))

(define-constant BPS_ONE u10000)
(define-constant MICROS u1000000)
(define-constant MAX_PRICE u1000000000000000000)
;; Lazer prices have 63 bits; with an exponent of 6 and 12 decimals the product still fits.
(define-constant MAX_LAZER_PRICE 9223372036854775807)
(define-constant MAX_EXPONENT 6)
(define-constant MIN_EXPONENT -30)
;; How old an update may be when it arrives; the asset's own bound applies as well.
(define-constant LAZER_AGE_SECS (* u5 u60))
(define-constant MAX_CONF_BPS u1000)
(define-constant NOTHING { alex: none, velar: none, ratio: false, dia: none, lazer: none })

(define-map sources principal {
  alex: (optional (list 2 { x: principal, y: principal, factor: uint, invert: bool })),
  velar: (optional { pool-id: uint, invert: bool }),
  ratio: bool,
  dia: (optional (string-ascii 32)),
  lazer: (optional { feed-id: uint, max-conf-bps: uint }),
})
(define-map feeds uint { asset: principal, max-conf-bps: uint })

;; --- the oracle ---

;; Look at all on-chain sources of an asset now: the averages of its venues, stSTX's ratio, and DIA in USD.
;; Caller: pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE.
(define-public (look (asset principal))
  (let ((row (get-sources asset)))
    (try! (assert-oracle))
    (ok {
      alex: (match (get alex row) hops (average asset "alex" (contract-call? .venue-prices get-alex-price hops)) none),
      velar: (match (get velar row)
        pool (average asset "velar" (contract-call? .venue-prices get-velar-price asset (get pool-id pool) (get invert pool)))
        none
      ),
      ratio: (match (if (get ratio row) (contract-call? .venue-prices get-ststx-price) none)
        price (some { price: price, at: stacks-block-time, firm: true })
        none
      ),
      dia: (match (get dia row) key (contract-call? .venue-prices get-dia-price key) none),
    })
  )
)

;; Forget where the venues of an asset stood.
;; Caller: pool-oracle. Emits: nothing; the oracle speaks. Fails: ERR_NOT_ORACLE.
(define-public (forget-averages (asset principal))
  (begin
    (try! (assert-oracle))
    (contract-call? .price-averages forget asset)
  )
)

;; Caller: pool-oracle. Emits: source-set. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (set-alex (asset principal) (hops (list 2 { x: principal, y: principal, factor: uint, invert: bool })))
  (let ((before (get-sources asset)))
    (try! (assert-oracle))
    (asserts! (and (not (is-eq asset .stx-token)) (is-some (contract-call? .venue-prices get-alex-price hops))) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "alex", before: (get alex before), after: hops })
    (ok (map-set sources asset (merge before { alex: (some hops) })))
  )
)

;; Caller: pool-oracle. Emits: source-set. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (set-velar (asset principal) (pool-id uint) (invert bool))
  (let ((before (get-sources asset))
        (after { pool-id: pool-id, invert: invert }))
    (try! (assert-oracle))
    (asserts! (and (not (is-eq asset .stx-token)) (is-some (contract-call? .venue-prices get-velar-price asset pool-id invert))) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "velar", before: (get velar before), after: after })
    (ok (map-set sources asset (merge before { velar: (some after) })))
  )
)

;; Caller: pool-oracle. Emits: source-set. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (set-ratio (asset principal))
  (let ((before (get-sources asset)))
    (try! (assert-oracle))
    (asserts! (is-eq asset 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "ratio", before: (get ratio before), after: true })
    (ok (map-set sources asset (merge before { ratio: true })))
  )
)

;; Caller: pool-oracle. Emits: source-set. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (set-dia (asset principal) (key (string-ascii 32)))
  (let ((before (get-sources asset)))
    (try! (assert-oracle))
    (asserts! (> (len key) u0) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "dia", before: (get dia before), after: key })
    (ok (map-set sources asset (merge before { dia: (some key) })))
  )
)

;; A feed belongs to one asset.
;; Caller: pool-oracle. Emits: source-set. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (set-lazer (asset principal) (feed-id uint) (max-conf-bps uint))
  (let ((before (get-sources asset))
        (after { feed-id: feed-id, max-conf-bps: max-conf-bps }))
    (try! (assert-oracle))
    (asserts! (and (> feed-id u0) (> max-conf-bps u0) (<= max-conf-bps MAX_CONF_BPS)) ERR_BAD_SOURCE)
    (free-feed before)
    (asserts! (map-insert feeds feed-id { asset: asset, max-conf-bps: max-conf-bps }) ERR_BAD_SOURCE)
    (print { topic: "source-set", asset: asset, source: "lazer", before: (get lazer before), after: after })
    (ok (map-set sources asset (merge before { lazer: (some after) })))
  )
)

;; Stop looking at a source. The reporter is one that cannot be switched off here, only forgotten.
;; Caller: pool-oracle. Emits: source-removed. Fails: ERR_NOT_ORACLE, ERR_BAD_SOURCE.
(define-public (remove (asset principal) (source (string-ascii 12)))
  (let ((before (get-sources asset)))
    (try! (assert-oracle))
    (asserts! (is-source source) ERR_BAD_SOURCE)
    (and (is-eq source "lazer") (free-feed before))
    (print { topic: "source-removed", asset: asset, source: source })
    (ok (map-set sources asset {
      alex: (if (is-eq source "alex") none (get alex before)),
      velar: (if (is-eq source "velar") none (get velar before)),
      ratio: (and (not (is-eq source "ratio")) (get ratio before)),
      dia: (if (is-eq source "dia") none (get dia before)),
      lazer: (if (is-eq source "lazer") none (get lazer before)),
    }))
  )
)

;; --- anyone ---

;; Have Lazer verify an update, and give what its feeds say of our assets in USD, USD per STX first.
;; Caller: anyone; what it says changes nothing here. Lazer may take its fee from the sender.
;; Fails: ERR_NO_FEED, ERR_NO_PRICE, ERR_NO_CONFIDENCE, ERR_UNSURE, ERR_TOO_MANY_FEEDS, and with Lazer's own codes.
(define-public (read-lazer (update (buff 8192)) (decoder <lazer-decoder>))
  (let ((decoded (try! (contract-call? 'SPMV5HDZ4EMB8XY7HAYT3XW0DF7DZ4E8XEG2J1T8.pyth-lazer-oracle verify-price-feeds
          update decoder (some LAZER_AGE_SECS)
        )))
        (seen (try! (fold add-feed (get price-feeds decoded) (ok { at: (get timestamp decoded), rows: (list) })))))
    (asserts! (> (len (get rows seen)) u0) ERR_NO_FEED)
    (ok (get rows seen))
  )
)

;; --- views ---

(define-read-only (get-sources (asset principal))
  (default-to NOTHING (map-get? sources asset))
)

;; The asset a Lazer feed belongs to.
(define-read-only (get-feed (feed-id uint))
  (map-get? feeds feed-id)
)

;; --- guards ---

(define-private (assert-oracle)
  (ok (asserts! (is-eq contract-caller .pool-oracle) ERR_NOT_ORACLE))
)

(define-private (is-source (name (string-ascii 12)))
  (or
    (is-eq name "reported")
    (is-eq name "alex")
    (is-eq name "velar")
    (is-eq name "ratio")
    (is-eq name "dia")
    (is-eq name "lazer")
  )
)

;; --- reading ---

(define-private (average (asset principal) (venue (string-ascii 12)) (spot (optional uint)))
  (match spot
    price (match (contract-call? .price-averages observe asset venue price)
      mean (some { price: (get price mean), at: (get at mean), firm: (get firm mean) })
      code none
    )
    none
  )
)

(define-private (free-feed (row {
    alex: (optional (list 2 { x: principal, y: principal, factor: uint, invert: bool })),
    velar: (optional { pool-id: uint, invert: bool }),
    ratio: bool,
    dia: (optional (string-ascii 32)),
    lazer: (optional { feed-id: uint, max-conf-bps: uint }),
  }))
  (match (get lazer row)
    feed (map-delete feeds (get feed-id feed))
    false
  )
)

(define-private (add-feed
    (feed {
      feed-id: uint,
      price: int,
      exponent: int,
      publisher-count: uint,
      confidence: (optional uint),
      best-bid: (optional int),
      best-ask: (optional int),
      funding-rate: (optional int),
      funding-timestamp: (optional uint),
      funding-rate-interval: (optional uint),
      market-session: (optional uint),
      ema-price: (optional int),
      ema-confidence: (optional uint),
      feed-update-timestamp: (optional uint),
    })
    (so-far (response { at: uint, rows: (list 10 { asset: principal, price: uint, at: uint }) } uint))
  )
  (let ((seen (try! so-far)))
    (match (map-get? feeds (get feed-id feed))
      ours (let ((price (try! (read-feed (get price feed) (get exponent feed) (get confidence feed) (get max-conf-bps ours))))
          (made-at (default-to (get at seen) (get feed-update-timestamp feed)))
          (at (if (< made-at (get at seen)) made-at (get at seen)))
          (row { asset: (get asset ours), price: price, at: (/ at MICROS) }))
        (ok (merge seen { rows: (try! (place row (get rows seen))) }))
      )
      so-far
    )
  )
)

;; USD per STX goes first, because the others are turned into STX by it.
(define-private (place
    (row { asset: principal, price: uint, at: uint })
    (rows (list 10 { asset: principal, price: uint, at: uint }))
  )
  (ok (unwrap!
    (as-max-len? (if (is-eq (get asset row) .stx-token) (concat (list row) rows) (append rows row)) u10)
    ERR_TOO_MANY_FEEDS
  ))
)

;; The price in USD with 12 decimals, if there is one and it is sure enough.
(define-private (read-feed (price int) (exponent int) (confidence (optional uint)) (max-conf-bps uint))
  (begin
    (asserts! (and (> price 0) (<= price MAX_LAZER_PRICE)) ERR_NO_PRICE)
    (asserts! (and (>= exponent MIN_EXPONENT) (<= exponent MAX_EXPONENT)) ERR_NO_PRICE)
    (let ((sure-to (unwrap! confidence ERR_NO_CONFIDENCE))
          (usd (scale (to-uint price) (+ exponent 12))))
      (asserts! (> sure-to u0) ERR_NO_CONFIDENCE)
      (asserts! (<= sure-to (to-uint price)) ERR_UNSURE)
      (asserts! (<= (* sure-to BPS_ONE) (* (to-uint price) max-conf-bps)) ERR_UNSURE)
      (asserts! (and (> usd u0) (<= usd MAX_PRICE)) ERR_NO_PRICE)
      (ok usd)
    )
  )
)

;; --- arithmetic ---

(define-private (scale (value uint) (power int))
  (if (>= power 0)
    (* value (pow u10 (to-uint power)))
    (/ value (pow u10 (to-uint (- 0 power))))
  )
)
