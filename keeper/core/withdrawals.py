"""What the vault would pay of a pool's queue now: the same steps as `settle` of the withdrawal-queue contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from keeper.core.units import BPS_ONE, USTX_PER_STX, MicroStx, mul_div_down

OUTFLOW_BPS: Final = 2_500
"""Of a pool's value with what has left it already, this much may leave in STX on one day of UTC."""
LEAST_OUTFLOW_USTX: Final = MicroStx(1_000 * USTX_PER_STX)
"""However small the pool is, this much may leave a day."""
WORTH_A_PART: Final = 10
"""A part of the first request is worth a transaction from one part in ten of what it is owed on ..."""
LEAST_PART_USTX: Final = MicroStx(10 * USTX_PER_STX)
"""... and from this much on, so that a trickle of STX does not become a trickle of transactions."""


class Request(Protocol):
    """What counts of a queued withdrawal."""

    @property
    def user(self) -> str:
        """Who waits."""
        ...

    @property
    def shares(self) -> int:
        """What they want to sell."""
        ...

    @property
    def min_out(self) -> MicroStx:
        """Below this they refuse to be paid."""
        ...


@dataclass(frozen=True, slots=True)
class Payment:
    """What one user would get; `whole` is False where the rest of the request goes on waiting."""

    user: str
    ustx: MicroStx
    whole: bool


@dataclass(frozen=True, slots=True)
class PoolMoney:
    """What payments are made from and measured by."""

    value_ustx: MicroStx
    total_shares: int
    idle_ustx: int
    outflow_ustx: MicroStx
    """What has left the pool in STX today."""


def outflow_room(money: PoolMoney) -> MicroStx:
    """Return what may still leave a pool in STX today."""
    quarter = mul_div_down(money.value_ustx + money.outflow_ustx, OUTFLOW_BPS, BPS_ONE)
    return MicroStx(max(max(quarter, LEAST_OUTFLOW_USTX) - money.outflow_ustx, 0))


def payments(queue: Sequence[Request], money: PoolMoney) -> tuple[Payment, ...]:
    """Return who would be paid what, oldest first; empty when it is not worth a transaction yet.

    Who would get less than they insist on is passed over. Older requests come first, so the first
    one that STX or the day's outflow cannot cover takes what is left.
    """
    room = min(money.idle_ustx, outflow_room(money))
    due: list[Payment] = []
    for request in queue:
        owed = mul_div_down(request.shares, money.value_ustx, money.total_shares) if money.total_shares else 0
        if owed <= 0 or owed < request.min_out:
            continue
        paid = min(owed, room)
        if not due and paid < owed and paid < max(owed // WORTH_A_PART, LEAST_PART_USTX):
            return ()
        if paid > 0:
            due.append(Payment(request.user, MicroStx(paid), whole=paid == owed))
        room -= paid
    return tuple(due)
