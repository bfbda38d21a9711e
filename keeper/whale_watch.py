"""Whales by their balances on the chain: all that the keeper has to be told of them is their addresses.

Balances are asked for one after another: tokens all at one block, for as long as the node answers for it, and STX at the
newest, since nodes know no other. Whoever moves something between two of these questions is seen with it twice, or without
it, until the next reading. All are valued at prices that the sources agree on, and the wallets of a category are put into
the store at once, so that no pool ever follows a half-read list. What was read before a question failed is not asked again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from keeper.analysis import agree
from keeper.chain.contracts import PoolContracts
from keeper.core.assets import STX, Asset, AssetBook
from keeper.core.chain_types import Tip
from keeper.core.policy import Policy, PoolRule
from keeper.core.units import BPS_ONE, MicroStx, Seconds, value_ustx_down
from keeper.core.whales import Whale
from keeper.errors import SourceUnavailable, TipMoved
from keeper.observe import Observer
from keeper.pause import pause
from keeper.ports import Chain, Clock, Store
from keeper.retry import READ

log = structlog.get_logger("keeper.whale_watch")

LOOK_SECONDS: Final = 600.0
"""How often it is asked whether balances are due, in seconds."""
PACE_SECONDS: Final = 6.0
"""Between two questions to the node, in seconds: ten a minute, of the 25 that a keyless one allows."""
WALLETS_LAST: Final = Seconds(86_400)
"""How long what was read of a wallet waits for the rest of its category."""
WATCHED_NOTE: Final = "watched_whales"
"""Says by category when its wallets were read last, and which they were: those are this reader's to remove."""
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


@dataclass(frozen=True, slots=True)
class _Wallet:
    """What was read of a wallet."""

    at: Seconds
    """Time of the block that its tokens were read at."""
    stacked: MicroStx
    holdings: Mapping[str, int]
    """Base units by symbol."""


class WhaleWatch:
    """Reads the balances of watched wallets, and remembers what it has read until all of a category is there."""

    def __init__(
        self, keeper: Watching, watched: Sequence[Watched], policy: Policy, *, pace: float = PACE_SECONDS
    ) -> None:
        """`pace` is the time between two questions, in seconds."""
        self._keeper = keeper
        self._watched = tuple(watched)
        self._policy = policy
        self._pace = pace
        self._read: dict[str, dict[str, _Wallet]] = {each.category: {} for each in watched}

    async def refresh_when_due(self, stop: asyncio.Event) -> int:
        """Read the balances of every category that is due, and return how many whales were put into the store.

        A wallet that is read as empty, or that the settings no longer name, goes from the store. Raises Transient, among it
        SourceUnavailable when something that a whale holds has no agreed price; the store is then left as it was.
        """
        await self._drop_categories()
        put = 0
        for each in self._watched:
            if stop.is_set() or not await self._due(each):
                continue
            if await self._read_wallets(each, stop):
                put += await self._store(each)
        return put

    async def _drop_categories(self) -> None:
        """Remove the wallets of categories that the settings no longer watch."""
        store, noted = self._keeper.store, await self._noted()
        for category in sorted(noted.keys() - {each.category for each in self._watched}):
            await store.remove_whales(noted.pop(category)["addresses"], category)
            await store.put_note(WATCHED_NOTE, noted)

    async def _due(self, watched: Watched) -> bool:
        due = await next_reading(self._keeper.store, watched)
        return due is None or due <= self._keeper.clock.now()

    async def _noted(self) -> dict[str, Any]:
        """Return by category when its wallets were read, and which they were."""
        return dict(await self._keeper.store.note(WATCHED_NOTE) or {})

    async def _read_wallets(self, watched: Watched, stop: asyncio.Event) -> bool:
        """Read every wallet of a category that was not read lately; False when told to stop. Raises Transient."""
        now, known = self._keeper.clock.now(), self._read[watched.category]
        for address in [address for address, wallet in known.items() if now - wallet.at >= WALLETS_LAST]:
            del known[address]
        block = _Block(self._keeper)
        for address in [address for address in watched.scores if address not in known]:
            wallet = await self._wallet(address, block, stop)
            if wallet is None:
                return False
            known[address] = wallet
        return True

    async def _wallet(self, address: str, block: "_Block", stop: asyncio.Event) -> _Wallet | None:
        """Return what a wallet holds; None when told to stop."""
        keeper = self._keeper
        account = await READ(keeper.chain.account, address)
        stacked = account.locked_ustx or MicroStx(0)
        holdings, at = {STX: account.balance_ustx + stacked}, (await block.tip()).time
        for symbol in dict.fromkeys(symbol for rule in keeper.pools for symbol in rule.symbols):
            asset = keeper.assets[symbol]
            if asset.is_stx:
                continue
            if await pause(stop, self._pace):
                return None
            holdings[symbol] = await block.balance(asset, address)
        return None if await pause(stop, self._pace) else _Wallet(at, stacked, holdings)

    async def _store(self, watched: Watched) -> int:
        """Put the wallets of a category into the store as whales, and remove what is not one any more."""
        prices, wallets = await agreed_prices(self._keeper, self._policy), self._read[watched.category]
        whales = [_whale(self._keeper.assets, watched, address, wallet, prices) for address, wallet in wallets.items()]
        found = [whale for whale in whales if whale is not None]
        store, noted = self._keeper.store, await self._noted()
        before = noted.get(watched.category, {}).get("addresses", ())
        gone = {*before, *watched.scores} - {whale.address for whale in found}
        await store.put_whales(found)
        removed = await store.remove_whales(sorted(gone), watched.category)
        noted[watched.category] = {"at": int(self._keeper.clock.now()), "addresses": list(watched.scores)}
        await store.put_note(WATCHED_NOTE, noted)
        wallets.clear()
        log.info(
            "whales_read_from_chain",
            category=watched.category,
            whales=len(found),
            of=len(watched.scores),
            removed=removed,
        )
        return len(found)


class _Block:
    """One block for a whole reading, so that each balance is one question; the newest again when a node knows it no more."""

    def __init__(self, keeper: Watching) -> None:
        self._keeper = keeper
        self._tip: Tip | None = None

    async def tip(self) -> Tip:
        if self._tip is None:
            self._tip = await self._keeper.observer.tip()
        return self._tip

    async def balance(self, asset: Asset, address: str) -> int:
        """Return what an address has of an asset, in base units. Raises NodeUnavailable, TipMoved."""
        try:
            return await self._ask(asset, address)
        except TipMoved:
            self._tip = None
            return await self._ask(asset, address)

    async def _ask(self, asset: Asset, address: str) -> int:
        return await READ(
            self._keeper.contracts.balance, self._keeper.chain, await self.tip(), asset.principal, address
        )


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


async def next_reading(store: Store, watched: Watched) -> Seconds | None:
    """Return when the balances of a category are due, in seconds since 1970; None: at once, since they were never read."""
    noted = (await store.note(WATCHED_NOTE) or {}).get(watched.category)
    if noted is None or set(noted["addresses"]) != watched.scores.keys():
        return None
    return Seconds(int(noted["at"]) + watched.every)


def _whale(
    assets: AssetBook, watched: Watched, address: str, wallet: _Wallet, prices: Mapping[str, int]
) -> Whale | None:
    """Return a wallet as a whale; None for one that holds nothing. Raises SourceUnavailable as `_allocation` does."""
    allocation = _allocation(assets, wallet.holdings, prices)
    if not allocation:
        log.warning("whale_holds_nothing", address=address, category=watched.category)
        return None
    return Whale(address, watched.category, watched.scores[address], None, wallet.stacked, allocation, wallet.at)


def _allocation(assets: AssetBook, holdings: Mapping[str, int], prices: Mapping[str, int]) -> dict[str, int]:
    """Return shares of the holdings' worth in basis points, empty when they are worth nothing.

    Raises SourceUnavailable when something that is held has no price.
    """
    worth = {}
    for symbol, amount in holdings.items():
        if amount and symbol != STX and symbol not in prices:
            message = f"no agreed price of {symbol}, which a whale holds; its balances are read again later"
            raise SourceUnavailable(message, source="whales", asset=symbol)
        price = prices.get(symbol, 0)
        worth[symbol] = amount if symbol == STX else value_ustx_down(amount, price, assets[symbol].decimals)
    total = sum(worth.values())
    return {symbol: part * BPS_ONE // total for symbol, part in worth.items() if part} if total else {}
