"""Whales that another program keeps in MongoDB, read through a mapping. Nothing is ever written there."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog
from typing_extensions import override

from keeper.core.assets import AssetBook
from keeper.core.whales import Whale
from keeper.errors import BadInput, SourceUnavailable, StoreUnavailable
from keeper.ports import WhaleFeed
from keeper.whale_mapping import Bad, WhaleMapping, at_path, whale_of

log = structlog.get_logger("keeper.whale_mongo")

MOST_DOCUMENTS: Final = 10_000
FRESH_SECONDS: Final = 300.0
"""How long what was read is used again; whales are watched by the day, not by the second."""
_READ_SECONDS: Final = 20.0
_NAMED: Final = 5
"""Bad documents that one log line names."""
Prices = Callable[[], Awaitable[Mapping[str, int]]]
"""Gives the last agreed prices, in STX with 12 decimals, by symbol."""


@dataclass(frozen=True, slots=True)
class WhalePlace:
    """One collection and how its documents are read; the address may hold a password and is never shown."""

    url: str = field(repr=False)
    database: str
    collection: str
    rule: WhaleMapping
    setting: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a collection gave."""

    whales: tuple[Whale, ...]
    bad: tuple[Bad, ...]
    """Documents that were not used."""
    cut: bool = False
    """Whether there are more documents than are read."""


class MongoWhales(WhaleFeed):
    """One collection of whales. Build it with `open_whale_feeds`."""

    def __init__(self, place: WhalePlace, find: Callable[[], Awaitable[Sequence[Mapping[str, object]]]]) -> None:
        self._place = place
        self._find = find
        self._prices: Prices = _no_prices
        self._assets = AssetBook(())
        self._known: tuple[float, Reading] | None = None
        self._reading = asyncio.Lock()

    def valued_by(self, assets: AssetBook, prices: Prices) -> "MongoWhales":
        """Say which assets there are and who knows their prices."""
        self._assets, self._prices = assets, prices
        return self

    @property
    @override
    def name(self) -> str:
        return self._place.rule.name

    @override
    async def whales(self, category: str) -> Sequence[Whale]:
        if self._place.rule.fixed_category not in {None, category}:
            return ()  # known without asking, so that its silence is no matter to pools of another category
        async with self._reading:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_SECONDS:
                reading = await self.read()
                self._known = (time.monotonic(), reading)
                self._warn(reading)
        return tuple(whale for whale in self._known[1].whales if whale.category == category)

    async def read(self) -> Reading:
        """Read every document and say which are bad. Raises SourceUnavailable."""
        try:
            found = await self._find()
        except StoreUnavailable as exc:
            message = f"{self.name}: {str(exc).replace('the store', 'the database of whales')}"
            raise SourceUnavailable(message, source=self.name) from exc
        prices, whales, bad = await self._prices(), list[Whale](), list[Bad]()
        for document in found[:MOST_DOCUMENTS]:
            try:
                whales.append(whale_of(document, self._place.rule, self._assets, prices))
            except BadInput as exc:
                bad.append(Bad(_called(document, self._place.rule), str(exc)))
        return Reading(tuple(whales), tuple(bad), cut=len(found) > MOST_DOCUMENTS)

    def _warn(self, reading: Reading) -> None:
        """Say how many documents are not used, and name the first."""
        if reading.bad or reading.cut:
            named = {each.document: each.why for each in reading.bad[:_NAMED]}
            log.warning("whales_refused", source=self.name, count=len(reading.bad), cut=reading.cut, documents=named)


@asynccontextmanager
async def open_whale_feeds(places: Sequence[WhalePlace]) -> AsyncIterator[tuple[MongoWhales, ...]]:
    """Give a feed for each place; a server that is not there is only missed when it is asked. Raises BadSettings."""
    async with AsyncExitStack() as stack:
        yield tuple([await _open(stack, place) for place in places])


async def _open(stack: AsyncExitStack, place: WhalePlace) -> MongoWhales:
    # Only here: whoever reads no whales from MongoDB does not pay for the driver's memory and time to load.
    from keeper.store.mongo_link import open_link  # noqa: PLC0415

    link = await stack.enter_async_context(open_link(place.url, place.database, setting=place.setting, look=False))

    async def find() -> Sequence[Mapping[str, object]]:
        found: list[Mapping[str, object]] = await link.peek(place.collection, MOST_DOCUMENTS + 1, seconds=_READ_SECONDS)
        return found

    return MongoWhales(place, find)


def _called(document: Mapping[str, object], rule: WhaleMapping) -> str:
    """Name a bad document by its address, else by its key; never by its content."""
    address = at_path(document, rule.address)
    return (address if isinstance(address, str) and address else f"_id {document.get('_id')}")[:120]


async def _no_prices() -> Mapping[str, int]:
    return {}
