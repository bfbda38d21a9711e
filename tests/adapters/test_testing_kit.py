"""The public fakes pass the public kits, and the kits notice adapters that misbehave."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keeper.core.assets import Asset
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.market import Books, Fill, MarketView
from keeper.core.prices import PricePoint
from keeper.core.units import BaseUnits, MicroStx, PriceE12
from keeper.errors import MarketRefused, NodeUnavailable, SourceUnavailable, TipMoved, TransactionRefused
from keeper.testing import build
from keeper.testing.conformance import DexConformance, NotifierConformance, PriceSourceConformance
from keeper.testing.fakes import (
    FakeChain,
    FakeDex,
    FakeNotifier,
    FakePool,
    FakePriceSource,
    FakeRoute,
    ManualClock,
    ScriptedReader,
)

POOLS = {
    "1": FakePool("STX", "ALEX", 10**12, 5 * 10**14),
    "2": FakePool("ALEX", "DIKO", 5 * 10**14, 4 * 10**12),
}


def fake_dex() -> FakeDex:
    return FakeDex(POOLS, paths=[("STX", "ALEX", "DIKO")])


class TestFakeDexConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> FakeDex:
        return fake_dex()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        return ScriptedReader()


class TestFakePriceSourceConformance(PriceSourceConformance):
    @pytest.fixture
    def source(self, clock: ManualClock) -> FakePriceSource:
        return FakePriceSource(clock, usd_e12={"STX": 472_400_000_000}, stx_e12={"ALEX": 10**11})

    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return (build.STX, build.ALEX)

    @pytest.fixture
    def outage(self, source: FakePriceSource) -> Callable[[], Awaitable[None]]:
        async def start() -> None:
            source.outages = 1

        return start

    @pytest.fixture
    def secret(self) -> None:
        return None


class TestFakeNotifierConformance(NotifierConformance):
    @pytest.fixture
    def notifier(self) -> FakeNotifier:
        return FakeNotifier()

    @pytest.fixture
    def delivered(self, notifier: FakeNotifier) -> Callable[[], str]:
        return lambda: repr(notifier.delivered)

    @pytest.fixture
    def outage(self, notifier: FakeNotifier) -> Callable[[], Awaitable[None]]:
        async def start() -> None:
            notifier.outages = 1

        return start

    @pytest.fixture
    def secret(self) -> None:
        return None


@dataclass(frozen=True)
class Spoilt:
    """A route that answers a little wrong."""

    route: FakeRoute
    spoil: Callable[[Fill], Fill]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route, name)

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        return self.spoil(self.route.quote(books, amount_in))


async def spoilt_view(spoil: Callable[[Fill], Fill]) -> MarketView:
    view = await fake_dex().market(ScriptedReader(), build.tip())
    return replace(view, routes=tuple(Spoilt(route, spoil) for route in view.routes))


def dull(fill: Fill) -> Fill:
    return replace(fill, amount_out=BaseUnits(10**9 - fill.amount_in))


def generous(fill: Fill) -> Fill:
    return replace(fill, amount_out=BaseUnits(fill.amount_out * 2))


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda f: replace(f, amount_in=f.amount_in + 1), "test_quote__tradable_amount__echoes_its_input_and_pays"),
        (dull, "test_quote__more_in__is_never_less_out"),
        (generous, "test_quote__there_and_back_over_the_same_pools__never_gains"),
        (lambda f: replace(f, books={}), "test_quote__books_after__differ_in_the_pools_passed_only"),
    ],
)
async def test_dex_kit__venue_that_misbehaves__is_noticed(spoil: Callable[[Fill], Fill], check: str) -> None:
    view = await spoilt_view(spoil)

    with pytest.raises(AssertionError):
        await getattr(DexConformance(), check)(view, (1_000_000, 10_000_000))


class CarelessDex(FakeDex):
    """Reads at a tip of its own, and takes any answer for a pool."""

    async def market(self, reader: Any, tip: Tip) -> MarketView:
        await reader.read(f"{build.DEPLOYER}.v", "pools", (), build.tip(1))
        return await super().market(reader, tip)


@pytest.mark.parametrize(
    ("check", "arguments"),
    [
        ("test_market__every_read__is_made_at_the_given_tip", (ScriptedReader({(f"{build.DEPLOYER}.v", "pools"): 1}),)),
        ("test_market__odd_answers__never_become_a_route", ("nonsense",)),
    ],
)
async def test_dex_kit__careless_reader__is_noticed(check: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AssertionError):
        await getattr(DexConformance(), check)(CarelessDex(POOLS), *arguments)


@dataclass
class BadSource(FakePriceSource):
    """A source with a flaw that its caller must not have to guard against."""

    flaw: Callable[[PricePoint], Sequence[PricePoint]] = lambda point: [point]

    async def prices(self, assets: Sequence[Asset]) -> Sequence[PricePoint]:
        return [point for good in await super().prices(assets) for point in self.flaw(good)]


@pytest.mark.parametrize(
    ("flaw", "check"),
    [
        (lambda p: [replace(p, price_e12=PriceE12(0))], "test_prices__known_assets__are_complete_points"),
        (lambda p: [replace(p, price_e12=1.5)], "test_prices__known_assets__are_complete_points"),
        (lambda p: [replace(p, seen_at=p.seen_at * 1000)], "test_prices__known_assets__are_complete_points"),
        (lambda p: [], "test_prices__known_assets__are_complete_points"),
        (lambda p: [p, p], "test_prices__each_asset__is_priced_once_per_quote"),
        (lambda p: [replace(p, asset="OTHER")], "test_prices__only_what_was_asked__is_answered"),
    ],
)
async def test_price_source_kit__bad_point__is_noticed(
    clock: ManualClock, flaw: Callable[[PricePoint], Sequence[PricePoint]], check: str
) -> None:
    source = BadSource(clock, usd_e12={"STX": 5}, flaw=flaw)
    test = getattr(PriceSourceConformance(), check)
    arguments = [source, [build.STX], clock][: len(inspect.signature(test).parameters)]

    with pytest.raises(AssertionError):
        await test(*arguments)


async def test_scripted_reader__another_tip__has_moved() -> None:
    reader = ScriptedReader({("SP.c", "f"): 1}, at=build.tip(5))

    with pytest.raises(TipMoved):
        await reader.read("SP.c", "f", (), build.tip(6))
    assert await reader.read("SP.c", "f", (), build.tip(5)) == 1


async def test_scripted_reader__nobody_scripted_it__is_the_tests_fault() -> None:
    with pytest.raises(LookupError, match=r"SP\.c f"):
        await ScriptedReader().read("SP.c", "f", (), build.tip())


async def test_scripted_reader__outage_and_exception__come_out() -> None:
    reader = ScriptedReader({("SP.c", "f"): SourceUnavailable("scripted")}, outages=1)

    with pytest.raises(NodeUnavailable):
        await reader.read("SP.c", "f", (), build.tip())
    with pytest.raises(SourceUnavailable, match="scripted"):
        await reader.read("SP.c", "f", (), build.tip())
    assert len(reader.asked) == 2


async def test_fake_chain__broadcast__waits_until_it_is_mined() -> None:
    chain = FakeChain()

    txid = await chain.broadcast(b"bytes")
    again = await chain.broadcast(b"bytes")
    waiting = await chain.transaction(txid)
    before = await chain.tip()
    chain.mine(txid)
    mined = await chain.transaction(txid)

    assert again == txid
    assert waiting is not None
    assert (waiting.status, waiting.block_height) == ("pending", None)
    assert mined is not None
    assert (mined.status, mined.block_height) == ("success", before.height + 1)
    assert await chain.transaction("00" * 32) is None


async def test_fake_chain__refusal__counts_once() -> None:
    chain = FakeChain(refusal="BadNonce")

    with pytest.raises(TransactionRefused, match="BadNonce"):
        await chain.broadcast(b"bytes")
    assert await chain.broadcast(b"bytes")
    assert chain.sent == [b"bytes"]


async def test_fake_chain__accounts_nonces_and_fees__are_as_set() -> None:
    chain = FakeChain(accounts={"ST1": Account(MicroStx(5), nonce=7)}, waiting={"ST1": 2}, fee=MicroStx(100))

    assert await chain.account("ST1") == Account(MicroStx(5), nonce=7)
    assert (await chain.account("ST2")).balance_ustx == 0
    assert await chain.mempool_nonces("ST1") == MempoolNonces(9, (7, 8), ())
    assert [await chain.estimate_fee(b"", length) for length in (50, 400)] == [100, 400]


async def test_fake_chain__outage__stops_every_answer() -> None:
    chain = FakeChain(outages=1)

    with pytest.raises(NodeUnavailable):
        await chain.tip()
    assert (await chain.tip()).height == 1_000


async def test_fake_chain__drop__is_seen_in_the_status() -> None:
    chain = FakeChain()
    txid = await chain.broadcast(b"bytes")

    chain.drop(txid)

    status = await chain.transaction(txid)
    assert status is not None
    assert status.status.startswith("dropped_")


async def test_fake_dex__swap_for_nothing__is_refused() -> None:
    view = await FakeDex({"1": FakePool("STX", "WELSH", 10**12, 10)}).market(ScriptedReader(), build.tip())

    with pytest.raises(MarketRefused):
        view.between("STX", "WELSH")[0].quote(view.books, BaseUnits(1_000))


async def test_fake_dex__outage__is_source_unavailable_once() -> None:
    dex = replace(fake_dex(), outages=1)

    with pytest.raises(SourceUnavailable):
        await dex.market(ScriptedReader(), build.tip())
    assert (await dex.market(ScriptedReader(), build.tip())).routes
