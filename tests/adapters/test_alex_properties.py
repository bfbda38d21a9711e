"""What has to hold for every ALEX pool and every amount."""

from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from keeper.errors import MarketRefused
from keeper_alex import curve

PRODUCT, MIXED, STABLE = 10**8, 90_000_000, 5_000_000


@st.composite
def curves(draw: st.DrawFn, factors: tuple[int, ...]) -> curve.Pool:
    """A pool of a thousand to a hundred million whole tokens a side, within a factor of four of each other."""
    balance = draw(st.integers(10**11, 10**16))
    sides = [
        curve.Side(token, 8, amount, draw(st.integers(100_000, 1_000_000)), 0)
        for token, amount in (("x", balance), ("y", balance * draw(st.integers(25, 400)) // 100))
    ]
    rebate = draw(st.integers(0, 10**8))
    return curve.Pool(*sides, draw(st.sampled_from(factors)), rebate, 10**8, 10**8, True, 99_000_000, 0)  # noqa: FBT003


def pays(pool: curve.Pool, amount: int, *, x_for_y: bool) -> tuple[int, curve.Pool]:
    """What a swap pays and the pool after it; nothing, and the pool as it was, where the venue refuses."""
    try:
        done = curve.swap(pool, amount, x_for_y=x_for_y)
    except MarketRefused:
        return 0, pool
    return done.out, done.pool


@tries(deadline=None)
@given(curves((PRODUCT, MIXED)), st.integers(1, 900), st.integers(1, 900), st.booleans())
def test_product_and_mixed_curve__more_in__is_never_less_out(
    pool: curve.Pool,
    one: int,
    other: int,
    forth: bool,  # noqa: FBT001
) -> None:
    balance = (pool.x if forth else pool.y).balance
    less, more = (balance * share // 1_000 for share in sorted((one, other)))

    outs = [curve.quote(pool, amount, x_for_y=forth) for amount in (less, more) if _takes(pool, amount, forth=forth)]

    assert outs == sorted(outs)


@tries(deadline=None)
@given(curves((PRODUCT, MIXED, STABLE)), st.integers(1, 300), st.booleans())
def test_every_curve__there_and_back__never_gains(pool: curve.Pool, share: int, forth: bool) -> None:  # noqa: FBT001
    amount = (pool.x if forth else pool.y).balance * share // 1_000
    out, after = pays(pool, amount, x_for_y=forth)

    assert pays(after, out, x_for_y=not forth)[0] <= amount


@tries(deadline=None)
@given(curves((STABLE,)), st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_stable_curve__more_in__is_less_out_by_the_noise_of_its_powers_at_most(
    pool: curve.Pool,
    one: int,
    other: int,
    forth: bool,  # noqa: FBT001
) -> None:
    """The contract's powers are series cut short: off by up to 1e-7 of the balance, either way."""
    sold, bought = (pool.x, pool.y) if forth else (pool.y, pool.x)
    less, more = (sold.balance * share // 1_000 for share in sorted((one, other)))

    if _takes(pool, more, forth=forth):
        paid_less, paid_more = (curve.quote(pool, amount, x_for_y=forth) for amount in (less, more))
        assert paid_less <= paid_more + bought.balance // 10**6


def _takes(pool: curve.Pool, amount: int, *, forth: bool) -> bool:
    try:
        curve.quote(pool, amount, x_for_y=forth)
    except MarketRefused:
        return False
    return True
