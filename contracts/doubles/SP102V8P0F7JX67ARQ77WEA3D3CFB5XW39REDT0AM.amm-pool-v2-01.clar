;; Double of the ALEX pool: quotes, swaps and settings.
;; Trusts: pool owners for the settings of their pool; anybody for `pause`,
;; which only governance has in the real contract.
;; Holds: nothing, the vault does. Amounts are 8-decimal fixed point.
;; Rounding: as the real contract, to the unit; see the sample rows in the tests.

(use-trait ft .trait-sip-010.sip-010-trait)

;; The caller may not change this, or the pool is not open.
(define-constant ERR_NOT_AUTHORIZED (err u1000))
;; There is no pool of these tokens with this factor.
(define-constant ERR_INVALID_POOL (err u2001))
;; The sender is on the venue's block list.
(define-constant ERR_BLOCKLISTED (err u2002))
;; The amounts do not make a trade the curve allows.
(define-constant ERR_INVALID_LIQUIDITY (err u2003))
;; The swap would pay less than the stated minimum.
(define-constant ERR_EXCEEDS_MAX_SLIPPAGE (err u2005))
;; The pool keeps no average price.
(define-constant ERR_ORACLE_NOT_ENABLED (err u2006))
;; The venue is paused.
(define-constant ERR_PAUSED (err u2008))
;; The input is too large a part of the pool.
(define-constant ERR_MAX_IN_RATIO (err u2011))
;; The output is too large a part of the pool.
(define-constant ERR_MAX_OUT_RATIO (err u2012))
;; An exponent is outside what the arithmetic can hold.
(define-constant ERR_INVALID_EXPONENT (err u5013))

(define-constant ONE u100000000)
(define-constant ONE_INT 100000000)
(define-constant SWITCH_THRESHOLD u80000000)
(define-constant MAX_EXPONENT u850705917302346158658436518579)
(define-constant MIN_LN -1800000000)
(define-constant MAX_LN 6900000000)
(define-constant LN_64 6400000000)
;; e^64 as a whole number over 10^8
(define-constant EXP_64 62351490808116168829)
(define-constant LADDER (list
  { x: 3200000000, a: 78962960182680695161 }
  { x: 1600000000, a: 888611052050787 }
  { x: 800000000, a: 298095798704 }
  { x: 400000000, a: 5459815003 }
  { x: 200000000, a: 738905610 }
  { x: 100000000, a: 271828183 }
  { x: 50000000, a: 164872127 }
  { x: 25000000, a: 128402542 }
  { x: 12500000, a: 113314845 }
  { x: 6250000, a: 106449446 }
))

(define-data-var paused bool false)
;; TEST ONLY: what the double takes too much, pays too little and leaves behind, see `cheat-for-test` and `leave-for-test`.
(define-data-var overcharge uint u0)
(define-data-var shortfall uint u0)
(define-data-var left-behind uint u0)

;; --- Traders

(define-public (swap-helper (token-x-trait <ft>) (token-y-trait <ft>) (factor uint) (dx uint) (min-dy (optional uint)))
  (if (is-some (get-pool-exists (contract-of token-x-trait) (contract-of token-y-trait) factor))
    (ok (get dy (try! (swap-x-for-y token-x-trait token-y-trait factor dx min-dy))))
    (ok (get dx (try! (swap-y-for-x token-y-trait token-x-trait factor dx min-dy))))
  )
)

(define-public (swap-helper-a
    (token-x-trait <ft>)
    (token-y-trait <ft>)
    (token-z-trait <ft>)
    (factor-x uint)
    (factor-y uint)
    (dx uint)
    (min-dz (optional uint))
  )
  (swap-helper token-y-trait token-z-trait factor-y (try! (swap-helper token-x-trait token-y-trait factor-x dx none)) min-dz)
)

(define-public (swap-x-for-y (token-x-trait <ft>) (token-y-trait <ft>) (factor uint) (dx uint) (min-dy (optional uint)))
  (let (
      (x (contract-of token-x-trait))
      (y (contract-of token-y-trait))
      (record (try! (get-pool-details x y factor)))
      (fee (mul-up dx (get fee-rate-x record)))
      (net (monus dx fee))
      (rebate (mul-down fee (get fee-rebate record)))
    )
    (try! (assert-open record))
    (let (
        (dy (try! (quote (get balance-x record) (get balance-y record) (get threshold-x record) (get max-in-ratio record)
          (get max-out-ratio record) factor net
        )))
        (after (merge record {
          balance-x: (+ (get balance-x record) net rebate),
          balance-y: (monus (get balance-y record) dy),
          oracle-resilient: (average-after record factor),
        }))
      )
      (asserts! (> dx u0) ERR_INVALID_LIQUIDITY)
      (asserts! (<= (div-down dy net) (price-of (get balance-x record) (get balance-y record) factor)) ERR_INVALID_LIQUIDITY)
      (asserts! (<= (default-to u0 min-dy) dy) ERR_EXCEEDS_MAX_SLIPPAGE)
      (try! (settle token-x-trait dx token-y-trait dy (- fee rebate)))
      (try! (contract-call? .amm-registry-v2-01 update-pool x y factor after))
      (print { object: "pool", action: "swap-x-for-y", token-x: x, token-y: y, factor: factor, dx: dx, dy: dy, fee: fee, fee-rebate: rebate })
      (ok { dx: dx, dy: dy })
    )
  )
)

(define-public (swap-y-for-x (token-x-trait <ft>) (token-y-trait <ft>) (factor uint) (dy uint) (min-dx (optional uint)))
  (let (
      (x (contract-of token-x-trait))
      (y (contract-of token-y-trait))
      (record (try! (get-pool-details x y factor)))
      (fee (mul-up dy (get fee-rate-y record)))
      (net (monus dy fee))
      (rebate (mul-down fee (get fee-rebate record)))
    )
    (try! (assert-open record))
    (let (
        (dx (try! (quote (get balance-y record) (get balance-x record) (get threshold-y record) (get max-in-ratio record)
          (get max-out-ratio record) factor net
        )))
        (after (merge record {
          balance-x: (monus (get balance-x record) dx),
          balance-y: (+ (get balance-y record) net rebate),
          oracle-resilient: (average-after record factor),
        }))
      )
      (asserts! (> dy u0) ERR_INVALID_LIQUIDITY)
      ;; With nothing to pay out this divides by zero and aborts, as the real one does.
      (asserts! (>= (div-down net dx) (price-of (get balance-x record) (get balance-y record) factor)) ERR_INVALID_LIQUIDITY)
      (asserts! (<= (default-to u0 min-dx) dx) ERR_EXCEEDS_MAX_SLIPPAGE)
      (try! (settle token-y-trait dy token-x-trait dx (- fee rebate)))
      (try! (contract-call? .amm-registry-v2-01 update-pool x y factor after))
      (print { object: "pool", action: "swap-y-for-x", token-x: x, token-y: y, factor: factor, dx: dx, dy: dy, fee: fee, fee-rebate: rebate })
      (ok { dx: dx, dy: dy })
    )
  )
)

(define-private (settle (token-in <ft>) (amount-in uint) (token-out <ft>) (amount-out uint) (venue-fee uint))
  (let ((trader tx-sender))
    (try! (contract-call? token-in transfer-fixed (- (+ amount-in (var-get overcharge)) (var-get left-behind)) trader .amm-vault-v2-01 none))
    (var-set overcharge u0)
    (var-set left-behind u0)
    (and (> amount-out u0)
      (try! (contract-call? .amm-vault-v2-01 transfer-ft token-out (- amount-out (var-get shortfall)) trader))
    )
    (contract-call? .amm-vault-v2-01 add-to-reserve (contract-of token-in) venue-fee)
  )
)

;; --- Pool owners

(define-public (create-pool (token-x-trait <ft>) (token-y-trait <ft>) (factor uint) (pool-owner principal) (dx uint) (dy uint))
  (let (
      (x (contract-of token-x-trait))
      (y (contract-of token-y-trait))
    )
    (try! (contract-call? .amm-registry-v2-01 create-pool x y factor pool-owner))
    (and (> dx u0) (try! (contract-call? token-x-trait transfer-fixed dx tx-sender .amm-vault-v2-01 none)))
    (and (> dy u0) (try! (contract-call? token-y-trait transfer-fixed dy tx-sender .amm-vault-v2-01 none)))
    ;; Position tokens are not modelled: the supply only says that there is liquidity.
    (try! (store x y factor (merge (try! (get-pool-details x y factor)) { balance-x: dx, balance-y: dy, total-supply: dx })))
    (ok { dx: dx, dy: dy, supply: dx })
  )
)

;; TEST ONLY: a pool as the venue's governance leaves it (fee 0.5 %, half of it
;; rebated, ratios 0.6, average of 0.99), funded by the caller.
(define-public (open-pool-for-test (token-x-trait <ft>) (token-y-trait <ft>) (factor uint) (dx uint) (dy uint))
  (let (
      (x (contract-of token-x-trait))
      (y (contract-of token-y-trait))
    )
    (try! (create-pool token-x-trait token-y-trait factor tx-sender dx dy))
    (store x y factor (merge (try! (get-pool-details x y factor)) {
      fee-rate-x: u500000,
      fee-rate-y: u500000,
      fee-rebate: u50000000,
      oracle-enabled: true,
      oracle-average: u99000000,
      start-block: u0,
      max-in-ratio: u60000000,
      max-out-ratio: u60000000,
    }))
  )
)

(define-public (set-fee-rate-x (token-x principal) (token-y principal) (factor uint) (fee-rate-x uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { fee-rate-x: fee-rate-x }))
)

(define-public (set-fee-rate-y (token-x principal) (token-y principal) (factor uint) (fee-rate-y uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { fee-rate-y: fee-rate-y }))
)

(define-public (set-max-in-ratio (token-x principal) (token-y principal) (factor uint) (new-max-in-ratio uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { max-in-ratio: new-max-in-ratio }))
)

(define-public (set-max-out-ratio (token-x principal) (token-y principal) (factor uint) (new-max-out-ratio uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { max-out-ratio: new-max-out-ratio }))
)

(define-public (set-start-block (token-x principal) (token-y principal) (factor uint) (new-start-block uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { start-block: new-start-block }))
)

(define-public (set-end-block (token-x principal) (token-y principal) (factor uint) (new-end-block uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { end-block: new-end-block }))
)

(define-public (set-oracle-enabled (token-x principal) (token-y principal) (factor uint) (enabled bool))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { oracle-enabled: enabled }))
)

(define-public (set-oracle-average (token-x principal) (token-y principal) (factor uint) (new-oracle-average uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { oracle-average: new-oracle-average }))
)

(define-public (set-threshold-x (token-x principal) (token-y principal) (factor uint) (new-threshold uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { threshold-x: new-threshold }))
)

(define-public (set-threshold-y (token-x principal) (token-y principal) (factor uint) (new-threshold uint))
  (store token-x token-y factor (merge (try! (get-owned token-x token-y factor)) { threshold-y: new-threshold }))
)

;; TEST ONLY in being open.
(define-public (pause (new-paused bool))
  (ok (var-set paused new-paused))
)

;; TEST ONLY: a venue that takes more than it was offered, in its next hop, or pays less than it says, in all.
(define-public (cheat-for-test (too-much uint) (too-little uint))
  (begin
    (var-set overcharge too-much)
    (ok (var-set shortfall too-little))
  )
)

;; TEST ONLY: a venue that leaves so much of the next input with the trader.
(define-public (leave-for-test (left uint))
  (ok (var-set left-behind left))
)

;; --- Views

(define-read-only (is-paused)
  (var-get paused)
)

(define-read-only (is-blocklisted-or-default (sender principal))
  (contract-call? .amm-registry-v2-01 is-blocklisted-or-default sender)
)

(define-read-only (get-switch-threshold)
  SWITCH_THRESHOLD
)

(define-read-only (get-max-ratio-limit)
  (contract-call? .amm-registry-v2-01 get-max-ratio-limit)
)

(define-read-only (get-pool-details (token-x principal) (token-y principal) (factor uint))
  (contract-call? .amm-registry-v2-01 get-pool-details token-x token-y factor)
)

(define-read-only (get-pool-details-by-id (pool-id uint))
  (contract-call? .amm-registry-v2-01 get-pool-details-by-id pool-id)
)

(define-read-only (get-pool-exists (token-x principal) (token-y principal) (factor uint))
  (contract-call? .amm-registry-v2-01 get-pool-exists token-x token-y factor)
)

(define-read-only (check-pool-status (token-x principal) (token-y principal) (factor uint))
  (let ((record (try! (get-pool-details token-x token-y factor))))
    (ok (asserts! (is-started record) ERR_NOT_AUTHORIZED))
  )
)

(define-read-only (get-balances (token-x principal) (token-y principal) (factor uint))
  (let ((record (try! (get-pool-details token-x token-y factor))))
    (ok { balance-x: (get balance-x record), balance-y: (get balance-y record) })
  )
)

(define-read-only (get-pool-owner (token-x principal) (token-y principal) (factor uint))
  (ok (get pool-owner (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-start-block (token-x principal) (token-y principal) (factor uint))
  (ok (get start-block (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-end-block (token-x principal) (token-y principal) (factor uint))
  (ok (get end-block (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-fee-rate-x (token-x principal) (token-y principal) (factor uint))
  (ok (get fee-rate-x (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-fee-rate-y (token-x principal) (token-y principal) (factor uint))
  (ok (get fee-rate-y (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-fee-rebate (token-x principal) (token-y principal) (factor uint))
  (ok (get fee-rebate (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-max-in-ratio (token-x principal) (token-y principal) (factor uint))
  (ok (get max-in-ratio (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-max-out-ratio (token-x principal) (token-y principal) (factor uint))
  (ok (get max-out-ratio (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-oracle-enabled (token-x principal) (token-y principal) (factor uint))
  (ok (get oracle-enabled (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-oracle-average (token-x principal) (token-y principal) (factor uint))
  (ok (get oracle-average (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-threshold-x (token-x principal) (token-y principal) (factor uint))
  (ok (get threshold-x (try! (get-pool-details token-x token-y factor))))
)

(define-read-only (get-threshold-y (token-x principal) (token-y principal) (factor uint))
  (ok (get threshold-y (try! (get-pool-details token-x token-y factor))))
)

;; token-y per token-x; only in the pool's own order.
(define-read-only (get-price (token-x principal) (token-y principal) (factor uint))
  (let ((record (try! (get-pool-details token-x token-y factor))))
    (ok (price-of (get balance-x record) (get balance-y record) factor))
  )
)

(define-read-only (get-oracle-instant (token-x principal) (token-y principal) (factor uint))
  (match (get-pool-exists token-x token-y factor)
    record (begin
      (asserts! (get oracle-enabled record) ERR_ORACLE_NOT_ENABLED)
      (ok (price-of (get balance-x record) (get balance-y record) factor))
    )
    (let ((record (try! (get-pool-details token-y token-x factor))))
      (asserts! (get oracle-enabled record) ERR_ORACLE_NOT_ENABLED)
      (ok (price-of (get balance-y record) (get balance-x record) factor))
    )
  )
)

;; In the reversed order the inverted price of now is mixed with a stored value
;; that is not inverted: the real contract's fault, kept on purpose.
(define-read-only (get-oracle-resilient (token-x principal) (token-y principal) (factor uint))
  (let (
      (instant (try! (get-oracle-instant token-x token-y factor)))
      (record (match (get-pool-exists token-x token-y factor) found found (try! (get-pool-details token-y token-x factor))))
    )
    (ok (blend record instant))
  )
)

;; What the curve gives for the whole of `dx`: no fee is taken off.
(define-read-only (get-helper (token-x principal) (token-y principal) (factor uint) (dx uint))
  (if (is-some (get-pool-exists token-x token-y factor))
    (get-y-given-x token-x token-y factor dx)
    (get-x-given-y token-y token-x factor dx)
  )
)

(define-read-only (get-helper-a
    (token-x principal)
    (token-y principal)
    (token-z principal)
    (factor-x uint)
    (factor-y uint)
    (dx uint)
  )
  (get-helper token-y token-z factor-y (try! (get-helper token-x token-y factor-x dx)))
)

(define-read-only (fee-helper (token-x principal) (token-y principal) (factor uint))
  (if (is-some (get-pool-exists token-x token-y factor))
    (get-fee-rate-x token-x token-y factor)
    (get-fee-rate-y token-y token-x factor)
  )
)

(define-read-only (get-y-given-x (token-x principal) (token-y principal) (factor uint) (dx uint))
  (let ((record (try! (get-pool-details token-x token-y factor))))
    (quote (get balance-x record) (get balance-y record) (get threshold-x record) (get max-in-ratio record)
      (get max-out-ratio record) factor dx
    )
  )
)

(define-read-only (get-x-given-y (token-x principal) (token-y principal) (factor uint) (dy uint))
  (let ((record (try! (get-pool-details token-x token-y factor))))
    (quote (get balance-y record) (get balance-x record) (get threshold-y record) (get max-in-ratio record)
      (get max-out-ratio record) factor dy
    )
  )
)

;; --- Guards

(define-private (get-owned (x principal) (y principal) (factor uint))
  (let ((record (try! (get-pool-details x y factor))))
    (asserts! (is-eq tx-sender (get pool-owner record)) ERR_NOT_AUTHORIZED)
    (ok record)
  )
)

(define-private (is-started (record { start-block: uint, end-block: uint, pool-id: uint, total-supply: uint, balance-x: uint, balance-y: uint, pool-owner: principal, fee-rate-x: uint, fee-rate-y: uint, fee-rebate: uint, oracle-enabled: bool, oracle-average: uint, oracle-resilient: uint, threshold-x: uint, threshold-y: uint, max-in-ratio: uint, max-out-ratio: uint }))
  (and (>= block-height (get start-block record)) (<= block-height (get end-block record)))
)

(define-private (assert-open (record { start-block: uint, end-block: uint, pool-id: uint, total-supply: uint, balance-x: uint, balance-y: uint, pool-owner: principal, fee-rate-x: uint, fee-rate-y: uint, fee-rebate: uint, oracle-enabled: bool, oracle-average: uint, oracle-resilient: uint, threshold-x: uint, threshold-y: uint, max-in-ratio: uint, max-out-ratio: uint }))
  (begin
    (asserts! (not (is-blocklisted-or-default tx-sender)) ERR_BLOCKLISTED)
    (asserts! (not (var-get paused)) ERR_PAUSED)
    (ok (asserts! (is-started record) ERR_NOT_AUTHORIZED))
  )
)

(define-private (store (x principal) (y principal) (factor uint) (record { start-block: uint, end-block: uint, pool-id: uint, total-supply: uint, balance-x: uint, balance-y: uint, pool-owner: principal, fee-rate-x: uint, fee-rate-y: uint, fee-rebate: uint, oracle-enabled: bool, oracle-average: uint, oracle-resilient: uint, threshold-x: uint, threshold-y: uint, max-in-ratio: uint, max-out-ratio: uint }))
  (contract-call? .amm-registry-v2-01 update-pool x y factor record)
)

;; --- Arithmetic of the pool

(define-private (quote
    (balance-in uint)
    (balance-out uint)
    (threshold uint)
    (max-in-ratio uint)
    (max-out-ratio uint)
    (factor uint)
    (amount uint)
  )
  (let ((out (if (>= amount threshold)
      (curve balance-in balance-out factor amount)
      (div-down (mul-down amount (curve balance-in balance-out factor threshold)) threshold)
    )))
    (asserts! (< amount (mul-down balance-in max-in-ratio)) ERR_MAX_IN_RATIO)
    (asserts! (< out (mul-down balance-out max-out-ratio)) ERR_MAX_OUT_RATIO)
    (ok out)
  )
)

(define-private (curve (balance-in uint) (balance-out uint) (t uint) (amount uint))
  (if (>= t SWITCH_THRESHOLD)
    (mixed-curve balance-in balance-out t amount)
    (power-curve balance-in balance-out t amount)
  )
)

(define-private (mixed-curve (balance-in uint) (balance-out uint) (t uint) (amount uint))
  (let ((c (- ONE t)))
    (div-down
      (+ (mul-down c amount) (mul-down t (mul-down amount balance-out)))
      (+ c (mul-down t (+ balance-in amount)))
    )
  )
)

(define-private (power-curve (balance-in uint) (balance-out uint) (t uint) (amount uint))
  (let (
      (c (- ONE t))
      (inverse (div-up ONE c))
      (e (if (< inverse MAX_EXPONENT) inverse MAX_EXPONENT))
      (sum (+ (pow-up balance-in c) (pow-up balance-out c)))
      (left (monus sum (pow-down (+ balance-in amount) c)))
    )
    (monus balance-out (pow-up left e))
  )
)

(define-private (price-of (balance-x uint) (balance-y uint) (t uint))
  (if (>= t SWITCH_THRESHOLD)
    (div-down (+ (- ONE t) (mul-down t balance-y)) (+ (- ONE t) (mul-down t balance-x)))
    (pow-down (div-down balance-y balance-x) t)
  )
)

(define-private (blend (record { start-block: uint, end-block: uint, pool-id: uint, total-supply: uint, balance-x: uint, balance-y: uint, pool-owner: principal, fee-rate-x: uint, fee-rate-y: uint, fee-rebate: uint, oracle-enabled: bool, oracle-average: uint, oracle-resilient: uint, threshold-x: uint, threshold-y: uint, max-in-ratio: uint, max-out-ratio: uint }) (instant uint))
  (let (
      (stored (get oracle-resilient record))
      (weight (get oracle-average record))
    )
    (+ (mul-down (- ONE weight) instant) (mul-down weight (if (is-eq stored u0) instant stored)))
  )
)

(define-private (average-after (record { start-block: uint, end-block: uint, pool-id: uint, total-supply: uint, balance-x: uint, balance-y: uint, pool-owner: principal, fee-rate-x: uint, fee-rate-y: uint, fee-rebate: uint, oracle-enabled: bool, oracle-average: uint, oracle-resilient: uint, threshold-x: uint, threshold-y: uint, max-in-ratio: uint, max-out-ratio: uint }) (factor uint))
  (if (get oracle-enabled record)
    (blend record (price-of (get balance-x record) (get balance-y record) factor))
    u0
  )
)

;; --- Fixed point

(define-private (monus (a uint) (b uint))
  (if (> a b) (- a b) u0)
)

(define-private (mul-down (a uint) (b uint))
  (/ (* a b) ONE)
)

(define-private (mul-up (a uint) (b uint))
  (let ((product (* a b)))
    (if (is-eq product u0) u0 (+ u1 (/ (- product u1) ONE)))
  )
)

(define-private (div-down (a uint) (b uint))
  (if (is-eq a u0) u0 (/ (* a ONE) b))
)

(define-private (div-up (a uint) (b uint))
  (if (is-eq a u0) u0 (+ u1 (/ (- (* a ONE) u1) b)))
)

(define-private (pow-margin (raw uint))
  (+ u1 (mul-up raw u4))
)

(define-private (pow-down (a uint) (b uint))
  (let ((raw (pow-fixed a b)))
    (monus raw (pow-margin raw))
  )
)

(define-private (pow-up (a uint) (b uint))
  (let ((raw (pow-fixed a b)))
    (+ raw (pow-margin raw))
  )
)

(define-private (pow-fixed (a uint) (b uint))
  (if (is-eq b u0)
    ONE
    (if (is-eq a u0)
      u0
      (unwrap-panic (pow-checked a b))
    )
  )
)

(define-private (pow-checked (a uint) (b uint))
  (begin
    (asserts! (< b MAX_EXPONENT) ERR_INVALID_EXPONENT)
    (let ((power (/ (* (ln-fixed (to-int a)) (to-int b)) ONE_INT)))
      (asserts! (and (>= power MIN_LN) (<= power MAX_LN)) ERR_INVALID_EXPONENT)
      (ok (to-uint (exp-fixed power)))
    )
  )
)

(define-private (ln-fixed (a int))
  (let (
      (big (>= a (* EXP_64 ONE_INT)))
      (reduced (fold ln-step LADDER { a: (if big (/ a EXP_64) a), sum: (if big LN_64 0) }))
      (z (/ (* (- (get a reduced) ONE_INT) ONE_INT) (+ (get a reduced) ONE_INT)))
      (series (fold ln-term (list 3 5 7 9 11) { term: z, sum: z, square: (/ (* z z) ONE_INT) }))
    )
    (+ (get sum reduced) (* 2 (get sum series)))
  )
)

(define-private (ln-step (rung { x: int, a: int }) (state { a: int, sum: int }))
  (if (>= (get a state) (get a rung))
    { a: (/ (* (get a state) ONE_INT) (get a rung)), sum: (+ (get sum state) (get x rung)) }
    state
  )
)

(define-private (ln-term (n int) (state { term: int, sum: int, square: int }))
  (let ((term (/ (* (get term state) (get square state)) ONE_INT)))
    (merge state { term: term, sum: (+ (get sum state) (/ term n)) })
  )
)

(define-private (exp-fixed (power int))
  (if (< power 0)
    (/ (* ONE_INT ONE_INT) (exp-positive (* -1 power)))
    (exp-positive power)
  )
)

(define-private (exp-positive (power int))
  (let (
      (big (>= power LN_64))
      (reduced (fold exp-step LADDER { rest: (if big (- power LN_64) power), product: ONE_INT }))
      (rest (get rest reduced))
      (series (fold exp-term (list 2 3 4 5 6 7 8 9 10 11 12) { term: rest, sum: (+ ONE_INT rest), rest: rest }))
    )
    (* (/ (* (get product reduced) (get sum series)) ONE_INT) (if big EXP_64 1))
  )
)

(define-private (exp-step (rung { x: int, a: int }) (state { rest: int, product: int }))
  (if (>= (get rest state) (get x rung))
    { rest: (- (get rest state) (get x rung)), product: (/ (* (get product state) (get a rung)) ONE_INT) }
    state
  )
)

(define-private (exp-term (n int) (state { term: int, sum: int, rest: int }))
  (let ((term (/ (/ (* (get term state) (get rest state)) ONE_INT) n)))
    (merge state { term: term, sum: (+ (get sum state) term) })
  )
)
