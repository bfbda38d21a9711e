;; pool-desk: the rules of coming and going: what a deposit buys, what a share is paid, who waits, what fees are due. It
;; writes the books, the terms and the queue; whale-pool-vault then moves what was decided here.
;; Trusts: .whale-pool-vault, which alone asks, says for whom, and takes the shares or stops; pool-valuation for prices.
;; Holds nothing.
;; Errors: u1300 to u1399, shared with whale-pool-vault and pool-office: one code has one meaning. Those of the
;; contracts it writes (u21xx to u23xx) pass unchanged.
;; Rounding: for the pool. Value is rounded up when shares are bought and down when they are paid out.
;; Prices are STX per whole token with 12 decimals; shares have 6 decimals; times are seconds of block time.

(define-constant BPS_ONE u10000)
(define-constant DEAD_SHARES u1000000) ;; one share, minted to the vault and never redeemed
(define-constant MIN_FIRST_DEPOSIT_USTX u10000000)
(define-constant MAX_AMOUNT_USTX u10000000000000000) ;; more than all STX there will ever be
;; Prices may lag the market by as much as a keeper leaves unreported. What a deposit costs over that stays with the
;; owners, so that nobody gains by coming and going around a price that is about to change.
(define-constant ENTRY_PREMIUM_BPS u30)
(define-constant MIN_QUEUED_SHARES u1000000) ;; a queue slot is scarce
(define-constant DAY_SECS u86400)
(define-constant CALL_GAP_SECS u100)
(define-constant EVICTION_AGE_SECS (* u7 DAY_SECS))
(define-constant USD_SCALE u1000000000000000000) ;; whole dollars to micro-STX times a 12-decimal price

;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u1305))
;; The share token is not this pool's.
(define-constant ERR_WRONG_SHARE (err u1306))
;; This is paused, for the pool or for all of them.
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
;; The queue of this pool is full; redeeming in kind still works.
(define-constant ERR_QUEUE_FULL (err u1320))
;; That user has no request in this pool.
(define-constant ERR_NO_REQUEST (err u1321))
;; The pool does not have that much STX free for this.
(define-constant ERR_NOT_ENOUGH_IDLE (err u1322))
;; The tokens are not the pool's assets, all of them and in order.
(define-constant ERR_WRONG_TOKENS (err u1323))
;; The asset is not one of this pool's.
(define-constant ERR_NOT_POOL_ASSET (err u1334))
;; Without a price nobody knows what a request would pay, so it cannot insist on a minimum.
(define-constant ERR_MIN_OUT_UNPRICED (err u1340))
;; The request is not old enough to be sent back.
(define-constant ERR_TOO_EARLY (err u1341))
;; The request could be paid, so it keeps its place.
(define-constant ERR_PAYABLE (err u1342))
;; The caller came or went in this pool less than a hundred seconds ago.
(define-constant ERR_TOO_SOON (err u1343))
;; No more STX may leave this pool today for this.
(define-constant ERR_OUTFLOW_LIMIT (err u1344))
;; Only the vault asks here.
(define-constant ERR_NOT_VAULT (err u1347))

;; --- the vault: coming ---

;; Enter a deposit: the answer is what shares it buys, which are dead, and what fees were due.
;; Caller: the vault. Emits: deposit-made, and fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_ZERO_AMOUNT, ERR_AMOUNT_TOO_LARGE, ERR_TOO_SOON,
;; ERR_NO_PRICE, ERR_CAP_REACHED, ERR_AMOUNT_TOO_SMALL, ERR_NO_VALUE, ERR_BELOW_MIN_SHARES.
(define-public (deposit (pool-id uint) (share principal) (user principal) (amount-ustx uint) (min-shares uint))
  (let ((pool (try! (get-pool pool-id share))))
    (asserts! (not (get deposits (get pauses pool))) ERR_PAUSED)
    (asserts! (> amount-ustx u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount-ustx MAX_AMOUNT_USTX) ERR_AMOUNT_TOO_LARGE)
    (try! (note-call pool-id user))
    (let ((value (unwrap! (get worth pool) ERR_NO_PRICE))
          (dead (if (is-eq (get total-shares pool) u0) DEAD_SHARES u0)))
      (try! (assert-below-cap pool-id (+ (get up value) amount-ustx)))
      (let ((fees (try! (accrue pool-id (some (get down value)) (get total-shares pool))))
            (shares (try! (preview-deposit amount-ustx (get total fees) (get up value))))
            (total (+ (get total fees) shares dead)))
        (asserts! (>= shares min-shares) ERR_BELOW_MIN_SHARES)
        (try! (contract-call? .pool-books note-deposit pool-id amount-ustx (+ shares dead)))
        (print { topic: "deposit-made", pool-id: pool-id, user: user, ustx: amount-ustx, shares: shares, total-shares: total })
        (ok { shares: shares, dead: dead, fees: fees })
      )
    )
  )
)

;; --- the vault: going ---

;; Enter a withdrawal: the answer is what is paid for it now, or how many shares go into escrow.
;; Caller: the vault. Emits: withdrawal-queued when it waits, and fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_SHARES, ERR_BELOW_MIN_OUT,
;; ERR_TOO_SOON, ERR_AMOUNT_TOO_SMALL, ERR_QUEUE_FULL, ERR_MIN_OUT_UNPRICED.
(define-public (withdraw (pool-id uint) (share principal) (user principal) (shares uint) (min-out uint))
  (let ((pool (try! (get-pool pool-id share))))
    (asserts! (> shares u0) ERR_ZERO_AMOUNT)
    (asserts! (<= shares (get total-shares pool)) ERR_NOT_ENOUGH_SHARES)
    (asserts! (<= min-out MAX_AMOUNT_USTX) ERR_BELOW_MIN_OUT)
    (try! (note-call pool-id user))
    (let ((worth (if (get withdrawals (get pauses pool)) none (get worth pool)))
          (fees (try! (accrue pool-id (get down worth) (get total-shares pool)))))
      (match worth
        value (ok {
          ustx: (try! (pay-or-queue pool-id user shares min-out (get down value) (get total fees) (get-idle (get rows pool)))),
          fees: fees,
        })
        ;; A minimum that nothing can ever pay would hold a place in the queue, and a claim on the pool, for ever.
        (begin
          (asserts! (is-eq min-out u0) ERR_MIN_OUT_UNPRICED)
          (try! (enqueue pool-id user shares u0))
          (ok { ustx: u0, fees: fees })
        )
      )
    )
  )
)

;; Take a request out of the queue for its owner, whatever is paused or unpriced; the answer is its shares.
;; Caller: the vault. Emits: withdrawal-cancelled. Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_NO_REQUEST.
(define-public (cancel (pool-id uint) (share principal) (user principal))
  (begin
    (try! (get-unpriced-pool pool-id share))
    (let ((shares (try! (remove pool-id user))))
      (print { topic: "withdrawal-cancelled", pool-id: pool-id, user: user, shares: shares })
      (ok shares)
    )
  )
)

;; Take a request out of the queue that is a week old and would be paid less than its own minimum, or nothing.
;; Caller: the vault. Emits: withdrawal-evicted, and fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_NO_REQUEST, ERR_TOO_EARLY, ERR_NO_PRICE, ERR_PAYABLE.
(define-public (evict (pool-id uint) (share principal) (user principal))
  (let ((pool (try! (get-payable-pool pool-id share)))
        (request (unwrap! (contract-call? .withdrawal-queue get-request pool-id user) ERR_NO_REQUEST)))
    (asserts! (>= stacks-block-time (+ (get asked-at request) EVICTION_AGE_SECS)) ERR_TOO_EARLY)
    (let ((value-ustx (get down (unwrap! (get worth pool) ERR_NO_PRICE)))
          ;; What a payment would be is known once the fees are charged, as in settle.
          (fees (try! (accrue pool-id (some value-ustx) (get total-shares pool))))
          (payout (mul-div-down (get shares request) value-ustx (get total fees))))
      (asserts! (or (< payout (get min-out request)) (is-eq payout u0)) ERR_PAYABLE)
      (let ((shares (try! (remove pool-id user))))
        (print { topic: "withdrawal-evicted", pool-id: pool-id, user: user, shares: shares })
        (ok { shares: shares, fees: fees })
      )
    )
  )
)

;; Enter the payment of what is queued, or with `only` of that user's request, as far as idle STX and the day's outflow
;; go: the answer is who is paid what. One request alone is refused with the reason when nothing can be paid.
;; Caller: the vault. Emits: fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_PAUSED, ERR_NO_PRICE, ERR_NO_REQUEST, ERR_BELOW_MIN_OUT,
;; ERR_AMOUNT_TOO_SMALL, ERR_NOT_ENOUGH_IDLE, ERR_OUTFLOW_LIMIT.
(define-public (settle (pool-id uint) (share principal) (only (optional principal)))
  (let ((pool (try! (get-payable-pool pool-id share)))
        (idle (get-idle (get rows pool))))
    (try! (assert-request pool-id only))
    (let ((value-ustx (get down (unwrap! (get worth pool) ERR_NO_PRICE)))
          (fees (try! (accrue pool-id (some value-ustx) (get total-shares pool)))))
      (try! (match only
        user (assert-payable pool-id user value-ustx (get total fees) idle)
        (ok true)
      ))
      (let ((settled (try! (contract-call? .withdrawal-queue settle pool-id only value-ustx (get total fees) idle)))
            (shares (get shares settled)))
        (try! (contract-call? .pool-books note-payment pool-id shares shares (get ustx settled)))
        (ok (merge settled { fees: fees }))
      )
    )
  )
)

;; Enter a redemption in kind: the answer is the amounts, in the order of the portfolio, rounded down, and u0 for what is
;; given up. It asks nobody. `tokens` must be the pool's assets in that order.
;; Caller: the vault. Emits: shares-redeemed, and fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_SHARES, ERR_WRONG_TOKENS,
;; ERR_NOT_POOL_ASSET, ERR_AMOUNT_TOO_SMALL.
(define-public (redeem
    (pool-id uint)
    (share principal)
    (user principal)
    (shares uint)
    (tokens (list 10 principal))
    (given-up (list 10 principal))
  )
  (let ((pool (try! (get-unpriced-pool pool-id share)))
        (rows (get rows pool)))
    (asserts! (> shares u0) ERR_ZERO_AMOUNT)
    (asserts! (<= shares (get total-shares pool)) ERR_NOT_ENOUGH_SHARES)
    (asserts! (is-eq tokens (map get-row-asset rows)) ERR_WRONG_TOKENS)
    (asserts! (get known (fold check-given-up given-up { tokens: tokens, known: true })) ERR_NOT_POOL_ASSET)
    (let ((fees (try! (accrue pool-id none (get total-shares pool))))
          (amounts (get amounts (fold add-part rows {
            shares: shares, total: (get total fees), given-up: given-up, amounts: (list),
          }))))
      (asserts! (> (fold + amounts u0) u0) ERR_AMOUNT_TOO_SMALL)
      (try! (contract-call? .pool-books note-redemption pool-id shares amounts))
      (print {
        topic: "shares-redeemed",
        pool-id: pool-id,
        user: user,
        shares: shares,
        amounts: amounts,
        given-up: given-up,
      })
      (ok { amounts: amounts, fees: fees })
    )
  )
)

;; --- the vault: fees ---

;; Enter the fees that are due.
;; Caller: the vault. Emits: fees-collected when some were due. Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_NO_PRICE.
(define-public (collect (pool-id uint) (share principal))
  (let ((pool (try! (get-pool pool-id share)))
        (value (unwrap! (get worth pool) ERR_NO_PRICE)))
    (accrue pool-id (some (get down value)) (get total-shares pool))
  )
)

;; Enter the fees that are due at the old rates, and let the announced ones apply from now on.
;; Caller: the vault. Emits: fees-applied, and fees-collected when some were due.
;; Fails: ERR_NOT_VAULT, ERR_NO_POOL, ERR_WRONG_SHARE, ERR_NO_PRICE, and as pool-terms apply-rates does.
(define-public (apply-fees (pool-id uint) (share principal))
  (let ((fees (try! (collect pool-id share)))
        (rates (try! (contract-call? .pool-terms apply-rates pool-id))))
    (print { topic: "fees-applied", pool-id: pool-id, before: (get before rates), after: (get after rates) })
    (ok fees)
  )
)

;; --- guards ---

(define-private (assert-vault)
  (ok (asserts! (is-eq contract-caller .whale-pool-vault) ERR_NOT_VAULT))
)

(define-private (note-call (pool-id uint) (user principal))
  (ok (asserts!
    (>= stacks-block-time (+ (try! (contract-call? .withdrawal-queue note-call pool-id user)) CALL_GAP_SECS))
    ERR_TOO_SOON
  ))
)

(define-private (assert-below-cap (pool-id uint) (value-ustx uint))
  (let ((stx-usd (get price (unwrap! (contract-call? .pool-oracle get-stx-usd) ERR_NO_PRICE)))
        (cap-usd (unwrap! (contract-call? .pool-terms get-cap pool-id) ERR_NO_POOL)))
    (ok (asserts! (<= (* value-ustx stx-usd) (* cap-usd USD_SCALE)) ERR_CAP_REACHED))
  )
)

(define-private (assert-request (pool-id uint) (only (optional principal)))
  (ok (asserts!
    (match only
      user (is-some (contract-call? .withdrawal-queue get-request pool-id user))
      true
    )
    ERR_NO_REQUEST
  ))
)

(define-private (assert-payable (pool-id uint) (user principal) (value-ustx uint) (total uint) (idle uint))
  (let ((standing (try! (contract-call? .withdrawal-queue get-standing pool-id user value-ustx total)))
        (request (unwrap! (get request standing) ERR_NO_REQUEST))
        (payout (mul-div-down (get shares request) value-ustx total))
        ;; What a unit of share costs, and one more for the rounding: a payment in part is never nothing.
        (least (+ (get older standing) (lesser payout (+ (/ value-ustx total) u2)))))
    (asserts! (>= payout (get min-out request)) ERR_BELOW_MIN_OUT)
    (asserts! (> payout u0) ERR_AMOUNT_TOO_SMALL)
    (asserts! (>= idle least) ERR_NOT_ENOUGH_IDLE)
    (ok (asserts! (>= (get room standing) least) ERR_OUTFLOW_LIMIT))
  )
)

(define-private (check-given-up (asset principal) (state { tokens: (list 10 principal), known: bool }))
  (merge state { known: (and (get known state) (is-some (index-of? (get tokens state) asset))) })
)

;; --- pools ---

;; A pool with what it is worth, where a price may still be missing.
(define-private (get-pool (pool-id uint) (share principal))
  (let ((pool (unwrap! (contract-call? .pool-valuation survey pool-id) ERR_NO_POOL)))
    (try! (assert-vault))
    (asserts! (is-eq share (get share pool)) ERR_WRONG_SHARE)
    (ok pool)
  )
)

(define-private (get-payable-pool (pool-id uint) (share principal))
  (let ((pool (try! (get-pool pool-id share))))
    (asserts! (not (get withdrawals (get pauses pool))) ERR_PAUSED)
    (ok pool)
  )
)

;; A pool by its books alone, for what needs no price.
(define-private (get-unpriced-pool (pool-id uint) (share principal))
  (let ((pool (unwrap! (contract-call? .pool-books get-pool pool-id) ERR_NO_POOL)))
    (try! (assert-vault))
    (asserts! (is-eq share (get share pool)) ERR_WRONG_SHARE)
    (ok pool)
  )
)

(define-private (get-row-asset (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint }))
  (get asset row)
)

(define-private (get-idle (rows (list 10 { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })))
  (match (index-of? (map get-row-asset rows) .stx-token)
    place (default-to u0 (get amount (element-at? rows place)))
    u0
  )
)

;; --- the queue ---

;; What is paid now, or u0 when it waits. Those who wait already and could be paid keep their claim.
(define-private (pay-or-queue
    (pool-id uint)
    (user principal)
    (shares uint)
    (min-out uint)
    (value-ustx uint)
    (total uint)
    (idle uint)
  )
  (let ((payout (mul-div-down shares value-ustx total))
        (standing (try! (contract-call? .withdrawal-queue get-standing pool-id user value-ustx total))))
    (asserts! (>= payout min-out) ERR_BELOW_MIN_OUT)
    (asserts! (> payout u0) ERR_AMOUNT_TOO_SMALL)
    (if (<= (+ payout (get owed standing)) (lesser idle (get room standing)))
      (begin
        (try! (contract-call? .withdrawal-queue note-outflow pool-id payout))
        (try! (contract-call? .pool-books note-payment pool-id shares u0 payout))
        (ok payout)
      )
      (let ((before (default-to { user: user, shares: u0, min-out: u0, asked-at: u0 } (get request standing))))
        ;; A request that grows must be payable as a whole, or a small one that is not could carry a large one.
        (asserts!
          (>= (mul-div-down (+ (get shares before) shares) value-ustx total) (+ (get min-out before) min-out))
          ERR_BELOW_MIN_OUT
        )
        (try! (enqueue pool-id user shares min-out))
        (ok u0)
      )
    )
  )
)

(define-private (enqueue (pool-id uint) (user principal) (shares uint) (min-out uint))
  (let ((queued (unwrap! (contract-call? .withdrawal-queue add-request pool-id user shares min-out) ERR_QUEUE_FULL)))
    (asserts! (>= queued MIN_QUEUED_SHARES) ERR_AMOUNT_TOO_SMALL)
    (try! (contract-call? .pool-books note-escrow pool-id shares))
    (print { topic: "withdrawal-queued", pool-id: pool-id, user: user, shares: shares, queued: queued })
    (ok true)
  )
)

(define-private (remove (pool-id uint) (user principal))
  (let ((shares (get shares (unwrap! (contract-call? .withdrawal-queue remove-request pool-id user) ERR_NO_REQUEST))))
    (try! (contract-call? .pool-books note-return pool-id shares))
    (ok shares)
  )
)

;; --- fees ---

;; What shares are made for whom; `total` is how many there are then. Without a value only the management fee is due.
(define-private (accrue (pool-id uint) (value-ustx (optional uint)) (total-shares uint))
  (let ((fees (try! (contract-call? .pool-terms charge pool-id total-shares value-ustx)))
        (minted (+ (get management fees) (get performance fees))))
    (and (> minted u0) (try! (contract-call? .pool-books note-fees pool-id minted)))
    (and (> minted u0) (tell-fees pool-id (get management fees) (get performance fees) (get insured fees)))
    (ok {
      total: (+ total-shares minted),
      minted: minted,
      insured: (get insured fees),
      fee-account: (get fee-account fees),
      insurance-account: (get insurance-account fees),
    })
  )
)

(define-private (tell-fees (pool-id uint) (management uint) (performance uint) (insured uint))
  (begin
    (print {
      topic: "fees-collected",
      pool-id: pool-id,
      management: management,
      performance: performance,
      insured: insured,
    })
    true
  )
)

;; --- arithmetic ---

(define-private (preview-deposit (amount-ustx uint) (total uint) (value-ustx uint))
  (if (is-eq total u0)
    (begin
      (asserts! (>= amount-ustx MIN_FIRST_DEPOSIT_USTX) ERR_AMOUNT_TOO_SMALL)
      (ok (- amount-ustx DEAD_SHARES))
    )
    (let ((buying-ustx (mul-div-down amount-ustx (- BPS_ONE ENTRY_PREMIUM_BPS) BPS_ONE)))
      (asserts! (> value-ustx u0) ERR_NO_VALUE)
      (let ((shares (mul-div-down buying-ustx total value-ustx)))
        (asserts! (> shares u0) ERR_AMOUNT_TOO_SMALL)
        (ok shares)
      )
    )
  )
)

(define-private (add-part
    (row { asset: principal, amount: uint, bps: uint, decimals: uint, unit: uint })
    (state { shares: uint, total: uint, given-up: (list 10 principal), amounts: (list 10 uint) })
  )
  (let ((amount (if (is-some (index-of? (get given-up state) (get asset row)))
          u0
          (mul-div-down (get amount row) (get shares state) (get total state))
        )))
    (merge state { amounts: (default-to (get amounts state) (as-max-len? (append (get amounts state) amount) u10)) })
  )
)

(define-private (lesser (a uint) (b uint))
  (if (< a b) a b)
)

(define-private (mul-div-down (a uint) (b uint) (divisor uint))
  (/ (* a b) divisor)
)
