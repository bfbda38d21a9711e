"""Constant product pools (xyk-core-v-1-2) to the unit, native token units. Pure: a pool and an input in, a swap out."""

from dataclasses import dataclass, replace

from keeper_bitflow.arithmetic import INVALID_AMOUNT, Fees, Split, check_amounts, div, refuse, split, uint


@dataclass(frozen=True, slots=True)
class Pool:
    """The stored state of one pool, tokens in its own order, balances in native units."""

    x_token: str
    y_token: str
    x_balance: int
    y_balance: int
    x_fees: Fees
    y_fees: Fees

    def sides(self, *, x_for_y: bool) -> tuple[int, int]:
        """Return the balances as (in, out)."""
        return (self.x_balance, self.y_balance) if x_for_y else (self.y_balance, self.x_balance)


@dataclass(frozen=True, slots=True)
class Swap:
    """One executed swap, native units, and the pool after it."""

    out: int
    split: Split
    pool: Pool


def venue_quote(pool: Pool, amount: int, *, x_for_y: bool) -> int:
    """Return the core's own get-dy or get-dx. Raises MarketRefused (1002 or panic).

    Both read the fees of the x side, so with unlike fees get-dx is not what a swap pays; `swap` is.
    """
    out = _curve(pool, split(amount, pool.x_fees), x_for_y=x_for_y)
    if not amount:
        refuse(INVALID_AMOUNT, "the amount is zero")
    return out


def swap(pool: Pool, amount: int, minimum: int, *, x_for_y: bool) -> Swap:
    """Return what swap-x-for-y or swap-y-for-x does. Raises MarketRefused (1002, 1019, 1020 or panic).

    The protocol's part of the fee goes to the fee address, the rest of the input stays in the pool.
    """
    parts = split(amount, pool.x_fees if x_for_y else pool.y_fees)
    out = _curve(pool, parts, x_for_y=x_for_y)
    balance_in, balance_out = pool.sides(x_for_y=x_for_y)
    after_in = uint(balance_in + parts.net + parts.provider)
    after_out = uint(balance_out - out)
    check_amounts(amount, minimum, out, x_for_y=x_for_y)
    new_x, new_y = (after_in, after_out) if x_for_y else (after_out, after_in)
    return Swap(out, parts, replace(pool, x_balance=new_x, y_balance=new_y))


def _curve(pool: Pool, parts: Split, *, x_for_y: bool) -> int:
    balance_in, balance_out = pool.sides(x_for_y=x_for_y)
    return div(uint(balance_out * parts.net), uint(balance_in + parts.net))
