;; fee-treasury: the default fee account. It turns fee shares into the assets behind them, and those into FLOW.
;; Trusts: the vault for redeeming, pool-portfolios for tokens and venues, pool-oracle for prices, a venue only for the amount
;; it was offered (believed by balance).
;; Holds: share tokens, STX, registered tokens and FLOW. Only FLOW leaves but through a venue, and only by governance.
;; Errors: u2500 to u2599; those of the vault (u13xx) pass unchanged.
;; Rounding: for the treasury. What is sold is valued up and what is bought down.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait pool-share .pool-share-trait.pool-share-trait)
(use-trait dex-adapter .dex-adapter-trait.dex-adapter-trait)

(define-constant BPS_ONE u10000)
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant FLOW_UNIT u1000000000000) ;; 6 decimals
;; The most of an asset, and the highest price, whose product still fits.
(define-constant MAX_AMOUNT u100000000000000000)
(define-constant MAX_PRICE u1000000000000000000)

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u2500))
;; The caller is no keeper.
(define-constant ERR_NOT_KEEPER (err u2501))
;; The amount is zero.
(define-constant ERR_ZERO_AMOUNT (err u2502))
;; The treasury does not hold that much.
(define-constant ERR_NOT_ENOUGH (err u2503))
;; FLOW is not sold here, and nothing but registered assets is.
(define-constant ERR_NOT_FOR_SALE (err u2504))
;; A price is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u2505))
;; The venue was not admitted, or its code is not what was admitted.
(define-constant ERR_NOT_ADMITTED (err u2506))
;; The venue failed; its own code stays with it.
(define-constant ERR_VENUE_FAILED (err u2507))
;; The venue reached for more than it was offered.
(define-constant ERR_VENUE_OVERREACHED (err u2508))
;; Less FLOW arrived than the least that was asked for, or than the agreed price less 2 %.
(define-constant ERR_SLIPPAGE (err u2509))
;; A token would not answer or would not move.
(define-constant ERR_TOKEN_FAILED (err u2510))
;; The amount or a price is more than the arithmetic can hold.
(define-constant ERR_TOO_LARGE (err u2511))
;; A venue is trading right now.
(define-constant ERR_IN_SWAP (err u2512))

;; Whether a venue is trading right now. What is redeemed meanwhile would hide what the venue takes.
(define-data-var in-swap bool false)

;; --- anyone ---

;; Redeem shares of a pool that the treasury holds for the assets behind them. `tokens` as in redeem-in-kind.
;; Caller: anyone. Emits: fees-redeemed, after the vault's shares-redeemed.
;; Fails: ERR_IN_SWAP, ERR_TOKEN_FAILED, and as the vault's redeem-in-kind does.
(define-public (redeem-fees (pool-id uint) (share <pool-share>) (shares uint) (tokens (list 10 <ft>)))
  (begin
    (asserts! (not (var-get in-swap)) ERR_IN_SWAP)
    (let ((amounts (unwrap! (as-contract? ((with-ft (contract-of share) "pool-share" shares))
            (try! (contract-call? .whale-pool-vault redeem-in-kind pool-id share shares tokens))
          ) ERR_TOKEN_FAILED)))
      (print { topic: "fees-redeemed", pool-id: pool-id, shares: shares, amounts: amounts })
      (ok amounts)
    )
  )
)

;; --- keepers ---

;; Sell some of what the treasury holds for FLOW, at an admitted venue and no worse than the agreed prices less 2 %.
;; Caller: role "keeper". Emits: fees-converted.
;; Fails: ERR_NOT_KEEPER, ERR_ZERO_AMOUNT, ERR_NOT_FOR_SALE, ERR_NOT_ADMITTED, ERR_NO_PRICE, ERR_TOO_LARGE,
;; ERR_NOT_ENOUGH, ERR_TOKEN_FAILED, ERR_VENUE_FAILED, ERR_VENUE_OVERREACHED, ERR_SLIPPAGE.
(define-public (convert (from <ft>) (amount uint) (min-out uint) (dex <dex-adapter>))
  (let ((asset (contract-of from))
        (code (contract-call? .pool-portfolios get-adapter (contract-of dex)))
        (unit (get unit (unwrap! (contract-call? .pool-portfolios get-asset asset) ERR_NOT_FOR_SALE)))
        (prices (contract-call? .pool-oracle get-prices (list asset .flow-token)))
        (from-before (try! (get-own-balance from)))
        (flow-before (get-flow)))
    (asserts! (contract-call? .pool-access has-role contract-caller "keeper") ERR_NOT_KEEPER)
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (not (is-eq asset .flow-token)) ERR_NOT_FOR_SALE)
    (asserts! (is-eq (some (unwrap! (contract-hash? (contract-of dex)) ERR_NOT_ADMITTED)) code) ERR_NOT_ADMITTED)
    (asserts! (<= amount from-before) ERR_NOT_ENOUGH)
    (let ((price (unwrap! (unwrap! (element-at? prices u0) ERR_NO_PRICE) ERR_NO_PRICE))
          (flow-price (unwrap! (unwrap! (element-at? prices u1) ERR_NO_PRICE) ERR_NO_PRICE)))
      (asserts! (and (<= amount MAX_AMOUNT) (<= price MAX_PRICE) (<= flow-price MAX_PRICE)) ERR_TOO_LARGE)
      (var-set in-swap true)
      (try! (call-venue from amount min-out dex))
      (var-set in-swap false)
      (let ((from-after (try! (get-own-balance from)))
            (flow-after (get-flow))
            (spent (if (> from-before from-after) (- from-before from-after) u0))
            (received (if (> flow-after flow-before) (- flow-after flow-before) u0))
            (sold (mul-div-up spent price unit))
            (bought (mul-div-down received flow-price FLOW_UNIT)))
        (asserts! (<= spent amount) ERR_VENUE_OVERREACHED)
        (asserts! (and (> received u0) (>= received min-out)) ERR_SLIPPAGE)
        (asserts! (>= (* bought BPS_ONE) (* sold (- BPS_ONE MAX_SLIPPAGE_BPS))) ERR_SLIPPAGE)
        (print { topic: "fees-converted", asset: asset, dex: (contract-of dex), spent: spent, received: received })
        (ok { spent: spent, received: received })
      )
    )
  )
)

;; --- governance ---

;; Pay FLOW out.
;; Caller: governance. Emits: flow-spent. Fails: ERR_NOT_GOVERNANCE, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH, ERR_TOKEN_FAILED.
(define-public (spend (amount uint) (to principal))
  (begin
    (asserts! (contract-call? .pool-access is-governance contract-caller) ERR_NOT_GOVERNANCE)
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount (get-flow)) ERR_NOT_ENOUGH)
    (unwrap! (as-contract? ((with-ft .flow-token "flow" amount))
      (unwrap! (contract-call? .flow-token transfer amount current-contract to none) ERR_TOKEN_FAILED)
    ) ERR_TOKEN_FAILED)
    (print { topic: "flow-spent", to: to, amount: amount })
    (ok true)
  )
)

;; --- views ---

;; How much FLOW there is to spend.
(define-read-only (get-flow)
  (unwrap! (contract-call? .flow-token get-balance current-contract) u0)
)

;; --- moving ---

(define-private (call-venue (from <ft>) (amount uint) (min-out uint) (dex <dex-adapter>))
  (ok (if (is-eq (contract-of from) .stx-token)
    (unwrap! (as-contract? ((with-stx amount))
      (unwrap! (contract-call? dex swap from .flow-token amount min-out) ERR_VENUE_FAILED)
    ) ERR_VENUE_OVERREACHED)
    (unwrap! (as-contract? ((with-ft (contract-of from) "*" amount))
      (unwrap! (contract-call? dex swap from .flow-token amount min-out) ERR_VENUE_FAILED)
    ) ERR_VENUE_OVERREACHED)
  ))
)

(define-private (get-own-balance (token <ft>))
  (ok (unwrap! (contract-call? token get-balance current-contract) ERR_TOKEN_FAILED))
)

;; --- arithmetic ---

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
