;; whale-list: which whales each pool follows, with what weight, and where the list was published.
;; Trusts: governance, which alone writes here: by a passed proposal for whales, or by a script. Holds nothing.
;; Errors: u3100 to u3199. Rounding: none.

(define-constant BPS_ONE u10000)

;; The caller does not govern.
(define-constant ERR_NOT_GOVERNANCE (err u3100))
;; The list is empty.
(define-constant ERR_NO_WHALES (err u3101))
;; The list names a whale twice.
(define-constant ERR_DUPLICATE_WHALE (err u3102))
;; The weights do not add up to 10,000 basis points.
(define-constant ERR_BAD_SUM (err u3103))

(define-map lists uint {
  whales: (list 20 { whale: principal, weight-bps: uint }),
  source-hash: (buff 32),
  set-at: uint,
  proposal-id: uint,
})

;; --- governance ---

;; Put the list of a pool in the place of the one before.
;; Caller: governance. Emits: whales-set.
;; Fails: ERR_NOT_GOVERNANCE, ERR_NO_WHALES, ERR_DUPLICATE_WHALE, ERR_BAD_SUM.
(define-public (set-whales
    (pool-id uint)
    (whales (list 20 { whale: principal, weight-bps: uint }))
    (source-hash (buff 32))
    (proposal-id uint)
  )
  (begin
    (asserts! (contract-call? .pool-access is-governance contract-caller) ERR_NOT_GOVERNANCE)
    (try! (check-whales whales))
    (print {
      topic: "whales-set",
      pool-id: pool-id,
      proposal-id: proposal-id,
      before: (default-to (list) (get whales (map-get? lists pool-id))),
      after: whales,
      source-hash: source-hash,
    })
    (map-set lists pool-id {
      whales: whales,
      source-hash: source-hash,
      set-at: stacks-block-time,
      proposal-id: proposal-id,
    })
    (ok true)
  )
)

;; --- views ---

;; None for a pool whose whales were never voted on.
(define-read-only (get-whales (pool-id uint))
  (map-get? lists pool-id)
)

;; Whether a list could be set. Fails: ERR_NO_WHALES, ERR_DUPLICATE_WHALE, ERR_BAD_SUM.
(define-read-only (check-whales (whales (list 20 { whale: principal, weight-bps: uint })))
  (begin
    (asserts! (> (len whales) u0) ERR_NO_WHALES)
    (let ((counted (try! (fold add-whale whales (ok { seen: (list), sum: u0 })))))
      (ok (asserts! (is-eq (get sum counted) BPS_ONE) ERR_BAD_SUM))
    )
  )
)

;; --- arithmetic ---

;; Each weight is bounded before it is added, so the sum cannot overflow.
(define-private (add-whale
    (row { whale: principal, weight-bps: uint })
    (progress (response { seen: (list 20 principal), sum: uint } uint))
  )
  (let ((so-far (try! progress))
        (whale (get whale row))
        (weight (get weight-bps row)))
    (asserts! (is-none (index-of? (get seen so-far) whale)) ERR_DUPLICATE_WHALE)
    (asserts! (<= weight BPS_ONE) ERR_BAD_SUM)
    (ok {
      seen: (default-to (get seen so-far) (as-max-len? (append (get seen so-far) whale) u20)),
      sum: (+ (get sum so-far) weight),
    })
  )
)
