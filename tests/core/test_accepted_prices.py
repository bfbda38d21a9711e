"""Plans where the contracts have prices of their own: every leg and the drift have to do at those as well."""

from core_kit import Pool, agreed, book, limits, market
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.core.drift import pool_drift
from keeper.core.planning import NO_NEARER_AT_THEIRS, plan_rebalance
from keeper.core.units import BPS_ONE, MicroStx, value_ustx_down

PRICES = {"ALEX": 10**11, "DIKO": 5 * 10**10}
OURS = {"STX": 10**12} | PRICES
UNITS = {"STX": 10**6, "ALEX": 10**8, "DIKO": 10**6}
HOLDINGS = {"STX": 5_000 * 10**6, "ALEX": 30_000 * 10**8, "DIKO": 40_000 * 10**6}
VIEW = market(
    alex_1=Pool({"STX": 10**12, "ALEX": 10**15}),
    alex_2=Pool({"STX": 10**12, "DIKO": 2 * 10**13}),
    velar_1=Pool({"ALEX": 10**14, "DIKO": 2 * 10**12}),
)
TARGET = {"STX": 6_000, "ALEX": 3_000, "DIKO": 1_000}


def planned(accepted, target=TARGET, holdings=HOLDINGS, pending=0, **limit):
    wide = limits(**{"max_slippage_bps": 150, "accepted_e12": accepted, **limit})
    return plan_rebalance(holdings, target, MicroStx(pending), agreed(PRICES), book(), VIEW, wide)


def apart(**bps):
    """Return the contracts' prices, each so many bps above ours."""
    return {symbol: price * (BPS_ONE + bps.get(symbol, 0)) // BPS_ONE for symbol, price in OURS.items()}


def is_fair(leg, prices, slippage=150) -> bool:
    """Judge a leg's minimum with the vault's arithmetic: what is sold is valued up, what is bought down."""
    sold = -(-leg.amount_in * prices[leg.sell] // (UNITS[leg.sell] * 10**6))
    bought = leg.min_out * prices[leg.buy] // (UNITS[leg.buy] * 10**6)
    return bought * BPS_ONE >= sold * (BPS_ONE - slippage)


def drift_at(prices, holdings, target=TARGET) -> int:
    places = {symbol: len(str(unit)) - 1 for symbol, unit in UNITS.items()}
    return pool_drift(
        {s: value_ustx_down(holdings.get(s, 0), prices[s], places[s]) for s in UNITS}, target, 0
    ).drift_bps


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({s: st.integers(-700, 700) for s in PRICES}),
    st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any),
)
def test_plan__contracts_price_anything__every_minimum_is_fair_and_the_drift_lower_at_both(bps, weights) -> None:
    shares = [weight * BPS_ONE // sum(weights) for weight in weights]
    target = dict(zip(UNITS, [BPS_ONE - sum(shares[1:]), *shares[1:]], strict=True))
    theirs = apart(**bps)

    made = planned(theirs, target)

    for prices in (OURS, theirs) if made.legs else ():
        assert all(is_fair(leg, prices) for leg in made.legs)
        assert drift_at(prices, made.holdings_after, target) < drift_at(prices, HOLDINGS, target)


def test_plan__contracts_agree__is_the_plan_without_them() -> None:
    assert planned(apart()) == planned({})


def test_plan__contracts_price_one_asset_against_us__leaves_it_and_names_whose_price_it_is() -> None:
    made = planned(apart(ALEX=-300), {"STX": 2_000, "ALEX": 5_000, "DIKO": 3_000})

    assert {leg.buy for leg in made.legs} == {"DIKO"}
    assert "buy more ALEX pays" in made.reason
    assert "less than the price that the contracts accept" in made.reason
    assert not made.held_back


def test_plan__nothing_is_fair_at_both__has_no_legs_and_is_held_back() -> None:
    made = planned(apart(ALEX=300), {"STX": 8_000, "ALEX": 2_000}, {"STX": 5_000 * 10**6, "ALEX": 50_000 * 10**8})

    assert (made.legs, made.held_back) == ((), True)
    assert "less than the price that the contracts accept, 1.50 % are allowed" in made.reason


def test_plan__no_venue_at_all__is_not_held_back_by_the_contracts() -> None:
    nowhere = limits(accepted_e12=apart(ALEX=300))

    made = plan_rebalance(HOLDINGS, TARGET, MicroStx(0), agreed(PRICES), book(), market(), nowhere)

    assert (made.legs, made.held_back) == ((), False)


def test_plan__drift_would_rise_at_the_contracts_prices__has_no_legs_and_says_so() -> None:
    # At ours ALEX lies 0.6 % over its target, at theirs 1 % under it.
    holdings = {"STX": 4_940 * 10**6, "ALEX": 50_600 * 10**8}

    made = planned(apart(ALEX=-400), {"STX": 5_000, "ALEX": 5_000}, holdings)

    assert (made.legs, made.held_back, made.reason) == ((), True, NO_NEARER_AT_THEIRS)


def test_plan__contracts_see_more_value_in_what_is_sold__turnover_counts_by_theirs() -> None:
    target = {"STX": 2_000, "ALEX": 8_000, "DIKO": 0}
    dear = apart(DIKO=100)

    made = planned(dear, target, max_turnover_bps=1_000)

    sold = sum(leg.amount_in * dear[leg.sell] // (UNITS[leg.sell] * 10**6) for leg in made.legs)
    assert made.legs
    assert sold <= made.value_before_ustx // 10


def test_plan__contracts_have_no_price_of_what_is_wanted__does_not_buy_it_and_says_so() -> None:
    theirs = {symbol: price for symbol, price in OURS.items() if symbol != "DIKO"}
    holdings = {"STX": 10_000 * 10**6}

    made = planned(theirs, TARGET, holdings)

    assert {leg.buy for leg in made.legs} == {"ALEX"}
    assert "the contracts have no price of DIKO now" in made.reason
