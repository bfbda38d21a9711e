;; whale-pool-vault: the door of every pool. It knows who calls, holds the assets and moves them; pool-desk decides what
;; may come and go, pool-office what is set up, pool-valuation what it is worth; pool-books and pool-portfolios know what
;; belongs to whom.
;; Trusts: pool-access for roles, its own contracts behind it, pool-oracle for prices, governance for which tokens are
;; real, a venue only for the amount it was offered (believed by balance).
;; Holds: STX, the registered tokens and escrowed shares. Books are internal: what is sent here uninvited is nobody's.
;; Errors: u1300 to u1399, shared with pool-desk and pool-office: one code has one meaning. Those of the contracts
;; behind (u21xx to u24xx, u35xx) pass unchanged.
;; Rounding: for the pool. What is sold is valued up and what is bought down; the desk rounds the rest.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait pool-share .pool-share-trait.pool-share-trait)
(use-trait dex-adapter .dex-adapter-trait.dex-adapter-trait)

(define-constant BPS_ONE u10000)
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant MAX_KEEPER_PAY_USTX u1100000) ;; gas limit of 1 STX and a tenth

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u1300))
;; The caller may not create pools.
(define-constant ERR_NOT_CREATOR (err u1301))
;; The caller may not pause or resume.
(define-constant ERR_NOT_EMERGENCY (err u1302))
;; The caller may not rebalance.
(define-constant ERR_NOT_REBALANCER (err u1303))
;; Somebody else's contract may not spend the caller's STX or shares.
(define-constant ERR_NOT_DIRECT (err u1304))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u1305))
;; This is paused, for the pool or for all of them.
(define-constant ERR_PAUSED (err u1309))
;; The amount is zero.
(define-constant ERR_ZERO_AMOUNT (err u1310))
;; A price is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u1316))
;; The caller does not have that many shares.
(define-constant ERR_NOT_ENOUGH_SHARES (err u1318))
;; The STX could not be taken from the caller.
(define-constant ERR_TRANSFER_FAILED (err u1319))
;; The pool does not have that much STX free for this.
(define-constant ERR_NOT_ENOUGH_IDLE (err u1322))
;; A token would not answer or would not move.
(define-constant ERR_TOKEN_FAILED (err u1324))
;; The venue was not admitted, or its code is not what was admitted.
(define-constant ERR_NOT_ADMITTED (err u1332))
;; The two assets are one and the same.
(define-constant ERR_SAME_ASSET (err u1333))
;; The asset is not one of this pool's.
(define-constant ERR_NOT_POOL_ASSET (err u1334))
;; The pool does not hold that much of the asset.
(define-constant ERR_NOT_ENOUGH_HELD (err u1335))
;; The venue failed; its own code stays with it.
(define-constant ERR_VENUE_FAILED (err u1336))
;; The venue reached for more than it was offered.
(define-constant ERR_VENUE_OVERREACHED (err u1337))
;; What arrived is less than the least that was asked for.
(define-constant ERR_SLIPPAGE (err u1338))
;; A keeper is paid no more than the gas limit and a tenth.
(define-constant ERR_PAY_TOO_HIGH (err u1339))
;; What arrived is worth less than the agreed price less the slippage.
(define-constant ERR_BELOW_CONSENSUS (err u1346))
;; A venue cannot deposit in the middle of a swap.
(define-constant ERR_IN_SWAP (err u1348))

;; Whether a venue is trading right now. What arrives meanwhile counts as the proceeds of the swap, so a deposit would be
;; counted twice. Nothing can leave meanwhile beyond what the venue was offered.
(define-data-var in-swap bool false)

;; --- users ---

;; Buy shares with STX at the agreed prices. The first deposit also pays for the dead shares; later ones pay 0.3 % to
;; those who own the pool already.
;; Caller: anyone, directly. Emits: deposit-made, and fees-collected when some were due.
;; Fails: ERR_NOT_DIRECT, ERR_IN_SWAP, ERR_TRANSFER_FAILED, and as pool-desk deposit does.
(define-public (deposit (pool-id uint) (share <pool-share>) (amount-ustx uint) (min-shares uint))
  (let ((user contract-caller))
    (try! (assert-direct))
    (asserts! (not (var-get in-swap)) ERR_IN_SWAP)
    (let ((deal (try! (contract-call? .pool-desk deposit pool-id (contract-of share) user amount-ustx min-shares)))
          (shares (get shares deal))
          (dead (get dead deal)))
      (unwrap! (stx-transfer? amount-ustx user current-contract) ERR_TRANSFER_FAILED)
      (try! (mint-fees share (get fees deal)))
      (try! (contract-call? share mint shares user))
      (and (> dead u0) (try! (contract-call? share mint dead current-contract)))
      (ok { shares: shares, ustx: amount-ustx })
    )
  )
)

;; Sell shares for STX: all at once when the pool has it idle and the day's outflow allows, else all of them wait in
;; the queue, in escrow and unpriced. With withdrawals paused or a price missing they wait too.
;; Caller: anyone, directly. Emits: withdrawal-paid or withdrawal-queued, and fees-collected when some were due.
;; Fails: ERR_NOT_DIRECT, ERR_NOT_ENOUGH_SHARES, and as pool-desk withdraw does.
(define-public (withdraw (pool-id uint) (share <pool-share>) (shares uint) (min-out uint))
  (let ((user contract-caller))
    (try! (assert-direct))
    (let ((deal (try! (contract-call? .pool-desk withdraw pool-id (contract-of share) user shares min-out)))
          (ustx (get ustx deal)))
      (try! (mint-fees share (get fees deal)))
      (if (> ustx u0)
        (begin
          (unwrap! (contract-call? share burn shares user) ERR_NOT_ENOUGH_SHARES)
          (try! (pay-all pool-id ustx (list { user: user, shares: shares, ustx: ustx })))
          (ok { paid-ustx: ustx, queued-shares: u0 })
        )
        (begin
          (unwrap! (contract-call? share transfer shares user current-contract none) ERR_NOT_ENOUGH_SHARES)
          (ok { paid-ustx: u0, queued-shares: shares })
        )
      )
    )
  )
)

;; Take a queued request back, shares and all. Never stopped by a pause or a price.
;; Caller: anyone, for themselves. Emits: withdrawal-cancelled. Fails: as pool-desk cancel does.
(define-public (cancel-withdrawal (pool-id uint) (share <pool-share>))
  (let ((user contract-caller)
        (shares (try! (contract-call? .pool-desk cancel pool-id (contract-of share) user))))
    (try! (give-back share shares user))
    (ok shares)
  )
)

;; Give the shares of a request back to its owner: after a week, when it would be paid less than its own minimum, or
;; nothing.
;; Caller: anyone. Emits: withdrawal-evicted, and fees-collected when some were due. Fails: as pool-desk evict does.
(define-public (evict-withdrawal (user principal) (pool-id uint) (share <pool-share>))
  (let ((deal (try! (contract-call? .pool-desk evict pool-id (contract-of share) user))))
    (try! (mint-fees share (get fees deal)))
    (try! (give-back share (get shares deal) user))
    (ok (get shares deal))
  )
)

;; Price, burn and pay one queued request, or as much of it as idle STX and the day's outflow cover; the rest keeps its
;; place and its part of the minimum. Older requests that could be paid now keep their claim.
;; Caller: anyone. Emits: withdrawal-paid, and fees-collected when some were due. Fails: as pool-desk settle does.
(define-public (process-pending-withdrawal (user principal) (pool-id uint) (share <pool-share>))
  (ok (get paid-ustx (try! (settle pool-id share (some user)))))
)

;; Price, burn and pay the whole queue, oldest first, as far as idle STX and the day's outflow go. Requests below their
;; own minimum are passed over; the last one that cannot be paid in full is paid in part.
;; Caller: anyone. Emits: withdrawal-paid for each, and fees-collected when some were due. Fails: as pool-desk settle does.
(define-public (process-withdrawals (pool-id uint) (share <pool-share>))
  (settle pool-id share none)
)

;; Leave with a fair part of every asset, rounded down. Works with every pause on, every price dead and no keeper: it
;; asks nobody. `tokens` are the pool's assets in the order of get-pool-assets, STX as .stx-token.
;; Caller: anyone, for themselves. Emits: shares-redeemed, and fees-collected when some were due.
;; Fails: ERR_NOT_ENOUGH_SHARES, ERR_TOKEN_FAILED, and as pool-desk redeem does.
(define-public (redeem-in-kind (pool-id uint) (share <pool-share>) (shares uint) (tokens (list 10 <ft>)))
  (leave-in-kind pool-id share contract-caller shares tokens (list))
)

;; As redeem-in-kind, but without the assets in `given-up`, whose part stays with the pool and its other owners for
;; good: the way out when a token will not move. `tokens` are still all of the pool's assets.
;; Caller: anyone, for themselves. Emits: shares-redeemed, and fees-collected when some were due.
;; Fails: ERR_NOT_ENOUGH_SHARES, ERR_TOKEN_FAILED, and as pool-desk redeem does.
(define-public (redeem-in-kind-without
    (pool-id uint)
    (share <pool-share>)
    (shares uint)
    (tokens (list 10 <ft>))
    (given-up (list 10 principal))
  )
  (leave-in-kind pool-id share contract-caller shares tokens given-up)
)

;; Charge what fees are due, as new shares for the fee accounts. While a fee rounds to nothing its clock stays.
;; Caller: anyone. Emits: fees-collected. Fails: as pool-desk collect does.
(define-public (collect-fees (pool-id uint) (share <pool-share>))
  (mint-fees share (try! (contract-call? .pool-desk collect pool-id (contract-of share))))
)

;; Let announced fee rates apply from now on; until now the old ones are charged.
;; Caller: anyone, once three days have passed. Emits: fees-applied, and fees-collected when some were due.
;; Fails: as pool-desk apply-fees does.
(define-public (apply-fees (pool-id uint) (share <pool-share>))
  (mint-fees share (try! (contract-call? .pool-desk apply-fees pool-id (contract-of share))))
)

;; --- the rebalancer ---

;; Swap some of one of the pool's assets for another at an admitted venue. The venue may take `amount` of `from` and
;; nothing else; its own answer is ignored: what counts is what went and what arrived, and that it is worth no less than
;; the agreed price less `max-slippage-bps`, which never counts for more than 2 %.
;; Caller: role "rebalancer". Emits: leg-executed.
;; Fails: ERR_NOT_REBALANCER, ERR_NO_POOL, ERR_PAUSED, ERR_NOT_ADMITTED, ERR_SAME_ASSET,
;; ERR_NOT_POOL_ASSET, ERR_NO_PRICE, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_HELD, ERR_TOKEN_FAILED, ERR_VENUE_FAILED,
;; ERR_VENUE_OVERREACHED, ERR_SLIPPAGE, ERR_BELOW_CONSENSUS.
(define-public (execute-leg
    (pool-id uint)
    (from <ft>)
    (to <ft>)
    (amount uint)
    (min-out uint)
    (max-slippage-bps uint)
    (dex <dex-adapter>)
  )
  (let ((sold-asset (contract-of from))
        (bought-asset (contract-of to))
        (trade (contract-call? .pool-portfolios get-trade pool-id sold-asset bought-asset (contract-of dex)))
        (prices (contract-call? .pool-oracle get-prices (list sold-asset bought-asset))))
    (try! (assert-role "rebalancer" ERR_NOT_REBALANCER))
    (asserts! (get exists trade) ERR_NO_POOL)
    (asserts! (not (get paused trade)) ERR_PAUSED)
    (asserts! (is-eq (some (unwrap! (contract-hash? (contract-of dex)) ERR_NOT_ADMITTED)) (get code trade)) ERR_NOT_ADMITTED)
    (asserts! (not (is-eq sold-asset bought-asset)) ERR_SAME_ASSET)
    (let ((source (unwrap! (get from trade) ERR_NOT_POOL_ASSET))
          (sink (unwrap! (get to trade) ERR_NOT_POOL_ASSET))
          (from-price (unwrap! (unwrap! (element-at? prices u0) ERR_NO_PRICE) ERR_NO_PRICE))
          (to-price (unwrap! (unwrap! (element-at? prices u1) ERR_NO_PRICE) ERR_NO_PRICE)))
      (asserts! (> amount u0) ERR_ZERO_AMOUNT)
      (asserts! (<= amount (get amount source)) ERR_NOT_ENOUGH_HELD)
      (let ((swapped (try! (swap from to amount min-out dex)))
            (spent (get spent swapped))
            (received (get received swapped)))
        (try! (contract-call? .pool-portfolios note-swap pool-id sold-asset bought-asset spent received))
        (let ((sold (mul-div-up spent from-price (get unit source)))
              (bought (mul-div-down received to-price (get unit sink))))
          (asserts! (>= (* bought BPS_ONE) (* sold (get-least-bps max-slippage-bps))) ERR_BELOW_CONSENSUS)
          (print {
            topic: "leg-executed",
            pool-id: pool-id,
            from: sold-asset,
            to: bought-asset,
            dex: (contract-of dex),
            spent: spent,
            received: received,
          })
          (ok { spent: spent, received: received, sold-ustx: sold, bought-ustx: bought })
        )
      )
    )
  )
)

;; Pay a keeper back out of the pool's idle STX.
;; Caller: role "rebalancer". Emits: keeper-paid.
;; Fails: ERR_NOT_REBALANCER, ERR_ZERO_AMOUNT, ERR_PAY_TOO_HIGH, ERR_NOT_ENOUGH_IDLE, ERR_TRANSFER_FAILED.
(define-public (pay-keeper (pool-id uint) (to principal) (amount-ustx uint))
  (begin
    (try! (assert-role "rebalancer" ERR_NOT_REBALANCER))
    (asserts! (> amount-ustx u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount-ustx MAX_KEEPER_PAY_USTX) ERR_PAY_TOO_HIGH)
    (unwrap! (contract-call? .pool-portfolios note-expense pool-id amount-ustx) ERR_NOT_ENOUGH_IDLE)
    (try! (send-ustx amount-ustx to))
    (print { topic: "keeper-paid", pool-id: pool-id, keeper: to, ustx: amount-ustx })
    (ok true)
  )
)

;; --- roles ---

;; Open a pool. Its share token must be an unused instance of the template.
;; Caller: role "creator". Emits: pool-created. Fails: ERR_NOT_CREATOR, and as pool-office create-pool does.
(define-public (create-pool
    (name (string-ascii 32))
    (symbol (string-ascii 10))
    (share <pool-share>)
    (targets (list 10 { asset: principal, bps: uint }))
    (cap-usd uint)
  )
  (begin
    (try! (assert-role "creator" ERR_NOT_CREATOR))
    (let ((pool-id (try! (contract-call? .pool-office create-pool name (contract-of share) contract-caller targets cap-usd))))
      (try! (contract-call? share initialize name symbol))
      (ok pool-id)
    )
  )
)

;; Stop deposits, payments and rebalances of one pool, or of all with u0. In-kind redemption goes on.
;; Caller: role "emergency". Emits: pool-paused. Fails: ERR_NOT_EMERGENCY, ERR_NO_POOL.
(define-public (emergency-pause (pool-id uint))
  (enter-pauses pool-id { deposits: true, withdrawals: true, rebalances: true } "pool-paused")
)

;; Undo emergency-pause, for one pool or, with u0, the pause of all.
;; Caller: role "emergency". Emits: pool-resumed. Fails: ERR_NOT_EMERGENCY, ERR_NO_POOL.
(define-public (emergency-resume (pool-id uint))
  (enter-pauses pool-id { deposits: false, withdrawals: false, rebalances: false } "pool-resumed")
)

;; Say which of deposits, payments and rebalances are stopped, for one pool or, with u0, for all.
;; Caller: role "emergency". Emits: pauses-set. Fails: ERR_NOT_EMERGENCY, ERR_NO_POOL.
(define-public (set-pauses (pool-id uint) (flags { deposits: bool, withdrawals: bool, rebalances: bool }))
  (enter-pauses pool-id flags "pauses-set")
)

;; --- governance: each is refused with ERR_NOT_GOVERNANCE to everybody else, and does what pool-office says there ---

(define-public (register-asset (asset principal) (decimals uint))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office register-asset asset decimals)
  )
)

(define-public (admit-adapter (adapter principal))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office admit-adapter adapter)
  )
)

(define-public (remove-adapter (adapter principal))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office remove-adapter adapter)
  )
)

(define-public (set-target-allocation (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office set-targets pool-id targets)
  )
)

(define-public (announce-cap (pool-id uint) (cap-usd uint))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office announce-cap pool-id cap-usd)
  )
)

(define-public (announce-fees (pool-id uint) (management-bps uint) (performance-bps uint))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office announce-fees pool-id management-bps performance-bps)
  )
)

(define-public (set-fee-account (who principal))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office set-fee-account who)
  )
)

(define-public (set-insurance-account (who principal))
  (begin
    (try! (assert-governance))
    (contract-call? .pool-office set-insurance-account who)
  )
)

;; --- views: what the contracts behind this one say of a pool ---

(define-read-only (get-pool-count)
  (contract-call? .pool-books get-pool-count)
)

(define-read-only (get-pool (pool-id uint))
  (match (contract-call? .pool-valuation get-pool pool-id)
    pool (some (merge pool { paused: (get rebalances (get pauses pool)) }))
    none
  )
)

;; What a pool holds and wants. Needs no price.
(define-read-only (get-pool-assets (pool-id uint))
  (contract-call? .pool-valuation get-assets pool-id)
)

;; What a pool holds, with the agreed price of every asset.
(define-read-only (get-pool-allocation (pool-id uint))
  (contract-call? .pool-valuation get-allocation pool-id)
)

;; Micro-STX, rounded down per asset; only what is held needs a price.
(define-read-only (get-pool-total-value (pool-id uint))
  (ok (get down (try! (contract-call? .pool-valuation get-value pool-id))))
)

(define-read-only (get-share-price (pool-id uint))
  (contract-call? .pool-valuation get-share-price pool-id)
)

(define-read-only (get-drift (pool-id uint))
  (contract-call? .pool-valuation get-drift pool-id)
)

;; Queued requests, oldest first.
(define-read-only (get-queue (pool-id uint))
  (contract-call? .withdrawal-queue get-queue pool-id)
)

;; Whether a target could be set.
(define-read-only (check-targets (targets (list 10 { asset: principal, bps: uint })))
  (contract-call? .pool-office check-targets targets)
)

;; --- guards ---

(define-private (assert-governance)
  (ok (asserts! (contract-call? .pool-access is-governance contract-caller) ERR_NOT_GOVERNANCE))
)

(define-private (assert-role (role (string-ascii 16)) (refusal (response bool uint)))
  (if (contract-call? .pool-access has-role contract-caller role) (ok true) refusal)
)

(define-private (assert-direct)
  (ok (asserts! (is-eq contract-caller tx-sender) ERR_NOT_DIRECT))
)

(define-private (enter-pauses
    (pool-id uint)
    (flags { deposits: bool, withdrawals: bool, rebalances: bool })
    (topic (string-ascii 16))
  )
  (begin
    (try! (assert-role "emergency" ERR_NOT_EMERGENCY))
    (contract-call? .pool-office set-pauses pool-id flags contract-caller topic)
  )
)

;; --- moving ---

(define-private (settle (pool-id uint) (share <pool-share>) (only (optional principal)))
  (let ((deal (try! (contract-call? .pool-desk settle pool-id (contract-of share) only)))
        (shares (get shares deal))
        (ustx (get ustx deal)))
    (try! (mint-fees share (get fees deal)))
    (and (> shares u0) (try! (contract-call? share burn shares current-contract)))
    (and (> ustx u0) (try! (pay-all pool-id ustx (get payments deal))))
    (ok { paid-requests: (len (get payments deal)), paid-ustx: ustx })
  )
)

;; New shares for the fee accounts; the answer is how many.
(define-private (mint-fees
    (share <pool-share>)
    (fees { total: uint, minted: uint, insured: uint, fee-account: principal, insurance-account: principal })
  )
  (let ((insured (get insured fees))
        (rest (- (get minted fees) insured)))
    (and (> insured u0) (try! (contract-call? share mint insured (get insurance-account fees))))
    (and (> rest u0) (try! (contract-call? share mint rest (get fee-account fees))))
    (ok (get minted fees))
  )
)

;; Shares out of escrow.
(define-private (give-back (share <pool-share>) (shares uint) (user principal))
  (ok (unwrap! (as-contract? ((with-ft (contract-of share) "pool-share" shares))
    (try! (contract-call? share transfer shares current-contract user none))
  ) ERR_TOKEN_FAILED))
)

(define-private (leave-in-kind
    (pool-id uint)
    (share <pool-share>)
    (user principal)
    (shares uint)
    (tokens (list 10 <ft>))
    (given-up (list 10 principal))
  )
  (let ((names (map get-principal tokens))
        (deal (try! (contract-call? .pool-desk redeem pool-id (contract-of share) user shares names given-up)))
        (amounts (get amounts deal)))
    (try! (mint-fees share (get fees deal)))
    (unwrap! (contract-call? share burn shares user) ERR_NOT_ENOUGH_SHARES)
    (try! (fold send-next tokens (ok { amounts: amounts, at: u0, user: user })))
    (ok amounts)
  )
)

(define-private (get-principal (token <ft>))
  (contract-of token)
)

(define-private (send-next
    (token <ft>)
    (progress (response { amounts: (list 10 uint), at: uint, user: principal } uint))
  )
  (let ((so-far (try! progress))
        (amount (default-to u0 (element-at? (get amounts so-far) (get at so-far)))))
    (and (> amount u0) (try! (send-asset token amount (get user so-far))))
    (ok (merge so-far { at: (+ (get at so-far) u1) }))
  )
)

(define-private (send-asset (token <ft>) (amount uint) (to principal))
  (if (is-eq (contract-of token) .stx-token)
    (send-ustx amount to)
    (ok (unwrap! (as-contract? ((with-ft (contract-of token) "*" amount))
      (unwrap! (contract-call? token transfer amount current-contract to none) ERR_TOKEN_FAILED)
    ) ERR_TOKEN_FAILED))
  )
)

(define-private (send-ustx (amount-ustx uint) (to principal))
  (ok (unwrap! (as-contract? ((with-stx amount-ustx))
    (unwrap! (stx-transfer? amount-ustx current-contract to) ERR_TRANSFER_FAILED)
  ) ERR_TRANSFER_FAILED))
)

(define-private (pay-all (pool-id uint) (ustx uint) (payments (list 50 { user: principal, shares: uint, ustx: uint })))
  (begin
    (unwrap! (as-contract? ((with-stx ustx)) (try! (fold pay-one payments (ok pool-id)))) ERR_TRANSFER_FAILED)
    (ok true)
  )
)

(define-private (pay-one (payment { user: principal, shares: uint, ustx: uint }) (progress (response uint uint)))
  (let ((pool-id (try! progress)))
    (unwrap! (stx-transfer? (get ustx payment) current-contract (get user payment)) ERR_TRANSFER_FAILED)
    (print (merge payment { topic: "withdrawal-paid", pool-id: pool-id }))
    progress
  )
)

;; What really went and what really arrived.
(define-private (swap (from <ft>) (to <ft>) (amount uint) (min-out uint) (dex <dex-adapter>))
  (let ((from-before (try! (get-own-balance from)))
        (to-before (try! (get-own-balance to))))
    (var-set in-swap true)
    (try! (call-venue from to amount min-out dex))
    (var-set in-swap false)
    (let ((from-after (try! (get-own-balance from)))
          (to-after (try! (get-own-balance to)))
          (spent (if (> from-before from-after) (- from-before from-after) u0))
          (received (if (> to-after to-before) (- to-after to-before) u0)))
      (asserts! (<= spent amount) ERR_VENUE_OVERREACHED)
      (asserts! (and (> received u0) (>= received min-out)) ERR_SLIPPAGE)
      (ok { spent: spent, received: received })
    )
  )
)

(define-private (call-venue (from <ft>) (to <ft>) (amount uint) (min-out uint) (dex <dex-adapter>))
  (ok (if (is-eq (contract-of from) .stx-token)
    (unwrap! (as-contract? ((with-stx amount))
      (unwrap! (contract-call? dex swap from to amount min-out) ERR_VENUE_FAILED)
    ) ERR_VENUE_OVERREACHED)
    (unwrap! (as-contract? ((with-ft (contract-of from) "*" amount))
      (unwrap! (contract-call? dex swap from to amount min-out) ERR_VENUE_FAILED)
    ) ERR_VENUE_OVERREACHED)
  ))
)

(define-private (get-own-balance (token <ft>))
  ;; STX is asked for directly: a swap does this four times.
  (ok (if (is-eq (contract-of token) .stx-token)
    (stx-get-balance current-contract)
    (unwrap! (contract-call? token get-balance current-contract) ERR_TOKEN_FAILED)
  ))
)

;; --- arithmetic ---

(define-private (get-least-bps (max-slippage-bps uint))
  (- BPS_ONE (if (< max-slippage-bps MAX_SLIPPAGE_BPS) max-slippage-bps MAX_SLIPPAGE_BPS))
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
