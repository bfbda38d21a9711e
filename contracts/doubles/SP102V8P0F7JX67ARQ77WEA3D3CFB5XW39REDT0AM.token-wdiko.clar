;; Double of token-wdiko: an 8-decimal face for arkadiko-token, which has 6 decimals.
;; Holds: nothing; every transfer moves the native asset itself.
;; Rounding: down to native units, so less than u100 moves nothing and is refused (err u3).

(define-constant ONE_8 u100000000)
(define-constant NATIVE_ONE u1000000)
;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_AUTHORIZED (err u1000))
;; The call makes no sense for a face without a supply of its own.
(define-constant ERR_NOT_SUPPORTED (err u6004))

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_AUTHORIZED)
    (contract-call? 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token transfer (fixed-to-native amount) sender recipient memo)
  )
)

(define-public (transfer-fixed (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (transfer (fixed-to-decimals amount) sender recipient memo)
)

(define-public (mint (amount uint) (recipient principal))
  ERR_NOT_SUPPORTED
)

(define-public (mint-fixed (amount uint) (recipient principal))
  ERR_NOT_SUPPORTED
)

(define-public (burn (amount uint) (sender principal))
  ERR_NOT_SUPPORTED
)

(define-public (burn-fixed (amount uint) (sender principal))
  ERR_NOT_SUPPORTED
)

(define-read-only (fixed-to-decimals (amount uint))
  (/ (* amount ONE_8) ONE_8)
)

(define-private (fixed-to-native (amount uint))
  (/ (* amount NATIVE_ONE) ONE_8)
)

(define-read-only (get-balance (who principal))
  (ok (/ (* (unwrap-panic (contract-call? 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token get-balance who)) ONE_8) NATIVE_ONE))
)

(define-read-only (get-balance-fixed (account principal))
  (get-balance account)
)

(define-read-only (get-total-supply)
  ERR_NOT_SUPPORTED
)

(define-read-only (get-total-supply-fixed)
  ERR_NOT_SUPPORTED
)

(define-read-only (get-name)
  (ok "wDIKO")
)

(define-read-only (get-symbol)
  (ok "wDIKO")
)

(define-read-only (get-decimals)
  (ok u8)
)

(define-read-only (get-base-decimals)
  (contract-call? 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token get-decimals)
)

(define-read-only (get-token-uri)
  (ok (some u"https://example.org/wDIKO.json"))
)
