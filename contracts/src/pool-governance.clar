;; pool-governance: FLOW stakers vote on mandates (what a pool aims at and within which limits a keeper may trade
;; towards it), on the whales a pool follows, and on scripts. Parameters and roles are changed by scripts only.
;; Trusts: ballot-box for votes, flow-staking for locks, pool-access for roles, the vault for targets and values.
;; Holds nothing.
;; Errors: u1700 to u1799, and those of ballot-box (u32xx) unchanged. Rounding: limits compare products, so nothing
;; is rounded. Times are seconds of block time. What is open until a second is over in that second.

(use-trait script .script-trait.script-trait)

(define-constant BPS_ONE u10000)
(define-constant HOUR_SECS u3600)
(define-constant DAY_SECS (* u24 HOUR_SECS))
(define-constant MIN_OPEN_SECS HOUR_SECS)
(define-constant MAX_OPEN_SECS (* u7 DAY_SECS))
(define-constant MAX_TURNOVER_BPS u20000)
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant MAX_LOSS_BPS u200)
(define-constant MAX_AMOUNT_USTX u10000000000000000) ;; more than all STX there will ever be

;; The caller is neither keeper nor holds one percent of the stake.
(define-constant ERR_NOT_PROPOSER (err u1700))
;; There is no pool of that number.
(define-constant ERR_NO_POOL (err u1701))
;; The targets could not be set: unknown asset, named twice, or not 10,000 in sum.
(define-constant ERR_BAD_TARGETS (err u1702))
;; A limit is above what any mandate may have.
(define-constant ERR_BAD_LIMITS (err u1703))
;; A mandate stays open between an hour and seven days.
(define-constant ERR_BAD_OPEN_SECS (err u1704))
;; The pool has a proposal that is not concluded.
(define-constant ERR_IN_VOTE (err u1705))
;; This contract does not govern, so it cannot lock stakes or set targets.
(define-constant ERR_NOT_IN_OFFICE (err u1711))
;; A price is missing, so the value at opening is not known; conclude later.
(define-constant ERR_NO_PRICE (err u1713))
;; Only the rebalancer notes slices.
(define-constant ERR_NOT_REBALANCER (err u1714))
;; There is no mandate of that number.
(define-constant ERR_NO_MANDATE (err u1715))
;; The mandate is another pool's.
(define-constant ERR_WRONG_POOL (err u1716))
;; The mandate has expired.
(define-constant ERR_EXPIRED (err u1717))
;; A newer mandate of this pool has taken its place.
(define-constant ERR_REPLACED (err u1718))
;; Slices run once each, in order.
(define-constant ERR_WRONG_SLICE (err u1719))
;; The mandate's turnover would be exceeded.
(define-constant ERR_OVER_TURNOVER (err u1720))
;; The mandate's loss would be exceeded.
(define-constant ERR_OVER_LOSS (err u1721))
;; The script is in vote or waiting to be run.
(define-constant ERR_SCRIPT_PENDING (err u1722))
;; The script has no passed vote, or ran already.
(define-constant ERR_NOT_RUNNABLE (err u1723))
;; The script's wait is not over.
(define-constant ERR_TOO_EARLY (err u1724))
;; The script waited too long and may not run any more.
(define-constant ERR_TOO_LATE (err u1725))
;; The script failed.
(define-constant ERR_SCRIPT_FAILED (err u1726))
;; The list of whales is empty, names one twice, or does not add up to 10,000.
(define-constant ERR_BAD_WHALES (err u1727))
;; Only a guardian may veto.
(define-constant ERR_NOT_GUARDIAN (err u1728))

(define-map terms uint {
  pool-id: uint,
  targets: (list 10 { asset: principal, bps: uint }),
  limits: { turnover-bps: uint, slippage-bps: uint, loss-bps: uint },
  open-secs: uint,
  plan-hash: (buff 32),
})
(define-map latest-proposals uint uint)
;; A mandate has the number of its proposal.
(define-map mandates uint {
  pool-id: uint,
  limits: { turnover-bps: uint, slippage-bps: uint, loss-bps: uint },
  targets: (list 10 { asset: principal, bps: uint }),
  opened-at: uint,
  expires-at: uint,
  slices: uint,
  turnover-ustx: uint,
  loss-ustx: uint,
  base-value-ustx: uint,
})
(define-map latest-mandates uint uint)
(define-map whale-proposals uint {
  pool-id: uint,
  whales: (list 20 { whale: principal, weight-bps: uint }),
  source-hash: (buff 32),
})
(define-map latest-whale-proposals uint uint)
(define-map script-proposals uint principal)
(define-map latest-script-proposals principal uint)

;; --- proposers and voters ---

;; Ask for a mandate. One such proposal per pool at a time.
;; Caller: role "keeper", or at least one percent of the stake. Emits: mandate-proposed, after ballot-opened.
;; Fails: ERR_NOT_PROPOSER, ERR_NO_POOL, ERR_BAD_TARGETS, ERR_BAD_LIMITS, ERR_BAD_OPEN_SECS, ERR_IN_VOTE.
(define-public (propose-mandate
    (pool-id uint)
    (targets (list 10 { asset: principal, bps: uint }))
    (limits { turnover-bps: uint, slippage-bps: uint, loss-bps: uint })
    (open-secs uint)
    (plan-hash (buff 32))
  )
  (let ((asked { pool-id: pool-id, targets: targets, limits: limits, open-secs: open-secs, plan-hash: plan-hash }))
    (try! (assert-proposer))
    (asserts! (is-some (contract-call? .whale-pool-vault get-pool pool-id)) ERR_NO_POOL)
    (asserts! (is-ok (contract-call? .whale-pool-vault check-targets targets)) ERR_BAD_TARGETS)
    (asserts! (<= (get turnover-bps limits) MAX_TURNOVER_BPS) ERR_BAD_LIMITS)
    (asserts! (<= (get slippage-bps limits) MAX_SLIPPAGE_BPS) ERR_BAD_LIMITS)
    (asserts! (<= (get loss-bps limits) MAX_LOSS_BPS) ERR_BAD_LIMITS)
    (asserts! (and (>= open-secs MIN_OPEN_SECS) (<= open-secs MAX_OPEN_SECS)) ERR_BAD_OPEN_SECS)
    (asserts! (not (contract-call? .ballot-box is-pending (get-latest-proposal pool-id))) ERR_IN_VOTE)
    (let ((id (try! (contract-call? .ballot-box open-ballot "mandate" contract-caller))))
      (map-set terms id asked)
      (map-set latest-proposals pool-id id)
      (print (merge asked { topic: "mandate-proposed", proposal-id: id, proposer: contract-caller }))
      (ok id)
    )
  )
)

;; Ask that a pool follow these whales. One such proposal per pool at a time.
;; Caller: role "keeper", or at least one percent of the stake. Emits: whales-proposed, after ballot-opened.
;; Fails: ERR_NOT_PROPOSER, ERR_NO_POOL, ERR_BAD_WHALES, ERR_IN_VOTE.
(define-public (propose-whales
    (pool-id uint)
    (whales (list 20 { whale: principal, weight-bps: uint }))
    (source-hash (buff 32))
  )
  (let ((asked { pool-id: pool-id, whales: whales, source-hash: source-hash }))
    (try! (assert-proposer))
    (asserts! (is-some (contract-call? .whale-pool-vault get-pool pool-id)) ERR_NO_POOL)
    (asserts! (is-ok (contract-call? .whale-list check-whales whales)) ERR_BAD_WHALES)
    (asserts! (not (contract-call? .ballot-box is-pending (get-latest-whale-proposal pool-id))) ERR_IN_VOTE)
    (let ((id (try! (contract-call? .ballot-box open-ballot "whales" contract-caller))))
      (map-set whale-proposals id asked)
      (map-set latest-whale-proposals pool-id id)
      (print (merge asked { topic: "whales-proposed", proposal-id: id, proposer: contract-caller }))
      (ok id)
    )
  )
)

;; Ask that a script be run as governance.
;; Caller: role "keeper", or at least one percent of the stake. Emits: script-proposed, after ballot-opened.
;; Fails: ERR_NOT_PROPOSER, ERR_SCRIPT_PENDING.
(define-public (propose-script (act <script>))
  (let ((target (contract-of act)))
    (try! (assert-proposer))
    (asserts! (not (contract-call? .ballot-box is-pending (map-get? latest-script-proposals target))) ERR_SCRIPT_PENDING)
    (let ((id (try! (contract-call? .ballot-box open-ballot "script" contract-caller))))
      (map-set script-proposals id target)
      (map-set latest-script-proposals target id)
      (print { topic: "script-proposed", proposal-id: id, script: target, proposer: contract-caller })
      (ok id)
    )
  )
)

;; Vote with the stake held now, at most what was staked before the proposal was made. Locks the stake until the
;; latest second in which the vote can end.
;; Caller: a staker, once per proposal. Emits: vote-cast, vote-extended, stake-locked.
;; Fails: ERR_NOT_IN_OFFICE, and as cast-vote of ballot-box does.
(define-public (vote (proposal-id uint) (support bool))
  (let ((voter contract-caller)
        (cast (try! (contract-call? .ballot-box cast-vote proposal-id voter support))))
    (unwrap! (contract-call? .flow-staking lock voter (get lock-until cast)) ERR_NOT_IN_OFFICE)
    (ok (get weight cast))
  )
)

;; --- guardians ---

;; Stop a proposal that is in vote or waiting to be carried out, unless two thirds of all the stake are for it.
;; Caller: role "guardian". Emits: proposal-vetoed.
;; Fails: ERR_NOT_GUARDIAN, and as veto of ballot-box does.
(define-public (veto (proposal-id uint))
  (begin
    (asserts! (contract-call? .pool-access has-role contract-caller "guardian") ERR_NOT_GUARDIAN)
    (contract-call? .ballot-box veto proposal-id contract-caller)
  )
)

;; --- anyone ---

;; Count a vote whose end and wait are over: open its mandate, set its whales, start the wait of its script, or turn it
;; down. Targets the vault will not take any more count as rejected, so that no proposal can stand in the way for ever.
;; Caller: anyone. Emits: mandate-opened or whales-set; proposal-concluded.
;; Fails: ERR_NOT_IN_OFFICE, ERR_NO_PRICE, and as judge of ballot-box does.
(define-public (conclude (proposal-id uint))
  (let ((verdict (try! (contract-call? .ballot-box judge proposal-id)))
        (passed (and (is-eq verdict "passed") (try! (carry-out proposal-id)))))
    (try! (contract-call? .ballot-box close-ballot proposal-id
      (if (and (not passed) (is-eq verdict "passed")) "rejected" verdict)
    ))
    (ok passed)
  )
)

;; Run a script whose vote passed and whose wait is over, once. It acts as governance and moves no asset of ours.
;; Caller: anyone. Emits: script-run, and what the script emits.
;; Fails: ERR_NOT_RUNNABLE, ERR_TOO_EARLY, ERR_TOO_LATE, ERR_NOT_IN_OFFICE, ERR_SCRIPT_FAILED.
(define-public (run-script (act <script>))
  (let ((target (contract-of act))
        (id (unwrap! (map-get? latest-script-proposals target) ERR_NOT_RUNNABLE))
        (ballot (unwrap! (contract-call? .ballot-box get-ballot id) ERR_NOT_RUNNABLE)))
    (asserts! (>= stacks-block-time (unwrap! (get runnable-at ballot) ERR_NOT_RUNNABLE)) ERR_TOO_EARLY)
    (asserts! (< stacks-block-time (get stale-at ballot)) ERR_TOO_LATE)
    (try! (contract-call? .ballot-box note-run id))
    (print { topic: "script-run", proposal-id: id, script: target })
    (unwrap! (contract-call? .pool-access open-script target) ERR_NOT_IN_OFFICE)
    (unwrap! (as-contract? () (unwrap! (contract-call? act execute) ERR_SCRIPT_FAILED)) ERR_SCRIPT_FAILED)
    (unwrap! (contract-call? .pool-access close-script) ERR_NOT_IN_OFFICE)
    (ok true)
  )
)

;; --- the rebalancer ---

;; Count one executed slice against its mandate.
;; Caller: role "rebalancer". Emits: slice-noted.
;; Fails: ERR_NOT_REBALANCER, ERR_NO_MANDATE, ERR_WRONG_POOL, ERR_REPLACED, ERR_EXPIRED, ERR_WRONG_SLICE,
;; ERR_OVER_TURNOVER, ERR_OVER_LOSS.
(define-public (note-slice
    (mandate-id uint)
    (pool-id uint)
    (slice uint)
    (turnover-ustx uint)
    (value-ustx uint)
    (loss-ustx uint)
  )
  (let ((mandate (unwrap! (map-get? mandates mandate-id) ERR_NO_MANDATE))
        (limits (get limits mandate))
        (base (get base-value-ustx mandate)))
    (asserts! (contract-call? .pool-access has-role contract-caller "rebalancer") ERR_NOT_REBALANCER)
    (asserts! (is-eq pool-id (get pool-id mandate)) ERR_WRONG_POOL)
    (asserts! (is-eq (some mandate-id) (map-get? latest-mandates pool-id)) ERR_REPLACED)
    (asserts! (< stacks-block-time (get expires-at mandate)) ERR_EXPIRED)
    (asserts! (is-eq slice (+ (get slices mandate) u1)) ERR_WRONG_SLICE)
    (asserts! (<= turnover-ustx MAX_AMOUNT_USTX) ERR_OVER_TURNOVER)
    (asserts! (<= loss-ustx MAX_AMOUNT_USTX) ERR_OVER_LOSS)
    (let ((turnover (+ (get turnover-ustx mandate) turnover-ustx))
          (loss (+ (get loss-ustx mandate) loss-ustx)))
      (asserts! (<= (* turnover BPS_ONE) (* (get turnover-bps limits) base)) ERR_OVER_TURNOVER)
      (asserts! (<= (* loss BPS_ONE) (* (get loss-bps limits) base)) ERR_OVER_LOSS)
      (map-set mandates mandate-id (merge mandate { slices: slice, turnover-ustx: turnover, loss-ustx: loss }))
      (print {
        topic: "slice-noted",
        mandate-id: mandate-id,
        pool-id: pool-id,
        slice: slice,
        turnover-ustx: turnover,
        loss-ustx: loss,
        value-ustx: value-ustx,
      })
      (ok true)
    )
  )
)

;; --- views ---

(define-read-only (get-proposal-count)
  (contract-call? .ballot-box get-proposal-count)
)

;; A mandate proposal with its ballot; none for the number of another. "voting" until somebody concludes it.
(define-read-only (get-proposal (id uint))
  (some (merge (unwrap! (map-get? terms id) none) (unwrap! (contract-call? .ballot-box get-ballot id) none)))
)

;; A whale proposal with its ballot; none for the number of another.
(define-read-only (get-whale-proposal (id uint))
  (some (merge (unwrap! (map-get? whale-proposals id) none) (unwrap! (contract-call? .ballot-box get-ballot id) none)))
)

;; A script proposal with its ballot; none for the number of another. It runs from `runnable-at` until `stale-at`.
(define-read-only (get-script-proposal (id uint))
  (let ((target (unwrap! (map-get? script-proposals id) none)))
    (some (merge (unwrap! (contract-call? .ballot-box get-ballot id) none) { script: target }))
  )
)

(define-read-only (get-vote (proposal-id uint) (voter principal))
  (contract-call? .ballot-box get-vote proposal-id voter)
)

(define-read-only (get-mandate (id uint))
  (map-get? mandates id)
)

(define-read-only (get-latest-proposal (pool-id uint))
  (map-get? latest-proposals pool-id)
)

(define-read-only (get-latest-whale-proposal (pool-id uint))
  (map-get? latest-whale-proposals pool-id)
)

(define-read-only (get-latest-script-proposal (target principal))
  (map-get? latest-script-proposals target)
)

;; The mandate a keeper may use now; none when there is none or it has expired.
(define-read-only (get-open-mandate (pool-id uint))
  (let ((id (default-to u0 (map-get? latest-mandates pool-id))))
    (if (< stacks-block-time (default-to u0 (get expires-at (map-get? mandates id))))
      (some id)
      none
    )
  )
)

;; --- guards ---

(define-private (assert-proposer)
  (ok (asserts!
    (or
      (contract-call? .pool-access has-role contract-caller "keeper")
      (contract-call? .ballot-box may-propose contract-caller)
    )
    ERR_NOT_PROPOSER
  ))
)

;; --- moving ---

;; Does what passed; false where it cannot be done any more. A script that passed has nothing to be done but wait.
(define-private (carry-out (id uint))
  (begin
    (asserts! (contract-call? .pool-access is-governance current-contract) ERR_NOT_IN_OFFICE)
    (match (map-get? terms id)
      asked (open-mandate id asked)
      (match (map-get? whale-proposals id)
        asked (ok (is-ok (contract-call? .whale-list set-whales (get pool-id asked) (get whales asked)
          (get source-hash asked) id
        )))
        (ok true)
      )
    )
  )
)

;; Sets the targets and opens the mandate; false when the vault refuses the targets.
(define-private (open-mandate
    (id uint)
    (asked {
      pool-id: uint,
      targets: (list 10 { asset: principal, bps: uint }),
      limits: { turnover-bps: uint, slippage-bps: uint, loss-bps: uint },
      open-secs: uint,
      plan-hash: (buff 32),
    })
  )
  (let ((pool-id (get pool-id asked))
        (expires-at (+ stacks-block-time (get open-secs asked))))
    (if (is-err (contract-call? .whale-pool-vault set-target-allocation pool-id (get targets asked)))
      (ok false)
      (let ((base (unwrap! (contract-call? .whale-pool-vault get-pool-total-value pool-id) ERR_NO_PRICE)))
        (map-set mandates id {
          pool-id: pool-id,
          limits: (get limits asked),
          targets: (get targets asked),
          opened-at: stacks-block-time,
          expires-at: expires-at,
          slices: u0,
          turnover-ustx: u0,
          loss-ustx: u0,
          base-value-ustx: base,
        })
        (map-set latest-mandates pool-id id)
        (print {
          topic: "mandate-opened",
          mandate-id: id,
          pool-id: pool-id,
          plan-hash: (get plan-hash asked),
          base-value-ustx: base,
          expires-at: expires-at,
        })
        (ok true)
      )
    )
  )
)
