"""The integer rules both of Bitflow's cores share: their numbers, and how an input is split."""

from dataclasses import dataclass
from typing import Final

from keeper.core.contract_arithmetic import ContractArithmetic
from keeper.core.units import BPS_ONE

BITFLOW: Final = ContractArithmetic("bitflow", "Bitflow")
uint, div, refuse = BITFLOW.uint, BITFLOW.div, BITFLOW.refuse

INVALID_AMOUNT: Final = 1002
BELOW_MINIMUM_X: Final = 1019
BELOW_MINIMUM_Y: Final = 1020


@dataclass(frozen=True, slots=True)
class Fees:
    """What one side of a pool charges on the gross input, in basis points."""

    protocol: int
    provider: int


@dataclass(frozen=True, slots=True)
class Split:
    """An input: what is swapped, and what goes to the fee address and to the providers."""

    net: int
    protocol: int
    provider: int


def split(amount: int, fees: Fees) -> Split:
    """Split a gross input; both fees are rounded down by themselves. Raises MarketRefused (panic)."""
    protocol = uint(amount * fees.protocol) // BPS_ONE
    provider = uint(amount * fees.provider) // BPS_ONE
    return Split(uint(uint(amount - protocol) - provider), protocol, provider)


def check_amounts(amount: int, minimum: int, out: int, *, x_for_y: bool) -> None:
    """Ask for what both cores ask for at the end of a swap. Raises MarketRefused (1002, 1019, 1020)."""
    if not amount or not minimum:
        refuse(INVALID_AMOUNT, "the amount or the minimum is zero")
    if out < minimum:
        refuse(BELOW_MINIMUM_Y if x_for_y else BELOW_MINIMUM_X, "the output is below the minimum")
