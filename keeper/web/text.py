"""Numbers as people read them. Only the page uses these; records and the API keep whole numbers."""

import re
from datetime import UTC, datetime
from typing import Final

from keeper.core.units import USTX_PER_STX

UNKNOWN: Final = "—"
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_YEAR_9999: Final = 253_402_300_799
_SHORT: Final = 14
_LEAST_DIGITS: Final = 3
_PRICE_DECIMALS: Final = 12
_DECIMAL: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


def stx(ustx: int | None) -> str:
    """Return µSTX as STX with two decimals, rounded down; amounts below 1 STX keep all six."""
    if ustx is None:
        return UNKNOWN
    if abs(ustx) < USTX_PER_STX:
        return f"{ustx / USTX_PER_STX:.6f} STX".replace("0.000000", "0.00")
    return f"{_grouped(ustx, 6)} STX"


def number(decimal: str | None, places: int = 2) -> str:
    """Return a decimal number as records write it, grouped and cut (not rounded) to `places`.

    What would be cut to zero keeps three significant digits; what is not a number is unknown.
    """
    parts = _DECIMAL.fullmatch(decimal or "")
    if parts is None:
        return UNKNOWN
    sign, whole, fraction = parts.group(1), int(parts.group(2)), parts.group(3) or ""
    zeros = len(fraction) - len(fraction.lstrip("0"))
    if whole == 0 and zeros >= places and zeros < len(fraction):
        places = zeros + _LEAST_DIGITS
        return f"{sign}0.{fraction[:places]}"
    cut = fraction[:places].ljust(places, "0")
    return f"{sign}{whole:,}.{cut}" if places else f"{sign}{whole:,}"


def amount(decimal: str | None, unit: str, places: int = 2) -> str:
    """Return an amount as `number` does, with its unit."""
    said = number(decimal, places)
    return said if said == UNKNOWN else f"{said} {unit}"


def price(decimal: str | None, quote: str) -> str:
    """Return a price as records write it with six significant digits, and what it is in."""
    parts = _DECIMAL.fullmatch(decimal or "")
    if parts is None:
        return UNKNOWN
    fraction = parts.group(3) or ""
    whole = parts.group(2).lstrip("0")
    zeros = 0 if whole else len(fraction) - len(fraction.lstrip("0"))
    places = min(_PRICE_DECIMALS, zeros + max(2, 6 - len(whole)))
    return amount(decimal, quote, places)


def percent(bps: int | None) -> str:
    """Return basis points as a percentage with two decimals."""
    return UNKNOWN if bps is None else f"{bps / 100:,.2f} %"


def gap(bps: int | None) -> str:
    """Return signed basis points as a percentage with its sign; minus is a real minus sign."""
    if bps is None:
        return UNKNOWN
    sign = "+" if bps > 0 else "−" if bps < 0 else "±"  # noqa: RUF001 - typography, not arithmetic
    return f"{sign}{abs(bps) / 100:,.2f} %"


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
