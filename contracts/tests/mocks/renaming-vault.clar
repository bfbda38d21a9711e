;; Poses as the vault of another deployer and names its share token as often as it is asked to.

(define-public (rename)
  (contract-call? .pool-share initialize "Renamed" "RNM")
)
