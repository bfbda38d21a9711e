;; whale-pool-vault: holds the assets of every pool, keeps each pool's books, and lets people in and out.
;; Trusts: pool-access for who may do what, pool-oracle for prices, governance for which tokens are real, a
;; share token only by code hash and deployer, a venue only for the amount it was offered (believed by balance).
;; Holds: STX and the registered tokens. Books are internal: what is sent here uninvited belongs to nobody.
;; Errors: u1300 to u1399.
;; Rounding: for the pool. Value is rounded up when shares are bought and down when they are paid out.
;; Prices are STX per whole token with 12 decimals; shares have 6 decimals; times are seconds of block time.

(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait pool-share .pool-share-trait.pool-share-trait)
(use-trait dex-adapter .dex-adapter-trait.dex-adapter-trait)

(define-constant BPS_ONE u10000)
(define-constant PRICE_ONE u1000000000000) ;; 12 decimals
(define-constant PARTS_ONE u1000000000000000) ;; fee fractions have 15 decimals
(define-constant DAY_SECS u86400)
(define-constant YEAR_SECS (* u365 DAY_SECS))

(define-constant DEAD_SHARES u1000000) ;; one share, minted to the vault and never redeemed
(define-constant MIN_FIRST_DEPOSIT_USTX u10000000)
(define-constant MAX_AMOUNT_USTX u10000000000000000) ;; more than all STX there will ever be
(define-constant MIN_QUEUED_SHARES u1000000) ;; a queue slot is scarce
(define-constant EVICTION_AGE_SECS (* u7 DAY_SECS))
(define-constant MAX_DECIMALS u12)
(define-constant LAUNCH_CAP_USD u25000)
;; Whole dollars to micro-STX times a 12-decimal price.
(define-constant USD_SCALE (* u1000000 PRICE_ONE))
(define-constant MANAGEMENT_BPS u50) ;; a year
(define-constant PERFORMANCE_BPS u1000)
(define-constant MAX_FEE_PARTS (/ PARTS_ONE u100)) ;; of value, in one collection
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
;; The share token is not this pool's.
(define-constant ERR_WRONG_SHARE (err u1306))
;; The share token is not an instance of the template, deployed by our deployer.
(define-constant ERR_NOT_TEMPLATE (err u1307))
;; The share token belongs to another pool.
(define-constant ERR_SHARE_TAKEN (err u1308))
;; The pool, or all of them, is paused.
(define-constant ERR_PAUSED (err u1309))
;; The amount is zero.
(define-constant ERR_ZERO_AMOUNT (err u1310))
;; The amount is too small to be worth a share, a queue slot or a payment.
(define-constant ERR_AMOUNT_TOO_SMALL (err u1311))
;; The amount is more than could exist.
(define-constant ERR_AMOUNT_TOO_LARGE (err u1312))
;; The deposit would buy fewer shares than asked for.
(define-constant ERR_BELOW_MIN_SHARES (err u1313))
;; The payment would be less than asked for.
(define-constant ERR_BELOW_MIN_OUT (err u1314))
;; The pool would be worth more than its cap.
(define-constant ERR_CAP_REACHED (err u1315))
;; A price is missing, stale or disputed.
(define-constant ERR_NO_PRICE (err u1316))
;; The pool has shares and no value.
(define-constant ERR_NO_VALUE (err u1317))
;; The caller does not have that many shares.
(define-constant ERR_NOT_ENOUGH_SHARES (err u1318))
;; The STX could not be taken from the caller.
(define-constant ERR_TRANSFER_FAILED (err u1319))
;; The queue of this pool is full; redeeming in kind still works.
(define-constant ERR_QUEUE_FULL (err u1320))
;; That user has no request in this pool.
(define-constant ERR_NO_REQUEST (err u1321))
;; The pool does not have that much STX free for this.
(define-constant ERR_NOT_ENOUGH_IDLE (err u1322))
;; The tokens are not the pool's assets, all of them and in order.
(define-constant ERR_WRONG_TOKENS (err u1323))
;; A token would not answer or would not move.
(define-constant ERR_TOKEN_FAILED (err u1324))
;; The asset was registered with other decimals, or has too many.
(define-constant ERR_BAD_DECIMALS (err u1325))
;; The target names an asset that is not registered.
(define-constant ERR_UNKNOWN_ASSET (err u1326))
;; The target names an asset twice.
(define-constant ERR_DUPLICATE_ASSET (err u1327))
;; The target does not add up to 10,000 basis points.
(define-constant ERR_BAD_SUM (err u1328))
;; Target, STX and what is still held are more than ten assets.
(define-constant ERR_TOO_MANY_ASSETS (err u1329))
;; The cap is zero or above the launch cap.
(define-constant ERR_BAD_CAP (err u1330))
;; The principal is not a contract with code.
(define-constant ERR_NOT_A_CONTRACT (err u1331))
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
;; Without a price nobody knows what a request would pay, so it cannot insist on a minimum.
(define-constant ERR_MIN_OUT_UNPRICED (err u1340))
;; The request is not old enough to be sent back.
(define-constant ERR_TOO_EARLY (err u1341))
;; The request's own minimum is met, so it keeps its place.
(define-constant ERR_PAYABLE (err u1342))

(define-data-var pool-count uint u0)
(define-data-var all-paused bool false)
(define-data-var fee-account principal tx-sender)
;; A registered asset; `unit` divides amount times price into micro-STX.
(define-map assets principal { decimals: uint, unit: uint })
(define-map adapters principal (buff 32))
(define-map share-pools principal uint)
(define-map pools uint {
  name: (string-ascii 32),
  share: principal,
  creator: principal,
  created-at: uint,
  cap-usd: uint,
  paused: bool,
  total-shares: uint,
  pending-shares: uint,
  high-water-mark: uint,
  fees-at: uint,
})
;; Always has STX in it, and everything that is wanted or held.
(define-map pool-assets uint (list 10 { asset: principal, bps: uint }))
(define-map holdings { pool-id: uint, asset: principal } uint)
(define-map booked principal uint)
(define-map requests { pool-id: uint, user: principal } { shares: uint, min-out: uint, asked-at: uint })
(define-map queues uint (list 50 principal))

(map-set assets .stx-token { decimals: u6, unit: PRICE_ONE })

;; --- users ---

;; Buy shares with STX at the consensus price. The first deposit also pays for the dead shares.
;; Caller: anyone, directly. Emits: deposit-made, and fees-collected when some were due.
;; Fails: ERR_NOT_DIRECT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_ZERO_AMOUNT, ERR_AMOUNT_TOO_LARGE,
;; ERR_AMOUNT_TOO_SMALL, ERR_NO_PRICE, ERR_NO_VALUE, ERR_CAP_REACHED, ERR_BELOW_MIN_SHARES, ERR_TRANSFER_FAILED.
(define-public (deposit (pool-id uint) (share <pool-share>) (amount-ustx uint) (min-shares uint))
  (let ((user contract-caller)
        (cap-usd (get cap-usd (try! (get-matching-pool pool-id (contract-of share))))))
    (try! (assert-direct))
    (try! (assert-running pool-id))
    (asserts! (> amount-ustx u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount-ustx MAX_AMOUNT_USTX) ERR_AMOUNT_TOO_LARGE)
    (let ((value (try! (get-value pool-id)))
          (stx-usd (get price (unwrap! (contract-call? .pool-oracle get-stx-usd) ERR_NO_PRICE))))
      (asserts! (<= (* (+ (get up value) amount-ustx) stx-usd) (* cap-usd USD_SCALE)) ERR_CAP_REACHED)
      (try! (accrue pool-id share (some (get down value))))
      (let ((pool (try! (get-matching-pool pool-id (contract-of share))))
            (total (get total-shares pool))
            (first (is-eq total u0))
            (shares (try! (preview-deposit amount-ustx total (get up value))))
            (dead (if first DEAD_SHARES u0)))
        (asserts! (>= shares min-shares) ERR_BELOW_MIN_SHARES)
        (map-set pools pool-id (merge pool {
          total-shares: (+ total shares dead),
          fees-at: (if first stacks-block-time (get fees-at pool)),
        }))
        (credit pool-id .stx-token amount-ustx)
        (unwrap! (stx-transfer? amount-ustx user current-contract) ERR_TRANSFER_FAILED)
        (try! (contract-call? share mint shares user))
        (and first (try! (contract-call? share mint dead current-contract)))
        (print {
          topic: "deposit-made",
          pool-id: pool-id,
          user: user,
          ustx: amount-ustx,
          shares: shares,
          total-shares: (+ total shares dead),
        })
        (ok { shares: shares, ustx: amount-ustx })
      )
    )
  )
)

;; Sell shares for STX: all at once when the pool has it idle, else all of them wait in the queue, in escrow
;; and unpriced. With the pool paused or a price missing they wait too.
;; Caller: anyone, directly. Emits: withdrawal-paid or withdrawal-queued, and fees-collected when some were due.
;; Fails: ERR_NOT_DIRECT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_ZERO_AMOUNT, ERR_AMOUNT_TOO_SMALL,
;; ERR_NOT_ENOUGH_SHARES, ERR_BELOW_MIN_OUT, ERR_QUEUE_FULL, ERR_MIN_OUT_UNPRICED.
(define-public (withdraw (pool-id uint) (share <pool-share>) (shares uint) (min-out uint))
  (begin
    (try! (get-matching-pool pool-id (contract-of share)))
    (try! (assert-direct))
    (asserts! (> shares u0) ERR_ZERO_AMOUNT)
    (asserts! (<= shares (try! (contract-call? share get-balance contract-caller))) ERR_NOT_ENOUGH_SHARES)
    (asserts! (<= min-out MAX_AMOUNT_USTX) ERR_BELOW_MIN_OUT)
    ;; Only the reading of prices may fail softly here; nothing has moved yet.
    (match (get-running-value pool-id)
      value (pay-or-queue pool-id share contract-caller shares min-out (get down value))
      ;; A minimum that nothing can ever pay would hold a place in the queue, and a claim on the pool, for ever.
      no-price (begin
        (asserts! (is-eq min-out u0) ERR_MIN_OUT_UNPRICED)
        (enqueue pool-id share contract-caller shares u0)
      )
    )
  )
)

;; Take a queued request back, shares and all. Never stopped by a pause or a price.
;; Caller: anyone, for themselves. Emits: withdrawal-cancelled.
;; Fails: ERR_NO_POOL, ERR_WRONG_SHARE, ERR_NO_REQUEST.
(define-public (cancel-withdrawal (pool-id uint) (share <pool-share>))
  (begin
    (try! (get-matching-pool pool-id (contract-of share)))
    (let ((user contract-caller)
          (shares (try! (give-back pool-id share user))))
      (print { topic: "withdrawal-cancelled", pool-id: pool-id, user: user, shares: shares })
      (ok shares)
    )
  )
)

;; Give the shares of a request back to its owner: after a week, when it would be paid less than its own minimum.
;; Caller: anyone. Emits: withdrawal-evicted, and fees-collected when some were due.
;; Fails: ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_NO_REQUEST, ERR_TOO_EARLY, ERR_NO_PRICE, ERR_PAYABLE.
(define-public (evict-withdrawal (user principal) (pool-id uint) (share <pool-share>))
  (begin
    (try! (get-matching-pool pool-id (contract-of share)))
    (try! (assert-running pool-id))
    (let ((request (unwrap! (map-get? requests { pool-id: pool-id, user: user }) ERR_NO_REQUEST)))
      (asserts! (>= stacks-block-time (+ (get asked-at request) EVICTION_AGE_SECS)) ERR_TOO_EARLY)
      (let ((value-ustx (get down (try! (get-value pool-id)))))
        ;; What a payment would be is known once the fees are charged, as in process-pending-withdrawal.
        (try! (accrue pool-id share (some value-ustx)))
        (let ((pool (try! (get-matching-pool pool-id (contract-of share))))
              (payout (mul-div-down (get shares request) value-ustx (get total-shares pool))))
          (asserts! (< payout (get min-out request)) ERR_PAYABLE)
          (let ((shares (try! (give-back pool-id share user))))
            (print { topic: "withdrawal-evicted", pool-id: pool-id, user: user, shares: shares })
            (ok shares)
          )
        )
      )
    )
  )
)

;; Price, burn and pay one queued request. Older requests that could be paid now keep their claim on the idle STX.
;; Caller: anyone. Emits: withdrawal-paid, and fees-collected when some were due.
;; Fails: ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_NO_REQUEST, ERR_NO_PRICE, ERR_BELOW_MIN_OUT,
;; ERR_AMOUNT_TOO_SMALL, ERR_NOT_ENOUGH_IDLE.
(define-public (process-pending-withdrawal (user principal) (pool-id uint) (share <pool-share>))
  (begin
    (try! (get-matching-pool pool-id (contract-of share)))
    (try! (assert-running pool-id))
    (let ((request (unwrap! (map-get? requests { pool-id: pool-id, user: user }) ERR_NO_REQUEST))
          (shares (get shares request))
          (value-ustx (get down (try! (get-value pool-id)))))
      (try! (accrue pool-id share (some value-ustx)))
      (let ((pool (try! (get-matching-pool pool-id (contract-of share))))
            (total (get total-shares pool))
            (payout (mul-div-down shares value-ustx total))
            (older (get owed (fold add-older (get-queued-users pool-id) {
              pool-id: pool-id, user: user, value-ustx: value-ustx, total: total, owed: u0, reached: false,
            }))))
        (asserts! (>= payout (get min-out request)) ERR_BELOW_MIN_OUT)
        (asserts! (> payout u0) ERR_AMOUNT_TOO_SMALL)
        (asserts! (>= (get-holding pool-id .stx-token) (+ payout older)) ERR_NOT_ENOUGH_IDLE)
        (forget-request pool-id user)
        (map-set pools pool-id (merge pool { pending-shares: (- (get pending-shares pool) shares) }))
        (try! (burn-and-pay pool-id share shares current-contract user payout))
        (ok payout)
      )
    )
  )
)

;; Leave with a fair part of every asset, rounded down. Works with every pause on, every price dead and no
;; keeper: it asks nobody. `tokens` are the pool's assets in the order of get-pool-assets, STX as .stx-token.
;; Caller: anyone, for themselves. Emits: shares-redeemed, and fees-collected when some were due.
;; Fails: ERR_NO_POOL, ERR_WRONG_SHARE, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_SHARES, ERR_WRONG_TOKENS,
;; ERR_TOKEN_FAILED, ERR_AMOUNT_TOO_SMALL.
(define-public (redeem-in-kind (pool-id uint) (share <pool-share>) (shares uint) (tokens (list 10 <ft>)))
  (leave-in-kind pool-id share contract-caller shares tokens (list))
)

;; As redeem-in-kind, but without the assets in `given-up`, whose part stays with the pool and its other owners for
;; good: the way out when a token will not move. `tokens` are still all of the pool's assets.
;; Caller: anyone, for themselves. Emits: shares-redeemed, and fees-collected when some were due.
;; Fails: as redeem-in-kind does, and ERR_NOT_POOL_ASSET.
(define-public (redeem-in-kind-without
    (pool-id uint)
    (share <pool-share>)
    (shares uint)
    (tokens (list 10 <ft>))
    (given-up (list 10 principal))
  )
  (leave-in-kind pool-id share contract-caller shares tokens given-up)
)

;; Charge what fees are due, as new shares for the fee account. While a fee rounds to nothing its clock stays.
;; Caller: anyone. Emits: fees-collected. Fails: ERR_NO_POOL, ERR_WRONG_SHARE, ERR_NO_PRICE.
(define-public (collect-fees (pool-id uint) (share <pool-share>))
  (begin
    (try! (get-matching-pool pool-id (contract-of share)))
    (accrue pool-id share (some (get down (try! (get-value pool-id)))))
  )
)

;; --- the rebalancer ---

;; Swap some of one of the pool's assets for another at an admitted venue. The venue may take `amount` of `from`
;; and nothing else; its own answer is ignored: what counts is what arrived.
;; Caller: role "rebalancer". Emits: leg-executed.
;; Fails: ERR_NOT_REBALANCER, ERR_NO_POOL, ERR_PAUSED, ERR_NOT_A_CONTRACT, ERR_NOT_ADMITTED, ERR_SAME_ASSET,
;; ERR_NOT_POOL_ASSET, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_HELD, ERR_TOKEN_FAILED, ERR_VENUE_FAILED,
;; ERR_VENUE_OVERREACHED, ERR_SLIPPAGE.
(define-public (execute-leg
    (pool-id uint)
    (from <ft>)
    (to <ft>)
    (amount uint)
    (min-out uint)
    (dex <dex-adapter>)
  )
  (begin
    (try! (assert-role "rebalancer" ERR_NOT_REBALANCER))
    (try! (assert-running pool-id))
    (try! (assert-admitted (contract-of dex)))
    (asserts! (not (is-eq (contract-of from) (contract-of to))) ERR_SAME_ASSET)
    (asserts! (is-member pool-id (contract-of from)) ERR_NOT_POOL_ASSET)
    (asserts! (is-member pool-id (contract-of to)) ERR_NOT_POOL_ASSET)
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount (get-holding pool-id (contract-of from))) ERR_NOT_ENOUGH_HELD)
    (let ((from-before (try! (get-own-balance from)))
          (to-before (try! (get-own-balance to))))
      (try! (call-venue from to amount min-out dex))
      (let ((from-after (try! (get-own-balance from)))
            (to-after (try! (get-own-balance to)))
            (spent (if (> from-before from-after) (- from-before from-after) u0))
            (received (if (> to-after to-before) (- to-after to-before) u0)))
        (asserts! (<= spent amount) ERR_VENUE_OVERREACHED)
        (asserts! (and (> received u0) (>= received min-out)) ERR_SLIPPAGE)
        (debit pool-id (contract-of from) spent)
        (credit pool-id (contract-of to) received)
        (print {
          topic: "leg-executed",
          pool-id: pool-id,
          from: (contract-of from),
          to: (contract-of to),
          dex: (contract-of dex),
          spent: spent,
          received: received,
        })
        (ok received)
      )
    )
  )
)

;; Pay a keeper back out of the pool's idle STX.
;; Caller: role "rebalancer". Emits: keeper-paid.
;; Fails: ERR_NOT_REBALANCER, ERR_NO_POOL, ERR_ZERO_AMOUNT, ERR_PAY_TOO_HIGH, ERR_NOT_ENOUGH_IDLE, ERR_TRANSFER_FAILED.
(define-public (pay-keeper (pool-id uint) (to principal) (amount-ustx uint))
  (begin
    (try! (assert-role "rebalancer" ERR_NOT_REBALANCER))
    (asserts! (is-some (map-get? pools pool-id)) ERR_NO_POOL)
    (asserts! (> amount-ustx u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount-ustx MAX_KEEPER_PAY_USTX) ERR_PAY_TOO_HIGH)
    (asserts! (<= amount-ustx (get-holding pool-id .stx-token)) ERR_NOT_ENOUGH_IDLE)
    (debit pool-id .stx-token amount-ustx)
    (try! (send-ustx amount-ustx to))
    (print { topic: "keeper-paid", pool-id: pool-id, keeper: to, ustx: amount-ustx })
    (ok true)
  )
)

;; --- roles ---

;; Open a pool. Its share token must be an unused instance of the template.
;; Caller: role "creator". Emits: pool-created.
;; Fails: ERR_NOT_CREATOR, ERR_BAD_CAP, ERR_NOT_TEMPLATE, ERR_SHARE_TAKEN, ERR_UNKNOWN_ASSET,
;; ERR_DUPLICATE_ASSET, ERR_BAD_SUM, ERR_TOO_MANY_ASSETS.
(define-public (create-pool
    (name (string-ascii 32))
    (symbol (string-ascii 10))
    (share <pool-share>)
    (targets (list 10 { asset: principal, bps: uint }))
    (cap-usd uint)
  )
  (let ((pool-id (+ (var-get pool-count) u1))
        (token (contract-of share)))
    (try! (assert-role "creator" ERR_NOT_CREATOR))
    (asserts! (and (> cap-usd u0) (<= cap-usd LAUNCH_CAP_USD)) ERR_BAD_CAP)
    (try! (assert-template token))
    (asserts! (map-insert share-pools token pool-id) ERR_SHARE_TAKEN)
    (try! (check-targets targets))
    (map-set pool-assets pool-id (try! (with-stx-member targets)))
    (map-set pools pool-id {
      name: name,
      share: token,
      creator: contract-caller,
      created-at: stacks-block-time,
      cap-usd: cap-usd,
      paused: false,
      total-shares: u0,
      pending-shares: u0,
      high-water-mark: PRICE_ONE,
      fees-at: stacks-block-time,
    })
    (var-set pool-count pool-id)
    (try! (contract-call? share initialize name symbol))
    (print { topic: "pool-created", pool-id: pool-id, name: name, share: token, targets: targets, cap-usd: cap-usd })
    (ok pool-id)
  )
)

;; Stop deposits, priced withdrawals and rebalances of one pool, or of all with u0. In-kind redemption goes on.
;; Caller: role "emergency". Emits: pool-paused. Fails: ERR_NOT_EMERGENCY, ERR_NO_POOL.
(define-public (emergency-pause (pool-id uint))
  (set-paused pool-id true "pool-paused")
)

;; Undo emergency-pause, for one pool or, with u0, the pause of all.
;; Caller: role "emergency". Emits: pool-resumed. Fails: ERR_NOT_EMERGENCY, ERR_NO_POOL.
(define-public (emergency-resume (pool-id uint))
  (set-paused pool-id false "pool-resumed")
)

;; --- governance ---

;; Say that a token is real and how many decimals it has. Saying the same again changes nothing.
;; Caller: governance. Emits: asset-registered. Fails: ERR_NOT_GOVERNANCE, ERR_BAD_DECIMALS.
(define-public (register-asset (asset principal) (decimals uint))
  (begin
    (try! (assert-governance))
    (asserts! (<= decimals MAX_DECIMALS) ERR_BAD_DECIMALS)
    (asserts! (is-eq decimals (default-to decimals (get-decimals asset))) ERR_BAD_DECIMALS)
    (map-set assets asset { decimals: decimals, unit: (pow u10 (+ decimals u6)) })
    (print { topic: "asset-registered", asset: asset, decimals: decimals })
    (ok true)
  )
)

;; Let rebalances use a venue, as long as its code is what it is now.
;; Caller: governance. Emits: adapter-admitted. Fails: ERR_NOT_GOVERNANCE, ERR_NOT_A_CONTRACT.
(define-public (admit-adapter (adapter principal))
  (let ((code (unwrap! (contract-hash? adapter) ERR_NOT_A_CONTRACT)))
    (try! (assert-governance))
    (print { topic: "adapter-admitted", adapter: adapter, before: (map-get? adapters adapter), after: code })
    (ok (map-set adapters adapter code))
  )
)

;; Stop rebalances from using a venue.
;; Caller: governance. Emits: adapter-removed. Fails: ERR_NOT_GOVERNANCE.
(define-public (remove-adapter (adapter principal))
  (begin
    (try! (assert-governance))
    (print { topic: "adapter-removed", adapter: adapter, before: (map-get? adapters adapter) })
    (ok (map-delete adapters adapter))
  )
)

;; Change what a pool aims at. What it still holds stays listed with a target of zero.
;; Caller: governance. Emits: target-set.
;; Fails: ERR_NOT_GOVERNANCE, ERR_NO_POOL, ERR_UNKNOWN_ASSET, ERR_DUPLICATE_ASSET, ERR_BAD_SUM, ERR_TOO_MANY_ASSETS.
(define-public (set-target-allocation (pool-id uint) (targets (list 10 { asset: principal, bps: uint })))
  (let ((before (get-members pool-id)))
    (try! (assert-governance))
    (asserts! (is-some (map-get? pools pool-id)) ERR_NO_POOL)
    (try! (check-targets targets))
    (let ((after (get members (try! (fold keep-held before (ok {
            pool-id: pool-id, members: (try! (with-stx-member targets)),
          }))))))
      (map-set pool-assets pool-id after)
      (print { topic: "target-set", pool-id: pool-id, before: before, after: after })
      (ok true)
    )
  )
)

;; Change how much a pool may be worth at the moment of a deposit.
;; Caller: governance. Emits: cap-set. Fails: ERR_NOT_GOVERNANCE, ERR_NO_POOL, ERR_BAD_CAP.
(define-public (set-cap (pool-id uint) (cap-usd uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (try! (assert-governance))
    (asserts! (and (> cap-usd u0) (<= cap-usd MAX_AMOUNT_USTX)) ERR_BAD_CAP)
    (map-set pools pool-id (merge pool { cap-usd: cap-usd }))
    (print { topic: "cap-set", pool-id: pool-id, before: (get cap-usd pool), after: cap-usd })
    (ok true)
  )
)

;; Change who receives the fees of all pools from now on.
;; Caller: governance. Emits: fee-account-set. Fails: ERR_NOT_GOVERNANCE.
(define-public (set-fee-account (who principal))
  (begin
    (try! (assert-governance))
    (print { topic: "fee-account-set", before: (var-get fee-account), after: who })
    (ok (var-set fee-account who))
  )
)

;; --- views ---

(define-read-only (get-pool-count)
  (var-get pool-count)
)

(define-read-only (get-pool (pool-id uint))
  (match (map-get? pools pool-id)
    pool (some (merge pool { paused: (or (get paused pool) (var-get all-paused)) }))
    none
  )
)

;; What a pool holds and wants. Needs no price.
(define-read-only (get-pool-assets (pool-id uint))
  (get rows (fold add-asset-row (get-members pool-id) { pool-id: pool-id, rows: (list) }))
)

;; What a pool holds, with the consensus price of every asset. Fails: ERR_NO_POOL, ERR_NO_PRICE.
(define-read-only (get-pool-allocation (pool-id uint))
  (begin
    (asserts! (is-some (map-get? pools pool-id)) ERR_NO_POOL)
    (ok (get rows (try! (fold add-allocation-row (get-members pool-id) (ok { pool-id: pool-id, rows: (list) })))))
  )
)

;; Micro-STX, rounded down per asset; only what is held needs a price. Fails: ERR_NO_POOL, ERR_NO_PRICE.
(define-read-only (get-pool-total-value (pool-id uint))
  (begin
    (asserts! (is-some (map-get? pools pool-id)) ERR_NO_POOL)
    (ok (get down (try! (get-value pool-id))))
  )
)

;; STX per whole share with 12 decimals, before fees not yet charged; one STX before the first deposit.
;; Fails: ERR_NO_POOL, ERR_NO_PRICE.
(define-read-only (get-share-price (pool-id uint))
  (let ((total (get total-shares (unwrap! (map-get? pools pool-id) ERR_NO_POOL))))
    (if (is-eq total u0)
      (ok PRICE_ONE)
      (ok (mul-div-down (get down (try! (get-value pool-id))) PRICE_ONE total))
    )
  )
)

;; Queued requests, oldest first.
(define-read-only (get-queue (pool-id uint))
  (get rows (fold add-queue-row (get-queued-users pool-id) { pool-id: pool-id, rows: (list) }))
)

;; What all pools together own of an asset, by the books.
(define-read-only (get-booked (asset principal))
  (default-to u0 (map-get? booked asset))
)

;; How far a pool is from its target: half the sum of all gaps, in basis points of the value that queued
;; withdrawals will not take. Fails: ERR_NO_POOL, ERR_NO_PRICE.
(define-read-only (get-drift (pool-id uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (value-ustx (get down (try! (get-value pool-id))))
        (owed (preview-owed pool value-ustx))
        (free-ustx (- value-ustx owed))
        (gaps (get gaps (try! (fold add-gap (get-members pool-id) (ok {
          pool-id: pool-id, owed: owed, free-ustx: free-ustx, gaps: u0,
        })))))
        (drift-bps (if (is-eq free-ustx u0) u0 (mul-div-down gaps BPS_ONE (* u2 free-ustx)))))
    (ok { drift-bps: drift-bps, value-ustx: value-ustx, free-ustx: free-ustx })
  )
)

(define-read-only (get-decimals (asset principal))
  (get decimals (map-get? assets asset))
)

;; The code hash a venue was admitted with.
(define-read-only (get-adapter (adapter principal))
  (map-get? adapters adapter)
)

(define-read-only (get-fee-account)
  (var-get fee-account)
)

;; Whether a target could be set. Fails: ERR_UNKNOWN_ASSET, ERR_DUPLICATE_ASSET, ERR_BAD_SUM.
(define-read-only (check-targets (targets (list 10 { asset: principal, bps: uint })))
  (let ((checked (try! (fold check-target targets (ok { sum: u0, seen: (list) })))))
    (ok (asserts! (is-eq (get sum checked) BPS_ONE) ERR_BAD_SUM))
  )
)

;; Micro-STX of `amount` base units at a consensus price, rounded down and up.
;; Fails: ERR_UNKNOWN_ASSET, ERR_NO_PRICE.
(define-read-only (get-asset-value (asset principal) (amount uint))
  (let ((unit (get unit (unwrap! (map-get? assets asset) ERR_UNKNOWN_ASSET)))
        (price (get price (unwrap! (contract-call? .pool-oracle get-consensus-price asset) ERR_NO_PRICE))))
    (ok { price: price, down: (mul-div-down amount price unit), up: (mul-div-up amount price unit) })
  )
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

(define-private (assert-running (pool-id uint))
  (ok (asserts! (not (get paused (unwrap! (get-pool pool-id) ERR_NO_POOL))) ERR_PAUSED))
)

(define-private (assert-admitted (adapter principal))
  (let ((code (unwrap! (contract-hash? adapter) ERR_NOT_A_CONTRACT)))
    (ok (asserts! (is-eq (some code) (map-get? adapters adapter)) ERR_NOT_ADMITTED))
  )
)

;; The same source under another deployer would obey another vault, so the deployer must be ours as well.
(define-private (assert-template (token principal))
  (let ((code (unwrap! (contract-hash? token) ERR_NOT_TEMPLATE))
        (theirs (unwrap! (principal-destruct? token) ERR_NOT_TEMPLATE))
        (ours (unwrap! (principal-destruct? current-contract) ERR_NOT_TEMPLATE)))
    (asserts! (is-eq code (unwrap! (contract-hash? .pool-share) ERR_NOT_TEMPLATE)) ERR_NOT_TEMPLATE)
    (ok (asserts! (is-eq (get hash-bytes theirs) (get hash-bytes ours)) ERR_NOT_TEMPLATE))
  )
)

(define-private (get-matching-pool (pool-id uint) (token principal))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (asserts! (is-eq token (get share pool)) ERR_WRONG_SHARE)
    (ok pool)
  )
)

(define-private (check-target
    (target { asset: principal, bps: uint })
    (checked (response { sum: uint, seen: (list 10 principal) } uint))
  )
  (let ((so-far (try! checked))
        (asset (get asset target)))
    (asserts! (is-some (map-get? assets asset)) ERR_UNKNOWN_ASSET)
    (asserts! (is-none (index-of? (get seen so-far) asset)) ERR_DUPLICATE_ASSET)
    (asserts! (<= (get bps target) BPS_ONE) ERR_BAD_SUM)
    (ok {
      sum: (+ (get sum so-far) (get bps target)),
      seen: (unwrap! (as-max-len? (append (get seen so-far) asset) u10) ERR_TOO_MANY_ASSETS),
    })
  )
)

;; --- moving ---

(define-private (set-paused (pool-id uint) (paused bool) (topic (string-ascii 16)))
  (begin
    (try! (assert-role "emergency" ERR_NOT_EMERGENCY))
    (if (is-eq pool-id u0)
      (var-set all-paused paused)
      (map-set pools pool-id (merge (unwrap! (map-get? pools pool-id) ERR_NO_POOL) { paused: paused }))
    )
    (print { topic: topic, pool-id: pool-id, by: contract-caller })
    (ok true)
  )
)

(define-private (pay-or-queue
    (pool-id uint)
    (share <pool-share>)
    (user principal)
    (shares uint)
    (min-out uint)
    (value-ustx uint)
  )
  (begin
    (try! (accrue pool-id share (some value-ustx)))
    (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
          (payout (mul-div-down shares value-ustx (get total-shares pool))))
      (asserts! (>= payout min-out) ERR_BELOW_MIN_OUT)
      (asserts! (> payout u0) ERR_AMOUNT_TOO_SMALL)
      (if (>= (get-holding pool-id .stx-token) (+ payout (preview-owed pool value-ustx)))
        (begin
          (try! (burn-and-pay pool-id share shares user user payout))
          (ok { paid-ustx: payout, queued-shares: u0 })
        )
        (begin
          (try! (assert-growth-payable pool-id user shares min-out value-ustx (get total-shares pool)))
          (enqueue pool-id share user shares min-out)
        )
      )
    )
  )
)

;; A request that grows must be payable as a whole, or a small one that no longer is could carry a large one.
(define-private (assert-growth-payable
    (pool-id uint)
    (user principal)
    (shares uint)
    (min-out uint)
    (value-ustx uint)
    (total uint)
  )
  (match (map-get? requests { pool-id: pool-id, user: user })
    before (ok (asserts!
      (>= (mul-div-down (+ (get shares before) shares) value-ustx total) (+ (get min-out before) min-out))
      ERR_BELOW_MIN_OUT
    ))
    (ok true)
  )
)

;; Take a request out of the queue and its shares out of escrow.
(define-private (give-back (pool-id uint) (share <pool-share>) (user principal))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (shares (get shares (unwrap! (map-get? requests { pool-id: pool-id, user: user }) ERR_NO_REQUEST))))
    (forget-request pool-id user)
    (map-set pools pool-id (merge pool { pending-shares: (- (get pending-shares pool) shares) }))
    (unwrap! (as-contract? ((with-ft (contract-of share) "pool-share" shares))
      (try! (contract-call? share transfer shares current-contract user none))
    ) ERR_TOKEN_FAILED)
    (ok shares)
  )
)

;; A second request of the same user joins the first, in its place.
(define-private (enqueue (pool-id uint) (share <pool-share>) (user principal) (shares uint) (min-out uint))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (key { pool-id: pool-id, user: user })
        (before (map-get? requests key))
        (request (default-to { shares: u0, min-out: u0, asked-at: stacks-block-time } before))
        (after (+ (get shares request) shares)))
    (asserts! (>= after MIN_QUEUED_SHARES) ERR_AMOUNT_TOO_SMALL)
    (and
      (is-none before)
      (map-set queues pool-id
        (unwrap! (as-max-len? (append (get-queued-users pool-id) user) u50) ERR_QUEUE_FULL)
      )
    )
    (map-set requests key (merge request { shares: after, min-out: (+ (get min-out request) min-out) }))
    (map-set pools pool-id (merge pool { pending-shares: (+ (get pending-shares pool) shares) }))
    (try! (contract-call? share transfer shares user current-contract none))
    (print { topic: "withdrawal-queued", pool-id: pool-id, user: user, shares: shares, queued: after })
    (ok { paid-ustx: u0, queued-shares: shares })
  )
)

(define-private (burn-and-pay
    (pool-id uint)
    (share <pool-share>)
    (shares uint)
    (holder principal)
    (user principal)
    (payout uint)
  )
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL)))
    (map-set pools pool-id (merge pool { total-shares: (- (get total-shares pool) shares) }))
    (debit pool-id .stx-token payout)
    (try! (contract-call? share burn shares holder))
    (try! (send-ustx payout user))
    (print { topic: "withdrawal-paid", pool-id: pool-id, user: user, shares: shares, ustx: payout })
    (ok true)
  )
)

(define-private (leave-in-kind
    (pool-id uint)
    (share <pool-share>)
    (user principal)
    (shares uint)
    (tokens (list 10 <ft>))
    (given-up (list 10 principal))
  )
  (let ((members (get-members pool-id)))
    (try! (get-matching-pool pool-id (contract-of share)))
    (asserts! (> shares u0) ERR_ZERO_AMOUNT)
    (asserts! (<= shares (try! (contract-call? share get-balance user))) ERR_NOT_ENOUGH_SHARES)
    (asserts! (is-eq (len tokens) (len members)) ERR_WRONG_TOKENS)
    (asserts! (get known (fold check-given-up given-up { pool-id: pool-id, known: true })) ERR_NOT_POOL_ASSET)
    (try! (accrue pool-id share none))
    (let ((pool (try! (get-matching-pool pool-id (contract-of share))))
          (total (get total-shares pool)))
      (map-set pools pool-id (merge pool { total-shares: (- total shares) }))
      (try! (contract-call? share burn shares user))
      (let ((paid (get paid (try! (fold redeem-one tokens (ok {
              pool-id: pool-id,
              members: members,
              user: user,
              shares: shares,
              total: total,
              given-up: given-up,
              paid: (list),
            }))))))
        (asserts! (not (is-eq (fold + paid u0) u0)) ERR_AMOUNT_TOO_SMALL)
        (print {
          topic: "shares-redeemed",
          pool-id: pool-id,
          user: user,
          shares: shares,
          amounts: paid,
          given-up: given-up,
        })
        (ok paid)
      )
    )
  )
)

(define-private (check-given-up (asset principal) (state { pool-id: uint, known: bool }))
  (merge state { known: (and (get known state) (is-member (get pool-id state) asset)) })
)

(define-private (redeem-one
    (token <ft>)
    (progress (response {
      pool-id: uint,
      members: (list 10 { asset: principal, bps: uint }),
      user: principal,
      shares: uint,
      total: uint,
      given-up: (list 10 principal),
      paid: (list 10 uint),
    } uint))
  )
  (let ((so-far (try! progress))
        (pool-id (get pool-id so-far))
        (paid (get paid so-far))
        (asset (get asset (unwrap! (element-at? (get members so-far) (len paid)) ERR_WRONG_TOKENS)))
        (amount (if (is-some (index-of? (get given-up so-far) asset))
          u0
          (mul-div-down (get-holding pool-id asset) (get shares so-far) (get total so-far))
        )))
    (asserts! (is-eq (contract-of token) asset) ERR_WRONG_TOKENS)
    (debit pool-id asset amount)
    (and (> amount u0) (try! (send-asset token amount (get user so-far))))
    (ok (merge so-far { paid: (unwrap! (as-max-len? (append paid amount) u10) ERR_WRONG_TOKENS) }))
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

;; --- books ---

(define-private (credit (pool-id uint) (asset principal) (amount uint))
  (begin
    (map-set holdings { pool-id: pool-id, asset: asset } (+ (get-holding pool-id asset) amount))
    (map-set booked asset (+ (get-booked asset) amount))
  )
)

;; The caller has checked that the pool holds that much.
(define-private (debit (pool-id uint) (asset principal) (amount uint))
  (begin
    (map-set holdings { pool-id: pool-id, asset: asset } (- (get-holding pool-id asset) amount))
    (map-set booked asset (- (get-booked asset) amount))
  )
)

(define-private (get-holding (pool-id uint) (asset principal))
  (default-to u0 (map-get? holdings { pool-id: pool-id, asset: asset }))
)

(define-private (get-own-balance (token <ft>))
  (ok (unwrap! (contract-call? token get-balance current-contract) ERR_TOKEN_FAILED))
)

(define-private (get-members (pool-id uint))
  (default-to (list) (map-get? pool-assets pool-id))
)

(define-private (is-member (pool-id uint) (asset principal))
  (is-some (index-of? (map get-member-asset (get-members pool-id)) asset))
)

(define-private (get-member-asset (member { asset: principal, bps: uint }))
  (get asset member)
)

(define-private (with-stx-member (targets (list 10 { asset: principal, bps: uint })))
  (if (is-some (index-of? (map get-member-asset targets) .stx-token))
    (ok targets)
    (ok (unwrap! (as-max-len? (append targets { asset: .stx-token, bps: u0 }) u10) ERR_TOO_MANY_ASSETS))
  )
)

(define-private (keep-held
    (member { asset: principal, bps: uint })
    (kept (response { pool-id: uint, members: (list 10 { asset: principal, bps: uint }) } uint))
  )
  (let ((so-far (try! kept))
        (members (get members so-far))
        (asset (get asset member)))
    (if (or
        (is-eq u0 (get-holding (get pool-id so-far) asset))
        (is-some (index-of? (map get-member-asset members) asset))
      )
      kept
      (ok (merge so-far {
        members: (unwrap! (as-max-len? (append members { asset: asset, bps: u0 }) u10) ERR_TOO_MANY_ASSETS),
      }))
    )
  )
)

(define-private (get-queued-users (pool-id uint))
  (default-to (list) (map-get? queues pool-id))
)

(define-private (forget-request (pool-id uint) (user principal))
  (begin
    (map-delete requests { pool-id: pool-id, user: user })
    (map-set queues pool-id
      (get kept (fold keep-other (get-queued-users pool-id) { gone: user, kept: (list) }))
    )
  )
)

(define-private (keep-other (user principal) (state { gone: principal, kept: (list 50 principal) }))
  (if (is-eq user (get gone state))
    state
    (merge state { kept: (default-to (get kept state) (as-max-len? (append (get kept state) user) u50)) })
  )
)

;; Adds what an older request would be paid, unless its own minimum says no.
(define-private (add-older
    (user principal)
    (state { pool-id: uint, user: principal, value-ustx: uint, total: uint, owed: uint, reached: bool })
  )
  (let ((request (default-to { shares: u0, min-out: u0, asked-at: u0 }
          (map-get? requests { pool-id: (get pool-id state), user: user })))
        (payout (mul-div-down (get shares request) (get value-ustx state) (get total state))))
    (if (or (get reached state) (is-eq user (get user state)))
      (merge state { reached: true })
      (if (< payout (get min-out request))
        state
        (merge state { owed: (+ (get owed state) payout) })
      )
    )
  )
)

(define-private (add-queue-row
    (user principal)
    (state {
      pool-id: uint,
      rows: (list 50 { user: principal, shares: uint, min-out: uint, asked-at: uint }),
    })
  )
  (match (map-get? requests { pool-id: (get pool-id state), user: user })
    request (merge state {
      rows: (default-to (get rows state)
        (as-max-len? (append (get rows state) (merge request { user: user })) u50)
      ),
    })
    state
  )
)

(define-private (add-asset-row
    (member { asset: principal, bps: uint })
    (state {
      pool-id: uint,
      rows: (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint }),
    })
  )
  (match (get-decimals (get asset member))
    decimals (merge state {
      rows: (default-to (get rows state)
        (as-max-len?
          (append (get rows state) {
            asset: (get asset member),
            amount: (get-holding (get pool-id state) (get asset member)),
            bps: (get bps member),
            decimals: decimals,
          })
          u10
        )
      ),
    })
    state
  )
)

(define-private (add-allocation-row
    (member { asset: principal, bps: uint })
    (progress (response {
      pool-id: uint,
      rows: (list 10 { asset: principal, amount: uint, price: uint, value-ustx: uint }),
    } uint))
  )
  (let ((so-far (try! progress))
        (asset (get asset member))
        (amount (get-holding (get pool-id so-far) asset))
        (worth (try! (get-asset-value asset amount))))
    (ok (merge so-far {
      rows: (default-to (get rows so-far)
        (as-max-len?
          (append (get rows so-far) {
            asset: asset,
            amount: amount,
            price: (get price worth),
            value-ustx: (get down worth),
          })
          u10
        )
      ),
    }))
  )
)

;; --- fees ---

;; Charge the fees of a pool. Without a value only the management fee is charged, which needs no price: a part of
;; the value is the same part of the shares.
(define-private (accrue (pool-id uint) (share <pool-share>) (value-ustx (optional uint)))
  (let ((pool (unwrap! (map-get? pools pool-id) ERR_NO_POOL))
        (fees (preview-fees pool value-ustx))
        (management (get management fees))
        (performance (get performance fees))
        (minted (+ management performance))
        (total (+ (get total-shares pool) minted)))
    (if (is-eq minted u0)
      (ok u0)
      (begin
        (map-set pools pool-id (merge pool {
          total-shares: total,
          fees-at: (if (> management u0) stacks-block-time (get fees-at pool)),
          high-water-mark: (if (> performance u0)
            (mul-div-up (default-to u0 value-ustx) PRICE_ONE total)
            (get high-water-mark pool)
          ),
        }))
        (try! (contract-call? share mint minted (var-get fee-account)))
        (print { topic: "fees-collected", pool-id: pool-id, management: management, performance: performance })
        (ok minted)
      )
    )
  )
)

;; Shares to mint, such that they are worth the fee once minted; each kind rounded down.
(define-private (preview-fees
    (pool {
      name: (string-ascii 32),
      share: principal,
      creator: principal,
      created-at: uint,
      cap-usd: uint,
      paused: bool,
      total-shares: uint,
      pending-shares: uint,
      high-water-mark: uint,
      fees-at: uint,
    })
    (value-ustx (optional uint))
  )
  (let ((total (get total-shares pool))
        (secs (- stacks-block-time (get fees-at pool)))
        (yearly (mul-div-down (* secs MANAGEMENT_BPS) PARTS_ONE (* BPS_ONE YEAR_SECS)))
        (management (if (< yearly MAX_FEE_PARTS) yearly MAX_FEE_PARTS))
        (room (- MAX_FEE_PARTS management))
        (gained (match value-ustx
          value (get-gain-parts value (mul-div-up (get high-water-mark pool) total PRICE_ONE))
          u0
        ))
        (performance (if (< gained room) gained room))
        (rest (- PARTS_ONE management performance)))
    {
      management: (mul-div-down total management rest),
      performance: (mul-div-down total performance rest),
    }
  )
)

(define-private (get-gain-parts (value-ustx uint) (mark-ustx uint))
  (if (> value-ustx mark-ustx)
    (mul-div-down (* (- value-ustx mark-ustx) PERFORMANCE_BPS) (/ PARTS_ONE BPS_ONE) value-ustx)
    u0
  )
)

;; --- arithmetic ---

(define-private (get-value (pool-id uint))
  (fold add-value (get-members pool-id) (ok { pool-id: pool-id, down: u0, up: u0 }))
)

(define-private (get-running-value (pool-id uint))
  (begin
    (try! (assert-running pool-id))
    (get-value pool-id)
  )
)

(define-private (add-value
    (member { asset: principal, bps: uint })
    (sum (response { pool-id: uint, down: uint, up: uint } uint))
  )
  (let ((so-far (try! sum))
        (amount (get-holding (get pool-id so-far) (get asset member))))
    (if (is-eq amount u0)
      sum
      (let ((worth (try! (get-asset-value (get asset member) amount))))
        (ok (merge so-far {
          down: (+ (get down so-far) (get down worth)),
          up: (+ (get up so-far) (get up worth)),
        }))
      )
    )
  )
)

;; What is owed comes off the STX side, even below zero.
(define-private (add-gap
    (member { asset: principal, bps: uint })
    (sum (response { pool-id: uint, owed: uint, free-ustx: uint, gaps: uint } uint))
  )
  (let ((so-far (try! sum))
        (asset (get asset member))
        (amount (get-holding (get pool-id so-far) asset))
        (held (if (is-eq amount u0) u0 (get down (try! (get-asset-value asset amount)))))
        (wanted (mul-div-down (get bps member) (get free-ustx so-far) BPS_ONE))
        (claimed (if (is-eq asset .stx-token) (+ wanted (get owed so-far)) wanted))
        (gap (if (> held claimed) (- held claimed) (- claimed held))))
    (ok (merge so-far { gaps: (+ (get gaps so-far) gap) }))
  )
)

;; What the queued requests of a pool would be paid now.
(define-private (preview-owed
    (pool {
      name: (string-ascii 32),
      share: principal,
      creator: principal,
      created-at: uint,
      cap-usd: uint,
      paused: bool,
      total-shares: uint,
      pending-shares: uint,
      high-water-mark: uint,
      fees-at: uint,
    })
    (value-ustx uint)
  )
  (if (is-eq (get pending-shares pool) u0)
    u0
    (mul-div-down (get pending-shares pool) value-ustx (get total-shares pool))
  )
)

(define-private (preview-deposit (amount-ustx uint) (total uint) (value-ustx uint))
  (if (is-eq total u0)
    (begin
      (asserts! (>= amount-ustx MIN_FIRST_DEPOSIT_USTX) ERR_AMOUNT_TOO_SMALL)
      (ok (- amount-ustx DEAD_SHARES))
    )
    (begin
      (asserts! (> value-ustx u0) ERR_NO_VALUE)
      (let ((shares (mul-div-down amount-ustx total value-ustx)))
        (asserts! (> shares u0) ERR_AMOUNT_TOO_SMALL)
        (ok shares)
      )
    )
  )
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)

(define-private (mul-div-up (a uint) (b uint) (divisor uint))
  (/ (+ (* a b) (- divisor u1)) divisor)
)
