"""The model chain's answers to read-only calls, in plain form."""

from dataclasses import asdict

from keeper.chain.clarity import Err, Ok
from keeper.testing.build import DEPLOYER, STX

ORACLE_MAX_AGE = 900
TRIPPED, STALE, APART = 1510, 1512, 1513
FLOW_STAKED = 1_000_000_000_000


class Reads:
    def __init__(self, chain):
        self._chain = chain

    def answer(self, contract, function, args):
        """Return what `contract` answers; a read nobody modelled is a mistake in the test."""
        if function == "get-balance":
            return Ok(self._booked(contract) + self._chain.gifts.get(contract, 0))
        if function == "get-quote":
            return self._quote(contract, *args)
        return {
            ("whale-pool-vault", "get-pool"): self._pool,
            ("whale-pool-vault", "get-pool-assets"): self._pool_assets,
            ("whale-pool-vault", "get-queue"): lambda number: list(self._chain.pools[number].queue),
            ("whale-pool-vault", "get-pool-count"): lambda: len(self._chain.pools),
            ("withdrawal-queue", "get-outflow"): lambda number: self._chain.outflow(self._chain.pools[number]),
            ("pool-governance", "get-latest-proposal"): lambda number: self._chain.pools[number].latest_proposal,
            ("pool-governance", "get-proposal"): self._proposal,
            ("pool-governance", "get-open-mandate"): self._open_mandate,
            ("pool-governance", "get-mandate"): self._mandate,
            ("pool-oracle", "get-consensus-price"): self._price,
            ("pool-oracle", "get-sources"): self._sources,
            ("pool-oracle", "is-tripped"): self._is_tripped,
            ("pool-oracle", "get-stx-usd"): lambda: self._price(STX.principal),
        }[contract.partition(".")[2], function](*args)

    def _quote(self, adapter, sell, buy, amount):
        """What a venue pays, also one that will refuse to trade: that it does not say."""
        if adapter in self._chain.thin_adapters:
            return Ok(amount // 10**6)
        dex = next(dex for dex in self._chain.dexes if adapter.endswith(f".{dex.name}-adapter"))
        symbols = [self._chain.assets.by_principal(each).symbol for each in (sell, buy)]
        book = next((book for book in dex.pools.values() if {book.x, book.y} == set(symbols)), None)
        return Err(1336) if book is None else Ok(book.swap(symbols[0], amount)[0])

    def _pool(self, number):
        pool = self._chain.pools.get(number)
        return pool and {
            "name": pool.name,
            "share": pool.share,
            "creator": DEPLOYER,
            "created-at": 1_790_000_000,
            "cap-usd": 1_000_000,
            "paused": pool.pauses.rebalances,
            "pauses": asdict(pool.pauses),
            "total-shares": pool.total_shares,
            "pending-shares": pool.pending_shares,
            "high-water-mark": 10**12,
            "fees-at": 1_790_000_000,
            "management-bps": 50,
            "performance-bps": 1_000,
        }

    def _pool_assets(self, number):
        pool, assets = self._chain.pools[number], self._chain.assets
        return [
            {
                "asset": principal,
                "amount": amount,
                "bps": pool.targets.get(principal, 0),
                "decimals": getattr(assets.by_principal(principal), "decimals", 6),
            }
            for principal, amount in pool.holdings.items()
        ]

    def _booked(self, principal):
        return sum(pool.holdings.get(principal, 0) for pool in self._chain.pools.values())

    def _proposal(self, number):
        found = self._chain.proposals.get(number)
        return found and {
            "pool-id": found.pool_id,
            "targets": found.targets,
            "limits": found.limits,
            "open-secs": found.open_secs,
            "plan-hash": found.plan_hash,
            "proposer": DEPLOYER,
            "created-at": found.created_at,
            "ends-at": found.ends_at,
            "due-at": found.due_at,
            "stake-total": FLOW_STAKED,
            "votes-for": found.votes_for,
            "votes-against": found.votes_against,
            "state": found.state,
        }

    def _open_mandate(self, pool_id):
        number = self._chain.pools[pool_id].latest_mandate
        if number is None or self._chain.clock.at >= self._chain.mandates[number].expires_at:
            return None
        return number

    def _mandate(self, number):
        found = self._chain.mandates[number]
        return {
            "pool-id": found.proposal.pool_id,
            "limits": found.proposal.limits,
            "targets": found.proposal.targets,
            "opened-at": found.opened_at,
            "expires-at": found.expires_at,
            "slices": found.slices,
            "turnover-ustx": found.turnover_ustx,
            "loss-ustx": found.loss_ustx,
            "base-value-ustx": found.base_value_ustx,
        }

    def _sources(self, principal):
        price, at = self._chain.oracle[principal]
        told = {"price": price, "firm": True}
        slow = {"source": "dia", "at": at - 100_000, **told}
        return [{"source": "reported", "at": at, **told}, slow]

    def _is_tripped(self, principal):
        return principal in self._chain.tripped

    def _price(self, principal):
        if principal in self._chain.tripped:
            return Err(TRIPPED)
        if principal in self._chain.apart | self._chain.never_agrees:
            return Err(APART)
        price, at = self._chain.oracle[principal]
        if self._chain.clock.at - at > ORACLE_MAX_AGE:
            return Err(STALE)
        return Ok({"price": price, "sources": 2, "oldest-at": at})
