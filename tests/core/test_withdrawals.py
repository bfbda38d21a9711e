"""Who of the queue is paid what: the same steps as the withdrawal-queue contract."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.units import MicroStx
from keeper.core.withdrawals import LEAST_OUTFLOW_USTX, Payment, PoolMoney, outflow_room, payments

STX = 10**6


@dataclass(frozen=True)
class Row:
    user: str
    shares: int
    min_out: MicroStx = MicroStx(0)


def money(*, value=10_000, shares=10_000, idle=10_000, gone=0) -> PoolMoney:
    """Return a pool's money in whole STX; a share is worth one unless said otherwise."""
    return PoolMoney(MicroStx(value * STX), shares * STX, idle * STX, MicroStx(gone * STX))


def row(user, stx, min_out=0) -> Row:
    return Row(user, stx * STX, MicroStx(min_out * STX))


def paid(*queue, **of) -> list[tuple[str, int, bool]]:
    return [(p.user, p.ustx // STX, p.whole) for p in payments(queue, money(**of))]


@pytest.mark.parametrize(
    ("of", "room"),
    [
        ({"value": 10_000}, 2_500),
        ({"value": 10_000, "gone": 2_500}, 625),
        ({"value": 7_500, "gone": 2_500}, 0),
        ({"value": 7_501, "gone": 2_500}, 0.25),
        ({"value": 100}, 1_000),
        ({"value": 100, "gone": 1_000}, 0),
        ({"value": 100, "gone": 999}, 1),
        ({"value": 0}, 1_000),
    ],
)
def test_outflow_room__quarter_of_the_day__is_counted_with_what_left(of, room) -> None:
    assert outflow_room(money(**of)) == room * STX


@pytest.mark.parametrize(
    ("queue", "of", "expected"),
    [
        ([], {}, []),
        ([row("a", 100)], {}, [("a", 100, True)]),
        ([row("a", 100), row("b", 50)], {}, [("a", 100, True), ("b", 50, True)]),
        ([row("a", 100)], {"idle": 0}, []),
        ([row("a", 100)], {"idle": 9}, []),
        ([row("a", 100)], {"idle": 10}, [("a", 10, False)]),
        ([row("a", 9)], {"idle": 8}, []),
        ([row("a", 9)], {"idle": 9}, [("a", 9, True)]),
        ([row("a", 1_000)], {"idle": 99}, []),
        ([row("a", 1_000)], {"idle": 100}, [("a", 100, False)]),
        ([row("a", 5), row("b", 1_000)], {"idle": 6}, [("a", 5, True), ("b", 1, False)]),
        ([row("a", 5), row("b", 1_000), row("c", 1)], {"idle": 6}, [("a", 5, True), ("b", 1, False)]),
        ([row("a", 5), row("b", 1_000)], {"idle": 5}, [("a", 5, True)]),
        ([row("a", 100, min_out=101), row("b", 50)], {}, [("b", 50, True)]),
        ([row("a", 100, min_out=100)], {}, [("a", 100, True)]),
        ([row("a", 3_000)], {}, [("a", 2_500, False)]),
        ([row("a", 3_000)], {"gone": 2_500}, [("a", 625, False)]),
        ([row("a", 3_000)], {"value": 7_500, "shares": 7_500, "gone": 2_500}, []),
        ([row("a", 100)], {"value": 5_000}, [("a", 50, True)]),
        ([row("a", 100)], {"value": 0}, []),
        ([row("a", 100)], {"shares": 0}, []),
    ],
)
def test_payments__every_queue__is_paid_as_the_contract_would(queue, of, expected) -> None:
    assert paid(*queue, **of) == expected


@given(
    st.lists(
        st.builds(Row, st.text(max_size=3), st.integers(0, 10**12), st.integers(0, 10**12).map(MicroStx)), max_size=9
    ),
    st.integers(0, 10**12),
    st.integers(1, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)
def test_payments__any_queue__stay_inside_idle_stx_the_day_and_each_claim(queue, value, total, idle, gone) -> None:
    pool = PoolMoney(MicroStx(value), total, idle, MicroStx(gone))

    due = payments(queue, pool)

    assert sum(payment.ustx for payment in due) <= min(idle, outflow_room(pool))
    assert all(payment.ustx > 0 for payment in due)
    assert [payment.whole for payment in due[:-1]] == [True] * len(due[:-1])
    claims = {(item.user, item.shares * value // total) for item in queue}
    assert all(any(p.user == user and p.ustx <= claim for user, claim in claims) for p in due)


def test_payments__least_outflow__pays_small_pools_out_in_a_day() -> None:
    assert LEAST_OUTFLOW_USTX == 1_000 * STX
    assert payments([row("a", 900)], money(value=1_000, shares=1_000, idle=900)) == (
        Payment("a", MicroStx(900 * STX), whole=True),
    )
