;; Double of the receiver of Velar's shared fee: takes note, keeps the tokens.

(impl-trait .univ2-share-fee-to-trait.share-fee-to-trait)

(define-public (receive (pool uint) (is-token0 bool) (amt uint))
  (begin
    (print { op: "receive", pool: pool, is-token0: is-token0, amt: amt })
    (ok true)
  )
)
