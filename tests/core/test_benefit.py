"""What a rebalance brings, beside what it costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.benefit import BenefitRule, weigh
from keeper.core.units import Bps

STX = 10**6
YEAR = BenefitRule(Bps(2_000), 365)


def test_benefit__a_year_at_twenty_percent__is_a_fifth_of_what_moves() -> None:
    worth = weigh(3 * STX, 150 * STX, 50 * STX, YEAR)

    assert (worth.moved_ustx, worth.benefit_ustx, worth.excess_ustx) == (100 * STX, 20 * STX, -17 * STX)


@pytest.mark.parametrize(("cost", "worth_it"), [(20 * STX, True), (20 * STX + 1, False), (-1, True)])
def test_benefit__cost_at_its_edge__is_worth_it_up_to_the_benefit(cost, worth_it) -> None:
    assert (weigh(cost, 100 * STX, 0, YEAR).excess_ustx <= 0) is worth_it


def test_benefit__plan_that_leaves_more_than_there_was__brings_nothing() -> None:
    assert weigh(1, 10, 20, YEAR).benefit_ustx == 0


@given(misplaced=st.integers(0, 10**15), days=st.integers(1, 365), rate=st.integers(1, 10**6))
def test_benefit__longer_or_dearer__is_never_less(misplaced, days, rate) -> None:
    one, longer, dearer = (
        weigh(0, misplaced, 0, BenefitRule(Bps(r), d)).benefit_ustx
        for r, d in ((rate, days), (rate, days + 1), (rate + 1, days))
    )

    assert one <= min(longer, dearer)
