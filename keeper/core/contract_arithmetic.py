"""The integers of a venue's contract: unsigned, 128 bits, and what happens where a number leaves them.

Errors of the contract come out as MarketRefused with `code`; aborts, which have none, with `panic=True`.
"""

from dataclasses import dataclass
from typing import NoReturn

from keeper.core.units import UINT128_MAX
from keeper.errors import MarketRefused


@dataclass(frozen=True, slots=True)
class ContractArithmetic:
    """The arithmetic of one venue; `venue` is its name in records, `label` its name in sentences."""

    venue: str
    label: str

    def uint(self, value: int) -> int:
        """Return `value` if it fits an unsigned 128-bit integer; MarketRefused (panic) otherwise."""
        if not 0 <= value <= UINT128_MAX:
            self.panic("a number leaves 128 bits")
        return value

    def div(self, a: int, b: int) -> int:
        """Return a/b rounded down for unsigned numbers; MarketRefused (panic) when b is 0."""
        if b == 0:
            self.panic("division by zero")
        return a // b

    def refuse(self, code: int, why: str) -> NoReturn:
        """Refuse with the contract's error code."""
        msg = f"{self.label} would answer (err u{code}): {why}"
        raise MarketRefused(msg, venue=self.venue, code=code)

    def panic(self, why: str) -> NoReturn:
        """Refuse the way a run-time abort does: without an error code."""
        msg = f"the {self.label} contract would abort: {why}"
        raise MarketRefused(msg, venue=self.venue, panic=True)
