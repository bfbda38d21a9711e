"""ALEX as a Dex: reads the configured pools at one tip and offers routes over them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from keeper.chain.clarity import principal, uint
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused, SourceUnavailable
from keeper.ports import ContractReader
from keeper.venue_pools import PoolWatch, is_held
from keeper_alex.curve import Pool, swap_path
from keeper_alex.fixed import ONE
from keeper_alex.parse import NO_POOL, NOT_OPEN, flag_from, pool_from
from keeper_alex.settings import LAUNCH_POOLS, AlexSettings, PoolSettings

NAME: Final = "alex"
ADAPTER: Final = "alex-adapter"
TRADER: Final = "whale-pool-vault"
"""The contract in whose name the adapter trades."""
DECIMALS: Final = 8
MAX_FIXED: Final = 10**18
"""The adapter contract offers ALEX no more than this, in 8 decimals, so that its arithmetic cannot overflow."""


@dataclass(frozen=True, slots=True)
class AlexRoute:
    """One to three hops over ALEX pools, run by our adapter contract in one call.

    `scale` turns native units of the sold asset into ALEX's 8 decimals; `directions` says for each
    pool whether its x token goes in. `tokens` are ALEX's principals along the way, the sold one first.
    """

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]
    directions: tuple[bool, ...]
    tokens: tuple[str, ...]
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
    """A pool that can be traded at: its key in the books, its state, and the symbols of its sides."""

    key: str
    pool: Pool
    symbols: tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Hop:
    """One pool in one direction."""

    key: str
    x_for_y: bool
    sold: str
    bought: str


class Alex:
    """The `Dex` of ALEX amm-pool-v2-01."""

    def __init__(self, settings: AlexSettings, assets: AssetBook, deployer: str) -> None:
        self._settings = settings
        self._assets = assets
        self._adapter = f"{deployer}.{ADAPTER}"
        self._trader = principal(f"{deployer}.{TRADER}")
        wanted = [pool for pool in settings.pools if _is_wanted(pool, assets)]
        self._pools = tuple((pool, (principal(pool.x), principal(pool.y), uint(pool.factor))) for pool in wanted)
        self._watch = PoolWatch(NAME, "ALEX", expected={NO_POOL, NOT_OPEN})

    @property
    def name(self) -> str:
        """Always `alex`."""
        return NAME

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapter contract of the configured pools."""
        return (self._adapter,)

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every configured pool at `tip`, one call each, and two calls for what concerns them all.

        A pool that cannot be traded at is absent, with its reason. Raises SourceUnavailable while ALEX
        is paused or blocks our vault or has no pool left, and what `reader` raises.
        """
        await self._ask_whether_open(reader, tip)
        answers = await asyncio.gather(*(self._find(reader, tip, *pool) for pool in self._pools))
        found = [answer for answer in answers if isinstance(answer, _Found)]
        pairs = zip(self._pools, answers, strict=True)
        absent = {_name_of(pool): answer for (pool, _), answer in pairs if isinstance(answer, str)}
        return self._watch.view({each.key: each.pool for each in found}, self._routes(found), absent)

    async def _ask_whether_open(self, reader: ContractReader, tip: Tip) -> None:
        contract, blocklist = self._settings.pool_contract, "is-blocklisted-or-default"
        paused, blocked = await asyncio.gather(
            reader.read(contract, "is-paused", (), tip), reader.read(contract, blocklist, (self._trader,), tip)
        )
        if flag_from(paused, "is-paused"):
            msg = "ALEX is paused: its contract refuses every swap"
            raise SourceUnavailable(msg, venue=NAME)
        if flag_from(blocked, blocklist):
            msg = "ALEX has put our vault on its blocklist: its contract refuses every swap of ours"
            raise SourceUnavailable(msg, venue=NAME)

    async def _find(
        self, reader: ContractReader, tip: Tip, wanted: PoolSettings, args: tuple[bytes, ...]
    ) -> _Found | str:
        try:
            answer = await reader.read(self._settings.pool_contract, "get-pool-details", args, tip)
        except MarketRefused as refused:  # the contract aborts
            return f"the read failed: {refused}"
        x = wanted.x, self._assets[wanted.symbol_x].decimals
        y = wanted.y, self._assets[wanted.symbol_y].decimals
        read = pool_from(answer, x=x, y=y, factor=wanted.factor, height=tip.height)
        if isinstance(read, str):
            return read
        pool_id, pool = read
        return _Found(f"{NAME}:{pool_id}", pool, (wanted.symbol_x, wanted.symbol_y))

    def _routes(self, found: Iterable[_Found]) -> Iterable[Route]:
        by_pair: dict[tuple[str, str], _Hop] = {}
        for each in found:
            x, y = each.pool.x.token, each.pool.y.token
            forth, back = each.symbols, each.symbols[::-1]
            for pair, sold, bought in ((forth, x, y), (back, y, x)):
                hop = _Hop(each.key, x_for_y=sold == x, sold=sold, bought=bought)
                by_pair.setdefault(pair, hop)
                yield self._route(pair, (hop,))
        for path in self._settings.paths:
            for way in (path, path[::-1]):
                hops = [by_pair[pair] for pair in pairwise(way) if pair in by_pair]
                if len(hops) == len(way) - 1:
                    yield self._route(way, tuple(hops))

    def _route(self, path: tuple[str, ...], hops: tuple[_Hop, ...]) -> AlexRoute:
        return AlexRoute(
            venue=NAME,
            adapter=self._adapter,
            payer=self._settings.vault,
            sell=path[0],
            buy=path[-1],
            pool_keys=tuple(hop.key for hop in hops),
            directions=tuple(hop.x_for_y for hop in hops),
            tokens=(hops[0].sold, *(hop.bought for hop in hops)),
            scale=10 ** (DECIMALS - self._assets[path[0]].decimals),
        )


def _is_wanted(pool: PoolSettings, assets: AssetBook) -> bool:
    symbols = (pool.symbol_x, pool.symbol_y)
    if not is_held(symbols, assets, ours=pool in LAUNCH_POOLS, where="a pool of plugin.alex"):
        return False
    too_fine = [symbol for symbol in symbols if assets[symbol].decimals > DECIMALS]
    if too_fine:
        msg = f"alex.pools: {too_fine[0]} has more than {DECIMALS} decimals, which ALEX cannot book"
        raise BadSettings(msg)
    return True


def _name_of(pool: PoolSettings) -> str:
    """Name a pool that may have no number: by its symbols, and by its factor unless it is the usual one."""
    factor = "" if pool.factor == ONE else f"@{pool.factor}"
    return f"{NAME}:{pool.symbol_x}-{pool.symbol_y}{factor}"


def _pool_in(books: Books, key: str) -> Pool:
    pool = books.get(key)
    if not isinstance(pool, Pool):
        msg = f"the books hold no ALEX pool {key}"
        raise MarketRefused(msg, venue=NAME, pool=key)
    return pool
