;; A script that uses governance: gives a role, raises a cap, names a fee account.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (begin
    (try! (contract-call? .pool-access grant-role 'ST3PF13W7Z0RRM42A8VZRVFQ75SV1K26RXEP8YGKJ "keeper"))
    (contract-call? .whale-pool-vault set-cap u1 u50000)
  )
)
