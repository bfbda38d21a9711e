"""Units as types, and the two roundings. Money is whole numbers everywhere below the web layer."""

from typing import Final, NewType

BaseUnits = NewType("BaseUnits", int)  # smallest unit of a token, e.g. 1 µSTX
MicroStx = NewType("MicroStx", int)  # 1 STX = 1_000_000
Bps = NewType("Bps", int)  # 1/100 of a percent; 10_000 is the whole
Seconds = NewType("Seconds", int)  # a span, or seconds since 1970 where the name ends in _at
PriceE12 = NewType("PriceE12", int)  # quote currency per whole token, 12 decimals

BPS_ONE: Final = 10_000
PRICE_ONE: Final = 10**12
USTX_PER_STX: Final = 1_000_000
UINT128_MAX: Final = 2**128 - 1


def mul_div_down(a: int, b: int, d: int) -> int:
    """Return a*b/d rounded down, multiplying first, as the contracts do."""
    return a * b // d


def mul_div_up(a: int, b: int, d: int) -> int:
    """Return a*b/d rounded up; use it for what we charge ourselves."""
    return -(-a * b // d)


def value_ustx_down(amount: int, price_e12: int, decimals: int) -> MicroStx:
    """Value `amount` base units at a price in STX, in µSTX rounded down (as the vault contract does)."""
    return MicroStx(amount * price_e12 // 10 ** (decimals + 6))


def amount_for_value_down(value_ustx: int, price_e12: int, decimals: int) -> BaseUnits:
    """Return how many base units `value_ustx` buys at the price, rounded down."""
    return BaseUnits(value_ustx * 10 ** (decimals + 6) // price_e12)


def percent(bps: int) -> str:
    """Write basis points for people, as a percentage with two decimals."""
    return f"{bps / (BPS_ONE / 100):.2f} %"


def ratio_bps(part: int, whole: int) -> Bps:
    """Return part/whole in basis points, rounded half up; whole must be positive."""
    return Bps((part * BPS_ONE * 2 + whole) // (2 * whole))
