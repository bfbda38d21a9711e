"""A plan comes to an end on every market: on honest ones that gain there and back, and on those that only say so."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from core_kit import DECIMALS, Pool, both_ways, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BaseUnits
from keeper_bitflow import stable
from keeper_bitflow.arithmetic import Fees
from keeper_bitflow.routes import BitflowRoute, RatedPool

M = 10**6
SYMBOLS = tuple(DECIMALS)
PRICES = {"ALEX": 10**11, "DIKO": 5 * 10**10, "WELSH": 10**9, "STSTX": 11 * 10**11}
UNITS = {s: 10**12 * 10 ** DECIMALS[s] // price for s, price in ({"STX": 10**12} | PRICES).items()}
MOST_STEPS = 1_000_000
"""Calls and returns; the plans here take 5,000 to 200,000."""


@contextmanager
def bounded_steps() -> Iterator[None]:
    """Fail where the code inside goes on and on, counted in steps and not in seconds."""
    taken = 0

    def count(*_: object) -> None:
        nonlocal taken
        taken += 1
        if taken > MOST_STEPS:
            pytest.fail("there is no end to it")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


@dataclass(frozen=True)
class Boast:
    """A route that quotes `bps` of what its pool would pay."""

    true: Route
    bps: int

    def __getattr__(self, name):
        return getattr(self.true, name)

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        fill = self.true.quote(books, amount_in)
        return Fill(fill.amount_in, BaseUnits(fill.amount_out * self.bps // 10_000), fill.books)


def boasts(key: str, pool: Pool, bps: int, back_bps: int | None = None) -> list[Route]:
    there, back = both_ways(key, pool)
    return [Boast(there, bps), Boast(back, bps if back_bps is None else back_bps)]


def stable_market(x, y, ratio, amplification, fees) -> MarketView:
    """Return Bitflow's pool of STX and stSTX; off its peg, the curves drawn through its quotes may gain there and back."""
    names = ("x", "y")
    pool = stable.Pool(*names, x, y, 1, 1, fees, fees, M, ratio, amplification, 2)
    pairs = (("STX", "STSTX"), ("STSTX", "STX"))
    routes = (
        BitflowRoute("bitflow", "adapter", "pool", *pair, ("bitflow:s",), names, 1, pair[0] == "STX") for pair in pairs
    )
    return MarketView({"bitflow:s": RatedPool(pool, ratio)}, tuple(routes))


@pytest.mark.parametrize(
    ("balances", "ratio", "amplification", "fees", "held", "stx_bps", "limits"),
    [
        ((20_000_000, 46_012_161), 1_266_987, 500, (2, 3), (20_516_554, 15_377_778), 222, (100, 6_000, 0)),
        ((10_000_000, 2_607_016), 1_276_701, 500, (5, 5), (6_443_198, 2_785_931), 9_599, (200, 20_000, 0)),
        ((900_000, 1_659_642), 1_252_832, 20, (10, 20), (4_592, 32_253), 1_000, (150, 3_500, 10_000)),
    ],
)
def test_plan__stable_pool_off_its_peg__trades_one_way(
    balances, ratio, amplification, fees, held, stx_bps, limits
) -> None:
    view = stable_market(*(M * whole for whole in balances), ratio, amplification, Fees(*fees))
    names = ("max_slippage_bps", "max_turnover_bps", "leg_cost_ustx")
    target = {"STX": stx_bps, "STSTX": 10_000 - stx_bps}

    with bounded_steps():
        made = plan(
            {"STX": held[0] * M, "STSTX": held[1] * M}, target, view, prices={"STSTX": ratio * M},
            **dict(zip(names, limits, strict=True)), max_legs=6, dust_bps=10,
        )  # fmt: skip

    assert len(made.legs) <= 1
    assert made.reason


@pytest.mark.parametrize("legs", [1, 2, 6])
@pytest.mark.parametrize("bps", [10_100, 20_000, 10**8, 10**24])
def test_plan__venue_says_it_gains_there_and_back__gives_a_plan_or_says_why_not(bps, legs) -> None:
    honest = Pool({"STX": 10**13, "ALEX": 10**7 * UNITS["ALEX"]})
    other = Pool({"STX": 10**13, "DIKO": 10**7 * UNITS["DIKO"]})
    routes = [*boasts("evil:1", honest, bps), *both_ways("alex:1", honest), *both_ways("alex:2", other)]
    view = MarketView({"evil:1": honest, "alex:1": honest, "alex:2": other}, tuple(routes))
    target = {"STX": 3_000, "ALEX": 5_000, "DIKO": 2_000}

    with bounded_steps():
        made = plan({"STX": 10**11}, target, view, prices=PRICES, max_legs=legs)

    assert len(made.legs) <= legs
    assert {(leg.buy, leg.sell) for leg in made.legs}.isdisjoint((leg.sell, leg.buy) for leg in made.legs)
    assert made.reason


@st.composite
def boastful_markets(draw: st.DrawFn) -> MarketView:
    """A few pools between any two assets, each lane with its own idea of what it pays."""
    books, routes = {}, []
    told = st.integers(9_900, 11_000)
    for number in range(draw(st.integers(1, 10))):
        one, other = draw(st.permutations(SYMBOLS))[:2]
        deep = draw(st.integers(10**3, 10**8))
        books[key := f"v{number % 3}:{number}"] = Pool({one: deep * UNITS[one], other: deep * UNITS[other]}, 5)
        routes += boasts(key, books[key], draw(told), draw(told))
    return MarketView(books, tuple(routes))


@settings(max_examples=60)
@given(boastful_markets(), st.integers(1, 6), st.sampled_from([0, 10_000]))
def test_plan__any_lanes_that_gain_there_and_back__ends_within_its_legs(view, legs, leg_cost) -> None:
    holdings = {s: 10_000 * (i + 1) * UNITS[s] for i, s in enumerate(SYMBOLS)}
    target = dict.fromkeys(SYMBOLS, 2_000)

    with bounded_steps():
        made = plan(holdings, target, view, prices=PRICES, max_legs=legs, leg_cost_ustx=leg_cost)

    assert len(made.legs) <= legs
    assert made.reason
