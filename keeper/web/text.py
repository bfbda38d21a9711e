"""Numbers as people read them. Only the page uses these; records and the API keep whole numbers."""

from datetime import UTC, datetime
from typing import Final

from keeper.core.units import USTX_PER_STX

UNKNOWN: Final = "—"
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_YEAR_9999: Final = 253_402_300_799
_SHORT: Final = 14


def stx(ustx: int | None) -> str:
    """Return µSTX as STX with two decimals, rounded down; amounts below 1 STX keep all six."""
    if ustx is None:
        return UNKNOWN
    if abs(ustx) < USTX_PER_STX:
        return f"{ustx / USTX_PER_STX:.6f} STX".replace("0.000000", "0.00")
    return f"{_grouped(ustx, 6)} STX"


def flow(units: int | None) -> str:
    """Return base units of FLOW (6 decimals) as whole FLOW, rounded down."""
    return UNKNOWN if units is None else f"{units // 10**6:,} FLOW"


def shares(units: int | None) -> str:
    """Return base units of a share token (6 decimals) as shares with two decimals, rounded down."""
    return UNKNOWN if units is None else _grouped(units, 6)


def percent(bps: int | None) -> str:
    """Return basis points as a percentage with two decimals."""
    return UNKNOWN if bps is None else f"{bps / 100:,.2f} %"


def gap(bps: int | None) -> str:
    """Return signed basis points as a percentage with its sign; minus is a real minus sign."""
    if bps is None:
        return UNKNOWN
    sign = "+" if bps > 0 else "−" if bps < 0 else "±"  # noqa: RUF001 - typography, not arithmetic
    return f"{sign}{abs(bps) / 100:,.2f} %"


def price(price_e12: int | None) -> str:
    """Return a price with 12 decimals as STX with six significant digits."""
    if price_e12 is None:
        return UNKNOWN
    value = price_e12 / 10**12
    if value >= 1:
        return f"{value:,.4f} STX"
    digits = 6 + max(0, 12 - len(str(price_e12))) if price_e12 > 0 else 2
    return f"{value:.{min(digits, 12)}f} STX"


def span(seconds: int | None) -> str:
    """Return a span of time in its two largest units."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0, seconds)
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def ago(at: int | None, now: int | None) -> str:
    """Return how long ago `at` was; a little in the future counts as now."""
    return UNKNOWN if at is None or now is None else f"{span(now - at)} ago"


def until(at: int | None, now: int | None, verb: str, past: str) -> str:
    """Return "ends in 3 h" or "ended 5 min ago" with the given verbs."""
    if at is None or now is None:
        return UNKNOWN
    return f"{verb} in {span(at - now)}" if at > now else f"{past} {span(now - at)} ago"


def instant(at: int | None) -> str:
    """Return seconds since 1970 as date and time in UTC."""
    if at is None or not 0 <= at <= _YEAR_9999:
        return UNKNOWN
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def short(name: str | None) -> str:
    """Return a long identifier's beginning and end."""
    if not name:
        return UNKNOWN
    return name if len(name) <= _SHORT else f"{name[:6]}…{name[-4:]}"


def words(identifier: str) -> str:
    """Return a snake_case name as words."""
    return identifier.replace("_", " ")


def _grouped(units: int, decimals: int) -> str:
    sign, units = ("-" if units < 0 else ""), abs(units)
    whole, rest = divmod(units, 10**decimals)
    return f"{sign}{whole:,}.{rest // 10 ** (decimals - 2):02d}"
