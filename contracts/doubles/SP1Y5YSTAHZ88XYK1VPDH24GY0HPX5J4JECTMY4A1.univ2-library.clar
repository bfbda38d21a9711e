;; Double of Velar's arithmetic: what a trade pays and what it costs.
;; Rounding: down, twice (the fee first, then the curve).

;; An amount or a reserve is zero.
(define-constant ERR_LIBRARY_PRECONDITIONS (err u300))

(define-read-only (get-amount-out (amt-in uint) (reserve-in uint) (reserve-out uint) (swap-fee { num: uint, den: uint }))
  (let ((adjusted (/ (* amt-in (get num swap-fee)) (get den swap-fee))))
    (asserts! (and (> amt-in u0) (> adjusted u0) (> reserve-in u0) (> reserve-out u0)) ERR_LIBRARY_PRECONDITIONS)
    (ok (/ (* adjusted reserve-out) (+ reserve-in adjusted)))
  )
)

(define-read-only (quote (amt-in uint) (reserve-in uint) (reserve-out uint))
  (begin
    (asserts! (and (> amt-in u0) (> reserve-in u0) (> reserve-out u0)) ERR_LIBRARY_PRECONDITIONS)
    (ok (/ (* amt-in reserve-out) reserve-in))
  )
)
