;; Double of the ALEX registry: the record of every pool.
;; Trusts: nobody. In the real contract only the venue's governance and its pool
;; contract write here; in this double anybody may, so that a test can set a state.
;; Holds: no asset.

;; There is already a pool of these tokens and this factor.
(define-constant ERR_POOL_EXISTS (err u2000))
;; There is no pool of these tokens in this order with this factor.
(define-constant ERR_INVALID_POOL (err u2001))

(define-constant SWITCH_THRESHOLD u80000000)
(define-constant MAX_RATIO_LIMIT u95000000)
(define-constant NEVER u340282366920938463463374607431768211455)

(define-data-var pool-count uint u0)
(define-map pools
  { token-x: principal, token-y: principal, factor: uint }
  {
    pool-id: uint,
    total-supply: uint,
    balance-x: uint,
    balance-y: uint,
    pool-owner: principal,
    fee-rate-x: uint,
    fee-rate-y: uint,
    fee-rebate: uint,
    oracle-enabled: bool,
    oracle-average: uint,
    oracle-resilient: uint,
    start-block: uint,
    end-block: uint,
    threshold-x: uint,
    threshold-y: uint,
    max-in-ratio: uint,
    max-out-ratio: uint,
  }
)
(define-map keys uint { token-x: principal, token-y: principal, factor: uint })
(define-map blocklist principal bool)

;; A new pool has no balances, no fees and ratios of zero, and starts never.
(define-public (create-pool (token-x principal) (token-y principal) (factor uint) (pool-owner principal))
  (let (
      (id (+ (var-get pool-count) u1))
      (key { token-x: token-x, token-y: token-y, factor: factor })
    )
    (asserts! (is-none (map-get? pools key)) ERR_POOL_EXISTS)
    (asserts! (is-none (map-get? pools { token-x: token-y, token-y: token-x, factor: factor })) ERR_POOL_EXISTS)
    (map-set pools key {
      pool-id: id,
      total-supply: u0,
      balance-x: u0,
      balance-y: u0,
      pool-owner: pool-owner,
      fee-rate-x: u0,
      fee-rate-y: u0,
      fee-rebate: u0,
      oracle-enabled: false,
      oracle-average: u0,
      oracle-resilient: u0,
      start-block: NEVER,
      end-block: NEVER,
      threshold-x: u0,
      threshold-y: u0,
      max-in-ratio: u0,
      max-out-ratio: u0,
    })
    (map-set keys id key)
    (var-set pool-count id)
    (ok true)
  )
)

;; TEST ONLY in being open: replaces the whole record of an existing pool.
(define-public (update-pool
    (token-x principal)
    (token-y principal)
    (factor uint)
    (pool-data {
      pool-id: uint,
      total-supply: uint,
      balance-x: uint,
      balance-y: uint,
      pool-owner: principal,
      fee-rate-x: uint,
      fee-rate-y: uint,
      fee-rebate: uint,
      oracle-enabled: bool,
      oracle-average: uint,
      oracle-resilient: uint,
      start-block: uint,
      end-block: uint,
      threshold-x: uint,
      threshold-y: uint,
      max-in-ratio: uint,
      max-out-ratio: uint,
    })
  )
  (begin
    (try! (get-pool-details token-x token-y factor))
    (ok (map-set pools { token-x: token-x, token-y: token-y, factor: factor } pool-data))
  )
)

;; TEST ONLY: forgets a pool, so that its tokens can be listed in the other order.
(define-public (remove-pool-for-test (token-x principal) (token-y principal) (factor uint))
  (ok (map-delete pools { token-x: token-x, token-y: token-y, factor: factor }))
)

;; TEST ONLY in being open.
(define-public (set-blocklisted (who principal) (blocked bool))
  (ok (map-set blocklist who blocked))
)

(define-read-only (is-blocklisted-or-default (sender principal))
  (default-to false (map-get? blocklist sender))
)

(define-read-only (get-pool-details (token-x principal) (token-y principal) (factor uint))
  (ok (unwrap! (get-pool-exists token-x token-y factor) ERR_INVALID_POOL))
)

(define-read-only (get-pool-details-by-id (pool-id uint))
  (ok (unwrap! (map-get? keys pool-id) ERR_INVALID_POOL))
)

(define-read-only (get-pool-exists (token-x principal) (token-y principal) (factor uint))
  (map-get? pools { token-x: token-x, token-y: token-y, factor: factor })
)

(define-read-only (get-switch-threshold)
  SWITCH_THRESHOLD
)

(define-read-only (get-max-ratio-limit)
  MAX_RATIO_LIMIT
)
