;; Poses as pool-desk and writes into the state contracts whatever anybody tells it.

(define-public (open-pool (targets (list 10 { asset: principal, bps: uint })))
  (contract-call? .pool-books open-pool "Pool" contract-caller contract-caller targets)
)

(define-public (note-deposit (pool-id uint) (ustx uint) (shares uint))
  (contract-call? .pool-books note-deposit pool-id ustx shares)
)

(define-public (note-fees (pool-id uint) (shares uint))
  (contract-call? .pool-books note-fees pool-id shares)
)

(define-public (note-escrow (pool-id uint) (shares uint))
  (contract-call? .pool-books note-escrow pool-id shares)
)

(define-public (note-return (pool-id uint) (shares uint))
  (contract-call? .pool-books note-return pool-id shares)
)

(define-public (note-payment (pool-id uint) (shares uint) (escrowed uint) (ustx uint))
  (contract-call? .pool-books note-payment pool-id shares escrowed ustx)
)

(define-public (note-redemption (pool-id uint) (shares uint) (amounts (list 10 uint)))
  (contract-call? .pool-books note-redemption pool-id shares amounts)
)

(define-public (open-terms (pool-id uint) (cap-usd uint))
  (contract-call? .pool-terms open-pool pool-id cap-usd)
)

(define-public (announce-cap (pool-id uint) (cap-usd uint))
  (contract-call? .pool-terms announce-cap pool-id cap-usd)
)

(define-public (announce-rates (pool-id uint) (management-bps uint) (performance-bps uint))
  (contract-call? .pool-terms announce-rates pool-id management-bps performance-bps)
)

(define-public (apply-rates (pool-id uint))
  (contract-call? .pool-terms apply-rates pool-id)
)

(define-public (set-accounts (fee-account principal) (insurance-account principal))
  (contract-call? .pool-terms set-accounts fee-account insurance-account)
)

(define-public (charge (pool-id uint) (total-shares uint) (value-ustx (optional uint)))
  (contract-call? .pool-terms charge pool-id total-shares value-ustx)
)

(define-public (add-request (pool-id uint) (user principal) (shares uint) (min-out uint))
  (contract-call? .withdrawal-queue add-request pool-id user shares min-out)
)

(define-public (remove-request (pool-id uint) (user principal))
  (contract-call? .withdrawal-queue remove-request pool-id user)
)

(define-public (settle (pool-id uint) (only (optional principal)) (value-ustx uint) (total-shares uint) (idle-ustx uint))
  (contract-call? .withdrawal-queue settle pool-id only value-ustx total-shares idle-ustx)
)

(define-public (note-outflow (pool-id uint) (ustx uint))
  (contract-call? .withdrawal-queue note-outflow pool-id ustx)
)

(define-public (note-call (pool-id uint) (user principal))
  (contract-call? .withdrawal-queue note-call pool-id user)
)
