;; Deals fairly, and calls the pools back in the middle of a swap: as a person who comes, goes, waits or is paid.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)

(define-map rates { from: principal, to: principal } { out: uint, in: uint })
;; What it does in the middle of the next swaps, in which pool, and with how much.
(define-data-var plan { act: (string-ascii 16), amount: uint } { act: "nothing", amount: u0 })

;; For `in` units of from, `out` units of to.
(define-public (set-rate (from principal) (to principal) (out uint) (in uint))
  (ok (map-set rates { from: from, to: to } { out: out, in: in }))
)

(define-public (set-plan (act (string-ascii 16)) (amount uint))
  (ok (var-set plan { act: act, amount: amount }))
)

;; Acts now, for itself, outside of any swap.
(define-public (act-now)
  (call-back)
)

;; Hands over what it has, so that its profit is somebody's.
(define-public (hand-over (token <ft>) (amount uint) (to principal))
  (pay token amount to)
)

(define-public (swap (from <ft>) (to <ft>) (amount uint) (min-out uint))
  (let ((taker tx-sender)
        (out (quote (contract-of from) (contract-of to) amount)))
    (try! (contract-call? from transfer amount taker current-contract none))
    (try! (call-back))
    (and (> out u0) (try! (pay to out taker)))
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

(define-private (call-back)
  (let ((act (get act (var-get plan)))
        (amount (get amount (var-get plan))))
    (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
      (and (is-eq act "deposit") (is-some (some (try! (contract-call? .whale-pool-vault deposit u1 .pool-share-1 amount u0)))))
      (and (is-eq act "withdraw") (is-some (some (try! (contract-call? .whale-pool-vault withdraw u1 .pool-share-1 amount u0)))))
      (and (is-eq act "cancel") (is-some (some (try! (contract-call? .whale-pool-vault cancel-withdrawal u1 .pool-share-1)))))
      (and (is-eq act "process") (is-some (some (try! (contract-call? .whale-pool-vault process-pending-withdrawal current-contract u1 .pool-share-1)))))
      (and (is-eq act "collect") (is-some (some (try! (contract-call? .whale-pool-vault collect-fees u1 .pool-share-1)))))
      (and (is-eq act "redeem") (is-some (some (try! (contract-call? .whale-pool-vault redeem-in-kind u1 .pool-share-1 amount
        (list .stx-token .token-a .token-b)
      )))))
      (and (is-eq act "redeem-fees") (is-some (some (try! (contract-call? .fee-treasury redeem-fees u1 .pool-share-1 amount
        (list .stx-token .token-a .token-b)
      )))))
      true
    ) (err u6)))
  )
)

;; Pays out of this contract's own account.
(define-private (pay (token <ft>) (amount uint) (to principal))
  (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
    (try! (contract-call? token transfer amount current-contract to none))
  ) (err u5)))
)
