;; Double of Bitflow's constant product core: quotes, swaps and the settings of pools.
;; Trusts: nobody. Settings are open to everybody here, as are the `-for-test` calls;
;; the real core asks for an admin. Shares, lists of settings and the check that
;; principals are standard are not modelled.
;; Holds: nothing, each pool holds its own tokens.
;; Rounding: as the real contract, to the unit; see the sample rows in the tests.

(use-trait xyk-pool-trait .xyk-pool-trait-v-1-2.xyk-pool-trait)
(use-trait sip-010-trait .sip-010-trait-ft-standard-v-1-1.sip-010-trait)

;; An amount or a minimum is zero.
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
(define-constant ERR_INVALID_FEE (err u1022))

(define-constant BPS u10000)

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
    (pool-trait <xyk-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (x-amount uint)
    (min-dy uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (split (split-amount x-amount (get x-protocol-fee record) (get x-provider-fee record)))
      (x-after (+ (get x-balance record) (get net split)))
      (dy (/ (* (get y-balance record) (get net split)) x-after))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait) x-amount))
    (asserts! (> min-dy u0) ERR_INVALID_AMOUNT)
    (asserts! (>= dy min-dy) ERR_MINIMUM_Y_AMOUNT)
    (try! (settle pool-trait (get fee-address record) x-token-trait split y-token-trait dy))
    (try! (contract-call? pool-trait update-pool-balances (+ x-after (get provider split)) (- (get y-balance record) dy)))
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
        x-amount-fees-protocol: (get protocol split),
        x-amount-fees-provider: (get provider split),
        dy: dy,
        min-dy: min-dy,
      },
    })
    (ok dy)
  )
)

(define-public (swap-y-for-x
    (pool-trait <xyk-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (y-amount uint)
    (min-dx uint)
  )
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (split (split-amount y-amount (get y-protocol-fee record) (get y-provider-fee record)))
      (y-after (+ (get y-balance record) (get net split)))
      (dx (/ (* (get x-balance record) (get net split)) y-after))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait) y-amount))
    (asserts! (> min-dx u0) ERR_INVALID_AMOUNT)
    (asserts! (>= dx min-dx) ERR_MINIMUM_X_AMOUNT)
    (try! (settle pool-trait (get fee-address record) y-token-trait split x-token-trait dx))
    (try! (contract-call? pool-trait update-pool-balances (- (get x-balance record) dx) (+ y-after (get provider split))))
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
        y-amount-fees-protocol: (get protocol split),
        y-amount-fees-provider: (get provider split),
        dx: dx,
        min-dx: min-dx,
      },
    })
    (ok dx)
  )
)

(define-public (get-dy (pool-trait <xyk-pool-trait>) (x-token-trait <sip-010-trait>) (y-token-trait <sip-010-trait>) (x-amount uint))
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (net (get net (split-amount x-amount (get x-protocol-fee record) (get x-provider-fee record))))
      (dy (/ (* (get y-balance record) net) (+ (get x-balance record) net)))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait) x-amount))
    (ok dy)
  )
)

;; With the fees of x, though y is what comes in: so the real one quotes.
(define-public (get-dx (pool-trait <xyk-pool-trait>) (x-token-trait <sip-010-trait>) (y-token-trait <sip-010-trait>) (y-amount uint))
  (let (
      (record (try! (get-valid-pool pool-trait)))
      (net (get net (split-amount y-amount (get x-protocol-fee record) (get x-provider-fee record))))
      (dx (/ (* (get x-balance record) net) (+ (get y-balance record) net)))
    )
    (try! (assert-tradable (get pool-status record) (get x-token record) (get y-token record) (contract-of x-token-trait) (contract-of y-token-trait) y-amount))
    (ok dx)
  )
)

;; --- Settings

(define-public (set-pool-status (pool-trait <xyk-pool-trait>) (status bool))
  (begin
    (try! (get-valid-pool pool-trait))
    (contract-call? pool-trait set-pool-status status)
  )
)

(define-public (set-fee-address (pool-trait <xyk-pool-trait>) (address principal))
  (begin
    (try! (get-valid-pool pool-trait))
    (contract-call? pool-trait set-fee-address address)
  )
)

(define-public (set-x-fees (pool-trait <xyk-pool-trait>) (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (get-valid-pool pool-trait))
    (asserts! (< (+ protocol-fee provider-fee) BPS) ERR_INVALID_FEE)
    (contract-call? pool-trait set-x-fees protocol-fee provider-fee)
  )
)

(define-public (set-y-fees (pool-trait <xyk-pool-trait>) (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (get-valid-pool pool-trait))
    (asserts! (< (+ protocol-fee provider-fee) BPS) ERR_INVALID_FEE)
    (contract-call? pool-trait set-y-fees protocol-fee provider-fee)
  )
)

;; --- Test set-up

;; TEST ONLY: opens a pool with fees of 0.1 % and 0.2 % on both sides, funded by the caller, without shares.
(define-public (create-pool-for-test
    (pool-trait <xyk-pool-trait>)
    (x-token-trait <sip-010-trait>)
    (y-token-trait <sip-010-trait>)
    (x-amount uint)
    (y-amount uint)
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
      (contract-of x-token-trait) (contract-of y-token-trait) fee-address (get fee-address record) id "test-LP" "test" u"https://a.example" true
    ))
    (try! (contract-call? pool-trait set-x-fees u10 u20))
    (try! (contract-call? pool-trait set-y-fees u10 u20))
    (and (> x-amount u0) (try! (contract-call? x-token-trait transfer x-amount tx-sender pool none)))
    (and (> y-amount u0) (try! (contract-call? y-token-trait transfer y-amount tx-sender pool none)))
    (try! (contract-call? pool-trait update-pool-balances x-amount y-amount))
    (map-set pools id { id: id, name: "test-LP", symbol: "test", pool-contract: pool })
    (var-set last-pool-id id)
    (ok id)
  )
)

;; TEST ONLY: replaces the balances a pool believes in; moves nothing.
(define-public (set-balances-for-test (pool-trait <xyk-pool-trait>) (x-balance uint) (y-balance uint))
  (contract-call? pool-trait update-pool-balances x-balance y-balance)
)

;; TEST ONLY: forgets a pool, or learns of it again.
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

;; --- Guards

(define-private (get-valid-pool (pool-trait <xyk-pool-trait>))
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
    (amount uint)
  )
  (begin
    (asserts! status ERR_POOL_DISABLED)
    (asserts! (is-eq x-token pool-x) ERR_INVALID_X_TOKEN)
    (asserts! (is-eq y-token pool-y) ERR_INVALID_Y_TOKEN)
    (ok (asserts! (> amount u0) ERR_INVALID_AMOUNT))
  )
)

;; --- Moving

;; In the real one's order: to the pool, to the trader, to the fee address.
(define-private (settle
    (pool-trait <xyk-pool-trait>)
    (fee-address principal)
    (token-in <sip-010-trait>)
    (split { net: uint, protocol: uint, provider: uint })
    (token-out <sip-010-trait>)
    (amount-out uint)
  )
  (let ((taken (- (+ (get net split) (get provider split) (var-get overcharge)) (var-get left-behind))))
    (try! (contract-call? token-in transfer taken tx-sender (contract-of pool-trait) none))
    (try! (contract-call? pool-trait pool-transfer token-out (- amount-out (var-get shortfall)) tx-sender))
    (and (> (get protocol split) u0) (try! (contract-call? token-in transfer (get protocol split) tx-sender fee-address none)))
    (ok true)
  )
)

;; --- Arithmetic

;; Both fees of the gross amount, each rounded down.
(define-private (split-amount (amount uint) (protocol-fee uint) (provider-fee uint))
  (let (
      (protocol (/ (* amount protocol-fee) BPS))
      (provider (/ (* amount provider-fee) BPS))
    )
    { net: (- amount protocol provider), protocol: protocol, provider: provider }
  )
)
