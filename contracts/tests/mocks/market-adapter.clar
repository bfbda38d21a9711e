;; Deals at the prices it was told, less a margin or plus one, and may take less or more than it was offered.

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)

(define-constant BPS_ONE u10000)

;; STX per whole token with 12 decimals, and what divides amount times price into micro-STX.
(define-map prices principal { price: uint, unit: uint })
;; What it pays of the fair amount, what it takes of the offer, and how many units more it takes.
(define-data-var terms { pays-bps: uint, takes-bps: uint, extra: uint } { pays-bps: u10000, takes-bps: u10000, extra: u0 })

(define-public (set-price (asset principal) (price uint) (unit uint))
  (ok (map-set prices asset { price: price, unit: unit }))
)

(define-public (set-terms (pays-bps uint) (takes-bps uint) (extra uint))
  (ok (var-set terms { pays-bps: pays-bps, takes-bps: takes-bps, extra: extra }))
)

(define-public (swap (from <ft>) (to <ft>) (amount uint) (min-out uint))
  (let ((taker tx-sender)
        (taken (+ (/ (* amount (get takes-bps (var-get terms))) BPS_ONE) (get extra (var-get terms))))
        (out (quote (contract-of from) (contract-of to) taken)))
    (try! (contract-call? from transfer taken taker current-contract none))
    (try! (pay to out taker))
    (ok out)
  )
)

(define-read-only (get-quote (from <ft>) (to <ft>) (amount uint))
  (ok (quote (contract-of from) (contract-of to) amount))
)

(define-private (quote (from principal) (to principal) (amount uint))
  (let ((sold (default-to { price: u0, unit: u1 } (map-get? prices from)))
        (bought (default-to { price: u1, unit: u1 } (map-get? prices to))))
    (/ (* (/ (* amount (get price sold)) (get unit sold)) (get pays-bps (var-get terms)) (get unit bought))
      (* (get price bought) BPS_ONE)
    )
  )
)

;; Pays out of this contract's own account.
(define-private (pay (token <ft>) (amount uint) (to principal))
  (ok (unwrap! (as-contract? ((with-all-assets-unsafe))
    (try! (contract-call? token transfer amount current-contract to none))
  ) (err u5)))
)
