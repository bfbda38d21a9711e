"""How a large trade is spread over time, by what its slices do to the venues and how those come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.assets import AssetBook
from keeper.core.market import MarketView
from keeper.core.pacing import (
    SLOWEST,
    LastSlice,
    PaceRule,
    Refill,
    Touched,
    due_at,
    impact_for,
    left_behind,
    on_top_of,
    refill_since,
    touched_by,
)
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Limits
from keeper.core.prices import AgreedPrice
from keeper.core.problems import PoolRoute, Reserves
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.testing.build import ALEX, STX

ASSETS = AssetBook((STX, ALEX))
RULE = PaceRule()
HOUR = 3_600
UNIT = 10**6


def prices(alex=2 * 10**12):
    return {
        symbol: AgreedPrice(symbol, PriceE12(e12), Seconds(0), Bps(0), ())
        for symbol, e12 in (("STX", 10**12), ("ALEX", alex))
    }


def market(stx=1_000_000, alex=500_000, venue="alex") -> MarketView:
    key = f"{venue}:1"
    books = {key: Reserves({"STX": stx * UNIT, "ALEX": alex * 10**8}, 30)}
    ways = (("STX", "ALEX"), ("ALEX", "STX"))
    return MarketView(books, tuple(PoolRoute(venue, f"{venue}:1", venue, a, b, (key,)) for a, b in ways))


def plan(view, *, impact=10_000, stx=40_000):
    holdings, target = {"STX": stx * UNIT, "ALEX": 0}, {"STX": 5_000, "ALEX": 5_000}
    limits = Limits(Bps(1_000), Bps(20_000), 6, Bps(10), max_impact_bps=Bps(impact))
    return plan_rebalance(holdings, target, MicroStx(0), prices(), ASSETS, view, limits)


def touched(moved, *, adapter="alex:1", before=30.0) -> Touched:
    return Touched(adapter, "STX", "ALEX", ("alex:1",), 10**9, before, before + moved)


def last(moved, *, at=0, sold=1_000) -> LastSlice:
    return LastSlice(1, Seconds(at), sold, (touched(moved),))


def test_touched__a_leg_of_two_percent_of_the_reserve__moves_the_price_by_about_four() -> None:
    [leg] = touched_by(plan(market()), market(), prices(), ASSETS)

    assert (leg.sell, leg.buy, leg.pool_keys) == ("STX", "ALEX", ("alex:1",))
    assert 30 <= leg.before_bps < 60  # the fee, and what the probe itself moves
    assert 350 < leg.moved_bps < 420


@given(impact=st.integers(1, 2_000))
def test_plan__impact_bound__no_leg_moves_its_venue_further(impact) -> None:
    legs = touched_by(plan(market(), impact=impact), market(), prices(), ASSETS)

    assert all(leg.moved_bps <= impact * 1.02 + 1 for leg in legs)


def test_plan__impact_bound__is_used_up_when_the_trade_is_larger() -> None:
    [leg] = touched_by(plan(market(), impact=100), market(), prices(), ASSETS)

    assert 90 < leg.moved_bps < 102


def test_impact__small_trade__goes_at_once() -> None:
    assert impact_for([touched(50)], RULE, half_life=1_800, time_left=86_400) is None


def test_impact__no_span__goes_at_once() -> None:
    assert impact_for([touched(900)], PaceRule(span=Seconds(0)), half_life=1_800, time_left=0) is None


@pytest.mark.parametrize(
    ("half_life", "time_left", "allowed"),
    [(1_800, 86_400, 50), (10_800, 86_400, 180), (21_600, 86_400, 200), (1_800, 0, 200), (1_800, HOUR * 5, 150)],
)
def test_impact__large_trade__is_spread_over_the_slices_that_the_venues_can_refill_between(
    half_life, time_left, allowed
) -> None:
    assert impact_for([touched(900)], RULE, half_life=half_life, time_left=time_left) == allowed


def test_refill__half_is_left_after_ten_minutes__has_that_half_life() -> None:
    view = market()
    [leg] = touched_by(plan(view), view, prices(), ASSETS)
    half_way = market(1_010_000, 495_050)

    seen = refill_since(LastSlice(1, Seconds(0), 1, (leg,)), Seconds(600), half_way, prices(), ASSETS, 1_800)

    assert seen.left_bps is not None
    assert 0.4 < seen.left_bps / leg.moved_bps < 0.6
    assert 400 < seen.half_life < 800


@pytest.mark.parametrize(("seconds", "half_life"), [(600, 1_800), (1_800, SLOWEST)])
def test_refill__nothing_came_back__is_as_slow_as_can_be_once_there_was_time(seconds, half_life) -> None:
    view = market()
    made = plan(view)
    [leg] = touched_by(made, view, prices(), ASSETS)
    books = view.routes[0].quote(view.books, made.legs[0].amount_in).books

    after = MarketView(books, view.routes)
    seen = refill_since(LastSlice(1, Seconds(0), 1, (leg,)), Seconds(seconds), after, prices(), ASSETS, 1_800)

    assert (seen.left_bps, seen.half_life) == (pytest.approx(leg.moved_bps), half_life)


def test_refill__the_whole_market_moved__is_no_refill() -> None:
    view = market()
    [leg] = touched_by(plan(view), view, prices(), ASSETS)
    # ALEX is worth 5 % more everywhere, the venue included, and the venue is as displaced as it was.
    moved, books = prices(2_100 * 10**9), market(1_020_000, 466_853)

    seen = refill_since(LastSlice(1, Seconds(0), 1, (leg,)), Seconds(600), books, moved, ASSETS, 1_800)

    assert seen.left_bps == pytest.approx(leg.moved_bps, rel=0.1)


def test_refill__venue_gone__is_as_assumed() -> None:
    seen = refill_since(last(200), Seconds(600), market(venue="velar"), prices(), ASSETS, 1_800)

    assert seen == Refill(None, 1_800)


def test_refill__sold_out_and_without_a_price_since__is_as_assumed() -> None:
    without_alex = {"STX": prices()["STX"]}

    seen = refill_since(last(200), Seconds(600), market(), without_alex, ASSETS, 1_800)

    assert seen == Refill(None, 1_800)


def test_due__small_move__at_once() -> None:
    assert due_at(last(50, at=7), Refill(50, 1_800), RULE, to_sell_ustx=9_000, ends_at=Seconds(86_400)) == 7


def test_due__large_move__after_two_half_lives() -> None:
    assert due_at(last(200, at=7), Refill(200, 1_800), RULE, to_sell_ustx=2_000, ends_at=Seconds(86_400)) == 3_607


def test_due__little_time_left__takes_only_its_share() -> None:
    assert due_at(last(200), Refill(200, SLOWEST), RULE, to_sell_ustx=4_000, ends_at=Seconds(8_000)) == 2_000


def test_on_top_of__venue_is_not_back_yet__moves_add_up() -> None:
    first, second = touched(50, before=30), touched(50, before=80)

    [leg] = on_top_of(LastSlice(1, Seconds(0), 1, (first,)), [second])

    assert leg.moved_bps == pytest.approx(100)


@pytest.mark.parametrize(("then", "beyond"), [(2_200, False), (2_201, True), (1_818, True), (1_819, False)])
def test_left__more_than_the_bound_either_way__is_named(then, beyond) -> None:
    moved = left_behind({"ALEX": then * 10**9, "STX": 10**12, "GONE": 1}, prices(), 1_000)

    assert (moved.keys() == {"ALEX"}) is beyond
