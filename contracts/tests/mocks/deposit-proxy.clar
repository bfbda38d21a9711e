;; A contract between a person and the pools, as a phishing page would use it.

(use-trait share .pool-share-trait.pool-share-trait)
(use-trait ft .sip-010-trait.sip-010-trait)

(define-public (deposit-for-caller (token <share>) (amount uint))
  (contract-call? .whale-pool-vault deposit u1 token amount u0)
)

(define-public (withdraw-for-caller (token <share>) (shares uint))
  (contract-call? .whale-pool-vault withdraw u1 token shares u0)
)

(define-public (stake-for-caller (amount uint))
  (contract-call? .flow-staking stake amount)
)

(define-public (grant-for-caller (who principal))
  (contract-call? .pool-access grant-role who "keeper")
)
