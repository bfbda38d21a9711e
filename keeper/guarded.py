"""Adapters of plugins behind a guard: whatever somebody else's code does comes out as an error the keeper knows.

A guard gives the plugin a task of its own, so that one that swallows its cancellation keeps nobody waiting,
and looks at the shape of what it answers. What it cannot do is interrupt code that never gives the event
loop back; the watchdog ends such a process.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

import structlog

from keeper.core.assets import Asset
from keeper.core.chain_types import Tip
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.prices import PricePoint
from keeper.core.records import Alert
from keeper.core.units import BPS_ONE, UINT128_MAX, BaseUnits
from keeper.core.whales import LATEST, MOST_SCORE, MOST_SHARE_BPS, MOST_STACKED_USTX, Whale
from keeper.errors import KeeperError, MarketRefused, NodeUnavailable, NotifierUnavailable, SourceUnavailable, TipMoved
from keeper.ports import ContractReader, Dex, Notifier, PriceSource, WhaleFeed

log = structlog.get_logger("keeper.guarded")

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""What an adapter may be called."""
CONTRACT: Final = re.compile(r"S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9_-]{0,127}")
MOST: Final = 10_000
"""Most pools, routes, prices or whales that one answer may have."""
MOST_ADAPTERS: Final = 64
"""Most adapter contracts that one venue may need."""
LONGEST: Final = 300
"""Most characters of an absent pool's name, and of its reason; a longer reason is cut."""
OUTAGES: Final = (SourceUnavailable, NodeUnavailable, TipMoved)
"""What an adapter that reads may raise; anything else is its own failure, a Halt least of all its to decide."""

Count = Callable[[str, str], None]
"""Counts a failure: the plugin's name, and where (`start`, `market`, `quote`, `prices`, `whales`, `send`)."""


def ignore(plugin: str, where: str) -> None:
    """Count nothing."""


Answer = TypeVar("Answer")


class Nonsense(Exception):
    """A plugin answered something that is not what its hook's guide asks for."""


@dataclass(frozen=True, slots=True)
class _Port:
    """How a method of a port may fail: what an adapter may raise, and what everything else becomes."""

    where: str
    allowed: tuple[type[KeeperError], ...]
    error: type[KeeperError]
    fact: str
    """What the error calls the adapter."""


MARKET: Final = _Port("market", (*OUTAGES, MarketRefused), SourceUnavailable, "venue")
PRICES: Final = _Port("prices", OUTAGES, SourceUnavailable, "source")
WHALES: Final = _Port("whales", OUTAGES, SourceUnavailable, "source")
SEND: Final = _Port("send", (NotifierUnavailable,), NotifierUnavailable, "notifier")


@dataclass(frozen=True, slots=True)
class GuardedDex:
    """A venue whose answers were looked at."""

    name: str
    plugin: str
    inner: Dex
    count: Count

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapter contracts that it says it needs; none where it says nothing usable."""
        try:
            said = tuple(islice(self.inner.adapters, MOST_ADAPTERS + 1))
            usable = len(said) <= MOST_ADAPTERS and all(CONTRACT.fullmatch(adapter) for adapter in said)
        except Exception:  # noqa: BLE001 - a plugin is somebody else's code
            return ()
        return said if usable else ()

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read the venue. Raises SourceUnavailable for whatever the plugin does wrong, MarketRefused, NodeUnavailable, TipMoved."""
        return await _ask(self, MARKET, lambda: self.inner.market(reader, tip), lambda answer: _market(self, answer))


@dataclass(frozen=True, slots=True)
class GuardedRoute:
    """A route whose quotes are whole or refused."""

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]
    inner: Route
    owner: GuardedDex

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return what the contract would pay. Raises MarketRefused, also for whatever the plugin does wrong."""
        try:
            fill = self.inner.quote(books, amount_in)
            whole = type(fill) is Fill and _within(fill.amount_out, UINT128_MAX)
            if whole and fill.amount_in == amount_in and isinstance(fill.books, Mapping):
                return fill
        except MarketRefused:
            raise
        except Exception as exc:  # noqa: BLE001 - a plugin is somebody else's code
            raise MarketRefused(_failed(self.owner, "quote", exc), venue=self.venue) from None
        why = _failed(self.owner, "quote", Nonsense("the fill is not what was asked for"))
        raise MarketRefused(why, venue=self.venue)


@dataclass(frozen=True, slots=True)
class GuardedSource:
    """A price source that answers with a sequence, or is unavailable; each price is judged where prices are."""

    name: str
    plugin: str
    inner: PriceSource
    count: Count

    @property
    def hint(self) -> str | None:
        """What the source says it could do more if a setting were there; None when it says nothing."""
        try:
            hint = getattr(self.inner, "hint", None)
        except Exception:  # noqa: BLE001 - a plugin is somebody else's code
            return None
        return hint if isinstance(hint, str) else None

    async def prices(self, assets: Sequence[Asset]) -> Sequence[PricePoint]:
        """Ask the source. Raises SourceUnavailable for whatever the plugin does wrong."""
        return await _ask(self, PRICES, lambda: self.inner.prices(assets), _some)


@dataclass(frozen=True, slots=True)
class GuardedFeed:
    """A source of whales that answers with whales of the category asked for, or is unavailable."""

    name: str
    plugin: str
    inner: WhaleFeed
    count: Count

    async def whales(self, category: str) -> Sequence[Whale]:
        """Ask the source. Raises SourceUnavailable for whatever the plugin does wrong."""

        def checked(answer: Any) -> list[Whale]:
            return [_whale(each, category) for each in _some(answer)]

        return await _ask(self, WHALES, lambda: self.inner.whales(category), checked)


@dataclass(frozen=True, slots=True)
class GuardedNotifier:
    """A channel that takes an alert or is unavailable."""

    name: str
    plugin: str
    inner: Notifier
    count: Count

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable for whatever the plugin does wrong."""
        await _ask(self, SEND, lambda: self.inner.send(alert), lambda _: None)


Guarded = GuardedDex | GuardedSource | GuardedFeed | GuardedNotifier


async def _ask(
    adapter: Guarded, port: _Port, ask: Callable[[], Awaitable[Any]], check: Callable[[Any], Answer]
) -> Answer:
    """Ask a plugin and look at what it says. Raises what the port allows, and its error for whatever else goes wrong."""
    try:
        return check(await _apart(ask()))
    except port.allowed:
        raise
    except Exception as exc:  # noqa: BLE001 - a plugin is somebody else's code
        raise port.error(_failed(adapter, port.where, exc), **{port.fact: adapter.name}) from None


async def _apart(work: Awaitable[Any]) -> Any:
    """Await a plugin in a task of its own; leaving here never waits for it.

    What ends a process or a task elsewhere (SystemExit, a cancellation of its own making) is an error here.
    """

    async def contained() -> tuple[Any, Exception | None]:
        try:
            return await work, None
        except asyncio.CancelledError:
            return None, Nonsense("it cancelled itself")
        except SystemExit:
            return None, Nonsense("it tried to end the process")
        except Exception as exc:  # noqa: BLE001 - raised again below, in the caller's task
            return None, exc

    task = asyncio.ensure_future(contained())
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    answer, trouble = task.result()
    if trouble is not None:
        raise trouble
    return answer


def _failed(adapter: Guarded, where: str, exc: Exception) -> str:
    """Count and log a failure of the plugin's own making, and return a sentence about it without its text."""
    adapter.count(adapter.plugin, where)
    said = str(exc) if isinstance(exc, Nonsense) else type(exc).__name__
    log.error("plugin_broken", plugin=adapter.plugin, adapter=adapter.name, where=where, reason=said, exc_info=exc)
    return f"the plugin failed in {where}: {said}"


def _some(answer: Any) -> list[Any]:
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes) or len(answer) > MOST:
        message = f"a {type(answer).__name__} instead of at most {MOST} answers"
        raise Nonsense(message)
    return list(answer)


def _market(owner: GuardedDex, answer: Any) -> MarketView:
    if not isinstance(answer, MarketView) or not isinstance(answer.books, Mapping):
        message = f"a {type(answer).__name__} instead of a market"
        raise Nonsense(message)
    books, routes = dict(answer.books), _some(answer.routes)
    prefix = f"{owner.name}:"
    if len(books) > MOST or not all(isinstance(key, str) and key.startswith(prefix) for key in books):
        message = f"pools that are not called {prefix}…"
        raise Nonsense(message)
    return MarketView(books, tuple(_route(owner, route, books) for route in routes), _absent(prefix, answer.absent))


def _absent(prefix: str, answer: Any) -> dict[str, str]:
    if not isinstance(answer, Mapping) or len(answer) > MOST:
        message = "absent pools that are no mapping of names to reasons"
        raise Nonsense(message)
    absent = dict(answer)
    if not all(isinstance(text, str) for pair in absent.items() for text in pair):
        message = "an absent pool without a name or a reason"
        raise Nonsense(message)
    if not all(name.startswith(prefix) and len(name) <= LONGEST for name in absent):
        message = f"absent pools that are not called {prefix}…"
        raise Nonsense(message)
    return {name: reason[:LONGEST] for name, reason in absent.items()}


def _route(owner: GuardedDex, route: Any, books: Books) -> GuardedRoute:
    texts = (route.venue, route.adapter, route.payer, route.sell, route.buy)
    keys = route.pool_keys
    if not all(isinstance(text, str) for text in texts) or not isinstance(keys, tuple) or not callable(route.quote):
        message = "a route without its names"
        raise Nonsense(message)
    if route.venue != owner.name or route.sell == route.buy or not keys or not set(keys) <= set(books):
        message = f"a route from {route.sell} to {route.buy} over pools that were not read"
        raise Nonsense(message)
    if not CONTRACT.fullmatch(route.adapter) or not CONTRACT.fullmatch(route.payer):
        message = f"a route from {route.sell} to {route.buy} whose contracts have no principal"
        raise Nonsense(message)
    return GuardedRoute(*texts, keys, route, owner)


def _within(number: Any, most: int) -> bool:
    """Tell whether it is a whole number that nothing later on is too small for."""
    return type(number) is int and 0 <= number <= most


def _whale(answer: Any, category: str) -> Whale:
    if type(answer) is not Whale or answer.category != category or not isinstance(answer.address, str):
        message = "an answer that is no whale of the category asked for"
        raise Nonsense(message)
    numbers = [(answer.score, MOST_SCORE), (answer.stacked_ustx, MOST_STACKED_USTX), (answer.observed_at, LATEST)]
    weights = answer.allocation_bps
    if answer.win_rate_bps is not None:
        numbers.append((answer.win_rate_bps, BPS_ONE))
    if not all(_within(number, most) for number, most in numbers):
        message = "a whale with a number that is none"
        raise Nonsense(message)
    if not isinstance(weights, Mapping) or not all(
        isinstance(symbol, str) and _within(bps, MOST_SHARE_BPS) for symbol, bps in weights.items()
    ):
        message = "a whale with a weight that is none"
        raise Nonsense(message)
    return answer
