;; insurance-fund: the twentieth part of every management fee, kept for a day on which a pool has been hurt.
;; Trusts: pool-access for who governs, the vault for redeeming.
;; Holds: share tokens, and after redeeming them STX and the pools' tokens. Nothing leaves but by governance.
;; Errors: u2600 to u2699; those of the vault (u13xx) pass unchanged. Rounding: none.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait pool-share .pool-share-trait.pool-share-trait)

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u2600))
;; The amount is zero.
(define-constant ERR_ZERO_AMOUNT (err u2601))
;; The fund does not hold that much.
(define-constant ERR_NOT_ENOUGH (err u2602))
;; A token would not answer or would not move, or reached for more than it was offered.
(define-constant ERR_TOKEN_FAILED (err u2603))

;; --- governance ---

;; Redeem shares of a pool for the assets behind them. `tokens` as in redeem-in-kind.
;; Caller: governance. Emits: insurance-redeemed, after the vault's shares-redeemed.
;; Fails: ERR_NOT_GOVERNANCE, ERR_TOKEN_FAILED, and as the vault's redeem-in-kind does.
(define-public (redeem (pool-id uint) (share <pool-share>) (shares uint) (tokens (list 10 <ft>)))
  (begin
    (try! (assert-governance))
    (let ((amounts (unwrap! (as-contract? ((with-ft (contract-of share) "pool-share" shares))
            (try! (contract-call? .whale-pool-vault redeem-in-kind pool-id share shares tokens))
          ) ERR_TOKEN_FAILED)))
      (print { topic: "insurance-redeemed", pool-id: pool-id, shares: shares, amounts: amounts })
      (ok amounts)
    )
  )
)

;; Pay out what the fund holds of a token; STX as .stx-token, shares as their own token.
;; Caller: governance. Emits: insurance-released.
;; Fails: ERR_NOT_GOVERNANCE, ERR_ZERO_AMOUNT, ERR_TOKEN_FAILED, ERR_NOT_ENOUGH.
(define-public (release (token <ft>) (amount uint) (to principal))
  (begin
    (try! (assert-governance))
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount (unwrap! (contract-call? token get-balance current-contract) ERR_TOKEN_FAILED)) ERR_NOT_ENOUGH)
    (try! (send token amount to))
    (print { topic: "insurance-released", token: (contract-of token), amount: amount, to: to })
    (ok true)
  )
)

;; --- guards ---

(define-private (assert-governance)
  (ok (asserts! (contract-call? .pool-access is-governance contract-caller) ERR_NOT_GOVERNANCE))
)

;; --- moving ---

(define-private (send (token <ft>) (amount uint) (to principal))
  (ok (if (is-eq (contract-of token) .stx-token)
    (unwrap! (as-contract? ((with-stx amount))
      (unwrap! (contract-call? token transfer amount current-contract to none) ERR_TOKEN_FAILED)
    ) ERR_TOKEN_FAILED)
    (unwrap! (as-contract? ((with-ft (contract-of token) "*" amount))
      (unwrap! (contract-call? token transfer amount current-contract to none) ERR_TOKEN_FAILED)
    ) ERR_TOKEN_FAILED)
  ))
)
