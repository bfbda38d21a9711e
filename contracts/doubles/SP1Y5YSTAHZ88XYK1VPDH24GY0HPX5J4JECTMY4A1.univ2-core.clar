;; Double of Velar's first generation core: pools, reserves and the move itself.
;; Trusts: nobody; the `-for-test` calls are open and exist only here. Pool
;; creation through the owner and position tokens are not modelled.
;; Holds: the tokens of every pool.
;; Rounding: as the real contract, to the unit; see the sample rows in the tests.

(use-trait ft 'SP2AKWJYC7BNY18W1XXKPGP0YVEK63QJG4793Z2D4.sip-010-trait-ft-standard.sip-010-trait)
(use-trait share-fee-to-trait .univ2-share-fee-to-trait.share-fee-to-trait)

;; TEST ONLY use: the core was switched off to play an outage.
(define-constant ERR_AUTH (err u100))
;; A pool of these tokens exists, or both are the same token.
(define-constant ERR_CREATE_PRECONDITIONS (err u103))
;; The tokens are not the pool's, or an amount or a reserve would be zero.
(define-constant ERR_SWAP_PRECONDITIONS (err u109))
;; The pool would be worth less after the swap.
(define-constant ERR_SWAP_POSTCONDITIONS (err u110))

(define-constant SWAP_FEE { num: u997, den: u1000 })
(define-constant PROTOCOL_FEE { num: u250, den: u1000 })
(define-constant SHARE_FEE { num: u50, den: u1000 })

(define-data-var pool-id uint u0)
(define-data-var switched-off bool false)
;; TEST ONLY: what the double takes too much, pays too little and leaves behind, see `cheat-for-test` and `leave-for-test`.
(define-data-var overcharge uint u0)
(define-data-var shortfall uint u0)
(define-data-var left-behind uint u0)
(define-map pools uint {
  symbol: (string-ascii 65),
  token0: principal,
  token1: principal,
  lp-token: principal,
  reserve0: uint,
  reserve1: uint,
  swap-fee: { num: uint, den: uint },
  protocol-fee: { num: uint, den: uint },
  share-fee: { num: uint, den: uint },
  block-height: uint,
  burn-block-height: uint,
})
(define-map index { token0: principal, token1: principal } uint)
(define-map revenue uint { token0: uint, token1: uint })

;; --- Traders (through the router)

(define-public (swap
    (id uint)
    (token-in <ft>)
    (token-out <ft>)
    (share-fee-to0 <share-fee-to-trait>)
    (amt-in uint)
    (amt-out uint)
  )
  (let (
      (user tx-sender)
      (pool (do-get-pool id))
      (is-token0 (is-eq (contract-of token-in) (get token0 pool)))
      (reserve-in (if is-token0 (get reserve0 pool) (get reserve1 pool)))
      (reserve-out (if is-token0 (get reserve1 pool) (get reserve0 pool)))
      (split (calc-swap amt-in (get swap-fee pool) (get protocol-fee pool) (get share-fee pool)))
      (adjusted (get amt-in-adjusted split))
      (k (* reserve-in reserve-out))
      (after-in (+ reserve-in adjusted (get amt-fee-lps split)))
      (after-out (- reserve-out amt-out))
    )
    (asserts! (not (var-get switched-off)) ERR_AUTH)
    (asserts!
      (or
        (and is-token0 (is-eq (contract-of token-out) (get token1 pool)))
        (and (is-eq (contract-of token-in) (get token1 pool)) (is-eq (contract-of token-out) (get token0 pool)))
      )
      ERR_SWAP_PRECONDITIONS
    )
    (asserts! (and (> amt-in u0) (> amt-out u0) (> adjusted u0) (> after-in u0) (> after-out u0)) ERR_SWAP_PRECONDITIONS)
    (try! (contract-call? token-in transfer (- (+ amt-in (var-get overcharge)) (var-get left-behind)) user (as-contract tx-sender) none))
    (try! (as-contract (contract-call? token-out transfer (- amt-out (var-get shortfall)) tx-sender user none)))
    (and (> (get amt-fee-share split) u0)
      (begin
        (try! (as-contract (contract-call? token-in transfer (get amt-fee-share split) tx-sender (contract-of share-fee-to0) none)))
        (try! (as-contract (contract-call? share-fee-to0 receive id is-token0 (get amt-fee-share split))))
      )
    )
    (map-set pools id (merge pool {
      reserve0: (if is-token0 after-in after-out),
      reserve1: (if is-token0 after-out after-in),
    }))
    (add-revenue id is-token0 (get amt-fee-rest split))
    (asserts! (>= (* (+ reserve-in adjusted) after-out) k) ERR_SWAP_POSTCONDITIONS)
    (let ((event {
        op: "swap",
        user: user,
        id: id,
        pool: pool,
        token-in: token-in,
        token-out: token-out,
        amt-in: amt-in,
        amt-out: amt-out,
        amt-in-adjusted: adjusted,
        amt-fee-lps: (get amt-fee-lps split),
        amt-fee-protocol: (get amt-fee-protocol split),
        amt-fee-share: (get amt-fee-share split),
        amt-fee-rest: (get amt-fee-rest split),
        b0: after-in,
        b1: after-out,
        a: (+ reserve-in adjusted),
        b: after-out,
        k: k,
      }))
      (print event)
      (ok event)
    )
  )
)

;; --- Test set-up

;; TEST ONLY: opens a pool with the usual fees, funded by the caller.
(define-public (create-pool-for-test (token0 <ft>) (token1 <ft>) (amt0 uint) (amt1 uint))
  (let (
      (id (+ (var-get pool-id) u1))
      (t0 (contract-of token0))
      (t1 (contract-of token1))
    )
    (asserts! (not (is-eq t0 t1)) ERR_CREATE_PRECONDITIONS)
    (asserts! (and (is-none (get-pool-id t0 t1)) (is-none (get-pool-id t1 t0))) ERR_CREATE_PRECONDITIONS)
    (and (> amt0 u0) (try! (contract-call? token0 transfer amt0 tx-sender (as-contract tx-sender) none)))
    (and (> amt1 u0) (try! (contract-call? token1 transfer amt1 tx-sender (as-contract tx-sender) none)))
    (map-set pools id {
      symbol: "test-pool",
      token0: t0,
      token1: t1,
      lp-token: t0,
      reserve0: amt0,
      reserve1: amt1,
      swap-fee: SWAP_FEE,
      protocol-fee: PROTOCOL_FEE,
      share-fee: SHARE_FEE,
      block-height: block-height,
      burn-block-height: burn-block-height,
    })
    (map-set index { token0: t0, token1: t1 } id)
    (var-set pool-id id)
    (ok id)
  )
)

;; TEST ONLY: replaces reserves and fees of a pool; moves nothing.
(define-public (set-pool-for-test
    (id uint)
    (reserve0 uint)
    (reserve1 uint)
    (swap-fee { num: uint, den: uint })
    (protocol-fee { num: uint, den: uint })
    (share-fee { num: uint, den: uint })
  )
  (ok (map-set pools id (merge (do-get-pool id) {
    reserve0: reserve0,
    reserve1: reserve1,
    swap-fee: swap-fee,
    protocol-fee: protocol-fee,
    share-fee: share-fee,
  })))
)

;; TEST ONLY: a venue that takes more than it was offered, or pays less than it says.
(define-public (cheat-for-test (too-much uint) (too-little uint))
  (begin
    (var-set overcharge too-much)
    (ok (var-set shortfall too-little))
  )
)

;; TEST ONLY: a venue that leaves so much of every input with the trader.
(define-public (leave-for-test (left uint))
  (ok (var-set left-behind left))
)

;; TEST ONLY: plays an outage; the real core cannot be paused.
(define-public (pause-for-test (off bool))
  (ok (var-set switched-off off))
)

;; --- Views

(define-read-only (get-nr-pools)
  (var-get pool-id)
)

(define-read-only (get-pool (id uint))
  (map-get? pools id)
)

;; Aborts on an id that does not exist, as the real one does.
(define-read-only (do-get-pool (id uint))
  (unwrap-panic (get-pool id))
)

(define-read-only (get-pool-id (token0 principal) (token1 principal))
  (map-get? index { token0: token0, token1: token1 })
)

(define-read-only (lookup-pool (token0 principal) (token1 principal))
  (match (get-pool-id token0 token1)
    id (some { pool: (do-get-pool id), flipped: false })
    (match (get-pool-id token1 token0)
      id (some { pool: (do-get-pool id), flipped: true })
      none
    )
  )
)

(define-read-only (do-get-revenue (id uint))
  (default-to { token0: u0, token1: u0 } (map-get? revenue id))
)

(define-read-only (calc-swap
    (amt-in uint)
    (swap-fee { num: uint, den: uint })
    (protocol-fee { num: uint, den: uint })
    (share-fee { num: uint, den: uint })
  )
  (let (
      (adjusted (/ (* amt-in (get num swap-fee)) (get den swap-fee)))
      (total (- amt-in adjusted))
      (protocol (/ (* total (get num protocol-fee)) (get den protocol-fee)))
      (share (/ (* protocol (get num share-fee)) (get den share-fee)))
    )
    {
      amt-in-adjusted: adjusted,
      amt-fee-lps: (- total protocol),
      amt-fee-protocol: protocol,
      amt-fee-share: share,
      amt-fee-rest: (- protocol share),
    }
  )
)

(define-private (add-revenue (id uint) (is-token0 bool) (amt uint))
  (let ((so-far (do-get-revenue id)))
    (map-set revenue id {
      token0: (+ (get token0 so-far) (if is-token0 amt u0)),
      token1: (+ (get token1 so-far) (if is-token0 u0 amt)),
    })
  )
)
