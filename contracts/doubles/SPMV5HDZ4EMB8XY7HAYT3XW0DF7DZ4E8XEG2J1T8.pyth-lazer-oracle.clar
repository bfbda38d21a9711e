;; Double of Pyth Lazer's oracle: verifies a signed update through its decoder and gives what the feeds say.
;; Trusts: the signers it was told of. In the real contract a governor names them; here anybody may, and nothing
;; else is easier: the signature is really checked. Deployed as Clarity 4.

(use-trait decoder-trait .pyth-lazer-traits.decoder-trait)

(define-constant ERR_PAUSED (err u4004))
(define-constant ERR_INVALID_DECODER (err u1001))
(define-constant ERR_STALE_PRICE (err u1002))

(define-data-var signers (list 100 { pubkey: (buff 33), expires-at: uint }) (list))
(define-data-var fee uint u0)
(define-data-var fee-recipient principal tx-sender)
(define-data-var paused bool false)

;; The fee goes from the sender to the recipient, unless they are the same.
(define-public (verify-price-feeds (update (buff 8192)) (decoder-contract <decoder-trait>) (max-age (optional uint)))
  (begin
    (asserts! (is-eq (contract-of decoder-contract) .pyth-lazer-decoder-v1) ERR_INVALID_DECODER)
    (let ((decoded (try! (contract-call? decoder-contract decode-and-verify-price-feeds update))))
      (asserts!
        (>= (+ (/ (get timestamp decoded) u1000000) (default-to u7200 max-age)) stacks-block-time)
        ERR_STALE_PRICE
      )
      (and
        (> (var-get fee) u0)
        (not (is-eq tx-sender (var-get fee-recipient)))
        (try! (stx-transfer? (var-get fee) tx-sender (var-get fee-recipient)))
      )
      (ok decoded)
    )
  )
)

;; TEST ONLY in being open: signers, fee and pause.
(define-public (set-trusted-signers (list-of (list 100 { pubkey: (buff 33), expires-at: uint })))
  (ok (var-set signers list-of))
)

(define-public (set-fee (amount uint))
  (ok (var-set fee amount))
)

(define-public (set-fee-recipient (who principal))
  (ok (var-set fee-recipient who))
)

(define-public (pause)
  (ok (var-set paused true))
)

(define-public (unpause)
  (ok (var-set paused false))
)

(define-read-only (get-trusted-signers)
  (var-get signers)
)

(define-read-only (get-decoder)
  .pyth-lazer-decoder-v1
)

(define-read-only (get-fee)
  (var-get fee)
)

(define-read-only (get-fee-recipient)
  (var-get fee-recipient)
)

(define-read-only (get-stale-price-threshold)
  u7200
)

(define-read-only (is-paused)
  (var-get paused)
)

(define-read-only (assert-active)
  (ok (asserts! (not (var-get paused)) ERR_PAUSED))
)
