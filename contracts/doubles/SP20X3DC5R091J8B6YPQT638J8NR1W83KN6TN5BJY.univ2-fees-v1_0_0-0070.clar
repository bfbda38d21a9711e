;; Double of the fees contract of Velar's STX and sBTC pool: splits the input, keeps the protocol's part.
;; Trusts: its pool for `receive`; `set-fees-for-test` is open and exists only here.
;; Holds: the protocol's part of the fees; collecting it is not modelled.
;; Rounding: as the real contract, to the unit; see the sample rows in the tests.

(impl-trait 'SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1.univ2-fees-trait_v1_0_0.univ2-fees-trait)

;; The caller may not do this.
(define-constant err-auth (err u999))
;; The fee leaves nothing for the pool, or nothing for the protocol.
(define-constant err-calc-fees (err u997))

(define-constant POOL .univ2-pool-v1_0_0-0070)

(define-data-var initalized bool false)
(define-data-var revenue { token0: uint, token1: uint } { token0: u0, token1: u0 })
(define-data-var state
  { swap-fee: { num: uint, den: uint }, protocol-fee: { num: uint, den: uint } }
  { swap-fee: { num: u9970, den: u10000 }, protocol-fee: { num: u2500, den: u10000 } }
)

;; --- The pool

(define-public (receive (is-token0 bool) (amt uint))
  (let ((so-far (var-get revenue)))
    (asserts! (is-eq contract-caller POOL) err-auth)
    (ok (var-set revenue {
      token0: (+ (get token0 so-far) (if is-token0 amt u0)),
      token1: (+ (get token1 so-far) (if is-token0 u0 amt)),
    }))
  )
)

;; The real one asks for the registry; here the pool is known from the start.
(define-public (init (pool principal))
  (begin
    (asserts! (not (var-get initalized)) err-auth)
    (ok (var-set initalized true))
  )
)

;; --- Test set-up

;; TEST ONLY: the real fees have an owner and bounds.
(define-public (set-fees-for-test (swap-fee { num: uint, den: uint }) (protocol-fee { num: uint, den: uint }))
  (ok (var-set state { swap-fee: swap-fee, protocol-fee: protocol-fee }))
)

;; --- Views

(define-read-only (get-fees)
  (ok (var-get state))
)

(define-read-only (do-get-fees)
  (var-get state)
)

(define-read-only (get-revenue)
  (var-get revenue)
)

(define-read-only (calc-fees (amt-in uint))
  (let (
      (swap-fee (get swap-fee (var-get state)))
      (protocol-fee (get protocol-fee (var-get state)))
      (adjusted (/ (* amt-in (get num swap-fee)) (get den swap-fee)))
      (total (- amt-in adjusted))
      (protocol (/ (* total (get num protocol-fee)) (get den protocol-fee)))
      (lps (- total protocol))
    )
    (asserts!
      (or
        (is-eq (get num swap-fee) (get den swap-fee))
        (> lps u0)
        (is-eq (get num protocol-fee) (get den protocol-fee))
        (> protocol u0)
      )
      err-calc-fees
    )
    (ok { amt-in-adjusted: adjusted, amt-fee-lps: lps, amt-fee-protocol: protocol })
  )
)
