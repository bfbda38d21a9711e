"""The integer rules both Velar generations share: their numbers, and how an input is split."""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from keeper.core.contract_arithmetic import ContractArithmetic

VELAR: Final = ContractArithmetic("velar", "Velar")
uint, div, refuse = VELAR.uint, VELAR.div, VELAR.refuse


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction as the contracts store it."""

    num: int
    den: int

    def of(self, amount: int) -> int:
        """Return this fraction of `amount`, rounded down. Raises MarketRefused (panic)."""
        return div(uint(amount * self.num), self.den)


@dataclass(frozen=True, slots=True)
class Pool:
    """The stored state of one pool, tokens in its canonical order, reserves in native units."""

    token0: str
    token1: str
    reserve0: int
    reserve1: int
    swap_fee: Rate
    protocol_fee: Rate

    def sides(self, *, zero_for_one: bool) -> tuple[int, int]:
        """Return the reserves as (in, out)."""
        return (self.reserve0, self.reserve1) if zero_for_one else (self.reserve1, self.reserve0)


AnyPool = TypeVar("AnyPool", bound=Pool)


@dataclass(frozen=True, slots=True)
class Split:
    """An input in native units: what is swapped, and where the fee goes."""

    adjusted: int
    to_lps: int
    to_protocol: int


def split(amount_in: int, swap_fee: Rate, protocol_fee: Rate) -> Split:
    """Split an input; `swap_fee` is the part kept for the swap. Raises MarketRefused (panic)."""
    adjusted = swap_fee.of(amount_in)
    total = uint(amount_in - adjusted)
    to_protocol = protocol_fee.of(total)
    return Split(adjusted, uint(total - to_protocol), to_protocol)


def amount_out(adjusted: int, reserve_in: int, reserve_out: int) -> int:
    """Return what an input after fees pays: constant product, rounded down. Raises MarketRefused (panic)."""
    return div(uint(adjusted * reserve_out), uint(reserve_in + adjusted))


def check_products(reserve_in: int, reserve_out: int, adjusted: int, out: int) -> None:
    """Build the products before and after, as both invariant tests do: only their overflow can matter."""
    uint(reserve_in * reserve_out)
    uint(uint(reserve_in + adjusted) * uint(reserve_out - out))


def with_swap(pool: AnyPool, parts: Split, out: int, *, zero_for_one: bool) -> AnyPool:
    """Return the pool after a swap: the protocol's part of the fee leaves it, the rest stays. Raises MarketRefused."""
    reserve_in, reserve_out = pool.sides(zero_for_one=zero_for_one)
    after_in = uint(reserve_in + parts.adjusted + parts.to_lps)
    after_out = uint(reserve_out - out)
    new0, new1 = (after_in, after_out) if zero_for_one else (after_out, after_in)
    return replace(pool, reserve0=new0, reserve1=new1)
