"""What has to hold for every Bitflow pool and every amount."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from keeper.errors import MarketRefused
from keeper_bitflow import stable, xyk
from keeper_bitflow.arithmetic import Fees

M = 10**6

fees = st.builds(Fees, st.integers(0, 50), st.integers(0, 100))
balances = st.integers(1, 10**15)
products = st.builds(xyk.Pool, st.just("x"), st.just("y"), balances, balances, fees, fees)
amounts = st.integers(1, 10**15)


@st.composite
def stables(draw: st.DrawFn) -> stable.Pool:
    """A pool within a factor of three of its midpoint, whose tokens have the same number of decimals."""
    x = draw(st.integers(10**9, 10**14))
    den = draw(st.integers(900_000, 1_300_000))
    return stable.Pool(
        x_token="x",  # noqa: S106 - the name of a token
        y_token="y",  # noqa: S106
        x_balance=x,
        y_balance=x * M // den * draw(st.integers(34, 300)) // 100,
        x_scale=1,
        y_scale=1,
        x_fees=Fees(draw(st.integers(0, 20)), draw(st.integers(1, 40))),
        y_fees=Fees(draw(st.integers(0, 20)), draw(st.integers(1, 40))),
        midpoint_num=M,
        midpoint_den=den,
        amplification=draw(st.integers(10, 1_000)),
        threshold=2,
    )


def pays(swap: Any, pool: Any, amount: int, *, x_for_y: bool) -> tuple[int, Any]:
    """What a swap pays and the pool after it; nothing, and the pool as it was, where the venue refuses."""
    try:
        done = swap(pool, amount, 1, x_for_y=x_for_y)
    except MarketRefused:
        return 0, pool
    return done.out, done.pool


@tries(deadline=None)
@given(products, amounts, amounts, st.booleans())
def test_xyk__more_in__is_never_less_out(pool: xyk.Pool, one: int, other: int, x_for_y: bool) -> None:  # noqa: FBT001
    less, more = sorted((one, other))

    assert pays(xyk.swap, pool, less, x_for_y=x_for_y)[0] <= pays(xyk.swap, pool, more, x_for_y=x_for_y)[0]


@tries(deadline=None)
@given(products, amounts, st.booleans())
def test_xyk__there_and_back__never_gains(pool: xyk.Pool, amount: int, x_for_y: bool) -> None:  # noqa: FBT001
    out, after = pays(xyk.swap, pool, amount, x_for_y=x_for_y)

    assert out < pool.sides(x_for_y=x_for_y)[1]
    assert pays(xyk.swap, after, out, x_for_y=not x_for_y)[0] <= amount


@tries(deadline=None)
@given(stables(), st.integers(1, 2_000), st.integers(1, 2_000), st.booleans())
def test_stable__more_in__is_less_out_by_the_threshold_at_most(
    pool: stable.Pool,
    one: int,
    other: int,
    x_for_y: bool,  # noqa: FBT001
) -> None:
    """Newton's steps end within the threshold of each other, so the last units of an output are noise."""
    less, more = (pool.sides(x_for_y=x_for_y)[0] * share // 1_000 for share in sorted((one, other)))

    paid_less, paid_more = (pays(stable.swap, pool, a, x_for_y=x_for_y)[0] for a in (less, more))

    assert paid_less <= paid_more + pool.threshold


@tries(deadline=None)
@given(stables(), st.integers(1, 2_000), st.booleans())
def test_stable__there_and_back__never_gains(pool: stable.Pool, share: int, x_for_y: bool) -> None:  # noqa: FBT001
    amount = pool.sides(x_for_y=x_for_y)[0] * share // 1_000
    out, after = pays(stable.swap, pool, amount, x_for_y=x_for_y)
    assume(out)

    assert pays(stable.swap, after, out, x_for_y=not x_for_y)[0] <= amount


@tries(deadline=None)
@given(stables(), st.integers(1, 2_000), st.booleans())
def test_stable__swap__never_pays_more_than_the_same_pool_without_fees(
    pool: stable.Pool,
    share: int,
    x_for_y: bool,  # noqa: FBT001
) -> None:
    amount = pool.sides(x_for_y=x_for_y)[0] * share // 1_000
    free = replace(pool, x_fees=Fees(0, 0), y_fees=Fees(0, 0))

    charged, whole = (pays(stable.swap, p, amount, x_for_y=x_for_y)[0] for p in (pool, free))

    assert charged <= whole + pool.threshold
