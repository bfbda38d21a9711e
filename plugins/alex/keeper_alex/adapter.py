"""ALEX as a Dex: reads the configured pools at one tip and offers routes over them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keeper.chain.clarity import principal, uint
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused, SourceUnavailable
from keeper.ports import ContractReader
from keeper_alex.curve import Pool, swap_path
from keeper_alex.parse import paused_from, pool_from
from keeper_alex.settings import LAUNCH_POOLS, AlexSettings, PoolSettings

NAME: Final = "alex"
ADAPTER: Final = "alex-adapter"
DECIMALS: Final = 8
MAX_FIXED: Final = 10**18
"""The adapter contract offers ALEX no more than this, in 8 decimals, so that its arithmetic cannot overflow."""


@dataclass(frozen=True, slots=True)
class AlexRoute:
    """One or two hops over ALEX pools, run by our adapter contract in one call.

    `scale` turns native units of the sold asset into ALEX's 8 decimals; `directions` says for each
    pool whether its x token goes in.
    """

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]
    directions: tuple[bool, ...]
    scale: int

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contracts would pay, in native units. Raises MarketRefused."""
        if not 0 < amount_in <= MAX_FIXED // self.scale:
            msg = "an amount that the adapter contract does not offer to ALEX"
            raise MarketRefused(msg, venue=self.venue, amount_in=amount_in)
        pools = {key: _pool_in(books, key) for key in self.pool_keys}
        hops = list(zip(self.pool_keys, self.directions, strict=True))
        steps = swap_path(pools, hops, amount_in * self.scale)
        if steps[-1].out == 0:  # ALEX would keep the input and pay nothing; the adapter contract does not let it
            msg = "ALEX would pay nothing for this amount"
            raise MarketRefused(msg, venue=self.venue, amount_in=amount_in)
        after = {key: step.pool for (key, _), step in zip(hops, steps, strict=True)}
        return Fill(amount_in, BaseUnits(steps[-1].native_out), {**books, **after})


@dataclass(frozen=True, slots=True)
class _Found:
    """A pool that exists: its key in the books, its state, and the symbols of its sides."""

    key: str
    pool: Pool
    symbols: tuple[str, str]


class Alex:
    """The `Dex` of ALEX amm-pool-v2-01."""

    def __init__(self, settings: AlexSettings, assets: AssetBook, deployer: str) -> None:
        self._settings = settings
        self._assets = assets
        self._adapter = f"{deployer}.{ADAPTER}"
        wanted = [pool for pool in settings.pools if _is_wanted(pool, assets)]
        self._pools = tuple((pool, (principal(pool.x), principal(pool.y), uint(pool.factor))) for pool in wanted)

    @property
    def name(self) -> str:
        """Always `alex`."""
        return NAME

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every configured pool at `tip`; a pool that does not exist gives no route.

        Raises SourceUnavailable while ALEX is paused or answers oddly, and what `reader` raises.
        """
        contract = self._settings.pool_contract
        if paused_from(await reader.read(contract, "is-paused", (), tip)):
            msg = "ALEX is paused: its contract refuses every swap"
            raise SourceUnavailable(msg, venue=NAME)
        answers = await asyncio.gather(*(self._find(reader, tip, *pool) for pool in self._pools))
        found = [answer for answer in answers if answer is not None]
        books = {each.key: each.pool for each in found}
        return MarketView(books=books, routes=tuple(self._routes(found)))

    async def _find(
        self, reader: ContractReader, tip: Tip, wanted: PoolSettings, args: tuple[bytes, ...]
    ) -> _Found | None:
        answer = await reader.read(self._settings.pool_contract, "get-pool-details", args, tip)
        x = wanted.x, self._assets[wanted.symbol_x].decimals
        y = wanted.y, self._assets[wanted.symbol_y].decimals
        read = pool_from(answer, x=x, y=y, factor=wanted.factor, height=tip.height)
        if read is None:
            return None
        pool_id, pool = read
        return _Found(f"{NAME}:{pool_id}", pool, (wanted.symbol_x, wanted.symbol_y))

    def _routes(self, found: Iterable[_Found]) -> Iterable[Route]:
        by_pair: dict[tuple[str, str], tuple[str, bool]] = {}
        for each in found:
            x, y = each.symbols
            by_pair.setdefault((x, y), (each.key, True))
            by_pair.setdefault((y, x), (each.key, False))
            yield self._route((x, y), ((each.key, True),))
            yield self._route((y, x), ((each.key, False),))
        for path in self._settings.paths:
            for way in (path, path[::-1]):
                yield from self._two_hops(way, by_pair)

    def _two_hops(
        self, path: tuple[str, str, str], by_pair: Mapping[tuple[str, str], tuple[str, bool]]
    ) -> Iterable[Route]:
        first, second = by_pair.get(path[:2]), by_pair.get(path[1:])
        if first is not None and second is not None:
            yield self._route(path, (first, second))

    def _route(self, path: tuple[str, ...], hops: tuple[tuple[str, bool], ...]) -> AlexRoute:
        keys, directions = zip(*hops, strict=True)
        return AlexRoute(
            venue=NAME,
            adapter=self._adapter,
            payer=self._settings.vault,
            sell=path[0],
            buy=path[-1],
            pool_keys=keys,
            directions=directions,
            scale=10 ** (DECIMALS - self._assets[path[0]].decimals),
        )


def _is_wanted(pool: PoolSettings, assets: AssetBook) -> bool:
    """Leave out launch pools whose assets this keeper does not hold; a pool somebody configured must fit."""
    unknown = [symbol for symbol in (pool.symbol_x, pool.symbol_y) if symbol not in assets]
    if unknown and pool in LAUNCH_POOLS:
        return False
    if unknown:
        msg = f"alex.pools names {unknown[0]}, which is not a configured asset; configure it or drop the pool"
        raise BadSettings(msg)
    too_fine = [symbol for symbol in (pool.symbol_x, pool.symbol_y) if assets[symbol].decimals > DECIMALS]
    if too_fine:
        msg = f"alex.pools: {too_fine[0]} has more than {DECIMALS} decimals, which ALEX cannot book"
        raise BadSettings(msg)
    return True


def _pool_in(books: Books, key: str) -> Pool:
    pool = books.get(key)
    if not isinstance(pool, Pool):
        msg = f"the books hold no ALEX pool {key}"
        raise MarketRefused(msg, venue=NAME, pool=key)
    return pool
