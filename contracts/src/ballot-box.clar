;; ballot-box: the votes on proposals: who may vote with how much, when a vote ends, and how it ended. What is voted
;; on, and what follows from it, is the business of .pool-governance, which alone opens, fills and closes ballots.
;; Trusts: .pool-governance for who is calling it, flow-staking for stakes. Holds nothing.
;; Errors: u3200 to u3299. Rounding: shares of the stake are compared as products, so nothing is rounded.
;; Times are seconds of block time. What is open until a second is over in that second.

(define-constant BPS_ONE u10000)
(define-constant HOUR_SECS u3600)
(define-constant DAY_SECS (* u24 HOUR_SECS))
(define-constant VOTING_SECS DAY_SECS)
;; A quorum that comes this late leaves the others this long to answer.
(define-constant EXTENSION_SECS (* u3 HOUR_SECS))
;; Between the end of a vote and its conclusion. A script waits after its conclusion instead, before it may run.
(define-constant WAIT_SECS HOUR_SECS)
(define-constant SCRIPT_WAIT_SECS DAY_SECS)
;; From when something may be carried out until it is void.
(define-constant LIFE_SECS (* u7 DAY_SECS))
(define-constant SCRIPT_LIFE_SECS (* u30 DAY_SECS))
(define-constant QUORUM_BPS u5100)
(define-constant PROPOSER_BPS u100) ;; of all stake

;; Only .pool-governance opens, fills and closes ballots.
(define-constant ERR_NOT_GOVERNANCE (err u3200))
;; There is no proposal of that number.
(define-constant ERR_NO_PROPOSAL (err u3201))
;; The vote has ended.
(define-constant ERR_VOTE_ENDED (err u3202))
;; The vote has not ended.
(define-constant ERR_VOTE_RUNNING (err u3203))
;; The wait after the vote is not over.
(define-constant ERR_NOT_DUE (err u3204))
;; The caller voted already.
(define-constant ERR_VOTED (err u3205))
;; The caller had no stake when the proposal was made, or has none now.
(define-constant ERR_NO_STAKE (err u3206))
;; The proposal was concluded already, or vetoed.
(define-constant ERR_CONCLUDED (err u3207))
;; Two thirds of all the stake voted for it, and no veto stops them.
(define-constant ERR_BROAD_MAJORITY (err u3208))

(define-data-var proposal-count uint u0)
(define-map ballots uint {
  kind: (string-ascii 8), ;; "mandate", "whales" or "script"
  proposer: principal,
  created-at: uint,
  ends-at: uint,
  stake-total: uint,
  votes-for: uint,
  votes-against: uint,
  vetoed: bool,
  state: (string-ascii 12),
  runnable-at: (optional uint), ;; of a script that passed, until it ran
})
(define-map voted { proposal-id: uint, voter: principal } { support: bool, weight: uint })

;; --- .pool-governance ---

;; Begin a vote of one day.
;; Caller: .pool-governance. Emits: ballot-opened. Fails: ERR_NOT_GOVERNANCE.
(define-public (open-ballot (kind (string-ascii 8)) (proposer principal))
  (let ((id (+ (var-get proposal-count) u1))
        (ends-at (+ stacks-block-time VOTING_SECS))
        (stake-total (contract-call? .flow-staking get-total-staked-at (get-second-before stacks-block-time))))
    (try! (assert-governance))
    (var-set proposal-count id)
    (map-set ballots id {
      kind: kind,
      proposer: proposer,
      created-at: stacks-block-time,
      ends-at: ends-at,
      stake-total: stake-total,
      votes-for: u0,
      votes-against: u0,
      vetoed: false,
      state: "voting",
      runnable-at: none,
    })
    (print {
      topic: "ballot-opened",
      proposal-id: id,
      kind: kind,
      proposer: proposer,
      stake-total: stake-total,
      ends-at: ends-at,
    })
    (ok id)
  )
)

;; Count a vote with the stake held now, at most what was staked before the proposal was made. The first quorum in
;; the last three hours moves the end to three hours after it. The caller locks the stake until `lock-until`, the
;; latest end this vote can have.
;; Caller: .pool-governance. Emits: vote-cast, vote-extended.
;; Fails: ERR_NOT_GOVERNANCE, ERR_NO_PROPOSAL, ERR_CONCLUDED, ERR_VOTE_ENDED, ERR_NO_STAKE, ERR_VOTED.
(define-public (cast-vote (id uint) (voter principal) (support bool))
  (let ((ballot (unwrap! (map-get? ballots id) ERR_NO_PROPOSAL))
        (weight (get-weight voter (get created-at ballot)))
        (before (+ (get votes-for ballot) (get votes-against ballot)))
        (total (get stake-total ballot))
        (first-quorum (and (is-quorate (+ before weight) total) (not (is-quorate before total))))
        (late-end (+ stacks-block-time EXTENSION_SECS))
        (extended (and first-quorum (> late-end (get ends-at ballot))))
        (ends-at (if extended late-end (get ends-at ballot))))
    (try! (assert-governance))
    (asserts! (is-eq (get state ballot) "voting") ERR_CONCLUDED)
    (asserts! (< stacks-block-time (get ends-at ballot)) ERR_VOTE_ENDED)
    (asserts! (> weight u0) ERR_NO_STAKE)
    (asserts! (map-insert voted { proposal-id: id, voter: voter } { support: support, weight: weight }) ERR_VOTED)
    (map-set ballots id (merge ballot {
      votes-for: (+ (get votes-for ballot) (if support weight u0)),
      votes-against: (+ (get votes-against ballot) (if support u0 weight)),
      ends-at: ends-at,
    }))
    (print { topic: "vote-cast", proposal-id: id, voter: voter, support: support, weight: weight })
    (and extended (tell-extended id (get ends-at ballot) late-end))
    (ok { weight: weight, lock-until: (+ (get created-at ballot) VOTING_SECS EXTENSION_SECS) })
  )
)

;; Put a guardian's veto on a proposal in vote or waiting. While the vote runs it is noted and the vote goes on,
;; because two thirds of all the stake may still overrule it; after the end it is final.
;; Caller: .pool-governance. Emits: proposal-vetoed.
;; Fails: ERR_NOT_GOVERNANCE, ERR_NO_PROPOSAL, ERR_CONCLUDED, ERR_BROAD_MAJORITY.
(define-public (veto (id uint) (guardian principal))
  (let ((ballot (unwrap! (map-get? ballots id) ERR_NO_PROPOSAL))
        (final (>= stacks-block-time (get ends-at ballot))))
    (try! (assert-governance))
    (asserts! (is-pending (some id)) ERR_CONCLUDED)
    (asserts! (not (is-broad (get votes-for ballot) (get stake-total ballot))) ERR_BROAD_MAJORITY)
    (map-set ballots id (merge ballot {
      vetoed: true,
      state: (if final "vetoed" (get state ballot)),
      runnable-at: none,
    }))
    (print { topic: "proposal-vetoed", proposal-id: id, guardian: guardian, final: final })
    (ok final)
  )
)

;; Write down how a proposal ended. A script that passed waits a day from now.
;; Caller: .pool-governance, with what `judge` says, or "rejected" where passing it turned out impossible.
;; Emits: proposal-concluded. Fails: ERR_NOT_GOVERNANCE, ERR_NO_PROPOSAL.
(define-public (close-ballot (id uint) (state (string-ascii 12)))
  (let ((ballot (unwrap! (map-get? ballots id) ERR_NO_PROPOSAL))
        (waits (and (is-eq (get kind ballot) "script") (is-eq state "passed")))
        (runnable-at (if waits (some (+ stacks-block-time SCRIPT_WAIT_SECS)) none)))
    (try! (assert-governance))
    (map-set ballots id (merge ballot { state: state, runnable-at: runnable-at }))
    (print {
      topic: "proposal-concluded",
      proposal-id: id,
      state: state,
      votes-for: (get votes-for ballot),
      votes-against: (get votes-against ballot),
      stake-total: (get stake-total ballot),
      vetoed: (get vetoed ballot),
      runnable-at: runnable-at,
    })
    (ok true)
  )
)

;; Write down that a script ran, which it does once.
;; Caller: .pool-governance. Emits: nothing; .pool-governance tells. Fails: ERR_NOT_GOVERNANCE, ERR_NO_PROPOSAL.
(define-public (note-run (id uint))
  (let ((ballot (unwrap! (map-get? ballots id) ERR_NO_PROPOSAL)))
    (try! (assert-governance))
    (ok (map-set ballots id (merge ballot { runnable-at: none })))
  )
)

;; --- views ---

(define-read-only (get-proposal-count)
  (var-get proposal-count)
)

;; "voting" until somebody concludes it. It may be concluded from `due-at` on, and passes no more from `stale-at` on;
;; once a script has passed, `stale-at` is when it may run no more.
(define-read-only (get-ballot (id uint))
  (let ((ballot (unwrap! (map-get? ballots id) none))
        (script (is-eq (get kind ballot) "script"))
        (due-at (+ (get ends-at ballot) (if script u0 WAIT_SECS)))
        (stale-at (+ (default-to due-at (get runnable-at ballot)) (if script SCRIPT_LIFE_SECS LIFE_SECS))))
    (some (merge ballot { due-at: due-at, stale-at: stale-at }))
  )
)

(define-read-only (get-vote (id uint) (voter principal))
  (map-get? voted { proposal-id: id, voter: voter })
)

;; Whether a proposal is in vote, not concluded, or a script that may still run.
(define-read-only (is-pending (id (optional uint)))
  (match (get-ballot (default-to u0 id))
    ballot (or
      (is-eq (get state ballot) "voting")
      (and (is-some (get runnable-at ballot)) (< stacks-block-time (get stale-at ballot)))
    )
    false
  )
)

;; Whether `who` has one percent of the stake, and had it before this second.
(define-read-only (may-propose (who principal))
  (let ((own (get-weight who stacks-block-time))
        (total (contract-call? .flow-staking get-total-staked-at (get-second-before stacks-block-time))))
    (and (> own u0) (>= (* own BPS_ONE) (* total PROPOSER_BPS)))
  )
)

;; What a proposal that can be concluded now has come to: "passed", "rejected", "vetoed" or "expired".
;; Fails: ERR_NO_PROPOSAL, ERR_CONCLUDED, ERR_VOTE_RUNNING, ERR_NOT_DUE.
(define-read-only (judge (id uint))
  (let ((ballot (unwrap! (get-ballot id) ERR_NO_PROPOSAL))
        (total (get stake-total ballot))
        (votes-for (get votes-for ballot))
        (votes-against (get votes-against ballot)))
    (asserts! (is-eq (get state ballot) "voting") ERR_CONCLUDED)
    (asserts! (>= stacks-block-time (get ends-at ballot)) ERR_VOTE_RUNNING)
    (asserts! (>= stacks-block-time (get due-at ballot)) ERR_NOT_DUE)
    (ok (if (not (and (is-quorate (+ votes-for votes-against) total) (> votes-for votes-against)))
      "rejected"
      (if (and (get vetoed ballot) (not (is-broad votes-for total)))
        "vetoed"
        (if (>= stacks-block-time (get stale-at ballot)) "expired" "passed")
      )
    ))
  )
)

;; --- guards ---

(define-private (assert-governance)
  (ok (asserts! (is-eq contract-caller .pool-governance) ERR_NOT_GOVERNANCE))
)

;; --- moving ---

(define-private (tell-extended (id uint) (before uint) (after uint))
  (begin
    (print { topic: "vote-extended", proposal-id: id, before: before, after: after })
    true
  )
)

;; --- arithmetic ---

;; The lesser of the stake now and the stake before the second `since`. What changed within that second counts
;; neither here nor in the total, so nobody can leave the total, propose, and come back to vote.
(define-private (get-weight (who principal) (since uint))
  (let ((now-staked (contract-call? .flow-staking get-stake who))
        (then-staked (contract-call? .flow-staking get-stake-at who (get-second-before since))))
    (if (< now-staked then-staked) now-staked then-staked)
  )
)

(define-private (get-second-before (second uint))
  (if (> second u0) (- second u1) u0)
)

(define-private (is-quorate (cast uint) (stake-total uint))
  (>= (* cast BPS_ONE) (* QUORUM_BPS stake-total))
)

;; Two thirds of all the stake. Where nothing is staked there is no majority to protect.
(define-private (is-broad (votes-for uint) (stake-total uint))
  (and (> votes-for u0) (>= (* votes-for u3) (* stake-total u2)))
)
