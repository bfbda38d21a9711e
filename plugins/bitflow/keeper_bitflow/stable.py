"""Stable pools (stableswap-core-v-1-4) to the unit. Pure: a pool and an input in, a swap out.

The curve is the usual one of two balances with an amplification, solved the contract's way: Newton's
steps that round down and end when two of them are within the pool's threshold. What it pays differs
from the true curve by a few units, and those units are the contract's own.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from keeper_bitflow.arithmetic import INVALID_AMOUNT, Fees, Split, check_amounts, div, refuse, split, uint

_TOKENS: Final = 2
_STEPS: Final = 384
_BALANCES: Final = 10
"""The core takes less than this many times what the pool holds of the sold token."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The stored state of one pool, tokens in its own order, balances in native units.

    The scales turn native units into those of the finer token. The midpoint, numerator to
    denominator, turns x into units of y. `threshold` is in scaled units.
    """

    x_token: str
    y_token: str
    x_balance: int
    y_balance: int
    x_scale: int
    y_scale: int
    x_fees: Fees
    y_fees: Fees
    midpoint_num: int
    midpoint_den: int
    amplification: int
    threshold: int

    def sides(self, *, x_for_y: bool) -> tuple[int, int]:
        """Return the balances as (in, out)."""
        return (self.x_balance, self.y_balance) if x_for_y else (self.y_balance, self.x_balance)


@dataclass(frozen=True, slots=True)
class Swap:
    """One executed swap, native units, and the pool after it; `to_protocol` leaves for the fee address."""

    out: int
    to_protocol: int
    pool: Pool


def venue_quote(pool: Pool, amount: int, *, x_for_y: bool) -> int:
    """Return the core's own get-dy or get-dx. Raises MarketRefused (1002 or panic)."""
    _, _, out = _trade(pool, amount, x_for_y=x_for_y)
    _check_size(pool, amount, x_for_y=x_for_y)
    return out


def swap(pool: Pool, amount: int, minimum: int, *, x_for_y: bool) -> Swap:
    """Return what swap-x-for-y or swap-y-for-x does. Raises MarketRefused (1002, 1019, 1020 or panic).

    Where the curve's steps end at zero or do not settle, the contract pays the whole balance.
    """
    parts, left, out = _trade(pool, amount, x_for_y=x_for_y)
    to_protocol = parts.protocol // (pool.x_scale if x_for_y else pool.y_scale)
    _booked_invariant(pool, parts, left, x_for_y=x_for_y)
    _check_size(pool, amount, x_for_y=x_for_y)
    check_amounts(amount, minimum, out, x_for_y=x_for_y)
    balance_in, balance_out = pool.sides(x_for_y=x_for_y)
    after_in, after_out = uint(balance_in + amount - to_protocol), balance_out - out
    new_x, new_y = (after_in, after_out) if x_for_y else (after_out, after_in)
    return Swap(out, to_protocol, replace(pool, x_balance=new_x, y_balance=new_y))


def _trade(pool: Pool, amount: int, *, x_for_y: bool) -> tuple[Split, int, int]:
    """Return the split input and what the pool keeps of the bought token, both scaled, and what it pays, native."""
    scale_in, scale_out = (pool.x_scale, pool.y_scale) if x_for_y else (pool.y_scale, pool.x_scale)
    parts = split(uint(amount * scale_in), pool.x_fees if x_for_y else pool.y_fees)
    left = _left(pool, parts, x_for_y=x_for_y)
    return parts, left, uint(pool.sides(x_for_y=x_for_y)[1] - left // scale_out)


def _check_size(pool: Pool, amount: int, *, x_for_y: bool) -> None:
    if not 0 < amount < uint(pool.sides(x_for_y=x_for_y)[0] * _BALANCES):
        refuse(INVALID_AMOUNT, "the amount is zero, or ten times the pool's balance or more")


@lru_cache(maxsize=512)
def invariant(x: int, y: int, amplification: int, threshold: int) -> int:
    """Return the curve's constant for two scaled balances, 0 when the steps do not settle. Raises MarketRefused.

    It depends on the state alone, and a planner asks for many amounts on one state.
    """
    an = uint(amplification * _TOKENS)
    sum_term = uint(an * uint(x + y))
    d = x + y
    for _ in range(_STEPS):
        through_x = div(uint(d * d), uint(_TOKENS * x))
        product = div(uint(d * through_x), uint(_TOKENS * y))
        above = uint(uint(sum_term + _TOKENS * product) * d)
        following = div(above, uint(uint(an - 1) * d + (_TOKENS + 1) * product))
        if following and abs(following - d) <= threshold:
            return following
        d = following
    return 0


def _left(pool: Pool, parts: Split, *, x_for_y: bool) -> int:
    """Return what the pool keeps of the bought token, scaled."""
    num, den = pool.midpoint_num, pool.midpoint_den
    x, y = uint(pool.x_balance * pool.x_scale), uint(pool.y_balance * pool.y_scale)
    if x_for_y:
        first, net = div(uint(x * num), den), div(uint(parts.net * num), den)
        d = invariant(first, y, pool.amplification, pool.threshold)
        return _other_balance(uint(first + net), d, pool)
    second, net = div(uint(y * den), num), div(uint(parts.net * den), num)
    d = invariant(x, second, pool.amplification, pool.threshold)
    return _other_balance(uint(second + net), d, pool)


def _other_balance(known: int, d: int, pool: Pool) -> int:
    """Return the scaled balance that fits to `known` on the curve of constant `d`, 0 when the steps do not settle."""
    an = uint(pool.amplification * _TOKENS)
    c = div(uint(div(uint(d * d), uint(_TOKENS * known)) * d), uint(an * _TOKENS))
    b = uint(known + div(d, an))
    found = d
    for _ in range(_STEPS):
        below = uint(uint(_TOKENS * found + b) - d)
        following = div(uint(uint(found * found) + c), below)
        if following and abs(following - found) <= pool.threshold:
            return following
        found = following
    return 0


def _booked_invariant(pool: Pool, parts: Split, left: int, *, x_for_y: bool) -> None:
    """Reckon the constant the contract books after a swap: nothing reads it back, but it may abort."""
    num, den = pool.midpoint_num, pool.midpoint_den
    scaled_in = uint(pool.x_balance * pool.x_scale if x_for_y else pool.y_balance * pool.y_scale)
    after_in = uint(scaled_in + parts.net + parts.provider)
    x, y = (after_in, left) if x_for_y else (left, after_in)
    if num > den:
        offset = uint(den - div(uint(den * den), num))
        y = uint(y - div(uint(y * offset), den))
    else:
        offset = uint(num - div(uint(num * num), den))
        x = uint(x - div(uint(x * offset), num))
    if not _is_roomy(x, y, pool.amplification):
        invariant(x, y, pool.amplification, pool.threshold)


def _is_roomy(x: int, y: int, amplification: int) -> bool:
    """Tell whether no step of the invariant can leave 128 bits: true of every pool one would trade at.

    With D <= x + y and neither balance below a 64th of that, D*D/2x <= 32 D and the product is at most
    1024 D, so the largest number of a step is below (2A + 2048) D D < 2^125. It saves half the work.
    """
    total = x + y
    return 0 < amplification < 2**11 and total < 2**56 and min(x, y) * 64 >= total
