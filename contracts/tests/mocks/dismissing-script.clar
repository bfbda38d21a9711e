;; A script that takes the guardian's role away, which the guardian would rather prevent.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (contract-call? .pool-access revoke-role 'ST2REHHS5J3CERCRBEPMGH7921Q6PYKAADT7JP2VB "guardian")
)
