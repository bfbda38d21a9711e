;; Double of the stSTX ratio: STX per stSTX, 6 decimals.
;; Trusts: nobody; `set-ratio-for-test` is open and exists only here.

;; There is no ratio to tell.
(define-constant ERR_BLOCK_INFO (err u1))

(define-data-var ratio uint u1090000)

;; TEST ONLY: u0 makes the ratio unknown.
(define-public (set-ratio-for-test (new-ratio uint))
  (ok (var-set ratio new-ratio))
)

(define-read-only (get-ststx-ratio)
  (begin
    (asserts! (> (var-get ratio) u0) ERR_BLOCK_INFO)
    (ok (var-get ratio))
  )
)
