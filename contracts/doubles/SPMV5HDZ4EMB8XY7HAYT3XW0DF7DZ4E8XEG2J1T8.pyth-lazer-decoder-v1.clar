;; Double of Pyth Lazer's decoder: reads updates in the binary format that Lazer signs for EVM chains, and checks the
;; signature. The envelope is magic, r, s, recovery id, length of the payload and the payload; the payload is magic,
;; microseconds, channel, number of feeds; a feed is its number, how many properties, and each with its kind first.
;; Trusts: the signers of the oracle's double. Feeds without price, exponent or publishers are passed over, and a zero
;; stands for a property that is missing, except the exponent. Deployed as Clarity 4.

(impl-trait .pyth-lazer-traits.decoder-trait)

(define-constant ERR_INPUT_TOO_SHORT (err u2101))
(define-constant ERR_INVALID_EVM_MAGIC (err u2102))
(define-constant ERR_OVERLAY_PRESENT (err u2103))
(define-constant ERR_INVALID_SIGNATURE (err u2104))
(define-constant ERR_UNTRUSTED_SIGNER (err u2105))
(define-constant ERR_UNAUTHORIZED_CALLER (err u2106))
(define-constant ERR_INVALID_PAYLOAD_MAGIC (err u2201))
(define-constant ERR_TOO_MANY_FEEDS (err u2202))
(define-constant ERR_INVALID_FEED_DATA (err u2203))
(define-constant ERR_PAYLOAD_OVERLAY (err u2204))
(define-constant ERR_UNKNOWN_PROPERTY (err u2205))
(define-constant ERR_TOO_MANY_PROPS (err u2206))
(define-constant ERR_INVALID_MARKET_SESSION (err u2207))

(define-constant FEEDS (list
  u0 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16 u17 u18
  u19 u20 u21 u22 u23 u24 u25 u26 u27 u28 u29 u30 u31 u32 u33 u34 u35 u36 u37
  u38 u39 u40 u41 u42 u43 u44 u45 u46 u47 u48 u49 u50 u51 u52 u53 u54 u55 u56
  u57 u58 u59 u60 u61 u62 u63 u64 u65 u66 u67 u68 u69 u70 u71 u72 u73 u74
))
(define-constant PROPERTIES (list u0 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12))
(define-constant NO_PROPERTY {
  price: none,
  exponent: none,
  publisher-count: none,
  confidence: none,
  best-bid: none,
  best-ask: none,
  funding-rate: none,
  funding-timestamp: none,
  funding-rate-interval: none,
  market-session: none,
  ema-price: none,
  ema-confidence: none,
  feed-update-timestamp: none,
})

(define-read-only (decode-and-verify-price-feeds (update (buff 8192)))
  (begin
    (asserts! (is-eq contract-caller .pyth-lazer-oracle) ERR_UNAUTHORIZED_CALLER)
    (try! (contract-call? .pyth-lazer-oracle assert-active))
    (let ((opened (try! (recover-signer update))))
      (asserts! (is-trusted (get signer opened)) ERR_UNTRUSTED_SIGNER)
      (decode-lazer-payload (get payload opened))
    )
  )
)

(define-read-only (recover-signer (update (buff 8192)))
  (begin
    (asserts! (>= (len update) u71) ERR_INPUT_TOO_SHORT)
    (asserts! (is-eq (slice? update u0 u4) (some 0x2a22999a)) ERR_INVALID_EVM_MAGIC)
    (let ((end (+ u71 (unwrap! (natural update u69 u2) ERR_INPUT_TOO_SHORT)))
          (payload (unwrap! (slice? update u71 end) ERR_INPUT_TOO_SHORT))
          (signature (unwrap! (as-max-len? (unwrap! (slice? update u4 u69) ERR_INPUT_TOO_SHORT) u65) ERR_INPUT_TOO_SHORT)))
      (asserts! (is-eq (len update) end) ERR_OVERLAY_PRESENT)
      (ok {
        signer: (unwrap! (secp256k1-recover? (keccak256 payload) signature) ERR_INVALID_SIGNATURE),
        payload: payload,
      })
    )
  )
)

(define-read-only (decode-lazer-payload (payload (buff 8192)))
  (begin
    (asserts! (>= (len payload) u14) ERR_INVALID_FEED_DATA)
    (asserts! (is-eq (slice? payload u0 u4) (some 0x93c7d375)) ERR_INVALID_PAYLOAD_MAGIC)
    (let ((count (unwrap! (natural payload u13 u1) ERR_INVALID_FEED_DATA))
          (slots (unwrap! (slice? FEEDS u0 count) ERR_TOO_MANY_FEEDS))
          (done (try! (fold read-feed slots (ok { bytes: payload, at: u14, feeds: (list) })))))
      (asserts! (is-eq (get at done) (len payload)) ERR_PAYLOAD_OVERLAY)
      (ok {
        timestamp: (unwrap! (natural payload u4 u8) ERR_INVALID_FEED_DATA),
        channel: (unwrap! (natural payload u12 u1) ERR_INVALID_FEED_DATA),
        price-feeds: (get feeds done),
      })
    )
  )
)

(define-private (read-feed
    (slot uint)
    (so-far (response {
      bytes: (buff 8192),
      at: uint,
      feeds: (list 75 {
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
      }),
    } uint))
  )
  (let ((state (try! so-far))
        (bytes (get bytes state))
        (at (get at state))
        (feed-id (unwrap! (natural bytes at u4) ERR_INVALID_FEED_DATA))
        (count (unwrap! (natural bytes (+ at u4) u1) ERR_INVALID_FEED_DATA))
        (slots (unwrap! (slice? PROPERTIES u0 count) ERR_TOO_MANY_PROPS))
        (read (try! (fold read-property slots (ok { bytes: bytes, at: (+ at u5), found: NO_PROPERTY }))))
        (found (get found read))
        (passed (merge state { at: (get at read) }))
        (whole (merge found {
          feed-id: feed-id,
          price: (unwrap! (get price found) (ok passed)),
          exponent: (unwrap! (get exponent found) (ok passed)),
          publisher-count: (unwrap! (get publisher-count found) (ok passed)),
        })))
    (ok (merge passed {
      feeds: (unwrap! (as-max-len? (append (get feeds state) whole) u75) ERR_TOO_MANY_FEEDS),
    }))
  )
)

(define-private (read-property
    (slot uint)
    (so-far (response {
      bytes: (buff 8192),
      at: uint,
      found: {
        price: (optional int),
        exponent: (optional int),
        publisher-count: (optional uint),
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
      },
    } uint))
  )
  (let ((state (try! so-far))
        (bytes (get bytes state))
        (kind (unwrap! (natural bytes (get at state) u1) ERR_INVALID_FEED_DATA))
        (flagged (is-some (index-of? (list u6 u7 u8 u12) kind)))
        (there (+ (get at state) u1))
        (present (or (not flagged) (> (unwrap! (natural bytes there u1) ERR_INVALID_FEED_DATA) u0)))
        (at (if flagged (+ there u1) there))
        (width (if present (if (is-some (index-of? (list u3 u4 u9) kind)) u2 u8) u0))
        (value (unwrap! (natural bytes at width) ERR_INVALID_FEED_DATA)))
    (asserts! (<= kind u12) ERR_UNKNOWN_PROPERTY)
    (asserts! (or (not (is-eq kind u9)) (<= value u4)) ERR_INVALID_MARKET_SESSION)
    (ok {
      bytes: bytes,
      at: (+ at width),
      found: (with-property (get found state) kind value (signed value width) (or (is-eq kind u4) (is-eq kind u9) (and flagged present) (> value u0))),
    })
  )
)

(define-private (with-property
    (found {
      price: (optional int),
      exponent: (optional int),
      publisher-count: (optional uint),
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
    (kind uint)
    (value uint)
    (number int)
    (known bool)
  )
  (let ((natural-value (if known (some value) none))
        (number-value (if known (some number) none)))
    {
      price: (if (is-eq kind u0) number-value (get price found)),
      exponent: (if (is-eq kind u4) number-value (get exponent found)),
      publisher-count: (if (is-eq kind u3) natural-value (get publisher-count found)),
      confidence: (if (is-eq kind u5) natural-value (get confidence found)),
      best-bid: (if (is-eq kind u1) number-value (get best-bid found)),
      best-ask: (if (is-eq kind u2) number-value (get best-ask found)),
      funding-rate: (if (is-eq kind u6) number-value (get funding-rate found)),
      funding-timestamp: (if (is-eq kind u7) natural-value (get funding-timestamp found)),
      funding-rate-interval: (if (is-eq kind u8) natural-value (get funding-rate-interval found)),
      market-session: (if (is-eq kind u9) natural-value (get market-session found)),
      ema-price: (if (is-eq kind u10) number-value (get ema-price found)),
      ema-confidence: (if (is-eq kind u11) natural-value (get ema-confidence found)),
      feed-update-timestamp: (if (is-eq kind u12) natural-value (get feed-update-timestamp found)),
    }
  )
)

(define-private (is-trusted (signer (buff 33)))
  (get found (fold check-signer (contract-call? .pyth-lazer-oracle get-trusted-signers) { signer: signer, found: false }))
)

(define-private (check-signer (entry { pubkey: (buff 33), expires-at: uint }) (acc { signer: (buff 33), found: bool }))
  (if (and (is-eq (get pubkey entry) (get signer acc)) (< stacks-block-time (get expires-at entry)))
    (merge acc { found: true })
    acc
  )
)

;; Big-endian, of at most 16 bytes; nothing is zero.
(define-private (natural (bytes (buff 8192)) (at uint) (width uint))
  (match (slice? bytes at (+ at width))
    part (some (buff-to-uint-be (unwrap! (as-max-len? part u16) none)))
    none
  )
)

;; The same bytes as a number in two's complement.
(define-private (signed (value uint) (width uint))
  (let ((whole (pow u2 (* width u8))))
    (if (>= (* value u2) whole) (- (to-int value) (to-int whole)) (to-int value))
  )
)
