;; A script that uses governance: gives two roles to a stranger.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (begin
    (try! (contract-call? .pool-access grant-role 'ST3PF13W7Z0RRM42A8VZRVFQ75SV1K26RXEP8YGKJ "keeper"))
    (contract-call? .pool-access grant-role 'ST3PF13W7Z0RRM42A8VZRVFQ75SV1K26RXEP8YGKJ "reporter")
  )
)
