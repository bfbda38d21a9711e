"""What a rebalance would cost: gas, slippage, and the range of both."""

from dataclasses import replace

import pytest
from core_kit import Pool, agreed, book, market, plan
from test_slicing import policy

from keeper.core.estimates import estimate_plan
from keeper.core.pacing import PaceRule
from keeper.core.units import Seconds

PRICES = {"ALEX": 10**11}
VIEW = market(alex_1=Pool({"STX": 10**12, "ALEX": 10**15}, 30))


def test_estimate__one_leg__ranges_from_the_quote_to_the_minimum() -> None:
    made = plan({"STX": 10**10}, {"STX": 6_000, "ALEX": 4_000}, VIEW, prices=PRICES, leg_cost_ustx=10_000)

    found = estimate_plan(made, agreed(PRICES), book(), policy(slice_bps=1_500), VIEW)

    [leg] = made.legs
    assert found.slices == 3
    assert (found.gas.expected_ustx, found.gas.high_ustx) == (30_000, 3_000_000)
    assert found.slippage.expected_ustx == found.slippage.low_ustx == made.cost_ustx
    assert found.slippage.high_ustx == leg.amount_in - leg.min_out // 1_000
    assert found.total.high_ustx == found.gas.high_ustx + found.slippage.high_ustx
    assert found.percent(10**8) == pytest.approx(1)


def test_estimate__nothing_to_trade__costs_nothing() -> None:
    made = plan({"STX": 10**10}, {"STX": 10_000}, VIEW, prices=PRICES)

    found = estimate_plan(made, agreed(PRICES), book(), policy(), VIEW)

    assert (found.slices, found.total.expected_ustx, found.total.high_ustx) == (0, 0, 0)


def test_estimate__empty_pool__has_no_percent() -> None:
    made = plan({"STX": 0}, {"STX": 10_000}, VIEW, prices=PRICES)

    assert estimate_plan(made, agreed(PRICES), book(), policy(), VIEW).percent(5) is None


def test_estimate__large_for_its_venues__counts_the_slices_of_its_pace() -> None:
    shallow = market(alex_1=Pool({"STX": 10**11, "ALEX": 10**14}, 30))
    wide = {"max_slippage_bps": 1_500, "leg_cost_ustx": 10_000}
    made = plan({"STX": 10**10}, {"STX": 6_000, "ALEX": 4_000}, shallow, prices=PRICES, **wide)
    patient = replace(policy(slice_bps=10_000), pace=PaceRule(span=Seconds(7_200), half_life=Seconds(1_800)))
    at_once = replace(patient, pace=PaceRule(span=Seconds(0)))

    slow, quick = (estimate_plan(made, agreed(PRICES), book(), rule, shallow) for rule in (patient, at_once))

    # 4,000 STX into 100,000 move the price by some 8 %, which 2 hours allow in steps of 2 % at most.
    assert (slow.slices, quick.slices) == (4, 1)
    assert slow.gas.expected_ustx == 4 * quick.gas.expected_ustx
    assert slow.slippage == quick.slippage
