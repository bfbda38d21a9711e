;; What the vault needs of a pool's share token, beyond holding its code hash.

(define-trait pool-share-trait
  (
    (transfer (uint principal principal (optional (buff 34))) (response bool uint))
    (get-balance (principal) (response uint uint))
    (get-total-supply () (response uint uint))
    ;; name, symbol
    (initialize ((string-ascii 32) (string-ascii 10)) (response bool uint))
    ;; amount, to
    (mint (uint principal) (response bool uint))
    ;; amount, from
    (burn (uint principal) (response bool uint))
  )
)
