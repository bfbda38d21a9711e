;; A script that makes the deployer govern again.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (contract-call? .pool-access hand-over 'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM)
)
