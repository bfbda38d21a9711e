;; A script that sends itself the FLOW of whoever runs it as governance.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (contract-call? .flow-token transfer u1 tx-sender current-contract none)
)
