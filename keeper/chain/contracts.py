"""Our contracts as the keeper uses them: reads that return values, and calls ready to be signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from keeper.chain import plain, views
from keeper.chain.clarity import Err, Ok, buffer, list_, none, principal, some, tuple_, uint
from keeper.chain.plain import Record
from keeper.chain.reasons import error_for
from keeper.chain.views import (
    ConsensusPrice,
    Drift,
    Mandate,
    MandateLimits,
    PoolAsset,
    PoolInfo,
    Proposal,
    QueuedWithdrawal,
    Target,
)
from keeper.core.chain_types import Tip
from keeper.core.units import MicroStx, PriceE12, Seconds
from keeper.errors import BadInput
from keeper.ports import ContractReader

__all__ = [
    "ConsensusPrice",
    "ContractCall",
    "Drift",
    "Mandate",
    "MandateLimits",
    "PoolAsset",
    "PoolContracts",
    "PoolInfo",
    "PostedPrice",
    "Proposal",
    "QueuedWithdrawal",
    "SwapLeg",
    "Target",
]

VAULT: Final = "whale-pool-vault"
QUEUE: Final = "withdrawal-queue"
GOVERNANCE: Final = "pool-governance"
REBALANCER: Final = "pool-rebalancer"
ORACLE: Final = "pool-oracle"


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A public function and its serialised arguments."""

    contract: str
    function: str
    args: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SwapLeg:
    """One leg of a slice: principals of both tokens and of the adapters, amounts in base units."""

    sell: str
    buy: str
    amount: int
    min_out: int
    adapter: str
    fallback: str | None = None
    """The adapter to go to when the first one fails."""


@dataclass(frozen=True, slots=True)
class PostedPrice:
    """A price the keeper reports: STX per whole token (USD per STX for stx-token), 12 decimals."""

    asset: str
    price_e12: PriceE12
    at: Seconds


@dataclass(frozen=True, slots=True)
class PoolContracts:
    """All our contracts, deployed by one address.

    Reads raise what `ContractReader.read` raises, and for an `(err …)` the error that
    `keeper.chain.reasons` has for its code. Unless they say otherwise they need no oracle.
    """

    deployer: str

    def name(self, contract: str) -> str:
        """Return the principal of one of our contracts."""
        return f"{self.deployer}.{contract}"

    # --- the vault ---

    async def pool(self, reader: ContractReader, tip: Tip, pool_id: int) -> PoolInfo:
        """Return a pool's record. Raises BadInput when there is no such pool."""
        answer = await self._read(reader, tip, VAULT, "get-pool", uint(pool_id))
        if answer is None:
            message = f"there is no pool {pool_id}"
            raise BadInput(message, pool_id=pool_id)
        return views.pool_info(pool_id, Record(answer, "get-pool"))

    async def pool_count(self, reader: ContractReader, tip: Tip) -> int:
        """Return how many pools there are; ids run from 1."""
        return plain.number(await self._read(reader, tip, VAULT, "get-pool-count"), "get-pool-count")

    async def pool_assets(self, reader: ContractReader, tip: Tip, pool_id: int) -> tuple[PoolAsset, ...]:
        """Return what a pool holds and wants to hold."""
        answer = await self._read(reader, tip, VAULT, "get-pool-assets", uint(pool_id))
        return tuple(views.pool_asset(row) for row in plain.rows(answer, "get-pool-assets"))

    async def queue(self, reader: ContractReader, tip: Tip, pool_id: int) -> tuple[QueuedWithdrawal, ...]:
        """Return the waiting withdrawals, oldest first."""
        answer = await self._read(reader, tip, VAULT, "get-queue", uint(pool_id))
        return tuple(views.queued(row) for row in plain.rows(answer, "get-queue"))

    async def outflow(self, reader: ContractReader, tip: Tip, pool_id: int) -> MicroStx:
        """Return what has left a pool in STX on the day of `tip`."""
        return MicroStx(plain.number(await self._read(reader, tip, QUEUE, "get-outflow", uint(pool_id)), "get-outflow"))

    async def drift(self, reader: ContractReader, tip: Tip, pool_id: int) -> Drift:
        """Return the drift at the oracle's prices. Needs consensus on every asset held."""
        answer = await self._read(reader, tip, VAULT, "get-drift", uint(pool_id))
        return views.drift(Record(answer, "get-drift"))

    async def share_price(self, reader: ContractReader, tip: Tip, pool_id: int) -> PriceE12:
        """Return STX per whole share, 12 decimals. Needs consensus on every asset held."""
        answer = await self._read(reader, tip, VAULT, "get-share-price", uint(pool_id))
        return PriceE12(plain.number(answer, "get-share-price"))

    async def total_value(self, reader: ContractReader, tip: Tip, pool_id: int) -> MicroStx:
        """Return a pool's value in µSTX. Needs consensus on every asset held."""
        answer = await self._read(reader, tip, VAULT, "get-pool-total-value", uint(pool_id))
        return MicroStx(plain.number(answer, "get-pool-total-value"))

    # --- governance ---

    async def proposal(self, reader: ContractReader, tip: Tip, proposal_id: int) -> Proposal | None:
        """Return a proposal; None when there is none of that id."""
        answer = await self._read(reader, tip, GOVERNANCE, "get-proposal", uint(proposal_id))
        return None if answer is None else views.proposal(proposal_id, Record(answer, "get-proposal"))

    async def latest_proposal(self, reader: ContractReader, tip: Tip, pool_id: int) -> Proposal | None:
        """Return the newest proposal for a pool; None when there never was one."""
        answer = await self._read(reader, tip, GOVERNANCE, "get-latest-proposal", uint(pool_id))
        return None if answer is None else await self.proposal(reader, tip, plain.number(answer, "get-latest-proposal"))

    async def mandate(self, reader: ContractReader, tip: Tip, mandate_id: int) -> Mandate | None:
        """Return a mandate, open or not; None when there is none of that id."""
        answer = await self._read(reader, tip, GOVERNANCE, "get-mandate", uint(mandate_id))
        return None if answer is None else views.mandate(mandate_id, Record(answer, "get-mandate"))

    async def open_mandate(self, reader: ContractReader, tip: Tip, pool_id: int) -> Mandate | None:
        """Return the mandate a pool may be moved under now; None when none is open."""
        answer = await self._read(reader, tip, GOVERNANCE, "get-open-mandate", uint(pool_id))
        return None if answer is None else await self.mandate(reader, tip, plain.number(answer, "get-open-mandate"))

    # --- the oracle, and any token ---

    async def price(self, reader: ContractReader, tip: Tip, asset: str) -> ConsensusPrice:
        """Return the consensus on an asset in STX. Raises StalePrice, TooFewSources, PriceDisagreement."""
        answer = await self._read(reader, tip, ORACLE, "get-consensus-price", principal(asset))
        return views.consensus(Record(answer, "get-consensus-price"))

    async def stx_usd(self, reader: ContractReader, tip: Tip) -> ConsensusPrice:
        """Return the consensus on USD per STX. Raises StalePrice, TooFewSources, PriceDisagreement."""
        answer = await self._read(reader, tip, ORACLE, "get-stx-usd")
        return views.consensus(Record(answer, "get-stx-usd"))

    async def reported_at(self, reader: ContractReader, tip: Tip, asset: str) -> Seconds | None:
        """Return the time of the last price that keepers reported of an asset; None when there is none."""
        rows = plain.rows(await self._read(reader, tip, ORACLE, "get-sources", principal(asset)), "get-sources")
        found = (row.number("at") for row in rows if row.text("source") == "reported")
        return next((Seconds(at) for at in found), None)

    async def is_tripped(self, reader: ContractReader, tip: Tip, asset: str) -> bool:
        """Tell whether the oracle's breaker of an asset is out."""
        return await self._read(reader, tip, ORACLE, "is-tripped", principal(asset)) is True

    async def quote(self, reader: ContractReader, tip: Tip, adapter: str, sell: str, buy: str, amount: int) -> int:
        """Return what an adapter, named by its principal, says it would pay for `amount`; base units of `buy`.

        Raises Refused or UnknownContractError with the adapter's own reason.
        """
        name = adapter.partition(".")[2]
        args = (principal(sell), principal(buy), uint(amount))
        return plain.number(_unwrap(name, await reader.read(adapter, "get-quote", args, tip)), f"{name}, get-quote")

    async def balance(self, reader: ContractReader, tip: Tip, token: str, who: str) -> int:
        """Return what `who` has of a SIP-010 token, in base units, by the token's own account."""
        answer = await reader.read(token, "get-balance", [principal(who)], tip)
        return plain.number(_unwrap(token, answer), f"{token} get-balance")

    # --- calls ---

    def propose_mandate(
        self,
        pool_id: int,
        targets: Sequence[Target],
        limits: MandateLimits,
        open_secs: Seconds,
        plan_hash: bytes,
    ) -> ContractCall:
        """Return the call that asks stakers for a mandate; `plan_hash` is 32 bytes."""
        rows = [tuple_({"asset": principal(t.asset), "bps": uint(t.bps)}) for t in targets]
        allowed = {
            "turnover-bps": uint(limits.turnover_bps),
            "slippage-bps": uint(limits.slippage_bps),
            "loss-bps": uint(limits.loss_bps),
        }
        args = (uint(pool_id), list_(rows), tuple_(allowed), uint(open_secs), buffer(plan_hash))
        return self._call(GOVERNANCE, "propose-mandate", *args)

    def conclude(self, proposal_id: int) -> ContractCall:
        """Return the call that ends a vote whose time is over."""
        return self._call(GOVERNANCE, "conclude", uint(proposal_id))

    def post_prices(self, prices: Sequence[PostedPrice]) -> ContractCall:
        """Return the call that reports prices and has the oracle look at the venues."""
        rows = [tuple_({"asset": principal(p.asset), "price": uint(p.price_e12), "at": uint(p.at)}) for p in prices]
        return self._call(ORACLE, "post-prices", list_(rows))

    def rebalance_pool(
        self, pool_id: int, mandate_id: int, slice_number: int, fee_ustx: MicroStx, legs: Sequence[SwapLeg]
    ) -> ContractCall:
        """Return the call that runs one slice under a mandate; slices count from 1."""
        head = (uint(pool_id), uint(mandate_id), uint(slice_number), uint(fee_ustx))
        return self._call(REBALANCER, "rebalance-pool", *head, list_([_leg(leg) for leg in legs]))

    def process_withdrawals(self, pool_id: int, share: str) -> ContractCall:
        """Return the call that pays the queue as far as the pool's STX goes; `share` is the pool's share token."""
        return self._call(VAULT, "process-withdrawals", uint(pool_id), principal(share))

    def observe(self, assets: Sequence[str]) -> ContractCall:
        """Return the call that has the oracle look at its venues anew; with no assets it does nothing at all."""
        return self._call(ORACLE, "observe", list_([principal(asset) for asset in assets]))

    def emergency_pause(self, pool_id: int) -> ContractCall:
        """Return the call that stops a pool, or all of them with 0; for whoever holds the role `emergency`."""
        return self._call(VAULT, "emergency-pause", uint(pool_id))

    def _call(self, contract: str, function: str, *args: bytes) -> ContractCall:
        return ContractCall(self.name(contract), function, args)

    async def _read(self, reader: ContractReader, tip: Tip, contract: str, function: str, *args: bytes) -> Any:
        return _unwrap(contract, await reader.read(self.name(contract), function, args, tip))


def _leg(leg: SwapLeg) -> bytes:
    return tuple_(
        {
            "from": principal(leg.sell),
            "to": principal(leg.buy),
            "amount": uint(leg.amount),
            "min-out": uint(leg.min_out),
            "dex": principal(leg.adapter),
            "fallback": none() if leg.fallback is None else some(principal(leg.fallback)),
        }
    )


def _unwrap(contract: str, answer: Any) -> Any:
    match answer:
        case Ok(value):
            return value
        case Err(code):
            raise error_for(contract, plain.number(code, f"{contract}, error"))
        case _:
            return answer
