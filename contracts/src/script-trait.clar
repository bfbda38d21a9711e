;; A governance script: one contract, one act, run once after its vote passed.
;; While it runs, the contracts that ask pool-access take it for governance. It moves no asset.

(define-trait script-trait
  (
    (execute () (response bool uint))
  )
)
