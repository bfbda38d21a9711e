"""Velar's first generation as a Dex: reads the configured pools at one tip and offers routes over them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keeper.chain.clarity import principal
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused
from keeper.ports import ContractReader
from keeper_velar.parse import pool_from
from keeper_velar.settings import LAUNCH_POOLS, PoolSettings, VelarSettings
from keeper_velar.univ2 import Pool, router_swap

NAME: Final = "velar"
ADAPTER: Final = "velar-adapter"
LEAST_MINIMUM: Final = 1
"""The router refuses a minimum of zero, so the adapter always asks for at least one unit."""


MAX_AMOUNT: Final = 10**16
"""The adapter contract offers Velar no more base units than this, so that its arithmetic cannot overflow."""


@dataclass(frozen=True, slots=True)
class VelarRoute:
    """One pool in one direction, run by our adapter contract through univ2-router."""

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str]
    zero_for_one: bool

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contracts would pay, in native units. Raises MarketRefused."""
        if not 0 < amount_in <= MAX_AMOUNT:
            msg = "an amount that the adapter contract does not offer to Velar"
            raise MarketRefused(msg, venue=self.venue, amount_in=amount_in)
        key = self.pool_keys[0]
        pool = books.get(key)
        if not isinstance(pool, Pool):
            msg = f"the books hold no Velar pool {key}"
            raise MarketRefused(msg, venue=self.venue, pool=key)
        done = router_swap(pool, amount_in, LEAST_MINIMUM, zero_for_one=self.zero_for_one)
        return Fill(amount_in, BaseUnits(done.out), {**books, key: done.pool})


class Velar:
    """The `Dex` of Velar univ2, first generation."""

    def __init__(self, settings: VelarSettings, assets: AssetBook, deployer: str) -> None:
        self._core = settings.core
        self._adapter = f"{deployer}.{ADAPTER}"
        wanted = [pool for pool in settings.pools if _is_wanted(pool, assets)]
        self._pools = tuple((pool, (principal(pool.token0), principal(pool.token1))) for pool in wanted)

    @property
    def name(self) -> str:
        """Always `velar`."""
        return NAME

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every configured pool at `tip`; a pool that does not exist gives no route.

        Raises SourceUnavailable when Velar answers oddly, and what `reader` raises.
        """
        reads = (reader.read(self._core, "lookup-pool", args, tip) for _, args in self._pools)
        answers = await asyncio.gather(*reads)
        books: dict[str, object] = {}
        routes: list[Route] = []
        for (wanted, _), answer in zip(self._pools, answers, strict=True):
            pool = pool_from(answer, tokens=frozenset({wanted.token0, wanted.token1}))
            if pool is not None:
                key = f"{NAME}:{wanted.symbol0}-{wanted.symbol1}"
                books[key] = pool
                routes += self._routes(wanted, key, flipped=pool.token0 != wanted.token0)
        return MarketView(books=books, routes=tuple(routes))

    def _routes(self, wanted: PoolSettings, key: str, *, flipped: bool) -> Iterable[VelarRoute]:
        first, second = wanted.symbol0, wanted.symbol1
        for sell, buy, zero_for_one in ((first, second, not flipped), (second, first, flipped)):
            yield VelarRoute(NAME, self._adapter, self._core, sell, buy, (key,), zero_for_one)


def _is_wanted(pool: PoolSettings, assets: AssetBook) -> bool:
    """Leave out launch pools whose assets this keeper does not hold; a pool somebody configured must fit."""
    unknown = [symbol for symbol in (pool.symbol0, pool.symbol1) if symbol not in assets]
    if unknown and pool not in LAUNCH_POOLS:
        msg = f"velar.pools names {unknown[0]}, which is not a configured asset; configure it or drop the pool"
        raise BadSettings(msg)
    return not unknown
