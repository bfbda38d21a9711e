;; alex-adapter: swaps at ALEX in base units of our own tokens.
;; Trusts: nobody. It acts for its direct caller only, and believes balances, not the venue's answer.
;; Holds: nothing between calls; on the two-hop route it holds the trade while it runs.
;; Errors: u1800 to u1899; the venue's own codes are translated, never passed on.
;; Rounding: down, against the trader, as the venue does (ALEX counts 8 decimals, most tokens have 6).

(impl-trait .dex-adapter-trait.dex-adapter-trait)
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait alex-ft 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.trait-sip-010.sip-010-trait)

;; There is no route between these two tokens.
(define-constant ERR_UNKNOWN_PAIR (err u1800))
;; The amount is too small for the venue to pay anything.
(define-constant ERR_DUST (err u1801))
;; The amount is a larger part of the pool than the venue allows.
(define-constant ERR_TOO_LARGE (err u1802))
;; The swap would pay less than the stated minimum.
(define-constant ERR_SLIPPAGE (err u1803))
;; The venue is paused.
(define-constant ERR_VENUE_PAUSED (err u1804))
;; The venue refuses this sender, or its pool is not open.
(define-constant ERR_VENUE_CLOSED (err u1805))
;; The venue has no such pool.
(define-constant ERR_NO_POOL (err u1806))
;; The sender, or the venue, does not hold what has to be moved.
(define-constant ERR_NO_FUNDS (err u1807))
;; The venue failed in a way that has no code of its own here.
(define-constant ERR_VENUE_FAILED (err u1808))
;; The venue paid less than it said.
(define-constant ERR_PAID_TOO_LITTLE (err u1809))
;; The venue took more than it was offered.
(define-constant ERR_TOOK_TOO_MUCH (err u1810))
;; Somebody stands between the owner of the tokens and this contract.
(define-constant ERR_NOT_OWNER (err u1811))

(define-constant STX .stx-token)
(define-constant ALEX 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex)
(define-constant WELSH 'SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token)
(define-constant DIKO 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token)
(define-constant STSTX 'SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token)

(define-constant ONE_8 u100000000)
;; ALEX's factor of the constant product, which is part of a pool's key.
(define-constant PRODUCT u100000000)
;; Ten thousand million whole tokens: beyond it the venue's arithmetic can overflow, which aborts without a code.
(define-constant MAX_FIXED u1000000000000000000)

;; --- users ---

;; Sell `amount` of `from` for at least `min-out` of `to`.
;; Caller: the owner of the tokens, directly. Emits: alex-swapped. Fails: any error of this contract.
(define-public (swap
    (from <ft>)
    (to <ft>)
    (amount uint)
    (min-out uint)
  )
  (begin
    (asserts! (is-eq contract-caller tx-sender) ERR_NOT_OWNER)
    (let (
        (quoted (try! (quote-legs (contract-of from) (contract-of to) amount)))
        (sold-before (try! (balance-of from)))
        (bought-before (try! (balance-of to)))
      )
      (asserts! (>= (get out quoted) min-out) ERR_SLIPPAGE)
      (asserts! (>= sold-before amount) ERR_NO_FUNDS)
      (try! (trade from to amount min-out (get through quoted)))
      (let (
          (sold-after (try! (balance-of from)))
          (bought-after (try! (balance-of to)))
        )
        ;; The venue's answer counts for nothing: what left and what arrived does.
        (asserts! (>= sold-after (- sold-before amount)) ERR_TOOK_TOO_MUCH)
        (asserts! (>= bought-after (+ bought-before min-out)) ERR_PAID_TOO_LITTLE)
        (print {
          topic: "alex-swapped",
          owner: tx-sender,
          from: (contract-of from),
          to: (contract-of to),
          amount: amount,
          out: (- bought-after bought-before),
        })
        (ok (- bought-after bought-before))
      )
    )
  )
)

;; --- views ---

;; Exactly what `swap` would pay now, fees included.
(define-read-only (get-quote (from <ft>) (to <ft>) (amount uint))
  (quote-between (contract-of from) (contract-of to) amount)
)

;; The same for callers that have no trait at hand.
(define-read-only (quote-between (from principal) (to principal) (amount uint))
  (ok (get out (try! (quote-legs from to amount))))
)

;; Whether there is a route between two tokens, in either direction.
(define-read-only (is-routed (from principal) (to principal))
  (or
    (is-pair from to STX ALEX)
    (is-pair from to STX WELSH)
    (is-pair from to STX STSTX)
    (is-pair from to ALEX DIKO)
    (is-two-hop from to)
  )
)

;; --- routes ---

;; What a swap pays, and what it hands on between two hops, in the venue's units.
(define-private (quote-legs (from principal) (to principal) (amount uint))
  (begin
    (asserts! (is-routed from to) ERR_UNKNOWN_PAIR)
    (asserts! (<= amount (/ MAX_FIXED (get-scale from))) ERR_TOO_LARGE)
    (asserts! (not (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 is-paused)) ERR_VENUE_PAUSED)
    (let (
        (two-hop (is-two-hop from to))
        (first (try! (quote-hop (get-wrapper from) (if two-hop ALEX (get-wrapper to)) PRODUCT (* amount (get-scale from)))))
        (last (if two-hop (try! (quote-hop ALEX (get-wrapper to) PRODUCT first)) first))
        (out (/ last (get-scale to)))
      )
      (asserts! (> out u0) ERR_DUST)
      (ok { out: out, through: first })
    )
  )
)

(define-private (is-two-hop (from principal) (to principal))
  (is-pair from to STX DIKO)
)

(define-private (is-pair (from principal) (to principal) (a principal) (b principal))
  (or
    (and (is-eq from a) (is-eq to b))
    (and (is-eq from b) (is-eq to a))
  )
)

;; 8-decimal units in one base unit of the token.
(define-private (get-scale (token principal))
  (if (is-eq token ALEX) u1 u100)
)

;; The name a routed token has at the venue.
(define-private (get-wrapper (token principal))
  (if (is-eq token STX)
    'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2
    (if (is-eq token WELSH)
      'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wcorgi
      (if (is-eq token DIKO)
        'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wdiko
        (if (is-eq token STSTX)
          'SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx
          token
        )
      )
    )
  )
)

;; A trait has to be named where it is used, so each pair is written out.
(define-private (trade (from <ft>) (to <ft>) (amount uint) (min-out uint) (through uint))
  (let (
      (sold (contract-of from))
      (bought (contract-of to))
      (dx (* amount (get-scale sold)))
      (min-dy (* min-out (get-scale bought)))
    )
    (if (is-two-hop sold bought)
      (trade-through-alex from to amount min-dy through)
      (if (is-eq sold STX)
        (if (is-eq bought ALEX)
          (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex PRODUCT dx min-dy)
          (if (is-eq bought WELSH)
            (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wcorgi PRODUCT dx min-dy)
            (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 'SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx PRODUCT dx min-dy)
          )
        )
        (if (is-eq sold ALEX)
          (if (is-eq bought STX)
            (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 PRODUCT dx min-dy)
            (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wdiko PRODUCT dx min-dy)
          )
          (if (is-eq sold DIKO)
            (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wdiko 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex PRODUCT dx min-dy)
            (if (is-eq sold WELSH)
              (hop 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wcorgi 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 PRODUCT dx min-dy)
              (hop 'SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 PRODUCT dx min-dy)
            )
          )
        )
      )
    )
  )
)

(define-private (hop (x <alex-ft>) (y <alex-ft>) (factor uint) (dx uint) (min-dy uint))
  (match (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 swap-helper x y factor dx (some min-dy))
    dy (ok dy)
    code (translate code)
  )
)

;; Between its two hops the venue hands the ALEX to whoever trades and takes it back, which the
;; allowance of a vault for its own token does not cover. So the trade runs here, in this
;; contract's name, and what arrived goes to the owner, with what the venue left of the amount.
(define-private (trade-through-alex (from <ft>) (to <ft>) (amount uint) (min-dy uint) (through uint))
  (let (
      (owner tx-sender)
      (sells-stx (is-eq (contract-of from) STX))
      (sold-before (try! (own-balance from)))
      (bought-before (try! (own-balance to)))
    )
    (unwrap! (contract-call? from transfer amount owner current-contract none) ERR_NO_FUNDS)
    (unwrap!
      (as-contract? (
        (with-stx (if sells-stx amount u0))
        (with-ft 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token "diko" (if sells-stx u0 amount))
        (with-ft 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex "alex" through)
      )
        (try! (if sells-stx
          (hops 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wdiko (* amount (get-scale STX)) min-dy)
          (hops 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wdiko 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-wstx-v2 (* amount (get-scale DIKO)) min-dy)
        ))
      )
      ERR_TOOK_TOO_MUCH
    )
    ;; The allowance has seen to it that no more than the amount has gone, and nothing of the other token.
    (try! (hand-over from (- (try! (own-balance from)) sold-before) owner))
    (hand-over to (- (try! (own-balance to)) bought-before) owner)
  )
)

;; STX or DIKO that came here for the owner's trade.
(define-private (hand-over (token <ft>) (amount uint) (owner principal))
  (if (is-eq amount u0)
    (ok amount)
    (let ((is-stx (is-eq (contract-of token) STX)))
      (unwrap!
        (as-contract? (
          (with-stx (if is-stx amount u0))
          (with-ft 'SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token "diko" (if is-stx u0 amount))
        )
          (unwrap! (contract-call? token transfer amount current-contract owner none) ERR_VENUE_FAILED)
        )
        ERR_VENUE_FAILED
      )
      (ok amount)
    )
  )
)

(define-private (own-balance (token <ft>))
  (ok (unwrap! (contract-call? token get-balance current-contract) ERR_VENUE_FAILED))
)

(define-private (hops (x <alex-ft>) (z <alex-ft>) (dx uint) (min-dz uint))
  (match (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 swap-helper-a
    x 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex z PRODUCT PRODUCT dx (some min-dz)
  )
    dz (ok dz)
    code (translate code)
  )
)

;; --- guards ---

(define-private (balance-of (token <ft>))
  (ok (unwrap! (contract-call? token get-balance tx-sender) ERR_VENUE_FAILED))
)

;; The venue's codes, as far as they mean something to whoever trades; a missing pool has been met before.
(define-private (translate (code uint))
  (if (is-some (index-of? (list u2011 u2012) code))
    ERR_TOO_LARGE
    (if (is-some (index-of? (list u1000 u2002) code))
      ERR_VENUE_CLOSED
      (if (is-eq code u1) ERR_NO_FUNDS ERR_VENUE_FAILED)
    )
  )
)

;; --- arithmetic ---

;; One hop in 8-decimal units. The venue's own quote leaves its fee out, so the fee is taken off
;; first, rounded up as the venue does.
(define-private (quote-hop (x principal) (y principal) (factor uint) (dx uint))
  (let (
      (rate (unwrap! (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 fee-helper x y factor) ERR_NO_POOL))
      (fee (/ (+ (* dx rate) (- ONE_8 u1)) ONE_8))
    )
    (asserts! (> dx fee) ERR_DUST)
    (match (contract-call? 'SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.amm-pool-v2-01 get-helper x y factor (- dx fee))
      dy (begin
        (asserts! (> dy u0) ERR_DUST)
        (ok dy)
      )
      code (translate code)
    )
  )
)
