;; Poses as pool-office and writes into the portfolios whatever anybody tells it.

(define-public (open-portfolio (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (contract-call? .pool-portfolios open-portfolio pool-id targets)
)

(define-public (set-targets (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (contract-call? .pool-portfolios set-targets pool-id targets)
)

(define-public (set-pauses (pool-id uint) (flags { deposits: bool, withdrawals: bool, rebalances: bool }))
  (contract-call? .pool-portfolios set-pauses pool-id flags)
)

(define-public (note-income (pool-id uint) (ustx uint))
  (contract-call? .pool-portfolios note-income pool-id ustx)
)

(define-public (note-leaving (pool-id uint) (amounts (list 10 uint)))
  (contract-call? .pool-portfolios note-leaving pool-id amounts)
)

(define-public (note-swap (pool-id uint) (from principal) (to principal) (spent uint) (received uint))
  (contract-call? .pool-portfolios note-swap pool-id from to spent received)
)

(define-public (note-expense (pool-id uint) (ustx uint))
  (contract-call? .pool-portfolios note-expense pool-id ustx)
)

(define-public (set-asset (asset principal) (decimals uint))
  (contract-call? .pool-portfolios set-asset asset decimals)
)

(define-public (set-adapter (adapter principal) (code (optional (buff 32))))
  (contract-call? .pool-portfolios set-adapter adapter code)
)
