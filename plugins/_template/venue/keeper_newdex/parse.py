"""What a pool contract answered, as values, and what a swap there pays. Pure.

Replace the arithmetic with your venue's own, to the unit: its roundings, its limits, its overflows.
"""

from dataclasses import dataclass, replace
from typing import NoReturn

from keeper.core.units import BPS_ONE, UINT128_MAX
from keeper.errors import MarketRefused, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Pool:
    """The state of one pool: reserves in base units, the fee in basis points of the input."""

    reserve_x: int
    reserve_y: int
    fee_bps: int

    def swap(self, amount_in: int, *, x_for_y: bool) -> tuple[int, "Pool"]:
        """Return what a swap pays and the pool after it; the fee stays in the pool. Raises MarketRefused."""
        reserve_in, reserve_out = (self.reserve_x, self.reserve_y) if x_for_y else (self.reserve_y, self.reserve_x)
        net = amount_in * (BPS_ONE - self.fee_bps) // BPS_ONE
        if amount_in <= 0 or net * reserve_out > UINT128_MAX or reserve_in + net == 0:
            _refuse("an amount the contract cannot swap")
        out = net * reserve_out // (reserve_in + net)
        if out == 0:
            _refuse("the swap would pay nothing")
        x, y = (reserve_in + amount_in, reserve_out - out) if x_for_y else (reserve_out - out, reserve_in + amount_in)
        return out, replace(self, reserve_x=x, reserve_y=y)


def pool_from(answer: object) -> Pool | None:
    """Read `get-pool`; None when there is no pool. Raises SourceUnavailable."""
    if answer is None:
        return None
    body = answer if isinstance(answer, dict) else {}
    return Pool(*(_amount(body.get(field)) for field in ("reserve-x", "reserve-y", "fee-bps")))


def _amount(value: object) -> int:
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        msg = "the pool answered something that cannot be used"
        raise SourceUnavailable(msg, venue="newdex")
    return value


def _refuse(why: str) -> NoReturn:
    raise MarketRefused(why, venue="newdex")
