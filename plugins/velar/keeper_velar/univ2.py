"""First generation (univ2-core, univ2-router, univ2-path2) to the unit, native token units."""

from dataclasses import dataclass
from typing import Final

from keeper_velar import arithmetic
from keeper_velar.arithmetic import Rate, Split, amount_out, check_products, refuse, split, uint, with_swap

_LIBRARY_DUMMY: Final = Rate(1, 2)
"""The library quotes with a made-up protocol fee; it can only matter for overflow."""


@dataclass(frozen=True, slots=True)
class Pool(arithmetic.Pool):
    """The stored state of one pool; the share fee is a part of the protocol fee."""

    share_fee: Rate


@dataclass(frozen=True, slots=True)
class Swap:
    """One executed swap, native units, and the pool after it."""

    out: int
    split: Split
    to_share: int
    to_rest: int
    pool: Pool


def library_quote(pool: Pool, amount_in: int, *, zero_for_one: bool) -> int:
    """Return univ2-library's get-amount-out. Raises MarketRefused (300 or panic)."""
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    return library_amount_out(amount_in, reserve_in, reserve_out, pool.swap_fee)


def library_amount_out(amount_in: int, reserve_in: int, reserve_out: int, swap_fee: Rate) -> int:
    """Return the library quote on bare reserves; both generations use it."""
    parts = split(amount_in, swap_fee, _LIBRARY_DUMMY)
    if not (amount_in and parts.adjusted and reserve_in and reserve_out):
        refuse(300, "an amount or a reserve is zero")
    return amount_out(parts.adjusted, reserve_in, reserve_out)


def path_quote(pool: Pool, amount_in: int, *, zero_for_one: bool) -> int:
    """Return univ2-path2's amount-out, which does not check its input. Raises MarketRefused (panic)."""
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    return amount_out(pool.swap_fee.of(amount_in), reserve_in, reserve_out)


def router_swap(pool: Pool, amount_in: int, minimum: int, *, zero_for_one: bool) -> Swap:
    """Return what swap-exact-tokens-for-tokens does. Raises MarketRefused (109, 200, 201, 300 or panic)."""
    out = library_quote(pool, amount_in, zero_for_one=zero_for_one)
    done = _core_swap(pool, amount_in, out, zero_for_one=zero_for_one)
    if minimum == 0:
        refuse(200, "the minimum is zero")
    if out < minimum:
        refuse(201, "the output is below the minimum")
    return done


def path_swap(pool: Pool, amount_in: int, *, zero_for_one: bool) -> Swap:
    """Return what path2's do-swap does: it makes up its own minimum. Raises MarketRefused."""
    minimum = path_quote(pool, amount_in, zero_for_one=zero_for_one)
    if amount_in == 0:
        refuse(2001, "the input is zero")
    return router_swap(pool, amount_in, minimum, zero_for_one=zero_for_one)


def _core_swap(pool: Pool, amount_in: int, out: int, *, zero_for_one: bool) -> Swap:
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    parts = split(amount_in, pool.swap_fee, pool.protocol_fee)
    to_share = pool.share_fee.of(parts.to_protocol)
    to_rest = uint(parts.to_protocol - to_share)
    uint(reserve_in * reserve_out)
    after = with_swap(pool, parts, out, zero_for_one=zero_for_one)
    if not (amount_in and out and parts.adjusted and after.reserve0 and after.reserve1):
        refuse(109, "an amount or a reserve would be zero")
    check_products(reserve_in, reserve_out, parts.adjusted, out)
    return Swap(out, parts, to_share, to_rest, after)
