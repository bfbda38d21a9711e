;; Double of the interface of Pyth Lazer's decoders. Deployed as Clarity 4.

(define-trait decoder-trait (
  (decode-and-verify-price-feeds ((buff 8192)) (response {
    timestamp: uint,
    channel: uint,
    price-feeds: (list 75 {
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
))
