"""Prices through the whole keeper: what is refused is counted, what is thin is named, and no key is needed."""

from dataclasses import dataclass, field, replace

import pytest

from keeper.analysis import bounds_of, reportable
from keeper.core.prices import Fault, PricePoint, RefusedPrice
from keeper.core.records import Outcome
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.venue_prices import Probe
from keeper.errors import SourceUnavailable
from keeper.observe import Observer, WebPrices
from keeper.price_check import check_prices
from keeper.testing.fakes import FakeDex, FakePool, FakePriceSource
from tests.shell.world import POLICY, RULE, USD, open_world

NOW = 1_795_000_000


@dataclass
class Odd:
    """A source that says whatever a test puts into it."""

    says: list = field(default_factory=list)
    name: str = "odd"
    hint: str | None = None

    async def prices(self, assets):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def usd(asset="ALEX", price=50_000_000_000, at=NOW, source="odd", quote="USD"):
    return PricePoint(source, asset, quote, price, at)


BAD = {
    "negative": (usd(price=-5), "not_positive"),
    "zero": (usd(price=0), "not_positive"),
    "NaN": (usd(price=float("nan")), "not_a_number"),
    "infinite": (usd(price=float("inf")), "not_a_number"),
    "text": (usd(price="50000000000"), "not_a_number"),
    "absurd": (usd(price=10**4_400), "absurd"),
    "future": (usd(at=NOW + 301), "future"),
    "no time": (usd(at=None), "no_time"),
    "other decimals": (usd(price=50_000_000_000 * 10**6), "deviates"),
    "old": (usd(at=NOW - 901), "stale"),
    "another asset": (usd(asset="LEO"), "wrong_asset"),
    "another's name": (usd(source="pyth", price=1), "wrong_asset"),
    "another quote": (usd(quote="EUR"), "wrong_asset"),
    "no point": ({"price": 5}, "unreadable"),
    "refused by the source": (RefusedPrice("odd", "ALEX", Fault.MISSING, "it is gone"), "missing"),
    "fault in its own words": (RefusedPrice("odd", "ALEX", "stale", "old"), "unreadable"),
    "fault that is none": (RefusedPrice("odd", "ALEX", ["x"], "old"), "unreadable"),
    "reason that is none": (RefusedPrice("odd", "ALEX", Fault.STALE, 10**5_000), "unreadable"),
    "refusal of no asset": (RefusedPrice("odd", ["ALEX"], Fault.STALE, "old"), "stale"),
}


def counted(world) -> dict[tuple[str, str], float]:
    """Return how often each source was refused for each reason."""
    families = vars(world.cycle)["_metrics"].registry.collect()
    samples = [s for family in families for s in family.samples if s.name == "keeper_prices_refused_total"]
    return {(s.labels["source"], s.labels["reason"]): s.value for s in samples}


@pytest.mark.parametrize("case", BAD)
async def test_cycle__bad_answer_of_one_source__is_counted_and_never_used(case, tmp_path):
    said, reason = BAD[case]
    odd = Odd([said])
    async with open_world(tmp_path, more_sources=(odd,)) as world:
        decision = await world.run()

        assert decision.outcome is Outcome.WITHIN_THRESHOLD
        assert "odd" not in str(decision.facts["prices"])
        assert counted(world) == {("odd", reason): 1}


@pytest.mark.parametrize("case", [case for case, (said, _) in BAD.items() if isinstance(said, RefusedPrice)])
async def test_cycle__source_fails_and_refuses__is_counted_by_a_fault_that_is_known(case, tmp_path):
    said, reason = BAD[case]
    error = SourceUnavailable("odd says nothing", refused=(said,))
    async with open_world(tmp_path, more_sources=(Odd(error),)) as world:
        decision = await world.run()

        assert decision.facts["silent_sources"] == {"odd": "odd says nothing"}
        assert counted(world) == {("odd", reason): 1}


async def test_cycle__source_fails_as_a_whole__is_named_and_counted(tmp_path):
    async with open_world(tmp_path, more_sources=(Odd(SourceUnavailable("odd says HTTP 500")),)) as world:
        decision = await world.run()

        assert decision.facts["silent_sources"] == {"odd": "odd says HTTP 500"}
        assert counted(world) == {("odd", "no_answer"): 1}


def observing(world, *sources) -> Observer:
    """Return an observer of the same world with other price sources."""
    before = vars(world.observer)
    return Observer(before["_chain"], before["_contracts"], before["_clock"], world.assets, world.dexes, sources)


async def checked(world, *sources):
    observer = observing(world, *sources)
    await observer.tip()
    return await check_prices(observer, world.assets.symbols(), POLICY, vars(observer)["_clock"])


async def test_check__two_sources_without_a_key_agree__is_enough_and_says_what_a_key_would_add(tmp_path):
    async with open_world(tmp_path) as world:
        coingecko = FakePriceSource(world.clock, usd_e12=dict(USD), name="coingecko")
        dia = FakePriceSource(world.clock, usd_e12={"STX": USD["STX"]}, name="dia")
        keyless = Odd([], name="pyth", hint="a key would add a price of STX")

        report = await checked(world, coingecko, dia, keyless)

        assert dict(report.thin) == {}
        assert report.live["STX/USD"] == ("coingecko", "dia")
        assert report.live["ALEX"] == ("alex", "coingecko", "velar")
        assert report.lead == {"STX/USD": "dia", "ALEX": "venues", "DIKO": "venues"}
        assert report.hints == {"pyth": "a key would add a price of STX"}


async def test_check__assets_with_too_few_live_sources__are_all_named(tmp_path):
    async with open_world(tmp_path) as world:
        coingecko = FakePriceSource(world.clock, usd_e12=dict(USD), name="coingecko")

        report = await checked(world, coingecko)

        assert set(report.thin) == {"DIKO", "STX/USD"}  # ALEX has two venues
        assert "DIKO has 1 usable prices and needs 2" in report.shortage()


async def test_check__nobody_answers__names_every_silence(tmp_path):
    async with open_world(tmp_path) as world:
        report = await checked(world, Odd(SourceUnavailable("odd says HTTP 500")))

        assert "DIKO" in report.thin
        assert report.silent == {"odd": "odd says HTTP 500"}
        assert "odd is silent: odd says HTTP 500" in report.shortage()


@pytest.mark.parametrize(("later", "asked"), [(0, 1), (60, 1), (61, 2)])
async def test_cycle__right_after_a_self_test__asks_the_web_no_second_time(tmp_path, later, asked):
    async with open_world(tmp_path) as world:
        observer = world.observer
        await observer.tip()
        await check_prices(observer, world.assets.symbols(), POLICY, vars(observer)["_clock"])
        world.chain.pass_time(later)

        decisions = await world.run_times(2)

        assert {decision.outcome for decision in decisions} == {Outcome.WITHIN_THRESHOLD}
        assert [len(source.asked) for source in world.sources] == [asked + 1, asked + 1]  # and once in the second cycle


def test_bounds__slow_source__may_be_older_than_the_others():
    bounds = bounds_of(replace(POLICY, max_slow_price_age=Seconds(1_500), price_basis="first"))

    assert [bounds.age_limit(source) for source in ("dia", "coingecko")] == [1_500, 900]
    assert bounds.basis == "first"


@pytest.mark.parametrize("kind", ["chain", "venue"])
def test_reportable__what_the_oracle_reads_by_itself__is_not_reported_to_it(kind):
    own = PricePoint("dia", "STX", "USD", 900_000_000_000, NOW, kind=kind)
    web = WebPrices((own, usd("STX", 500_000_000_000)), {}, Seconds(NOW))

    assert reportable([], web, POLICY, Seconds(NOW)).stx_usd.price_e12 == 500_000_000_000


async def test_observer__venue_prices__are_taken_at_the_size_that_was_set(tmp_path):
    async with open_world(tmp_path) as world:
        before = vars(world.observer)
        parts = before["_chain"], before["_contracts"], before["_clock"], world.assets, world.dexes, ()

        small, _ = await Observer(*parts, Probe(MicroStx(10**6))).venue_prices()
        large, _ = await Observer(*parts, Probe(MicroStx(10**12))).venue_prices()

        assert [point.asset for point in small] == [point.asset for point in large]
        assert max(point.confidence_bps for point in small) < 50 < min(point.confidence_bps for point in large)


@pytest.mark.parametrize(("share", "usable"), [(100, True), (1_000, False)])
async def test_observer__pool__is_priced_at_a_share_of_its_value(tmp_path, share, usable):
    """The pool is worth 100,000 STX: at 10 % the probe is more than the shallow market can take."""
    async with open_world(tmp_path) as world:
        before, shallow = vars(world.observer), FakePool("STX", "DIKO", 10**11, 5 * 10**12)
        dex = FakeDex({"DIKO": shallow}, name="alex")
        parts = before["_chain"], before["_contracts"], before["_clock"], world.assets, (dex,), ()

        facts = await Observer(*parts, Probe(MicroStx(10**9), Bps(share))).pool(RULE)

        [point] = facts.venue_points
        assert (point.confidence_bps <= 500) is usable
