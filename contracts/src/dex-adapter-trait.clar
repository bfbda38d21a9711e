;; A venue as the vault sees it. Amounts are base units of the pool's own tokens, never a venue's wrapped ones.

(use-trait ft .sip-010-trait.sip-010-trait)

(define-trait dex-adapter-trait
  (
    ;; from, to, amount, min-out -> what was paid. Acts for tx-sender: takes `amount` of
    ;; `from` out of its account and pays it at least `min-out` of `to`, or fails.
    (swap (<ft> <ft> uint uint) (response uint uint))
    ;; from, to, amount -> exactly what that swap would pay now. Changes nothing.
    (get-quote (<ft> <ft> uint) (response uint uint))
  )
)
