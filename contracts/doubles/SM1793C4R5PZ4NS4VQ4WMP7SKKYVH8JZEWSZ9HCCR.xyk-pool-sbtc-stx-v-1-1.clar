;; Double of Bitflow's XYK pool of sBTC (x) and STX (y).
;; Trusts: the XYK core for everything but its own share token.
;; Holds: the tokens of the pool. The real one also wants standard principals; the
;; simulated chain counts every mainnet address as non-standard, so that is left out.

(impl-trait .xyk-pool-trait-v-1-2.xyk-pool-trait)
(use-trait sip-010-trait .sip-010-trait-ft-standard-v-1-1.sip-010-trait)

(define-fungible-token pool-token)

;; The sender of a transfer is not the one who asks for it.
(define-constant ERR_NOT_AUTHORIZED_SIP_010 (err u4))
;; Only the core may do this.
(define-constant ERR_NOT_AUTHORIZED (err u3001))
;; The amount is zero.
(define-constant ERR_INVALID_AMOUNT (err u3002))
;; The pool was asked for by somebody else than its deployer.
(define-constant ERR_NOT_POOL_CONTRACT_DEPLOYER (err u3006))

(define-constant CORE_ADDRESS .xyk-core-v-1-2)
(define-constant CONTRACT_DEPLOYER tx-sender)

(define-data-var pool-id uint u0)
(define-data-var pool-name (string-ascii 32) "")
(define-data-var pool-symbol (string-ascii 32) "")
(define-data-var pool-uri (string-utf8 256) u"")
(define-data-var pool-created bool false)
(define-data-var creation-height uint u0)
(define-data-var pool-status bool false)
(define-data-var fee-address principal tx-sender)
(define-data-var x-token principal tx-sender)
(define-data-var y-token principal tx-sender)
(define-data-var x-balance uint u0)
(define-data-var y-balance uint u0)
(define-data-var x-protocol-fee uint u0)
(define-data-var x-provider-fee uint u0)
(define-data-var y-protocol-fee uint u0)
(define-data-var y-provider-fee uint u0)

;; --- The core

(define-public (create-pool
    (x-token-contract principal)
    (y-token-contract principal)
    (fee-addr principal)
    (core-caller principal)
    (id uint)
    (name (string-ascii 32))
    (symbol (string-ascii 32))
    (uri (string-utf8 256))
    (status bool)
  )
  (begin
    (try! (assert-core))
    (asserts! (is-eq core-caller CONTRACT_DEPLOYER) ERR_NOT_POOL_CONTRACT_DEPLOYER)
    (var-set pool-id id)
    (var-set pool-name name)
    (var-set pool-symbol symbol)
    (var-set pool-uri uri)
    (var-set pool-created true)
    (var-set creation-height burn-block-height)
    (var-set pool-status status)
    (var-set x-token x-token-contract)
    (var-set y-token y-token-contract)
    (ok (var-set fee-address fee-addr))
  )
)

(define-public (pool-transfer (token-trait <sip-010-trait>) (amount uint) (recipient principal))
  (begin
    (try! (assert-core))
    (asserts! (> amount u0) ERR_INVALID_AMOUNT)
    (try! (as-contract (contract-call? token-trait transfer amount tx-sender recipient none)))
    (print { action: "pool-transfer", data: { token: (contract-of token-trait), amount: amount, recipient: recipient } })
    (ok true)
  )
)

(define-public (update-pool-balances (x-bal uint) (y-bal uint))
  (begin
    (try! (assert-core))
    (var-set x-balance x-bal)
    (var-set y-balance y-bal)
    (print { action: "update-pool-balances", data: { x-balance: x-bal, y-balance: y-bal } })
    (ok true)
  )
)

(define-public (set-pool-uri (uri (string-utf8 256)))
  (begin
    (try! (assert-core))
    (ok (var-set pool-uri uri))
  )
)

(define-public (set-pool-status (status bool))
  (begin
    (try! (assert-core))
    (ok (var-set pool-status status))
  )
)

(define-public (set-fee-address (address principal))
  (begin
    (try! (assert-core))
    (ok (var-set fee-address address))
  )
)

(define-public (set-x-fees (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (assert-core))
    (var-set x-protocol-fee protocol-fee)
    (ok (var-set x-provider-fee provider-fee))
  )
)

(define-public (set-y-fees (protocol-fee uint) (provider-fee uint))
  (begin
    (try! (assert-core))
    (var-set y-protocol-fee protocol-fee)
    (ok (var-set y-provider-fee provider-fee))
  )
)

;; --- Views

(define-read-only (get-pool)
  (ok {
    pool-id: (var-get pool-id),
    pool-name: (var-get pool-name),
    pool-symbol: (var-get pool-symbol),
    pool-uri: (var-get pool-uri),
    pool-created: (var-get pool-created),
    creation-height: (var-get creation-height),
    pool-status: (var-get pool-status),
    core-address: CORE_ADDRESS,
    fee-address: (var-get fee-address),
    x-token: (var-get x-token),
    y-token: (var-get y-token),
    pool-token: (as-contract tx-sender),
    x-balance: (var-get x-balance),
    y-balance: (var-get y-balance),
    total-shares: (ft-get-supply pool-token),
    x-protocol-fee: (var-get x-protocol-fee),
    x-provider-fee: (var-get x-provider-fee),
    y-protocol-fee: (var-get y-protocol-fee),
    y-provider-fee: (var-get y-provider-fee),
  })
)

;; --- The share token

(define-public (transfer (amount uint) (sender principal) (recipient principal) (memo (optional (buff 34))))
  (begin
    (asserts! (is-eq tx-sender sender) ERR_NOT_AUTHORIZED_SIP_010)
    (try! (ft-transfer? pool-token amount sender recipient))
    (match memo note (print note) 0x)
    (print {
      action: "transfer",
      caller: tx-sender,
      data: { sender: sender, recipient: recipient, amount: amount, memo: memo },
    })
    (ok true)
  )
)

(define-public (pool-mint (amount uint) (address principal))
  (begin
    (try! (assert-core))
    (asserts! (> amount u0) ERR_INVALID_AMOUNT)
    (try! (ft-mint? pool-token amount address))
    (print { action: "pool-mint", data: { amount: amount, address: address } })
    (ok true)
  )
)

(define-public (pool-burn (amount uint) (address principal))
  (begin
    (try! (assert-core))
    (asserts! (> amount u0) ERR_INVALID_AMOUNT)
    (try! (ft-burn? pool-token amount address))
    (print { action: "pool-burn", data: { amount: amount, address: address } })
    (ok true)
  )
)

(define-read-only (get-name)
  (ok (var-get pool-name))
)

(define-read-only (get-symbol)
  (ok (var-get pool-symbol))
)

(define-read-only (get-decimals)
  (ok u6)
)

(define-read-only (get-token-uri)
  (ok (some (var-get pool-uri)))
)

(define-read-only (get-total-supply)
  (ok (ft-get-supply pool-token))
)

(define-read-only (get-balance (address principal))
  (ok (ft-get-balance pool-token address))
)

(define-private (assert-core)
  (ok (asserts! (is-eq contract-caller CORE_ADDRESS) ERR_NOT_AUTHORIZED))
)
