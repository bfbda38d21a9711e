"""Whatever a plugin does at work comes out as an error the keeper knows, and is counted."""

import asyncio
import sys
from dataclasses import replace

import pytest

from keeper.core.following import Known, Silent
from keeper.core.market import EMPTY_MARKET, MarketView
from keeper.core.units import BaseUnits, Seconds
from keeper.core.whales import Whale
from keeper.errors import (
    LedgerMismatch,
    MarketRefused,
    NodeUnavailable,
    NotifierUnavailable,
    SourceUnavailable,
    TipMoved,
)
from keeper.guarded import GuardedDex, GuardedFeed, GuardedNotifier, GuardedSource
from keeper.testing import build
from keeper.testing.fakes import FakeDex, FakeNotifier, FakePool, FakePriceSource, ManualClock, ScriptedReader
from keeper.whales import Whales

SECRET = "hunter2"  # noqa: S105 - it must not come out


def boom():
    raise ZeroDivisionError(SECRET)


def halt():
    raise LedgerMismatch("the books are wrong, says a plugin")


def leave():
    sys.exit(3)


def cancel():
    raise asyncio.CancelledError


MISDEEDS = {"raises": boom, "halts": halt, "exits": leave, "cancels": cancel}


class Acts:
    """An adapter of every kind that does one thing whatever it is asked."""

    name = "odd"

    def __init__(self, act):
        self.act = act

    async def market(self, reader, tip):
        return self.act()

    async def prices(self, assets):
        return self.act()

    async def whales(self, category):
        return self.act()

    async def send(self, alert):
        return self.act()


@pytest.fixture
def counted():
    return []


@pytest.fixture
def count(counted):
    return lambda *failure: counted.append(failure)


@pytest.fixture(params=MISDEEDS.values(), ids=MISDEEDS)
def misdeed(request):
    return request.param


async def failing(call, kind):
    with pytest.raises(kind) as caught:
        await call
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


async def test_market__plugin_misbehaves__is_source_unavailable_and_counted(misdeed, count, counted):
    guarded = GuardedDex("odd", "oddity", Acts(misdeed), count)

    assert "the plugin failed in market" in await failing(
        guarded.market(ScriptedReader(), build.tip()), SourceUnavailable
    )
    assert counted == [("oddity", "market")]


async def test_prices__plugin_misbehaves__is_source_unavailable_and_counted(misdeed, count, counted):
    await failing(GuardedSource("odd", "oddity", Acts(misdeed), count).prices([build.STX]), SourceUnavailable)
    assert counted == [("oddity", "prices")]


async def test_whales__plugin_misbehaves__is_source_unavailable_and_counted(misdeed, count, counted):
    await failing(GuardedFeed("odd", "oddity", Acts(misdeed), count).whales("defi"), SourceUnavailable)
    assert counted == [("oddity", "whales")]


async def test_send__plugin_misbehaves__is_notifier_unavailable_and_counted(misdeed, count, counted):
    await failing(GuardedNotifier("odd", "oddity", Acts(misdeed), count).send(build.alert()), NotifierUnavailable)
    assert counted == [("oddity", "send")]


@pytest.mark.parametrize("error", [NodeUnavailable, TipMoved, SourceUnavailable, MarketRefused])
async def test_market__what_a_venue_may_raise__comes_out_as_it_is_and_is_not_counted(error, count, counted):
    def act():
        raise error

    with pytest.raises(error):
        await GuardedDex("odd", "oddity", Acts(act), count).market(ScriptedReader(), build.tip())
    assert counted == []


@pytest.mark.parametrize("answer", [None, 5, "STX", {}, MarketView({}, None), MarketView(None, ())], ids=repr)
async def test_market__nonsense__is_source_unavailable(answer, count):
    guarded = GuardedDex("odd", "oddity", Acts(lambda: answer), count)

    await failing(guarded.market(ScriptedReader(), build.tip()), SourceUnavailable)


@pytest.mark.parametrize("answer", [None, 5, "STX", b"STX", {}, iter([1])], ids=lambda a: type(a).__name__)
async def test_prices__no_sequence__is_source_unavailable(answer, count):
    await failing(GuardedSource("odd", "oddity", Acts(lambda: answer), count).prices([]), SourceUnavailable)


POOLS = {"1": FakePool("STX", "ALEX", 10**12, 5 * 10**14)}


class Spoilt(FakeDex):
    """A venue whose view is changed before it is handed over."""

    change = staticmethod(lambda view: view)

    async def market(self, reader, tip):
        return self.change(await super().market(reader, tip))


def routes_with(**changes):
    return lambda view: replace(view, routes=tuple(replace(route, **changes) for route in view.routes))


@pytest.mark.parametrize(
    "change",
    [
        routes_with(venue="alex"),
        routes_with(path=("STX", "STX")),
        routes_with(path=(None, "STX")),
        routes_with(pool_keys=()),
        routes_with(pool_keys=["fake:1"]),
        routes_with(pool_keys=("alex:1",)),
        routes_with(adapter="nobody"),
        routes_with(payer=""),
        lambda view: replace(view, books={**view.books, "alex:1": 5}),
        lambda view: replace(view, routes=(5,)),
        lambda view: replace(view, absent=None),
        lambda view: replace(view, absent={"fake:2": None}),
        lambda view: replace(view, absent={2: "closed"}),
        lambda view: replace(view, absent={"alex:2": "closed"}),
        lambda view: replace(view, absent={"fake:" + "2" * 300: "closed"}),
        lambda view: replace(view, absent={f"fake:{number}": "closed" for number in range(10_001)}),
    ],
    ids=[
        *("venue", "round", "symbol", "no pools", "list", "stranger's pool", "adapter", "payer", "books", "route"),
        *("no absent", "no reason", "no name", "stranger's absent pool", "long name", "flood of absent pools"),
    ],
)
async def test_market__route_that_is_none__is_source_unavailable(change, count, counted):
    spoilt = Spoilt(POOLS)
    spoilt.__class__ = type("Changed", (Spoilt,), {"change": staticmethod(change), "__slots__": ()})

    await failing(GuardedDex("fake", "faker", spoilt, count).market(ScriptedReader(), build.tip()), SourceUnavailable)
    assert counted == [("faker", "market")]


async def test_market__absent_pool__is_carried_and_its_reason_cut(count, counted):
    dex = FakeDex(POOLS, absent={"fake:2": "closed", "fake:3": "x" * 1_000})

    view = await GuardedDex("fake", "faker", dex, count).market(ScriptedReader(), build.tip())

    assert view.absent == {"fake:2": "closed", "fake:3": "x" * 300}
    assert counted == []


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ([f"{build.DEPLOYER}.a"], (f"{build.DEPLOYER}.a",)),
        ((), ()),
        (None, ()),
        (["nobody"], ()),
        ([5], ()),
        (f"{build.DEPLOYER}.a", ()),
        ([f"{build.DEPLOYER}.a"] * 65, ()),
    ],
    ids=["one", "none", "nothing", "no principal", "a number", "a text", "a flood"],
)
def test_adapters__what_a_venue_says_it_needs__is_contracts_or_nothing(said, taken, count):
    venue = Acts(boom)
    venue.adapters = said

    assert GuardedDex("odd", "oddity", venue, count).adapters == taken


def test_adapters__venue_that_does_not_say__needs_none_that_is_known(count):
    assert GuardedDex("odd", "oddity", Acts(boom), count).adapters == ()


class Dear:
    """A route that answers something of its own."""

    venue, adapter, payer = "fake", f"{build.DEPLOYER}.a", f"{build.DEPLOYER}.b"
    sell, buy, pool_keys = "STX", "ALEX", ("fake:1",)

    def __init__(self, quote):
        self.quote = quote


@pytest.mark.parametrize(
    "answer",
    [
        lambda fill: None,
        lambda fill: replace(fill, amount_out=1.5),
        lambda fill: replace(fill, amount_out=True),
        lambda fill: replace(fill, amount_out=-1),
        lambda fill: replace(fill, amount_out=10**400),
        lambda fill: replace(fill, amount_in=fill.amount_in + 1),
        lambda fill: replace(fill, books=None),
        lambda fill: boom(),
        lambda fill: halt(),
    ],
    ids=[
        "nothing",
        "a float",
        "a bool",
        "negative",
        "larger than any amount",
        "another amount",
        "no books",
        "raises",
        "halts",
    ],
)
async def test_quote__nonsense__is_refused_and_counted(answer, count, counted):
    market = await FakeDex(POOLS).market(ScriptedReader(), build.tip())
    honest = market.routes[0]
    view = MarketView(market.books, (Dear(lambda books, amount: answer(honest.quote(books, amount))),))
    guarded = await GuardedDex("fake", "faker", Acts(lambda: view), count).market(ScriptedReader(), build.tip())

    with pytest.raises(MarketRefused) as caught:
        guarded.routes[0].quote(guarded.books, BaseUnits(1_000_000))

    assert SECRET not in str(caught.value)
    assert counted == [("faker", "quote")]


async def test_quote__honest_venue__is_answered_as_it_is_and_nothing_counted(count, counted):
    plain = await FakeDex(POOLS).market(ScriptedReader(), build.tip())
    guarded = await GuardedDex("fake", "faker", FakeDex(POOLS), count).market(ScriptedReader(), build.tip())

    amount = BaseUnits(1_000_000)
    assert [r.quote(guarded.books, amount) for r in guarded.routes] == [
        r.quote(plain.books, amount) for r in plain.routes
    ]
    assert counted == []


async def test_prices__plugin_that_swallows_its_cancellation__keeps_nobody_waiting(count):
    over = asyncio.Event()

    class Stubborn:
        async def prices(self, assets):
            while not over.is_set():
                try:
                    await over.wait()
                except asyncio.CancelledError:
                    continue

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await GuardedSource("odd", "oddity", Stubborn(), count).prices([])
    over.set()


async def test_prices__caller_is_cancelled__stays_cancelled(count, counted):
    class Slow:
        async def prices(self, assets):
            await asyncio.Event().wait()

    task = asyncio.create_task(GuardedSource("odd", "oddity", Slow(), count).prices([]))
    await asyncio.wait({task}, timeout=0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert counted == []


async def test_hint__of_the_source__comes_through_and_nonsense_does_not(count):
    class Keyless(FakePriceSource):
        hint = "plugin.odd.key is not set"

    class Raising:
        @property
        def hint(self):
            raise ZeroDivisionError

    assert GuardedSource("odd", "oddity", Keyless(ManualClock()), count).hint == "plugin.odd.key is not set"
    assert GuardedSource("odd", "oddity", Raising(), count).hint is None
    assert GuardedSource("odd", "oddity", FakePriceSource(ManualClock()), count).hint is None


WHALE = Whale("SP1", "defi", 9_000, None, 0, {"STX": 10_000}, Seconds(1_795_000_000))


class Kept:
    def __init__(self, *whales):
        self.kept = whales

    async def whales(self, category):
        return self.kept


@pytest.mark.parametrize(
    "answer",
    [
        "SP1",
        replace(WHALE, category="nft"),
        replace(WHALE, score=float("nan")),
        replace(WHALE, score=-1),
        replace(WHALE, win_rate_bps=True),
        replace(WHALE, observed_at=None),
        replace(WHALE, allocation_bps=None),
        replace(WHALE, allocation_bps={"STX": 0.5}),
        replace(WHALE, allocation_bps={5: 5}),
        replace(WHALE, score=10**5000),
        replace(WHALE, stacked_ustx=10**5000),
        replace(WHALE, observed_at=2**63),
        replace(WHALE, win_rate_bps=10_001),
        replace(WHALE, allocation_bps={"STX": 10**5000}),
    ],
    ids=[
        *("text", "category", "NaN", "negative", "bool", "no time", "no weights", "fraction", "symbol"),
        *("score", "stake", "time", "win rate", "share"),
    ],
)
async def test_whales__one_that_is_none__is_source_unavailable(answer, count):
    await failing(GuardedFeed("odd", "oddity", Kept(WHALE, answer), count).whales("defi"), SourceUnavailable)


async def test_all_whales__silent_feed__leaves_the_stores(count):
    feeds = [GuardedFeed("odd", "oddity", Acts(boom), count), GuardedFeed("good", "goody", Kept(WHALE), count)]
    older = replace(WHALE, score=1, observed_at=Seconds(WHALE.observed_at - 1))
    other = replace(WHALE, address="SP2")

    found = await Whales(Kept(older, other), feeds).known("defi", WHALE.observed_at)

    assert found.whales == (WHALE, other)
    assert found.silent == {"odd": Silent("the plugin failed in whales: ZeroDivisionError")}


async def test_all_whales__seen_at_the_same_time__are_the_stores(count):
    feed = GuardedFeed("good", "goody", Kept(replace(WHALE, score=1)), count)

    assert await Whales(Kept(WHALE), [feed]).known("defi", WHALE.observed_at) == Known((WHALE,))


async def test_send__channel_that_works__delivers(count, counted):
    channel = FakeNotifier()

    await GuardedNotifier("fake", "faker", channel, count).send(build.alert())

    assert (len(channel.delivered), counted) == (1, [])


async def test_market__venue_without_pools__is_an_empty_market(count):
    guarded = GuardedDex("odd", "oddity", Acts(lambda: EMPTY_MARKET), count)

    assert await guarded.market(ScriptedReader(), build.tip()) == EMPTY_MARKET
