"""What amm-pool-v2-01 quotes and pays, to the unit. Pure: a pool and an input in, a swap out.

Amounts are 8-decimal whatever a token's own decimals are, unless a name says native. Errors of the
contract come out as MarketRefused with ``code``; aborts as MarketRefused with ``panic=True``. The
order of steps follows the contract, because it decides which of two errors is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from keeper.errors import MarketRefused
from keeper_alex.fixed import ONE, div, div_down, div_up, mul_down, mul_up, pow_down, pow_up, uint

SWITCH_THRESHOLD: Final = 80000000
"""Factors from here on use the product curve, lower ones the power curve."""
_LARGEST_EXPONENT: Final = 2**126 // ONE

_REASONS: Final = {
    3: "an amount rounds to zero native units",
    2003: "the input is zero or the price would move the wrong way",
    2005: "the output is below the minimum",
    2011: "the input is above the pool's max-in ratio",
    2012: "the output is above the pool's max-out ratio",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One token's part of a pool: 8-decimal amounts and fractions; `decimals` are the native ones."""

    token: str
    decimals: int
    balance: int
    fee_rate: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The stored state of one pool, tokens in its canonical order."""

    x: Side
    y: Side
    factor: int
    fee_rebate: int
    max_in_ratio: int
    max_out_ratio: int
    oracle_enabled: bool
    oracle_average: int
    oracle_resilient: int


@dataclass(frozen=True, slots=True)
class Swap:
    """One executed swap: what it booked (8 decimals), what moved (native units), and the pool after it."""

    out: int
    fee: int
    fee_rebate: int
    native_in: int
    native_out: int
    pool: Pool


def quote(pool: Pool, dx: int, *, x_for_y: bool) -> int:
    """Return the contract's own quote for `dx`, which takes no fee off. Raises MarketRefused."""
    side_in, side_out = (pool.x, pool.y) if x_for_y else (pool.y, pool.x)
    threshold = side_in.threshold
    if dx >= threshold:
        out = _curve(pool.factor, side_in.balance, side_out.balance, dx)
    else:
        at_threshold = _curve(pool.factor, side_in.balance, side_out.balance, threshold)
        out = div_down(mul_down(dx, at_threshold), threshold)
    if dx >= mul_down(side_in.balance, pool.max_in_ratio):
        _refuse(2011)
    if out >= mul_down(side_out.balance, pool.max_out_ratio):
        _refuse(2012)
    return out


def swap(pool: Pool, dx: int, *, x_for_y: bool, min_out: int | None = None) -> Swap:
    """Return what swapping `dx` does, fee and transfers included. Raises MarketRefused."""
    side_in, side_out = (pool.x, pool.y) if x_for_y else (pool.y, pool.x)
    fee = mul_up(dx, side_in.fee_rate)
    net = max(dx - fee, 0)
    rebate = mul_down(fee, pool.fee_rebate)
    out = quote(pool, net, x_for_y=x_for_y)
    after_in = replace(side_in, balance=uint(side_in.balance + net + rebate))
    after_out = replace(side_out, balance=max(side_out.balance - out, 0))
    oracle = _next_oracle(pool)
    _check_price(pool, dx, net, out, x_for_y=x_for_y)
    if out < (min_out or 0):
        _refuse(2005)
    native_in = _transfer(dx, side_in.decimals)
    native_out = _transfer(out, side_out.decimals) if out else 0
    uint(fee - rebate)  # what the vault books as its reserve; a rebate above the fee aborts here
    new_x, new_y = (after_in, after_out) if x_for_y else (after_out, after_in)
    after = replace(pool, x=new_x, y=new_y, oracle_resilient=oracle)
    return Swap(out, fee, rebate, native_in, native_out, after)


def quote_path(hops: Sequence[tuple[Pool, bool]], dx: int) -> int:
    """Chain the contract's quotes over (pool, x_for_y) hops, on stored states and without fees."""
    for pool, x_for_y in hops:
        dx = quote(pool, dx, x_for_y=x_for_y)
    return dx


def swap_path(
    pools: dict[str, Pool], hops: Sequence[tuple[str, bool]], dx: int, *, min_out: int | None = None
) -> list[Swap]:
    """Swap over (pool key, x_for_y) hops; a hop takes the 8-decimal output before it as it stands.

    `pools` holds the states before; a pool used twice is seen the second time as the first hop left
    it. The minimum counts for the last hop only. Raises MarketRefused, and then nothing happened.
    """
    states = dict(pools)
    done: list[Swap] = []
    for position, (key, x_for_y) in enumerate(hops, start=1):
        minimum = min_out if position == len(hops) else None
        step = swap(states[key], dx, x_for_y=x_for_y, min_out=minimum)
        states[key] = step.pool
        dx = step.out
        done.append(step)
    return done


def price(pool: Pool) -> int:
    """Return y per x at the stored balances, 8 decimals."""
    x, y, t = pool.x.balance, pool.y.balance, pool.factor
    if t < SWITCH_THRESHOLD:
        return pow_down(div_down(y, x), t)
    c = uint(ONE - t)
    return div_down(uint(c + mul_down(t, y)), uint(c + mul_down(t, x)))


def _curve(t: int, balance_in: int, balance_out: int, dx: int) -> int:
    c = uint(ONE - t)
    if t >= SWITCH_THRESHOLD:
        numerator = uint(mul_down(c, dx) + mul_down(t, mul_down(dx, balance_out)))
        return div_down(numerator, uint(c + mul_down(t, uint(balance_in + dx))))
    exponent = min(div_up(ONE, c), _LARGEST_EXPONENT)
    total = uint(pow_up(balance_in, c) + pow_up(balance_out, c))
    after_in = pow_down(uint(balance_in + dx), c)
    after_out = pow_up(max(total - after_in, 0), exponent)
    return max(balance_out - after_out, 0)


def _next_oracle(pool: Pool) -> int:
    if not pool.oracle_enabled:
        return 0
    now = price(pool)
    old = pool.oracle_resilient or now
    return uint(mul_down(uint(ONE - pool.oracle_average), now) + mul_down(pool.oracle_average, old))


def _check_price(pool: Pool, dx: int, net: int, out: int, *, x_for_y: bool) -> None:
    if dx == 0:
        _refuse(2003)
    fair = price(pool)
    worse = div_down(out, net) <= fair if x_for_y else div_down(net, out) >= fair
    if not worse:
        _refuse(2003)


def _transfer(amount: int, decimals: int) -> int:
    """Cut to native units as the wrapped tokens do; moving nothing is their error 3."""
    native = div(uint(uint(amount * ONE) // ONE * 10**decimals), ONE)
    if native == 0:
        _refuse(3)
    return native


def _refuse(code: int) -> NoReturn:
    msg = f"ALEX would answer (err u{code}): {_REASONS[code]}"
    raise MarketRefused(msg, venue="alex", code=code)
