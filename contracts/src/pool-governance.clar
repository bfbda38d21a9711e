;; pool-governance: FLOW stakers vote on mandates (what a pool aims at and within which limits a keeper may trade
;; towards it) and on scripts (everything else that governance may change).
;; Trusts: flow-staking for weights, pool-access for roles, the vault for targets and values. Holds nothing.
;; Errors: u1700 to u1799. Rounding: quorum and limits compare products, so nothing is rounded.
;; Times are seconds of block time. A vote is open before its end, concluded from its end on.

(use-trait script .script-trait.script-trait)

(define-constant BPS_ONE u10000)
(define-constant HOUR_SECS u3600)
(define-constant DAY_SECS (* u24 HOUR_SECS))
(define-constant VOTING_SECS DAY_SECS)
(define-constant QUORUM_BPS u5100)
(define-constant PROPOSER_BPS u100) ;; of all stake
(define-constant MIN_OPEN_SECS HOUR_SECS)
(define-constant MAX_OPEN_SECS (* u7 DAY_SECS))
(define-constant MAX_TURNOVER_BPS u20000)
(define-constant MAX_SLIPPAGE_BPS u200)
(define-constant MAX_LOSS_BPS u200)
(define-constant MAX_AMOUNT_USTX u10000000000000000) ;; more than all STX there will ever be
(define-constant SCRIPT_WAIT_SECS DAY_SECS)
(define-constant SCRIPT_LIFE_SECS (* u30 DAY_SECS)) ;; after the wait

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
;; There is no proposal of that number.
(define-constant ERR_NO_PROPOSAL (err u1706))
;; The vote has ended.
(define-constant ERR_VOTE_ENDED (err u1707))
;; The vote has not ended.
(define-constant ERR_VOTE_RUNNING (err u1708))
;; The caller voted already.
(define-constant ERR_VOTED (err u1709))
;; The caller had no stake when the proposal was made, or has none now.
(define-constant ERR_NO_STAKE (err u1710))
;; This contract does not govern, so it cannot lock stakes or set targets.
(define-constant ERR_NOT_IN_OFFICE (err u1711))
;; The proposal was concluded already.
(define-constant ERR_CONCLUDED (err u1712))
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

(define-data-var proposal-count uint u0)
;; What mandate and script proposals have in common.
(define-map ballots uint {
  proposer: principal,
  created-at: uint,
  ends-at: uint,
  stake-total: uint,
  votes-for: uint,
  votes-against: uint,
  state: (string-ascii 12),
})
(define-map voted { proposal-id: uint, voter: principal } { support: bool, weight: uint })
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
(define-map script-proposals uint principal)
;; A script from its proposal until it ran, was rejected or its time passed; runnable between the two instants.
(define-map pending-scripts principal { proposal-id: uint, runnable-at: (optional uint), stale-at: uint })

;; --- proposers and voters ---

;; Ask for a mandate. One proposal per pool at a time.
;; Caller: role "keeper", or at least one percent of the stake. Emits: mandate-proposed.
;; Fails: ERR_NOT_PROPOSER, ERR_NO_POOL, ERR_BAD_TARGETS, ERR_BAD_LIMITS, ERR_BAD_OPEN_SECS, ERR_IN_VOTE.
(define-public (propose-mandate
    (pool-id uint)
    (targets (list 10 { asset: principal, bps: uint }))
    (limits { turnover-bps: uint, slippage-bps: uint, loss-bps: uint })
    (open-secs uint)
    (plan-hash (buff 32))
  )
  (let ((id (+ (var-get proposal-count) u1)))
    (try! (assert-proposer))
    (asserts! (is-some (contract-call? .whale-pool-vault get-pool pool-id)) ERR_NO_POOL)
    (asserts! (is-ok (contract-call? .whale-pool-vault check-targets targets)) ERR_BAD_TARGETS)
    (asserts! (<= (get turnover-bps limits) MAX_TURNOVER_BPS) ERR_BAD_LIMITS)
    (asserts! (<= (get slippage-bps limits) MAX_SLIPPAGE_BPS) ERR_BAD_LIMITS)
    (asserts! (<= (get loss-bps limits) MAX_LOSS_BPS) ERR_BAD_LIMITS)
    (asserts! (and (>= open-secs MIN_OPEN_SECS) (<= open-secs MAX_OPEN_SECS)) ERR_BAD_OPEN_SECS)
    (asserts! (not (is-in-vote (get-latest-proposal pool-id))) ERR_IN_VOTE)
    (open-ballot id)
    (map-set terms id {
      pool-id: pool-id,
      targets: targets,
      limits: limits,
      open-secs: open-secs,
      plan-hash: plan-hash,
    })
    (map-set latest-proposals pool-id id)
    (print {
      topic: "mandate-proposed",
      proposal-id: id,
      pool-id: pool-id,
      proposer: contract-caller,
      targets: targets,
      limits: limits,
      open-secs: open-secs,
      plan-hash: plan-hash,
      ends-at: (+ stacks-block-time VOTING_SECS),
    })
    (ok id)
  )
)

;; Ask that a script be run as governance.
;; Caller: role "keeper", or at least one percent of the stake. Emits: script-proposed.
;; Fails: ERR_NOT_PROPOSER, ERR_SCRIPT_PENDING.
(define-public (propose-script (act <script>))
  (let ((id (+ (var-get proposal-count) u1))
        (target (contract-of act)))
    (try! (assert-proposer))
    (asserts! (not (is-script-pending target)) ERR_SCRIPT_PENDING)
    (open-ballot id)
    (map-set script-proposals id target)
    ;; Stale only by its own vote: a script in vote stays pending until concluded.
    (map-set pending-scripts target { proposal-id: id, runnable-at: none, stale-at: u0 })
    (print {
      topic: "script-proposed",
      proposal-id: id,
      script: target,
      proposer: contract-caller,
      ends-at: (+ stacks-block-time VOTING_SECS),
    })
    (ok id)
  )
)

;; Vote with the stake held now, at most what was staked when the proposal was made. Locks the stake until the end.
;; Caller: a staker, once per proposal. Emits: vote-cast.
;; Fails: ERR_NO_PROPOSAL, ERR_VOTE_ENDED, ERR_VOTED, ERR_NO_STAKE, ERR_NOT_IN_OFFICE.
(define-public (vote (proposal-id uint) (support bool))
  (let ((ballot (unwrap! (map-get? ballots proposal-id) ERR_NO_PROPOSAL))
        (voter contract-caller)
        (now-staked (contract-call? .flow-staking get-stake contract-caller))
        (then-staked (contract-call? .flow-staking get-stake-at contract-caller (get created-at ballot)))
        (weight (if (< now-staked then-staked) now-staked then-staked)))
    (asserts! (< stacks-block-time (get ends-at ballot)) ERR_VOTE_ENDED)
    (asserts! (> weight u0) ERR_NO_STAKE)
    (asserts! (map-insert voted { proposal-id: proposal-id, voter: voter } { support: support, weight: weight })
      ERR_VOTED
    )
    (map-set ballots proposal-id (merge ballot {
      votes-for: (+ (get votes-for ballot) (if support weight u0)),
      votes-against: (+ (get votes-against ballot) (if support u0 weight)),
    }))
    (unwrap! (contract-call? .flow-staking lock voter (get ends-at ballot)) ERR_NOT_IN_OFFICE)
    (print { topic: "vote-cast", proposal-id: proposal-id, voter: voter, support: support, weight: weight })
    (ok weight)
  )
)

;; --- anyone ---

;; Count a vote that has ended: open its mandate, or start the wait of its script, or reject it. Targets the vault
;; will not take any more count as rejected, so that no proposal can stand in the way for ever.
;; Caller: anyone. Emits: mandate-opened, script-passed or proposal-rejected.
;; Fails: ERR_NO_PROPOSAL, ERR_VOTE_RUNNING, ERR_CONCLUDED, ERR_NOT_IN_OFFICE, ERR_NO_PRICE.
(define-public (conclude (proposal-id uint))
  (let ((ballot (unwrap! (map-get? ballots proposal-id) ERR_NO_PROPOSAL))
        (cast (+ (get votes-for ballot) (get votes-against ballot)))
        (quorate (>= (* cast BPS_ONE) (* QUORUM_BPS (get stake-total ballot))))
        (won (> (get votes-for ballot) (get votes-against ballot))))
    (asserts! (is-eq (get state ballot) "voting") ERR_CONCLUDED)
    (asserts! (>= stacks-block-time (get ends-at ballot)) ERR_VOTE_RUNNING)
    (let ((passed (and quorate won (match (map-get? terms proposal-id)
            mandate-terms (try! (open-mandate proposal-id mandate-terms))
            (pass-script proposal-id)
          ))))
      (map-set ballots proposal-id (merge ballot { state: (if passed "passed" "rejected") }))
      (and (not passed) (reject proposal-id quorate won))
      (ok passed)
    )
  )
)

;; Run a script whose vote passed and whose wait is over, once. It acts as governance and moves no asset of ours.
;; Caller: anyone. Emits: script-run, and what the script emits.
;; Fails: ERR_NOT_RUNNABLE, ERR_TOO_EARLY, ERR_TOO_LATE, ERR_NOT_IN_OFFICE, ERR_SCRIPT_FAILED.
(define-public (run-script (act <script>))
  (let ((target (contract-of act))
        (pending (unwrap! (map-get? pending-scripts target) ERR_NOT_RUNNABLE))
        (runnable-at (unwrap! (get runnable-at pending) ERR_NOT_RUNNABLE)))
    (asserts! (>= stacks-block-time runnable-at) ERR_TOO_EARLY)
    (asserts! (< stacks-block-time (get stale-at pending)) ERR_TOO_LATE)
    (map-delete pending-scripts target)
    (print { topic: "script-run", proposal-id: (get proposal-id pending), script: target })
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
  (var-get proposal-count)
)

;; A mandate proposal; none for the number of a script. "voting" until somebody concludes it.
(define-read-only (get-proposal (id uint))
  (match (map-get? terms id)
    mandate-terms (match (map-get? ballots id)
      ballot (some (merge mandate-terms ballot))
      none
    )
    none
  )
)

;; A script proposal; none for the number of a mandate.
(define-read-only (get-script-proposal (id uint))
  (match (map-get? script-proposals id)
    target (match (map-get? ballots id)
      ballot (some (merge ballot { script: target }))
      none
    )
    none
  )
)

;; When a script may run; none when it has no passed vote.
(define-read-only (get-pending-script (target principal))
  (map-get? pending-scripts target)
)

(define-read-only (get-vote (proposal-id uint) (voter principal))
  (map-get? voted { proposal-id: proposal-id, voter: voter })
)

(define-read-only (get-mandate (id uint))
  (map-get? mandates id)
)

(define-read-only (get-latest-proposal (pool-id uint))
  (map-get? latest-proposals pool-id)
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
  (let ((total (contract-call? .flow-staking get-total-staked))
        (own (contract-call? .flow-staking get-stake contract-caller)))
    (ok (asserts!
      (or
        (contract-call? .pool-access has-role contract-caller "keeper")
        (and (> own u0) (>= (* own BPS_ONE) (* total PROPOSER_BPS)))
      )
      ERR_NOT_PROPOSER
    ))
  )
)

(define-private (is-in-vote (proposal-id (optional uint)))
  (is-eq (some "voting") (get state (map-get? ballots (default-to u0 proposal-id))))
)

(define-private (is-script-pending (target principal))
  (match (map-get? pending-scripts target)
    pending (or (is-none (get runnable-at pending)) (< stacks-block-time (get stale-at pending)))
    false
  )
)

;; --- moving ---

(define-private (open-ballot (id uint))
  (begin
    (var-set proposal-count id)
    (map-set ballots id {
      proposer: contract-caller,
      created-at: stacks-block-time,
      ends-at: (+ stacks-block-time VOTING_SECS),
      stake-total: (contract-call? .flow-staking get-total-staked),
      votes-for: u0,
      votes-against: u0,
      state: "voting",
    })
  )
)

;; Sets the targets and opens the mandate; false when the vault refuses the targets.
(define-private (open-mandate
    (id uint)
    (new {
      pool-id: uint,
      targets: (list 10 { asset: principal, bps: uint }),
      limits: { turnover-bps: uint, slippage-bps: uint, loss-bps: uint },
      open-secs: uint,
      plan-hash: (buff 32),
    })
  )
  (let ((pool-id (get pool-id new))
        (expires-at (+ stacks-block-time (get open-secs new))))
    (asserts! (contract-call? .pool-access is-governance current-contract) ERR_NOT_IN_OFFICE)
    (if (is-err (contract-call? .whale-pool-vault set-target-allocation pool-id (get targets new)))
      (ok false)
      (let ((base (unwrap! (contract-call? .whale-pool-vault get-pool-total-value pool-id) ERR_NO_PRICE)))
        (map-set mandates id {
          pool-id: pool-id,
          limits: (get limits new),
          targets: (get targets new),
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
          plan-hash: (get plan-hash new),
          base-value-ustx: base,
          expires-at: expires-at,
        })
        (ok true)
      )
    )
  )
)

(define-private (pass-script (id uint))
  (match (map-get? script-proposals id)
    target (let ((runnable-at (+ stacks-block-time SCRIPT_WAIT_SECS)))
      (map-set pending-scripts target {
        proposal-id: id,
        runnable-at: (some runnable-at),
        stale-at: (+ runnable-at SCRIPT_LIFE_SECS),
      })
      (print { topic: "script-passed", proposal-id: id, script: target, runnable-at: runnable-at })
      true
    )
    false
  )
)

(define-private (reject (id uint) (quorate bool) (won bool))
  (begin
    (match (map-get? script-proposals id)
      target (map-delete pending-scripts target)
      false
    )
    (print { topic: "proposal-rejected", proposal-id: id, quorate: quorate, won: won })
    true
  )
)
