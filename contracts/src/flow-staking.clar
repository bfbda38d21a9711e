;; flow-staking: FLOW set aside to vote with. Holds the staked FLOW and remembers every past stake and their total,
;; so that a vote can be weighed, and its quorum measured, by what was staked before its proposal was made.
;; Trusts the governing contract alone, and only to lock a stake until a vote ends: it can never take one.
;; Errors: u1600 to u1699. Rounding: none.

;; The amount is zero.
(define-constant ERR_ZERO_AMOUNT (err u1600))
;; The caller does not have that much FLOW.
(define-constant ERR_NOT_ENOUGH_FLOW (err u1601))
;; The caller has not staked that much.
(define-constant ERR_NOT_ENOUGH_STAKE (err u1602))
;; The stake is locked until a vote ends.
(define-constant ERR_LOCKED (err u1603))
;; Only the governing contract locks stakes.
(define-constant ERR_NOT_GOVERNANCE (err u1604))
;; Somebody else's contract may not stake for the caller.
(define-constant ERR_NOT_DIRECT (err u1605))

;; Enough halvings for a change in every second of a century; those that find nothing left to halve read nothing.
(define-constant HALVINGS (list
  u0 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15
  u16 u17 u18 u19 u20 u21 u22 u23 u24 u25 u26 u27 u28 u29 u30 u31
))

(define-data-var total-staked uint u0)
(define-map locks principal uint)
;; The n-th change of a stake: from `at` on it was `amount`. Numbered from 1. The total is remembered as the stake
;; of this contract, which nobody can stake for.
(define-map changes { who: principal, n: uint } { at: uint, amount: uint })
(define-map change-counts principal uint)

;; --- users ---

;; Set FLOW aside.
;; Caller: anyone, directly. Emits: flow-staked.
;; Fails: ERR_NOT_DIRECT, ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_FLOW.
(define-public (stake (amount uint))
  (begin
    (asserts! (is-eq contract-caller tx-sender) ERR_NOT_DIRECT)
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount (unwrap! (contract-call? .flow-token get-balance contract-caller) ERR_NOT_ENOUGH_FLOW))
      ERR_NOT_ENOUGH_FLOW
    )
    (let ((who contract-caller)
          (after (+ (get-stake contract-caller) amount)))
      (record-change who after)
      (record-total (+ (var-get total-staked) amount))
      (try! (contract-call? .flow-token transfer amount who current-contract none))
      (print { topic: "flow-staked", who: who, amount: amount, stake: after, total: (var-get total-staked) })
      (ok after)
    )
  )
)

;; Take FLOW back.
;; Caller: anyone, for themselves. Emits: flow-unstaked.
;; Fails: ERR_ZERO_AMOUNT, ERR_NOT_ENOUGH_STAKE, ERR_LOCKED.
(define-public (unstake (amount uint))
  (begin
    (asserts! (> amount u0) ERR_ZERO_AMOUNT)
    (asserts! (<= amount (get-stake contract-caller)) ERR_NOT_ENOUGH_STAKE)
    (asserts! (>= stacks-block-time (get-lock contract-caller)) ERR_LOCKED)
    (let ((who contract-caller)
          (after (- (get-stake contract-caller) amount)))
      (record-change who after)
      (record-total (- (var-get total-staked) amount))
      (try! (as-contract? ((with-ft .flow-token "flow" amount))
        (try! (contract-call? .flow-token transfer amount current-contract who none))
      ))
      (print { topic: "flow-unstaked", who: who, amount: amount, stake: after, total: (var-get total-staked) })
      (ok after)
    )
  )
)

;; --- the governing contract ---

;; Keep the stake of `who` in place until `until`; never shortens a lock.
;; Caller: the governing contract itself, not a script. Emits: stake-locked. Fails: ERR_NOT_GOVERNANCE.
(define-public (lock (who principal) (until uint))
  (let ((before (get-lock who))
        (after (if (> until before) until before)))
    (asserts! (is-eq contract-caller (contract-call? .pool-access get-governance)) ERR_NOT_GOVERNANCE)
    (map-set locks who after)
    (print { topic: "stake-locked", who: who, before: before, after: after })
    (ok true)
  )
)

;; --- views ---

(define-read-only (get-stake (who principal))
  (get amount (get-change who (get-change-count who)))
)

;; The stake as it stood at the end of second `at`.
(define-read-only (get-stake-at (who principal) (at uint))
  (get amount
    (get-change who (get low (fold halve HALVINGS { who: who, at: at, low: u0, high: (get-change-count who) })))
  )
)

(define-read-only (get-total-staked)
  (var-get total-staked)
)

;; The sum of all stakes as it stood at the end of second `at`.
(define-read-only (get-total-staked-at (at uint))
  (get-stake-at current-contract at)
)

;; The second from which the stake of `who` may leave; u0 when it was never locked.
(define-read-only (get-lock (who principal))
  (default-to u0 (map-get? locks who))
)

;; --- arithmetic ---

(define-private (get-change-count (who principal))
  (default-to u0 (map-get? change-counts who))
)

(define-private (get-change (who principal) (n uint))
  (default-to { at: u0, amount: u0 } (map-get? changes { who: who, n: n }))
)

;; Two changes in one second are one change: only the last of them ever counted.
(define-private (record-change (who principal) (amount uint))
  (let ((count (get-change-count who))
        (now stacks-block-time)
        (same-second (and (> count u0) (is-eq (get at (get-change who count)) now)))
        (n (if same-second count (+ count u1))))
    (map-set changes { who: who, n: n } { at: now, amount: amount })
    (map-set change-counts who n)
  )
)

;; Both ways of asking for the total agree: the sum of all stakes now, and in every past second.
(define-private (record-total (amount uint))
  (begin
    (record-change current-contract amount)
    (var-set total-staked amount)
  )
)

;; One step of the search for the last change not after `at`: it lies in [low, high].
(define-private (halve
    (step uint)
    (range { who: principal, at: uint, low: uint, high: uint })
  )
  (let ((low (get low range))
        (high (get high range))
        (middle (/ (+ low high u1) u2)))
    (if (>= low high)
      range
      (if (<= (get at (get-change (get who range) middle)) (get at range))
        (merge range { low: middle })
        (merge range { high: (- middle u1) })
      )
    )
  )
)
