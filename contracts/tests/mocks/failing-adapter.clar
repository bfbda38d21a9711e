;; Always fails with a code of its own.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)

(define-map rates { from: principal, to: principal } { out: uint, in: uint })

;; For `in` units of from, `out` units of to.
(define-public (set-rate (from principal) (to principal) (out uint) (in uint))
  (ok (map-set rates { from: from, to: to } { out: out, in: in }))
)

(define-public (swap (from <ft>) (to <ft>) (amount uint) (min-out uint))
  (let ((taker tx-sender)
        (out (quote (contract-of from) (contract-of to) amount)))
    (asserts! (is-eq taker current-contract) (err u4242))
    (ok out)
  )
)

(define-read-only (get-quote (from <ft>) (to <ft>) (amount uint))
  (ok (quote (contract-of from) (contract-of to) amount))
)

(define-private (quote (from principal) (to principal) (amount uint))
  (let ((rate (default-to { out: u0, in: u1 } (map-get? rates { from: from, to: to }))))
    (/ (* amount (get out rate)) (get in rate))
  )
)

;; Pays out of this contract's own account.
(define-private (pay (token <ft>) (amount uint) (to principal))
  (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
    (try! (contract-call? token transfer amount current-contract to none))
  ) (err u5)))
)
