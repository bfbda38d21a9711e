"""What the planner does with a basket: tables of small markets."""

from dataclasses import replace

import pytest
from core_kit import Pool, PoolRoute, agreed, book, limits, market, plan

from keeper.core.drift import pool_drift
from keeper.core.market import EMPTY_MARKET
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Fallback
from keeper.core.units import MicroStx, percent, value_ustx_down
from keeper.errors import BadInput

STX = 10**6
ALEX = 10**8
DEEP = 10_000_000
PRICES = {"ALEX": 10**11, "DIKO": 5 * 10**10, "WELSH": 10**9}


def pool(one, other, depth_stx=DEEP, fee=30, skew_bps=0) -> Pool:
    """Return a pool with `depth_stx` on either side at agreed prices; `skew_bps` makes `other` dearer."""
    amounts = {s: depth_stx * STX if s == "STX" else depth_stx * units(s) for s in (one, other)}
    return Pool(amounts | {other: amounts[other] * 10_000 // (10_000 + skew_bps)}, fee)


def units(symbol) -> int:
    """Return how many base units of a token one STX is worth."""
    decimals = 8 if symbol == "ALEX" else 6
    return 10**12 * 10**decimals // PRICES[symbol]


def sides(made) -> list[tuple[str, str]]:
    return [(leg.sell, leg.buy) for leg in made.legs]


def shares(made, pending=0) -> dict[str, float]:
    values = {
        s: value_ustx_down(amount, ({"STX": 10**12} | PRICES)[s], 8 if s == "ALEX" else 6)
        for s, amount in made.holdings_after.items()
    }
    values["STX"] -= pending
    return {s: value * 10_000 / sum(values.values()) for s, value in values.items()}


def test_plan__one_asset_short__buys_it_within_a_basis_point() -> None:
    made = plan({"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")), prices=PRICES)

    assert sides(made) == [("STX", "ALEX")]
    assert shares(made) == pytest.approx({"STX": 6_000, "ALEX": 4_000}, abs=1)
    assert made.reason == "sell STX for ALEX: drift falls from 40.00 % to 0.00 %"
    assert made.turnover_ustx == made.legs[0].amount_in


def test_plan__asset_that_left_the_target__is_sold_out() -> None:
    holdings = {"STX": 5_000 * STX, "WELSH": 5_000 * units("WELSH")}

    made = plan(holdings, {"STX": 10_000}, market(velar_1=pool("STX", "WELSH")), prices=PRICES)

    assert sides(made) == [("WELSH", "STX")]
    assert made.holdings_after["WELSH"] * 200_000 < holdings["WELSH"] * 3


def test_plan__no_idle_stx__sells_before_it_buys() -> None:
    holdings = {"WELSH": 10_000 * units("WELSH")}
    view = market(velar_1=pool("STX", "WELSH"), alex_1=pool("STX", "ALEX"))

    made = plan(holdings, {"ALEX": 5_000, "WELSH": 5_000}, view, prices=PRICES, quote_slack_bps=0)

    assert sides(made) == [("WELSH", "STX"), ("STX", "ALEX")]
    assert made.legs[1].amount_in <= made.legs[0].min_out


def test_plan__direct_pair_is_cheaper__skips_stx() -> None:
    holdings = {"ALEX": 5_000 * units("ALEX"), "DIKO": 5_000 * units("DIKO")}
    pools = {"alex_1": pool("STX", "ALEX"), "alex_2": pool("STX", "DIKO"), "alex_3": pool("ALEX", "DIKO")}

    made = plan(holdings, {"ALEX": 2_000, "DIKO": 8_000}, market(**pools), prices=PRICES)

    assert sides(made) == [("ALEX", "DIKO")]


def test_plan__direct_pair_is_shallow__goes_through_stx_as_well() -> None:
    holdings = {"ALEX": 5_000 * units("ALEX"), "DIKO": 5_000 * units("DIKO")}
    pools = {"alex_1": pool("STX", "ALEX"), "alex_2": pool("STX", "DIKO"), "alex_3": pool("ALEX", "DIKO", 100_000)}

    made = plan(holdings, {"ALEX": 2_000, "DIKO": 8_000}, market(**pools), prices=PRICES)

    assert set(sides(made)) == {("ALEX", "DIKO"), ("ALEX", "STX"), ("STX", "DIKO")}


def test_plan__diko_trades_only_against_alex__goes_through_the_held_alex() -> None:
    view = market(alex_1=pool("STX", "ALEX"), alex_2=pool("ALEX", "DIKO"))

    made = plan({"STX": 10_000 * STX, "ALEX": 0}, {"STX": 9_000, "DIKO": 1_000}, view, prices=PRICES)

    assert sides(made) == [("STX", "ALEX"), ("ALEX", "DIKO")]
    assert shares(made)["DIKO"] == pytest.approx(1_000, abs=10)


def test_plan__venue_has_a_two_hop_route__uses_it_without_holding_alex() -> None:
    pools = {"alex_1": pool("STX", "ALEX"), "alex_2": pool("ALEX", "DIKO")}
    hops = PoolRoute(("STX", "ALEX", "DIKO"), ("alex:1", "alex:2"))

    made = plan({"STX": 10_000 * STX}, {"STX": 9_000, "DIKO": 1_000}, market(hops, **pools), prices=PRICES)

    assert [leg.pool_keys for leg in made.legs] == [("alex:1", "alex:2")]
    assert shares(made)["DIKO"] == pytest.approx(1_000, abs=1)


def test_plan__routes_share_a_pool__sees_what_the_other_leg_did() -> None:
    pools = {"alex_1": pool("STX", "ALEX", 50_000), "alex_2": pool("ALEX", "DIKO", 500_000)}
    hops = PoolRoute(("STX", "ALEX", "DIKO"), ("alex:1", "alex:2"))
    view = market(hops, **pools)

    made = plan(
        {"STX": 3_000 * STX}, {"STX": 8_000, "ALEX": 1_000, "DIKO": 1_000}, view, prices=PRICES, max_slippage_bps=500
    )

    books = view.books
    for leg in made.legs:
        route = next(r for r in view.routes if r.pool_keys == leg.pool_keys and r.sell == leg.sell)
        fill = route.quote(books, leg.amount_in)
        assert fill.amount_out == leg.expected_out
        books = fill.books
    assert shares(made) == pytest.approx({"STX": 8_000, "ALEX": 1_000, "DIKO": 1_000}, abs=2)


def test_plan__two_venues__splits_as_well_as_the_best_split_by_search() -> None:
    first, second = pool("STX", "ALEX", 40_000, fee=50), pool("STX", "ALEX", 90_000, fee=30)
    holdings, target = {"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}

    made = plan(holdings, target, market(alex_1=first, velar_1=second), prices=PRICES, max_slippage_bps=1_000)

    spent = sum(leg.amount_in for leg in made.legs)
    best = max(
        first.swap("STX", "ALEX", part)[0] + second.swap("STX", "ALEX", spent - part)[0]
        for part in range(spent // 1_000, spent, spent // 1_000)
    )
    assert sorted(leg.venue for leg in made.legs) == ["alex", "velar"]
    assert sum(leg.expected_out for leg in made.legs) >= best * 99_999 // 100_000


def test_plan__another_venue_would_pay_the_minimum__is_what_the_leg_falls_back_on() -> None:
    view = market(alex_1=pool("STX", "ALEX"), velar_1=pool("STX", "ALEX", fee=60), arka_1=pool("STX", "ALEX", fee=50))

    [leg] = plan({"STX": 100 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, leg_cost_ustx=STX).legs

    assert (leg.venue, leg.fallback) == ("alex", Fallback("arka", "arka-adapter"))
    assert view.routes[4].quote(view.books, leg.amount_in).amount_out >= leg.min_out


@pytest.mark.parametrize("other", [pool("STX", "ALEX", fee=90), pool("STX", "ALEX", 50), pool("STX", "DIKO")])
def test_plan__no_other_venue_would_pay_the_minimum__falls_back_on_nothing(other) -> None:
    view = market(alex_1=pool("STX", "ALEX"), velar_1=other)

    [leg] = plan({"STX": 100 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, leg_cost_ustx=STX).legs

    assert (leg.venue, leg.fallback) == ("alex", None)


def test_plan__second_route_of_the_same_adapter__is_no_fallback() -> None:
    view = market(alex_1=pool("STX", "ALEX"), alex_2=pool("STX", "ALEX", fee=35))

    [leg] = plan({"STX": 100 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, leg_cost_ustx=STX).legs

    assert leg.fallback is None


def test_plan__fallback__changes_neither_legs_nor_what_is_expected() -> None:
    holdings, target = {"STX": 100 * STX}, {"STX": 6_000, "ALEX": 4_000}
    alone = plan(holdings, target, market(alex_1=pool("STX", "ALEX")), prices=PRICES, leg_cost_ustx=STX)
    view = market(alex_1=pool("STX", "ALEX"), velar_1=pool("STX", "ALEX", fee=60))

    made = plan(holdings, target, view, prices=PRICES, leg_cost_ustx=STX)

    assert made.legs[0].fallback is not None
    assert replace(made, legs=(replace(made.legs[0], fallback=None),)) == alone


def test_plan__one_venue_is_out__takes_the_other() -> None:
    broken = [PoolRoute(("STX", "ALEX"), ("alex:1",), most=0)]
    view = market(*broken, PoolRoute(("STX", "ALEX"), ("velar:1",), "velar"), only_extra=True,
                  alex_1=pool("STX", "ALEX"), velar_1=pool("STX", "ALEX"))  # fmt: skip

    made = plan({"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES)

    assert [leg.venue for leg in made.legs] == ["velar"]


def test_plan__queued_withdrawals__are_raised_in_stx_first() -> None:
    holdings = {"STX": 2_000 * STX, "ALEX": 8_000 * units("ALEX")}
    pending = 3_000 * STX

    made = plan(
        holdings, {"STX": 1_000, "ALEX": 9_000}, market(alex_1=pool("STX", "ALEX")), prices=PRICES, pending=pending
    )

    assert sides(made) == [("ALEX", "STX")]
    assert shares(made, pending) == pytest.approx({"STX": 1_000, "ALEX": 9_000}, abs=1)


def test_plan__turnover_limit__goes_part_of_the_way_and_says_so() -> None:
    made = plan(
        {"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")),
        prices=PRICES, max_turnover_bps=1_000,
    )  # fmt: skip

    assert 999 * STX < made.turnover_ustx <= 1_000 * STX
    assert "one slice may sell 10.00 % of the pool's value" in made.reason
    assert "ALEX is 30.03 % under its target" in made.reason


def test_plan__turnover_limit_of_nothing__has_no_legs() -> None:
    made = plan(
        {"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")),
        prices=PRICES, max_turnover_bps=0,
    )  # fmt: skip

    assert made.legs == ()
    assert made.reason == "the turnover limit leaves nothing to sell"


def test_plan__leg_limit__keeps_the_larger_legs() -> None:
    holdings = {"STX": 10_000 * STX}
    target = {"STX": 4_000, "ALEX": 4_000, "DIKO": 1_500, "WELSH": 500}
    view = market(alex_1=pool("STX", "ALEX"), alex_2=pool("STX", "DIKO"), velar_1=pool("STX", "WELSH"))

    made = plan(holdings, target, view, prices=PRICES, max_legs=2)

    assert sorted(leg.buy for leg in made.legs) == ["ALEX", "DIKO"]
    assert "a plan may have 2 legs" in made.reason


def test_plan__leg_that_costs_more_than_it_brings__is_left_out() -> None:
    view = market(alex_1=pool("STX", "ALEX", 60_000), velar_1=pool("STX", "ALEX", 20_000))
    problem = {"STX": 10_000 * STX}, {"STX": 9_500, "ALEX": 500}, view

    free = plan(*problem, prices=PRICES, leg_cost_ustx=0)
    dear = plan(*problem, prices=PRICES, leg_cost_ustx=3 * STX)

    assert sorted(leg.venue for leg in free.legs) == ["alex", "velar"]
    assert [leg.venue for leg in dear.legs] == ["alex"]
    assert 0 < dear.cost_ustx - free.cost_ustx < 3 * STX
    assert shares(dear) == pytest.approx({"STX": 9_500, "ALEX": 500}, abs=1)


def test_plan__leg_that_is_dear_but_needed__stays() -> None:
    made = plan(
        {"STX": 10_000 * STX}, {"STX": 9_500, "ALEX": 500}, market(alex_1=pool("STX", "ALEX")),
        prices=PRICES, leg_cost_ustx=100 * STX,
    )  # fmt: skip

    assert sides(made) == [("STX", "ALEX")]


def test_plan__split_would_leave_a_crumb__keeps_to_one_leg() -> None:
    view = market(alex_1=pool("STX", "ALEX", DEEP), velar_1=pool("STX", "ALEX", 2_000))
    problem = {"STX": 10_000 * STX}, {"STX": 9_000, "ALEX": 1_000}, view

    fine = plan(*problem, prices=PRICES, dust_bps=0)
    calm = plan(*problem, prices=PRICES, dust_bps=50)

    assert [len(fine.legs), len(calm.legs)] == [2, 1]


def test_plan__no_leg_allowed__says_so() -> None:
    view = market(alex_1=pool("STX", "ALEX"))

    made = plan({"STX": 10**10}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, max_legs=0)

    assert (made.legs, made.reason) == ((), "the limits allow no leg at all")


def test_plan__quote_below_the_agreed_price__is_not_used_and_the_reason_names_it() -> None:
    view = market(alex_1=pool("STX", "ALEX", skew_bps=300))

    made = plan({"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, max_slippage_bps=200)

    assert made.legs == ()
    assert "the best way to buy more ALEX pays 3.21 % less than the agreed price, 2.00 % are allowed" in made.reason


def test_plan__depth_ends_at_the_slippage__goes_as_far_as_it_may_and_says_so() -> None:
    view = market(alex_1=pool("STX", "ALEX", 20_000))

    made = plan({"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES, max_slippage_bps=200)

    [leg] = made.legs
    fair = leg.amount_in * units("ALEX") // STX
    assert fair * 9_800 <= leg.expected_out * 10_000 < fair * 9_802
    assert "pays" in made.reason
    assert "2.00 % are allowed" in made.reason


def test_plan__no_venue_for_an_asset__trades_the_rest_and_names_it() -> None:
    view = market(alex_1=pool("STX", "ALEX"))

    made = plan({"STX": 10_000 * STX}, {"STX": 5_000, "ALEX": 3_000, "DIKO": 2_000}, view, prices=PRICES)

    assert sides(made) == [("STX", "ALEX")]
    assert "no venue lets the pool buy DIKO" in made.reason


def test_plan__empty_market__says_which_assets_cannot_be_traded() -> None:
    made = plan({"STX": 10**10}, {"STX": 6_000, "ALEX": 4_000}, EMPTY_MARKET, prices=PRICES)

    assert made.legs == ()
    assert "no venue lets the pool sell STX; no venue lets the pool buy ALEX" in made.reason
    assert (made.cost_ustx, made.holdings_after) == (0, {"STX": 10**10})


def test_plan__every_venue_refuses__says_so() -> None:
    view = market(PoolRoute(("STX", "ALEX"), ("alex:1",), most=0), only_extra=True, alex_1=pool("STX", "ALEX"))

    made = plan({"STX": 10**10}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES)

    assert "every venue refuses to buy ALEX" in made.reason


def test_plan__within_dust__does_nothing() -> None:
    holdings = {"STX": 6_040 * STX, "ALEX": 3_960 * units("ALEX")}

    made = plan(holdings, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")), prices=PRICES, dust_bps=50)

    assert made.legs == ()
    assert made.reason == "no asset is further than 0.50 % from its target, which is too little to trade for"


def test_plan__drift_would_stay_the_same_in_whole_basis_points__does_nothing() -> None:
    holdings = {"STX": 6_000 * STX + 900_000, "ALEX": 4_000 * units("ALEX") - 9 * ALEX}

    made = plan(holdings, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")), prices=PRICES)

    assert made.legs == ()
    assert made.reason == "no swap would bring the pool nearer to its target"


def test_plan__everything_is_owed__has_nothing_to_bring_to_a_target() -> None:
    made = plan({"STX": 100}, {"STX": 10_000}, EMPTY_MARKET, prices={}, pending=100)

    assert "queued withdrawals claim everything" in made.reason


def test_plan__two_pools_priced_apart__does_not_trade_in_a_circle() -> None:
    apart = market(alex_1=pool("STX", "ALEX", skew_bps=-150), velar_1=pool("STX", "ALEX", skew_bps=150))

    made = plan({"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, apart, prices=PRICES)

    assert sides(made) == [("STX", "ALEX")]


def test_plan__aim__leaves_assets_where_it_is_cheaper() -> None:
    made = plan(
        {"STX": 10_000 * STX}, {"STX": 6_000, "ALEX": 4_000}, market(alex_1=pool("STX", "ALEX")),
        prices=PRICES, aim_bps=20,
    )  # fmt: skip

    assert shares(made)["ALEX"] == pytest.approx(3_980, abs=1)


def test_plan__held_nothing_wanted_nothing__needs_no_price() -> None:
    view = market(alex_1=pool("STX", "ALEX"))

    made = plan({"STX": 10**10, "STSTX": 0}, {"STX": 6_000, "ALEX": 4_000}, view, prices=PRICES)

    assert made.holdings_after["STSTX"] == 0


@pytest.mark.parametrize(
    ("holdings", "target", "pending", "says"),
    [
        ({"STX": 1}, {"STX": 9_999}, 0, "the target sums to 9999 bps"),
        ({"STX": 1}, {"STX": 10_000}, -1, "worth -1"),
        ({"STX": 1, "LEO": 1}, {"STX": 10_000}, 0, "LEO is not a configured asset"),
        ({"STX": -1}, {"STX": 10_000}, 0, "STX has a negative holding"),
        ({"STX": 1}, {"STX": 11_000, "ALEX": -1_000}, 0, "ALEX has a negative holding or target"),
        ({"STX": 1, "STSTX": 5}, {"STX": 10_000}, 0, "STSTX has no price"),
        ({"STX": 1}, {"STSTX": 10_000}, 0, "STSTX has no price"),
    ],
)
def test_plan__senseless_problem__names_the_field(holdings, target, pending, says) -> None:
    with pytest.raises(BadInput, match=says):
        plan(holdings, target, EMPTY_MARKET, prices=PRICES, pending=pending)


def test_plan__no_price_for_stx_itself__is_refused() -> None:
    with pytest.raises(BadInput, match="STX has no price"):
        plan_rebalance({"STX": 1}, {"STX": 10_000}, MicroStx(0), {}, book(), EMPTY_MARKET, limits())


def test_plan__one_leg_allowed_and_two_in_a_row_wanted__keeps_the_first() -> None:
    prices = {"STX": 10**12, "DIKO": 10**8, "WELSH": 10**8}
    near, nearer = {"STX": 10**9, "DIKO": 9_851 * 10**9}, {"WELSH": 10**13, "DIKO": 9_700 * 10**9}
    view = market(first=Pool(near), second=Pool(nearer))

    made = plan({"STX": 73_591_973}, {"DIKO": 1_136, "WELSH": 8_864}, view, prices=prices, max_legs=1)

    assert [(leg.sell, leg.buy) for leg in made.legs] == [("STX", "DIKO")]


def test_plan__drift_it_reports__is_the_vaults_own() -> None:
    holdings = {"STX": 7_000 * STX, "ALEX": 3_000 * units("ALEX")}
    target = {"STX": 6_000, "ALEX": 4_000}
    before = pool_drift({"STX": 7_000 * STX, "ALEX": 3_000 * STX}, target, 0)

    made = plan(holdings, target, market(alex_1=pool("STX", "ALEX")), prices=PRICES)

    assert f"drift falls from {percent(before.drift_bps)} to 0.00 %" in made.reason
    assert agreed(PRICES)["STX"].price_e12 == 10**12
