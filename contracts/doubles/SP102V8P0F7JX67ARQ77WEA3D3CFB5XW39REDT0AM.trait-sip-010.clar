;; Double. What the ALEX pool asks of a token: SIP-010 plus the same calls in
;; 8-decimal fixed point.

(define-trait sip-010-trait (
  (transfer (uint principal principal (optional (buff 34))) (response bool uint))
  (transfer-fixed (uint principal principal (optional (buff 34))) (response bool uint))
  (get-name () (response (string-ascii 32) uint))
  (get-symbol () (response (string-ascii 32) uint))
  (get-decimals () (response uint uint))
  (get-balance (principal) (response uint uint))
  (get-balance-fixed (principal) (response uint uint))
  (get-total-supply () (response uint uint))
  (get-total-supply-fixed () (response uint uint))
  (get-token-uri () (response (optional (string-utf8 256)) uint))
  (mint (uint principal) (response bool uint))
  (mint-fixed (uint principal) (response bool uint))
  (burn (uint principal) (response bool uint))
  (burn-fixed (uint principal) (response bool uint))
))
