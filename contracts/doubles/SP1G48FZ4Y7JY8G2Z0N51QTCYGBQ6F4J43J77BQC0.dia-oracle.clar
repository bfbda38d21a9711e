;; Double of the DIA oracle: values with 8 decimals, instants in milliseconds.
;; Trusts: nobody. In the real contract only its updater writes; here anybody may.

(define-map values (string-ascii 32) { value: uint, timestamp: uint })

;; TEST ONLY in being open.
(define-public (set-value (key (string-ascii 32)) (value uint) (timestamp uint))
  (ok (map-set values key { value: value, timestamp: timestamp }))
)

;; An unknown key answers zeros, not an error.
(define-read-only (get-value (key (string-ascii 32)))
  (ok (default-to { value: u0, timestamp: u0 } (map-get? values key)))
)
