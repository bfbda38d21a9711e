"""ALEX's 8-decimal arithmetic to the unit: two kinds of rounding, and a power built from fixed tables.

A number is an unsigned 128-bit integer in units of 1e-8. Whatever leaves that range aborts the
contract without an error code; here it raises MarketRefused with ``panic=True``. The power works on
signed 128-bit integers and truncates toward zero, which for negative numbers is not floor division.
"""

from typing import Final

from keeper.core.contract_arithmetic import ContractArithmetic

ALEX: Final = ContractArithmetic("alex", "ALEX")
uint, div, panic = ALEX.uint, ALEX.div, ALEX.panic

ONE: Final = 10**8
_INT128_MAX: Final = 2**127 - 1
_POW_EXPONENT_END: Final = 2**126 // ONE
_EXP_LOW: Final = -18 * ONE
_EXP_HIGH: Final = 69 * ONE
_SIXTY_FOUR: Final = 64 * ONE
_E64: Final = 62351490808116168829
_STEPS: Final = (
    (3200000000, 78962960182680695161),
    (1600000000, 888611052050787),
    (800000000, 298095798704),
    (400000000, 5459815003),
    (200000000, 738905610),
    (100000000, 271828183),
    (50000000, 164872127),
    (25000000, 128402542),
    (12500000, 113314845),
    (6250000, 106449446),
)
"""Pairs (x, e^x) as the contract stores them; the first e^x really has two digits fewer than the others."""


def mul_down(a: int, b: int) -> int:
    """Return a*b in 8 decimals, rounded down."""
    return uint(a * b) // ONE


def mul_up(a: int, b: int) -> int:
    """Return a*b in 8 decimals, rounded up."""
    return -(-uint(a * b) // ONE)


def div_down(a: int, b: int) -> int:
    """Return a/b in 8 decimals, rounded down; 0/b is 0 whatever b is."""
    return 0 if a == 0 else div(uint(a * ONE), b)


def div_up(a: int, b: int) -> int:
    """Return a/b in 8 decimals, rounded up; 0/b is 0 whatever b is."""
    if a == 0:
        return 0
    down = div(uint(a * ONE), b)
    return down if down * b == a * ONE else down + 1


def pow_down(a: int, b: int) -> int:
    """Return a^b less the contract's error margin, never below 0."""
    raw = _pow(a, b)
    return max(raw - _margin(raw), 0)


def pow_up(a: int, b: int) -> int:
    """Return a^b plus the contract's error margin."""
    raw = _pow(a, b)
    return uint(raw + _margin(raw))


def _margin(raw: int) -> int:
    return 1 + mul_up(raw, 4)


def _pow(a: int, b: int) -> int:
    if b == 0:
        return ONE
    if a == 0:
        return 0
    if a > _INT128_MAX or b >= _POW_EXPONENT_END:
        panic("a power out of range")
    log = _quotient(_int(_ln(a) * b), ONE)
    if not _EXP_LOW <= log <= _EXP_HIGH:
        panic("a power out of range")
    return _exp(log)


def _ln(a: int) -> int:
    total = 0
    if a >= _E64 * ONE:
        a //= _E64
        total = _SIXTY_FOUR
    for x, e_x in _STEPS:
        if a >= e_x:
            a = _int(a * ONE) // e_x
            total += x
    z = _quotient(_int((a - ONE) * ONE), a + ONE)
    square = _quotient(_int(z * z), ONE)
    term = series = z
    for n in (3, 5, 7, 9, 11):
        term = _quotient(_int(term * square), ONE)
        series += _quotient(term, n)
    return total + 2 * series


def _exp(log: int) -> int:
    if log < 0:
        return ONE * ONE // _exp(-log)
    scale = 1
    if log >= _SIXTY_FOUR:
        log -= _SIXTY_FOUR
        scale = _E64
    product = ONE
    for x, e_x in _STEPS:
        if log >= x:
            log -= x
            product = _int(product * e_x) // ONE
    term, series = log, ONE + log
    for n in range(2, 13):
        term = _int(term * log) // ONE // n
        series += term
    return _int(_int(product * series) // ONE * scale)


def _int(value: int) -> int:
    if not -_INT128_MAX - 1 <= value <= _INT128_MAX:
        panic("a number leaves 128 bits")
    return value


def _quotient(a: int, b: int) -> int:
    """Divide toward zero, as the virtual machine does; b is positive."""
    return a // b if a >= 0 else -(-a // b)
