"""Plans that may have fewer legs than their assets need: what is left out is what brings least."""

from itertools import combinations

import pytest
from core_kit import Pool, market, plan

from keeper.core.drift import pool_drift
from keeper.core.problems import parse_problem, plan_problem
from tests.core.markets_kit import make_market

PRICES = {"ALEX": 10**11, "DIKO": 5 * 10**10, "WELSH": 10**9, "STSTX": 11 * 10**11}
DECIMALS = {"STX": 6, "ALEX": 8, "DIKO": 6, "WELSH": 6, "STSTX": 6}
UNITS = {symbol: 10**12 * 10 ** DECIMALS[symbol] // price for symbol, price in PRICES.items()}
STAR = market(**{f"alex_{s}": Pool({"STX": 10**13, s: 10**7 * UNITS[s]}) for s in PRICES})
"""Everything trades against STX alone, so every asset needs a leg of its own."""


@pytest.mark.parametrize("legs", [1, 2, 3])
def test_plan__fewer_legs_than_assets__takes_those_that_bring_it_nearest(legs) -> None:
    shares = {"ALEX": 900, "DIKO": 400, "WELSH": 2_100, "STSTX": 1_300}
    target = {"STX": 10_000 - sum(shares.values()), **shares}

    made = plan({"STX": 10**11}, target, STAR, prices=PRICES, max_legs=legs)

    assert {leg.buy for leg in made.legs} == set(sorted(shares, key=shares.get)[-legs:])


@pytest.mark.parametrize("legs", [1, 2, 3])
def test_plan__sells_and_buys_with_few_legs__ends_as_near_as_the_best_choice_of_them(legs) -> None:
    # What is bought beyond the idle STX has to be sold elsewhere first, so legs that go together are chosen together.
    holdings = {"STX": 10**10, "ALEX": 5 * 10**4 * UNITS["ALEX"], "DIKO": 4 * 10**4 * UNITS["DIKO"]}
    target = {"STX": 1_000, "ALEX": 1_000, "DIKO": 1_500, "WELSH": 4_000, "STSTX": 2_500}

    made = plan(holdings, target, STAR, prices=PRICES, max_legs=legs)

    wanted = {symbol: bps * 10 for symbol, bps in target.items()}
    held = {"STX": 10_000, "ALEX": 50_000, "DIKO": 40_000, "WELSH": 0, "STSTX": 0}
    best = min(_misfit(held, wanted, kept) for kept in combinations(PRICES, legs))
    values = {
        s: amount * ({"STX": 10**12} | PRICES)[s] // 10 ** (DECIMALS[s] + 6)
        for s, amount in made.holdings_after.items()
    }
    drift = pool_drift(values, target, 0).drift_bps
    assert len(made.legs) <= legs
    assert drift <= best / 2 / 10 + 60  # fees and impact


def _misfit(held, wanted, kept) -> float:
    """Return how far all assets end from their targets, in thousandths of a percent, if trades cost nothing."""
    group = {"STX", *kept}
    alone = sum(abs(held[s] - wanted[s]) for s in held if s not in group)
    return alone + abs(sum(held[s] - wanted[s] for s in group))


@pytest.mark.parametrize(("seed", "at_most"), [(51, 368), (55, 524), (75, 749)])
def test_plan__ten_assets_and_six_legs__leaves_no_more_than_lanes_chosen_together_do(seed, at_most) -> None:
    described = make_market(seed, assets=10, pools=30)
    described["limits"] |= {"max_legs": 6, "gas_per_leg_ustx": 10_000}
    problem = parse_problem(described)

    done = plan_problem(problem)

    values = {
        s: int(amount) * problem.prices[s].price_e12 // 10 ** (problem.assets[s].decimals + 6)
        for s, amount in done["holdings_after"].items()
    }
    assert len(done["legs"]) == 6
    assert pool_drift(values, problem.target_bps, 0).drift_bps <= at_most
