;; Double of Bitflow's stableswap core: quotes, swaps and the settings of pools.
;; Trusts: nobody. Settings are open to everybody here, as are the `-for-test` calls;
;; the real core asks for an admin or the pool's midpoint manager. Shares, lists of
;; settings and the check that principals are standard are not modelled.
;; Holds: nothing, each pool holds its own tokens.
;; Rounding: as the real contract, to the unit: every division down, Newton's steps
;; until two of them differ by no more than the pool's threshold.

(use-trait stableswap-pool-trait .stableswap-pool-trait-v-1-4.stableswap-pool-trait)
(use-trait sip-010-trait .sip-010-trait-ft-standard-v-1-1.sip-010-trait)

;; An amount or a minimum is zero, or the amount is ten times the pool or more.
(define-constant ERR_INVALID_AMOUNT (err u1002))
;; The pool tells nothing.
(define-constant ERR_NO_POOL_DATA (err u1008))
;; The pool is switched off.
(define-constant ERR_POOL_DISABLED (err u1010))
;; The pool has been created before.
(define-constant ERR_POOL_ALREADY_CREATED (err u1011))
;; The core does not know this pool.
(define-constant ERR_INVALID_POOL (err u1012))
;; This is not the pool's x token.
(define-constant ERR_INVALID_X_TOKEN (err u1017))
;; This is not the pool's y token.
(define-constant ERR_INVALID_Y_TOKEN (err u1018))
;; Less of x than the stated minimum.
(define-constant ERR_MINIMUM_X_AMOUNT (err u1019))
;; Less of y than the stated minimum.
(define-constant ERR_MINIMUM_Y_AMOUNT (err u1020))
;; The fees of one side take all.
(define-constant ERR_INVALID_FEE (err u1024))
;; The midpoint's numerator is zero.
(define-constant ERR_INVALID_MIDPOINT_NUMERATOR (err u1027))
;; The midpoint's denominator is zero.
(define-constant ERR_INVALID_MIDPOINT_DENOMINATOR (err u1028))

(define-constant NUM_OF_TOKENS u2)
(define-constant MAX_AMOUNT_PER_BALANCE_MULTIPLIER u10)
(define-constant BPS u10000)
;; Twelve by thirty-two steps at most.
(define-constant TWELVE (list u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12))
(define-constant THIRTY_TWO (list
  u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16
  u17 u18 u19 u20 u21 u22 u23 u24 u25 u26 u27 u28 u29 u30 u31 u32
))

(define-data-var last-pool-id uint u0)
;; TEST ONLY: what the double takes too much, pays too little and leaves behind, see `cheat-for-test`.
(define-data-var overcharge uint u0)
(define-data-var shortfall uint u0)
(define-data-var left-behind uint u0)
(define-map pools uint {
  id: uint,
  name: (string-ascii 32),
  symbol: (string-ascii 32),
  pool-contract: principal,
})

;; --- Traders

(define-public (swap-x-for-y
    (pool-trait <stableswap-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (x-amount uint)
    (min-dy uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (scale (try! (get-scale x-token-trait y-token-trait)))
      (mid { num: (get midpoint-primary-numerator record), den: (get midpoint-primary-denominator record) })
      (amp (get amplification-coefficient record))
      (threshold (get convergence-threshold record))
      (x (* (get x-balance record) (get x scale)))
      (y (* (get y-balance record) (get y scale)))
      (split (split-amount (* x-amount (get x scale)) (get x-protocol-fee record) (get x-provider-fee record)))
      (y-scaled (y-after x y (get net split) mid amp threshold))
      (dy (- (get y-balance record) (/ y-scaled (get y scale))))
      (protocol (/ (get protocol split) (get x scale)))
      (d-after (booked-d (+ x (get net split) (get provider split)) y-scaled mid amp threshold))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait)))
    (try! (assert-amount x-amount (get x-balance record)))
    (asserts! (> min-dy u0) ERR_INVALID_AMOUNT)
    (asserts! (>= dy min-dy) ERR_MINIMUM_Y_AMOUNT)
    (try! (settle pool-trait (get fee-address record) x-token-trait (- x-amount protocol) protocol y-token-trait dy))
    (try! (contract-call? pool-trait update-pool-balances (+ (get x-balance record) (- x-amount protocol)) (- (get y-balance record) dy) d-after))
    (print {
      action: "swap-x-for-y",
      caller: tx-sender,
      data: {
        pool-id: (get pool-id record),
        pool-name: (get pool-name record),
        pool-contract: (contract-of pool-trait),
        x-token: (get x-token record),
        y-token: (get y-token record),
        x-amount: x-amount,
        x-amount-fees-protocol: protocol,
        x-amount-fees-provider: (/ (get provider split) (get x scale)),
        midpoint-numerator: (get num mid),
        midpoint-denominator: (get den mid),
        dy: dy,
        min-dy: min-dy,
      },
    })
    (ok dy)
  )
)

(define-public (swap-y-for-x
    (pool-trait <stableswap-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (y-amount uint)
    (min-dx uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (scale (try! (get-scale x-token-trait y-token-trait)))
      (mid { num: (get midpoint-primary-numerator record), den: (get midpoint-primary-denominator record) })
      (amp (get amplification-coefficient record))
      (threshold (get convergence-threshold record))
      (x (* (get x-balance record) (get x scale)))
      (y (* (get y-balance record) (get y scale)))
      (split (split-amount (* y-amount (get y scale)) (get y-protocol-fee record) (get y-provider-fee record)))
      (x-scaled (x-after x y (get net split) mid amp threshold))
      (dx (- (get x-balance record) (/ x-scaled (get x scale))))
      (protocol (/ (get protocol split) (get y scale)))
      (d-after (booked-d x-scaled (+ y (get net split) (get provider split)) mid amp threshold))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait)))
    (try! (assert-amount y-amount (get y-balance record)))
    (asserts! (> min-dx u0) ERR_INVALID_AMOUNT)
    (asserts! (>= dx min-dx) ERR_MINIMUM_X_AMOUNT)
    (try! (settle pool-trait (get fee-address record) y-token-trait (- y-amount protocol) protocol x-token-trait dx))
    (try! (contract-call? pool-trait update-pool-balances (- (get x-balance record) dx) (+ (get y-balance record) (- y-amount protocol)) d-after))
    (print {
      action: "swap-y-for-x",
      caller: tx-sender,
      data: {
        pool-id: (get pool-id record),
        pool-name: (get pool-name record),
        pool-contract: (contract-of pool-trait),
        x-token: (get x-token record),
        y-token: (get y-token record),
        y-amount: y-amount,
        y-amount-fees-protocol: protocol,
        y-amount-fees-provider: (/ (get provider split) (get y scale)),
        midpoint-numerator: (get num mid),
        midpoint-denominator: (get den mid),
        dx: dx,
        min-dx: min-dx,
      },
    })
    (ok dx)
  )
)

(define-public (get-dy
    (pool-trait <stableswap-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (x-amount uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (scale (try! (get-scale x-token-trait y-token-trait)))
      (mid { num: (get midpoint-primary-numerator record), den: (get midpoint-primary-denominator record) })
      (amp (get amplification-coefficient record))
      (threshold (get convergence-threshold record))
      (x (* (get x-balance record) (get x scale)))
      (y (* (get y-balance record) (get y scale)))
      (split (split-amount (* x-amount (get x scale)) (get x-protocol-fee record) (get x-provider-fee record)))
      (dy (- (get y-balance record) (/ (y-after x y (get net split) mid amp threshold) (get y scale))))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait)))
    (try! (assert-amount x-amount (get x-balance record)))
    (ok dy)
  )
)

(define-public (get-dx
    (pool-trait <stableswap-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (y-amount uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (scale (try! (get-scale x-token-trait y-token-trait)))
      (mid { num: (get midpoint-primary-numerator record), den: (get midpoint-primary-denominator record) })
      (amp (get amplification-coefficient record))
      (threshold (get convergence-threshold record))
      (x (* (get x-balance record) (get x scale)))
      (y (* (get y-balance record) (get y scale)))
      (split (split-amount (* y-amount (get y scale)) (get y-protocol-fee record) (get y-provider-fee record)))
      (dx (- (get x-balance record) (/ (x-after x y (get net split) mid amp threshold) (get x scale))))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait)))
    (try! (assert-amount y-amount (get y-balance record)))
    (ok dx)
  )
)

;; --- Settings

(define-public (set-pool-status (pool-trait <stableswap-pool-trait>) (status bool))
  (begin
    (try! (get-valid-pool pool-trait))
    (contract-call? pool-trait set-pool-status status)
  )
)

(define-public (set-midpoint
    (pool-trait <stableswap-pool-trait>)
    (primary-numerator uint)
    (primary-denominator uint)
    (withdraw-numerator uint)
    (withdraw-denominator uint)
  )
  (begin
    (try! (get-valid-pool pool-trait))
    (asserts! (and (> primary-numerator u0) (> withdraw-numerator u0)) ERR_INVALID_MIDPOINT_NUMERATOR)
    (asserts! (and (> primary-denominator u0) (> withdraw-denominator u0)) ERR_INVALID_MIDPOINT_DENOMINATOR)
    (contract-call? pool-trait set-midpoint primary-numerator primary-denominator withdraw-numerator withdraw-denominator)
  )
)

(define-public (set-x-fees (pool-trait <stableswap-pool-trait>) (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (get-valid-pool pool-trait))
    (asserts! (< (+ protocol-fee provider-fee) BPS) ERR_INVALID_FEE)
    (contract-call? pool-trait set-x-fees protocol-fee provider-fee)
  )
)

(define-public (set-y-fees (pool-trait <stableswap-pool-trait>) (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (get-valid-pool pool-trait))
    (asserts! (< (+ protocol-fee provider-fee) BPS) ERR_INVALID_FEE)
    (contract-call? pool-trait set-y-fees protocol-fee provider-fee)
  )
)

(define-public (set-amplification-coefficient (pool-trait <stableswap-pool-trait>) (coefficient uint))
  (begin
    (try! (get-valid-pool pool-trait))
    (contract-call? pool-trait set-amplification-coefficient coefficient)
  )
)

;; --- Test set-up

;; TEST ONLY: opens a pool with fees of 0.02 % and 0.03 % on both sides and an
;; amplification of 100, funded by the caller, without shares.
(define-public (create-pool-for-test
    (pool-trait <stableswap-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (x-amount uint)
    (y-amount uint)
    (midpoint-denominator uint)
    (fee-address principal)
  )
  (let (
      (record (unwrap! (contract-call? pool-trait get-pool) ERR_NO_POOL_DATA))
      (id (+ (var-get last-pool-id) u1))
      (pool (contract-of pool-trait))
    )
    (asserts! (not (get pool-created record)) ERR_POOL_ALREADY_CREATED)
    ;; A pool's first fee address is its deployer, who alone may have it created.
    (try! (contract-call? pool-trait create-pool
      (contract-of x-token-trait) (contract-of y-token-trait) tx-sender fee-address (get fee-address record) u100 u2 id "test-LP" "test" u"https://a.example" true
    ))
    (try! (contract-call? pool-trait set-midpoint u1000000 midpoint-denominator u1000000 u1000000))
    (try! (contract-call? pool-trait set-x-fees u2 u3))
    (try! (contract-call? pool-trait set-y-fees u2 u3))
    (and (> x-amount u0) (try! (contract-call? x-token-trait transfer x-amount tx-sender pool none)))
    (and (> y-amount u0) (try! (contract-call? y-token-trait transfer y-amount tx-sender pool none)))
    (try! (contract-call? pool-trait update-pool-balances x-amount y-amount u0))
    (map-set pools id { id: id, name: "test-LP", symbol: "test", pool-contract: pool })
    (var-set last-pool-id id)
    (ok id)
  )
)

;; TEST ONLY: replaces the balances a pool believes in; moves nothing.
(define-public (set-balances-for-test (pool-trait <stableswap-pool-trait>) (x-balance uint) (y-balance uint))
  (contract-call? pool-trait update-pool-balances x-balance y-balance u0)
)

;; TEST ONLY: forgets a pool.
(define-public (forget-pool-for-test (id uint))
  (ok (map-delete pools id))
)

;; TEST ONLY: a venue that takes more than it was offered, pays less than it says, or leaves part of the input behind.
(define-public (cheat-for-test (too-much uint) (too-little uint) (left uint))
  (begin
    (var-set overcharge too-much)
    (var-set shortfall too-little)
    (ok (var-set left-behind left))
  )
)

;; --- Views

(define-read-only (get-last-pool-id)
  (ok (var-get last-pool-id))
)

(define-read-only (get-pool-by-id (id uint))
  (ok (map-get? pools id))
)

;; The balance of x that belongs to a balance of y grown by `y-amount`; zero when the steps do not settle.
(define-read-only (get-x (y-amount uint) (y-bal uint) (x-bal uint) (amp uint) (threshold uint))
  (solve (+ y-bal y-amount) (get-d x-bal y-bal amp threshold) amp threshold)
)

(define-read-only (get-y (x-amount uint) (x-bal uint) (y-bal uint) (amp uint) (threshold uint))
  (solve (+ x-bal x-amount) (get-d x-bal y-bal amp threshold) amp threshold)
)

;; The curve's constant for two balances; zero when the steps do not settle.
(define-read-only (get-d (x-bal uint) (y-bal uint) (amp uint) (threshold uint))
  (get converged (fold steps-of-d TWELVE {
    x-bal: x-bal,
    y-bal: y-bal,
    d: (+ x-bal y-bal),
    an: (* amp NUM_OF_TOKENS),
    threshold: threshold,
    converged: u0,
  }))
)

;; --- Guards

(define-private (get-valid-pool (pool-trait <stableswap-pool-trait>))
  (let ((record (unwrap! (contract-call? pool-trait get-pool) ERR_NO_POOL_DATA)))
    (asserts! (is-eq (get pool-contract (map-get? pools (get pool-id record))) (some (contract-of pool-trait))) ERR_INVALID_POOL)
    (ok record)
  )
)

(define-private (assert-tradable
    (status bool)
    (pool-x principal)
    (pool-y principal)
    (x-token principal)
    (y-token principal)
  )
  (begin
    (asserts! status ERR_POOL_DISABLED)
    (asserts! (is-eq x-token pool-x) ERR_INVALID_X_TOKEN)
    (ok (asserts! (is-eq y-token pool-y) ERR_INVALID_Y_TOKEN))
  )
)

(define-private (assert-amount (amount uint) (balance uint))
  (ok (asserts! (and (> amount u0) (< amount (* balance MAX_AMOUNT_PER_BALANCE_MULTIPLIER))) ERR_INVALID_AMOUNT))
)

;; --- Moving

;; In the real one's order: to the pool, to the trader, to the fee address.
(define-private (settle
    (pool-trait <stableswap-pool-trait>)
    (fee-address principal)
    (token-in <sip-010-trait>)
    (amount-in uint)
    (protocol uint)
    (token-out <sip-010-trait>)
    (amount-out uint)
  )
  (begin
    (try! (contract-call? token-in transfer (- (+ amount-in (var-get overcharge)) (var-get left-behind)) tx-sender (contract-of pool-trait) none))
    (try! (contract-call? pool-trait pool-transfer token-out (- amount-out (var-get shortfall)) tx-sender))
    (and (> protocol u0) (try! (contract-call? token-in transfer protocol tx-sender fee-address none)))
    (ok true)
  )
)

;; --- Arithmetic

;; What one base unit of each token counts when both have the decimals of the finer one.
(define-private (get-scale (x-token-trait <sip-010-trait>) (y-token-trait <sip-010-trait>))
  (let (
      (x (try! (contract-call? x-token-trait get-decimals)))
      (y (try! (contract-call? y-token-trait get-decimals)))
    )
    (ok {
      x: (if (< x y) (pow u10 (- y x)) u1),
      y: (if (< y x) (pow u10 (- x y)) u1),
    })
  )
)

;; Both fees of the gross amount, each rounded down.
(define-private (split-amount (amount uint) (protocol-fee uint) (provider-fee uint))
  (let (
      (protocol (/ (* amount protocol-fee) BPS))
      (provider (/ (* amount provider-fee) BPS))
    )
    { net: (- amount protocol provider), protocol: protocol, provider: provider }
  )
)

;; The midpoint turns x into units of y before the curve sees it.
(define-private (y-after (x uint) (y uint) (net uint) (mid { num: uint, den: uint }) (amp uint) (threshold uint))
  (get-y (/ (* net (get num mid)) (get den mid)) (/ (* x (get num mid)) (get den mid)) y amp threshold)
)

(define-private (x-after (x uint) (y uint) (net uint) (mid { num: uint, den: uint }) (amp uint) (threshold uint))
  (get-x (/ (* net (get den mid)) (get num mid)) (/ (* y (get den mid)) (get num mid)) x amp threshold)
)

;; The constant a pool books after a swap: of the balances with the dearer side cut down to the midpoint.
(define-private (booked-d (x uint) (y uint) (mid { num: uint, den: uint }) (amp uint) (threshold uint))
  (let (
      (num (get num mid))
      (den (get den mid))
      (reversed (> num den))
      (offset (if reversed (- den (/ (* den den) num)) (- num (/ (* num num) den))))
    )
    (get-d
      (if reversed x (- x (/ (* x offset) num)))
      (if reversed (- y (/ (* y offset) den)) y)
      amp
      threshold
    )
  )
)

;; The other balance that fits to `known` on the curve of constant `d`.
(define-private (solve (known uint) (d uint) (amp uint) (threshold uint))
  (let ((an (* amp NUM_OF_TOKENS)))
    (get converged (fold steps-of-balance TWELVE {
      found: d,
      c: (/ (* (/ (* d d) (* NUM_OF_TOKENS known)) d) (* an NUM_OF_TOKENS)),
      b: (+ known (/ d an)),
      d: d,
      threshold: threshold,
      converged: u0,
    }))
  )
)

(define-private (steps-of-balance
    (n uint)
    (state { found: uint, c: uint, b: uint, d: uint, threshold: uint, converged: uint })
  )
  (if (is-eq (get converged state) u0) (fold step-of-balance THIRTY_TWO state) state)
)

(define-private (step-of-balance
    (n uint)
    (state { found: uint, c: uint, b: uint, d: uint, threshold: uint, converged: uint })
  )
  (if (> (get converged state) u0)
    state
    (let (
        (found (get found state))
        (next (/ (+ (* found found) (get c state)) (- (+ (* NUM_OF_TOKENS found) (get b state)) (get d state))))
      )
      (merge state { found: next, converged: (if (<= (distance next found) (get threshold state)) next u0) })
    )
  )
)

(define-private (steps-of-d
    (n uint)
    (state { x-bal: uint, y-bal: uint, d: uint, an: uint, threshold: uint, converged: uint })
  )
  (if (is-eq (get converged state) u0) (fold step-of-d THIRTY_TWO state) state)
)

(define-private (step-of-d
    (n uint)
    (state { x-bal: uint, y-bal: uint, d: uint, an: uint, threshold: uint, converged: uint })
  )
  (if (> (get converged state) u0)
    state
    (let (
        (d (get d state))
        (an (get an state))
        (through-x (/ (* d d) (* NUM_OF_TOKENS (get x-bal state))))
        (product (/ (* d through-x) (* NUM_OF_TOKENS (get y-bal state))))
        (next (/
          (* (+ (* an (+ (get x-bal state) (get y-bal state))) (* NUM_OF_TOKENS product)) d)
          (+ (* (- an u1) d) (* (+ NUM_OF_TOKENS u1) product))
        ))
      )
      (merge state { d: next, converged: (if (<= (distance next d) (get threshold state)) next u0) })
    )
  )
)

(define-private (distance (a uint) (b uint))
  (if (> a b) (- a b) (- b a))
)
