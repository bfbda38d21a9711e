"""How much one slice may use of its mandate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.drift import pool_drift
from keeper.core.policy import Policy
from keeper.core.slicing import MandateBudget, slice_limits, to_sell_ustx
from keeper.core.units import Bps, MicroStx, Seconds

STX = 10**6
DRIFT = pool_drift({"STX": 8_000 * STX, "ALEX": 2_000 * STX}, {"STX": 5_000, "ALEX": 5_000}, 0)


def policy(*, slice_bps=1_000, slippage=100) -> Policy:
    return Policy(
        price_heartbeat=Seconds(0),
        max_price_age=Seconds(900),
        max_price_spread_bps=Bps(1_000),
        max_price_jump_bps=Bps(1_000),
        min_sources=2,
        max_slippage_bps=Bps(slippage),
        max_slice_bps=Bps(slice_bps),
        max_legs=8,
        dust_bps=Bps(25),
        mandate_turnover_bps=Bps(10_000),
        mandate_loss_bps=Bps(200),
        mandate_open=Seconds(86_400),
        max_fee_ustx=MicroStx(STX),
    )


def budget(*, turnover=10_000, slippage=200, loss=200, base=10_000 * STX, used=0, lost=0) -> MandateBudget:
    return MandateBudget(Bps(turnover), Bps(slippage), Bps(loss), MicroStx(base), MicroStx(used), MicroStx(lost))


def test_slice__plenty_left__is_bounded_by_the_policy() -> None:
    answer = slice_limits(policy(), budget(), DRIFT)

    assert answer.limits.max_turnover_bps == 1_000
    assert (answer.turnover_ustx, answer.expected_slices) == (1_000 * STX, 3)
    assert (answer.limits.max_legs, answer.limits.dust_bps, answer.limits.leg_cost_ustx) == (8, 25, 10_000)
    assert answer.reason == "one slice may sell 10.00 % of the pool"


@pytest.mark.parametrize(("own", "voted", "used"), [(100, 200, 100), (200, 150, 150)])
def test_slice__slippage__is_the_narrower_of_policy_and_mandate(own, voted, used) -> None:
    assert slice_limits(policy(slippage=own), budget(slippage=voted), DRIFT).limits.max_slippage_bps == used


def test_slice__turnover_nearly_used__takes_what_is_left() -> None:
    answer = slice_limits(policy(), budget(used=9_700 * STX), DRIFT)

    assert (answer.turnover_ustx, answer.expected_slices) == (300 * STX, 10)
    assert answer.reason == "the mandate's turnover is nearly used up"


def test_slice__loss_nearly_used__sells_no_more_than_could_lose_the_rest() -> None:
    answer = slice_limits(policy(slippage=200), budget(lost=198 * STX), DRIFT)

    assert answer.turnover_ustx == 100 * STX
    assert answer.reason == "the mandate's loss limit is nearly used up"


@pytest.mark.parametrize(
    "spent", [{"used": 10_000 * STX}, {"used": 10_001 * STX}, {"lost": 200 * STX}, {"turnover": 0}]
)
def test_slice__nothing_left__may_sell_nothing_and_expects_no_number(spent) -> None:
    answer = slice_limits(policy(), budget(**spent), DRIFT)

    assert (answer.turnover_ustx, answer.expected_slices) == (0, None)


def test_slice__empty_pool__may_sell_nothing() -> None:
    assert slice_limits(policy(), budget(), pool_drift({}, {"STX": 10_000}, 0)).turnover_ustx == 0


def test_to_sell__is_the_value_above_target() -> None:
    assert to_sell_ustx(DRIFT) == 3_000 * STX


@given(
    st.integers(1, 10_000), st.integers(0, 200), st.integers(0, 20_000), st.integers(0, 200),
    st.integers(0, 2 * 10**10), st.integers(0, 2 * 10**8),
)  # fmt: skip
def test_slice__whatever_is_left__no_bound_is_ever_passed(slice_bps, slippage, turnover, loss, used, lost) -> None:
    left = budget(turnover=turnover, loss=loss, used=used, lost=lost)

    answer = slice_limits(policy(slice_bps=slice_bps, slippage=slippage), left, DRIFT)

    sold = answer.limits.max_turnover_bps * DRIFT.value_ustx // 10_000
    assert sold == answer.turnover_ustx
    assert sold * 10_000 <= slice_bps * DRIFT.value_ustx
    assert sold <= left.turnover_left_ustx
    assert sold * answer.limits.max_slippage_bps <= left.loss_left_ustx * 10_000
    if answer.expected_slices is not None:
        assert (answer.expected_slices - 1) * sold < to_sell_ustx(DRIFT) <= answer.expected_slices * sold
