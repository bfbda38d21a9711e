"""Second generation (one contract per pool) to the unit, native token units. Pure."""

from dataclasses import dataclass

from keeper_velar.arithmetic import Pool, Split, amount_out, check_products, refuse, split, with_swap
from keeper_velar.univ2 import library_amount_out


@dataclass(frozen=True, slots=True)
class Swap:
    """One executed swap, native units, and the pool after it."""

    out: int
    split: Split
    pool: Pool


def calc_fees(pool: Pool, amount_in: int) -> Split:
    """Return the fee contract's split. Raises MarketRefused (997 or panic)."""
    parts = split(amount_in, pool.swap_fee, pool.protocol_fee)
    takes_fee = pool.swap_fee.num != pool.swap_fee.den
    shares_fee = pool.protocol_fee.num != pool.protocol_fee.den
    if takes_fee and shares_fee and not parts.to_lps and not parts.to_protocol:
        refuse(997, "the fee comes to zero")
    return parts


def quote(pool: Pool, amount_in: int, *, zero_for_one: bool) -> int:
    """Return the library quote. Raises MarketRefused (300 or panic)."""
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    return library_amount_out(amount_in, reserve_in, reserve_out, pool.swap_fee)


def pool_swap(pool: Pool, amount_in: int, minimum: int, *, zero_for_one: bool) -> Swap:
    """Return what the pool contract's swap does. Raises MarketRefused (107, 997 or panic)."""
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    parts = calc_fees(pool, amount_in)
    out = amount_out(parts.adjusted, reserve_in, reserve_out)
    check_products(reserve_in, reserve_out, parts.adjusted, out)
    after = with_swap(pool, parts, out, zero_for_one=zero_for_one)
    if not (amount_in and minimum and parts.adjusted and out >= minimum):
        refuse(107, "an amount is zero or the output is below the minimum")
    return Swap(out, parts, after)


def router_swap(pool: Pool, amount_in: int, minimum: int, *, zero_for_one: bool) -> Swap:
    """Return what the router-api does: the pool swap at the quote, then its own test. Raises MarketRefused."""
    out = quote(pool, amount_in, zero_for_one=zero_for_one)
    done = pool_swap(pool, amount_in, out, zero_for_one=zero_for_one)
    if minimum == 0:
        refuse(200, "the minimum is zero")
    if done.out < minimum:
        refuse(201, "the output is below the minimum")
    return done
