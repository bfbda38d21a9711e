;; A script that fails after it changed something.

(impl-trait .script-trait.script-trait)

(define-public (execute)
  (begin
    (try! (contract-call? .whale-pool-vault set-cap u1 u60000))
    (err u4242)
  )
)
