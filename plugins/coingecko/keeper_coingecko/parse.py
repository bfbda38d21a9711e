"""A `simple/price` answer, as prices. Anything odd is an outage, never a guess.

Ids that CoinGecko does not know are silently left out of its answer, so what is missing is absent here
too. Numbers are read as decimals, never as floats.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NoReturn

from keeper.core.prices import PricePoint
from keeper.core.units import PriceE12, Seconds
from keeper.errors import SourceUnavailable

NAME: Final = "coingecko"
_E12: Final = 12
_MAGNITUDES: Final = 60
"""No price has more powers of ten than this; a longer number is a fault, and costly to compute with."""


def decoded(raw: bytes) -> object:
    """Decode JSON with exact numbers; what is no number (NaN, 1e9999999999999999999) becomes a text.

    Raises SourceUnavailable.
    """
    try:
        return json.loads(raw, parse_float=_decimal, parse_constant=str)
    except (ValueError, RecursionError):
        _odd("it is not JSON")


def prices_from(body: object, ids: Mapping[str, Sequence[str]], latest: Seconds) -> list[PricePoint]:
    """Read one USD price for each symbol of `ids` that is there under the first of its ids that has one.

    `latest` is the last update time that is believed. Raises SourceUnavailable, which names the asset,
    for a price that is not a positive number or has no usable time, and when no asset has a price.
    """
    if not isinstance(body, dict):
        _odd("it is not a table of prices")
    found = [_first(body, symbol, coins, latest) for symbol, coins in ids.items()]
    points = [point for point in found if point is not None]
    if not points:
        _odd("it has no price of any asset asked for")
    return points


def _first(body: Mapping[str, object], symbol: str, coins: Sequence[str], latest: Seconds) -> PricePoint | None:
    for coin in coins:
        entry = body.get(coin, {})
        if not isinstance(entry, dict):
            _odd(f"{symbol} ({coin}) is no price")
        if entry.get("usd") is not None:
            return _point(f"{symbol} ({coin})", symbol, entry, latest)
    return None


def _point(label: str, symbol: str, entry: Mapping[str, object], latest: Seconds) -> PricePoint:
    e12 = _e12(entry["usd"], label)
    updated = entry.get("last_updated_at")
    if type(updated) is not int or not 0 < updated <= latest:
        _odd(f"{label} has no usable update time")
    return PricePoint(NAME, symbol, "USD", PriceE12(e12), Seconds(updated))


def _e12(value: object, label: str) -> int:
    """Return a JSON number with 12 decimals, the rest cut off."""
    if type(value) is int:
        value = Decimal(value) if abs(value) < 10**_MAGNITUDES else None
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value.adjusted()) > _MAGNITUDES:
        _odd(f"the price of {label} is not a usable number")
    sign, digits, exponent = value.as_tuple()
    shift = int(exponent) + _E12
    whole = int("".join(map(str, digits)))
    e12: int = whole * 10**shift if shift >= 0 else whole // 10**-shift
    if sign or e12 == 0:
        _odd(f"the price of {label} is not above zero")
    return e12


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def _odd(why: str) -> NoReturn:
    msg = f"coingecko's answer cannot be used: {why}"
    raise SourceUnavailable(msg, source=NAME) from None
