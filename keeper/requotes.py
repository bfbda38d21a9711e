"""A plan's legs asked of the very contracts that would trade them, before anything is signed.

What a venue pays is worked out by the keeper from reserves that it read; the adapter that will trade is asked as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keeper.chain.contracts import PoolContracts
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.plans import Leg
from keeper.errors import KeeperError, Refused, UnknownContractError
from keeper.ports import ContractReader
from keeper.retry import READ


@dataclass(frozen=True, slots=True)
class Requote:
    """What the chain says of one leg: base units of what it buys; None, and why, where the adapter does not say."""

    leg: Leg
    paid: int | None
    why: str | None = None
    by_fallback: bool = False
    """Whether only the leg's fallback would still pay its minimum."""

    @property
    def falls_short(self) -> bool:
        """Whether neither the adapter nor its fallback would pay the leg's minimum now."""
        return not self.by_fallback and (self.paid is None or self.paid < self.leg.min_out)

    @property
    def differs(self) -> bool:
        """Whether the adapter would pay something else than was planned on."""
        return self.paid != self.leg.expected_out

    def facts(self) -> Mapping[str, Any]:
        """Return it JSON-safe; amounts are base units."""
        return {
            "venue": self.leg.venue,
            "sell": self.leg.sell,
            "buy": self.leg.buy,
            "planned": str(self.leg.expected_out),
            "paid": None if self.paid is None else str(self.paid),
            "least": str(self.leg.min_out),
            "why": self.why,
        }


def unmoved(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Return the legs whose pools no earlier leg trades in: only they can be quoted as the chain stands now."""
    moved: set[str] = set()
    found = []
    for leg in legs:
        if moved.isdisjoint(leg.pool_keys):
            found.append(leg)
        moved.update(leg.pool_keys)
    return tuple(found)


class Requotes:
    """Asks adapters for what they would pay."""

    def __init__(self, reader: ContractReader, contracts: PoolContracts, assets: AssetBook) -> None:
        self._reader = reader
        self._contracts = contracts
        self._assets = assets

    async def of(self, legs: Sequence[Leg], tip: Tip) -> tuple[Requote, ...]:
        """Return what the adapters would pay at `tip` for each leg that can be asked for. Raises TipMoved, NodeUnavailable."""
        return tuple([await self._of(leg, tip) for leg in unmoved(legs)])

    async def _of(self, leg: Leg, tip: Tip) -> Requote:
        paid, why = await self._paid(leg.adapter, leg, tip)
        enough = paid is not None and paid >= leg.min_out
        if enough or leg.fallback is None:
            return Requote(leg, paid, why)
        instead, _ = await self._paid(leg.fallback.adapter, leg, tip)
        return Requote(leg, paid, why, by_fallback=instead is not None and instead >= leg.min_out)

    async def _paid(self, adapter: str, leg: Leg, tip: Tip) -> tuple[int | None, str | None]:
        sell, buy = self._assets[leg.sell].principal, self._assets[leg.buy].principal
        try:
            return await READ(self._contracts.quote, self._reader, tip, adapter, sell, buy, leg.amount_in), None
        except (Refused, UnknownContractError) as exc:  # a venue that will not say is no reason to stop the keeper
            return None, _short(exc)


def _short(exc: KeeperError) -> str:
    return str(exc)[:200]
