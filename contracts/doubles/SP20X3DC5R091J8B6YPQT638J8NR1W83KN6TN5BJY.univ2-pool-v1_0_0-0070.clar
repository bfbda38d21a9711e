;; Double of Velar's second generation pool of STX (token 0) and sBTC (token 1).
;; Trusts: nobody; the `-for-test` calls are open and exist only here. Creation by
;; the registry and position tokens are not modelled.
;; Holds: the tokens of the pool.
;; Rounding: as the real contract, to the unit; see the sample rows in the tests.

(use-trait ft-trait 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)
(use-trait fees-trait 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-fees-trait_v1_0_0.univ2-fees-trait)

;; The pool has been opened before.
(define-constant err-init-preconditions (err u101))
;; The tokens or the fees contract are not the pool's, an amount is zero, or less than the stated minimum would be paid.
(define-constant err-swap-preconditions (err u107))

(define-data-var initialized bool false)
;; TEST ONLY: what the double takes too much, pays too little and leaves behind, see `cheat-for-test`.
(define-data-var overcharge uint u0)
(define-data-var shortfall uint u0)
(define-data-var left-behind uint u0)
(define-data-var pool
  {
    symbol: (string-ascii 32),
    token0: principal,
    token1: principal,
    lp-token: principal,
    fees: principal,
    reserve0: uint,
    reserve1: uint,
    block-height: uint,
    burn-block-height: uint,
  }
  {
    symbol: "",
    token0: tx-sender,
    token1: tx-sender,
    lp-token: tx-sender,
    fees: tx-sender,
    reserve0: u0,
    reserve1: u0,
    block-height: u0,
    burn-block-height: u0,
  }
)

;; --- Traders

(define-public (swap (token-in <ft-trait>) (token-out <ft-trait>) (fees <fees-trait>) (amt-in uint) (amt-out-desired uint))
  (let (
      (before (var-get pool))
      (user tx-sender)
      (in (contract-of token-in))
      (out (contract-of token-out))
      (is-token0 (is-eq in (get token0 before)))
      (reserve-in (if is-token0 (get reserve0 before) (get reserve1 before)))
      (reserve-out (if is-token0 (get reserve1 before) (get reserve0 before)))
      (split (try! (contract-call? fees calc-fees amt-in)))
      (adjusted (get amt-in-adjusted split))
      (protocol (get amt-fee-protocol split))
      (amt-out (/ (* adjusted reserve-out) (+ reserve-in adjusted)))
      (after-in (+ reserve-in adjusted (get amt-fee-lps split)))
      (after-out (- reserve-out amt-out))
    )
    (asserts!
      (and
        (or is-token0 (is-eq in (get token1 before)))
        (or (is-eq out (get token0 before)) (is-eq out (get token1 before)))
        (not (is-eq in out))
        (is-eq (contract-of fees) (get fees before))
        (> amt-in u0)
        (> amt-out-desired u0)
        (> adjusted u0)
        (>= amt-out amt-out-desired)
      )
      err-swap-preconditions
    )
    (try! (contract-call? token-in transfer (- (+ amt-in (var-get overcharge)) (var-get left-behind)) user (as-contract tx-sender) none))
    (try! (as-contract (contract-call? token-out transfer (- amt-out (var-get shortfall)) tx-sender user none)))
    (and (> protocol u0)
      (begin
        (try! (as-contract (contract-call? token-in transfer protocol tx-sender (contract-of fees) none)))
        (try! (contract-call? fees receive is-token0 protocol))
      )
    )
    (var-set pool (merge before {
      reserve0: (if is-token0 after-in after-out),
      reserve1: (if is-token0 after-out after-in),
      block-height: block-height,
      burn-block-height: burn-block-height,
    }))
    (let ((event {
        op: "swap",
        user: user,
        pool: before,
        amt-in: amt-in,
        amt-out-desired: amt-out-desired,
        amt-out: amt-out,
        amt-in-adjusted: adjusted,
        amt-fee-lps: (get amt-fee-lps split),
        amt-fee-protocol: protocol,
      }))
      (print event)
      (ok event)
    )
  )
)

;; --- Test set-up

;; TEST ONLY: opens the pool with these tokens, funded by the caller.
(define-public (init-for-test (token0 <ft-trait>) (token1 <ft-trait>) (fees principal) (amt0 uint) (amt1 uint))
  (begin
    (asserts! (not (var-get initialized)) err-init-preconditions)
    (and (> amt0 u0) (try! (contract-call? token0 transfer amt0 tx-sender (as-contract tx-sender) none)))
    (and (> amt1 u0) (try! (contract-call? token1 transfer amt1 tx-sender (as-contract tx-sender) none)))
    (var-set pool (merge (var-get pool) {
      symbol: "test-pool",
      token0: (contract-of token0),
      token1: (contract-of token1),
      fees: fees,
      reserve0: amt0,
      reserve1: amt1,
    }))
    (ok (var-set initialized true))
  )
)

;; TEST ONLY: replaces the reserves; moves nothing.
(define-public (set-reserves-for-test (reserve0 uint) (reserve1 uint))
  (ok (var-set pool (merge (var-get pool) { reserve0: reserve0, reserve1: reserve1 })))
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

(define-read-only (get-pool)
  (ok (var-get pool))
)

(define-read-only (do-get-pool)
  (var-get pool)
)
