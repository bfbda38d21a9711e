;; Double. What the Velar core asks of the receiver of the shared fee.

(define-trait share-fee-to-trait (
  (receive (uint bool uint) (response bool uint))
))
