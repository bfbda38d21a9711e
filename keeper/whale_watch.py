"""Whales by their balances on the chain: all that the keeper has to be told of them is their addresses.

A wallet's balances are read one after another, each at the newest block of that moment: nodes answer for a block for a
short while only, and for STX only at the newest. Whoever moves something between two of these questions is seen with it
twice, or without it, until the next reading. All are valued at prices that the sources agree on, and the wallets of a
category are put into the store at once, so that no pool ever follows a half-read list.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from keeper.analysis import agree
from keeper.chain.contracts import PoolContracts
from keeper.core.assets import STX, AssetBook
from keeper.core.policy import Policy, PoolRule
from keeper.core.units import BPS_ONE, MicroStx, Seconds, value_ustx_down
from keeper.core.whales import Whale
from keeper.errors import SourceUnavailable
from keeper.observe import Observer
from keeper.pause import pause
from keeper.ports import Chain, Clock, Store, WhaleSource
from keeper.retry import READ

log = structlog.get_logger("keeper.whale_watch")

LOOK_SECONDS: Final = 600.0
"""How often it is asked whether balances are due, in seconds."""
PACE_SECONDS: Final = 6.0
"""Between two questions to the node, in seconds: ten a minute, of the 25 that a keyless one allows."""
POINT: Final = 100
"""A score of one point, which all have when none is given."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Wallets of one category, and how often their balances are read."""

    category: str
    scores: Mapping[str, int]
    """In hundredths of a point, by address."""
    every: Seconds


class Watching(Protocol):
    """What of an open keeper is needed here."""

    @property
    def pools(self) -> tuple[PoolRule, ...]:
        """The pools."""
        ...

    @property
    def assets(self) -> AssetBook:
        """The assets."""
        ...

    @property
    def contracts(self) -> PoolContracts:
        """The contracts."""
        ...

    @property
    def chain(self) -> Chain:
        """The node."""
        ...

    @property
    def observer(self) -> Observer:
        """Prices and markets."""
        ...

    @property
    def store(self) -> Store:
        """Where whales go."""
        ...

    @property
    def clock(self) -> Clock:
        """The chain's time."""
        ...


async def refresh_when_due(
    keeper: Watching,
    watched: Sequence[Watched],
    policy: Policy,
    stop: asyncio.Event,
    *,
    pace: float = PACE_SECONDS,
) -> int:
    """Read the balances of every category that is due, and return how many whales were put into the store.

    `pace` is the time between two questions, in seconds. Raises Transient, among it SourceUnavailable when
    something that a whale holds has no agreed price; the store is then left as it was.
    """
    put = 0
    for each in watched:
        if stop.is_set() or not await _due(keeper, each):
            continue
        whales = await read_whales(keeper, each, policy, stop, pace=pace)
        if whales:
            await keeper.store.put_whales(whales)
            log.info("whales_read_from_chain", category=each.category, whales=len(whales), of=len(each.scores))
        put += len(whales)
    return put


async def read_whales(
    keeper: Watching, watched: Watched, policy: Policy, stop: asyncio.Event, *, pace: float = PACE_SECONDS
) -> tuple[Whale, ...]:
    """Return the wallets of a category as whales; none when told to `stop`. One that holds nothing is left out."""
    prices = await agreed_prices(keeper, policy)
    whales = []
    for address, score in watched.scores.items():
        found = await _holdings(keeper, address, stop, pace)
        if found is None:
            return ()
        at, stacked, holdings = found
        allocation = _allocation(keeper.assets, holdings, prices)
        if allocation:
            whales.append(Whale(address, watched.category, score, None, stacked, allocation, at))
        else:
            log.warning("whale_holds_nothing", address=address, category=watched.category)
    return tuple(whales)


async def agreed_prices(keeper: Watching, policy: Policy) -> dict[str, int]:
    """Return every price that the sources agree on now, in STX with 12 decimals, by symbol. Raises Transient."""
    await keeper.observer.tip()  # prices go by the chain's time, which nobody knows before a block
    web = await keeper.observer.web_prices()
    prices: dict[str, int] = {}
    for rule in keeper.pools:
        # Pool by pool: two pools that see the same venue are not two sources.
        facts = await keeper.observer.pool(rule)
        points = (*web.points, *facts.venue_points)
        agreement = agree((STX, *rule.symbols), points, policy, {}, keeper.clock.now())
        for symbol, price in agreement.agreed.items():
            prices.setdefault(symbol, price.price_e12)
    return prices


async def next_reading(store: WhaleSource, watched: Watched) -> Seconds | None:
    """Return when the balances of a category are due, in seconds since 1970; None before they were ever read: at once."""
    seen = {whale.address: whale.observed_at for whale in await store.whales(watched.category)}
    newest = max((seen[address] for address in watched.scores if address in seen), default=None)
    # The newest counts, since one that holds nothing is never put into the store.
    return None if newest is None else Seconds(newest + watched.every)


async def _due(keeper: Watching, watched: Watched) -> bool:
    due = await next_reading(keeper.store, watched)
    return due is None or due <= keeper.clock.now()


async def _holdings(
    keeper: Watching, address: str, stop: asyncio.Event, pace: float
) -> tuple[Seconds, MicroStx, dict[str, int]] | None:
    """Return when the last of it was read, what is stacked, and base units by symbol; None when told to stop."""
    tip = await keeper.observer.tip()
    account = await READ(keeper.chain.account, address)
    stacked = account.locked_ustx or MicroStx(0)
    holdings = {STX: account.balance_ustx + stacked}
    for symbol in dict.fromkeys(symbol for rule in keeper.pools for symbol in rule.symbols):
        asset = keeper.assets[symbol]
        if asset.is_stx:
            continue
        if await pause(stop, pace):
            return None
        tip = await keeper.observer.tip()  # a node keeps a block for a short while only
        holdings[symbol] = await READ(keeper.contracts.balance, keeper.chain, tip, asset.principal, address)
    return None if await pause(stop, pace) else (tip.time, stacked, holdings)


def _allocation(assets: AssetBook, holdings: Mapping[str, int], prices: Mapping[str, int]) -> dict[str, int]:
    """Return shares of the holdings' worth in basis points, empty when they are worth nothing."""
    worth = {}
    for symbol, amount in holdings.items():
        if amount and symbol != STX and symbol not in prices:
            message = f"no agreed price of {symbol}, which a whale holds; its balances are read again later"
            raise SourceUnavailable(message, source="whales", asset=symbol)
        price = prices.get(symbol, 0)
        worth[symbol] = amount if symbol == STX else value_ustx_down(amount, price, assets[symbol].decimals)
    total = sum(worth.values())
    return {symbol: part * BPS_ONE // total for symbol, part in worth.items() if part} if total else {}
