"""A `simple/price` answer, as prices. What is odd about one coin refuses that coin; the others count.

Ids that CoinGecko does not know are silently left out of its answer, so every asset asked for is looked
for, and one that is not there is named. Numbers are read as decimals, never as floats.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NoReturn

from keeper.core.prices import Fault, Observation, PricePoint, RefusedPrice, observed
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


def prices_from(body: object, ids: Mapping[str, Sequence[str]], *, now: Seconds, ahead: int) -> list[Observation]:
    """Read one USD price or refusal for each symbol of `ids`, under the first of its ids that has a price.

    `ahead` is how many seconds past `now` an update time is believed. Raises SourceUnavailable, with every
    refusal, when no price is left.
    """
    if not isinstance(body, dict):
        _odd("it is not a table of prices")
    found = [_first(body, symbol, coins, now=now, ahead=ahead) for symbol, coins in ids.items()]
    refused = tuple(item for item in found if isinstance(item, RefusedPrice))
    if len(refused) == len(found):
        message = "coingecko has no usable price: " + "; ".join(f"{item.asset}: {item.why}" for item in refused)
        raise SourceUnavailable(message, source=NAME, refused=refused)
    return found


def _first(body: Mapping[str, object], symbol: str, coins: Sequence[str], *, now: Seconds, ahead: int) -> Observation:
    """Return the first usable price among a symbol's ids, else what is wrong with the first that is there."""
    trouble: RefusedPrice | None = None
    for coin in coins:
        found = _coin(body[coin], symbol, coin) if coin in body else None
        if isinstance(found, PricePoint):
            found = observed(found, now=now, ahead=ahead)
        if isinstance(found, PricePoint):
            return found
        if trouble is None and found is not None:
            trouble = found
    why = f"no answer for the id {' or '.join(coins)}, which may be unknown there or dead"
    return trouble or RefusedPrice(NAME, symbol, Fault.MISSING, why)


def _coin(entry: object, symbol: str, coin: str) -> Observation:
    if not isinstance(entry, dict):
        return RefusedPrice(NAME, symbol, Fault.UNREADABLE, f"{coin} is no price")
    if entry.get("usd") is None:
        return RefusedPrice(NAME, symbol, Fault.MISSING, f"{coin} has no price in USD")
    e12 = _e12(entry["usd"])
    if isinstance(e12, Fault):
        return RefusedPrice(NAME, symbol, e12, f"the price of {coin} is no usable number")
    updated = entry.get("last_updated_at")
    at = Seconds(updated if type(updated) is int else 0)
    return PricePoint(NAME, symbol, "USD", PriceE12(e12), at)


def _e12(value: object) -> int | Fault:
    """Return a JSON number with 12 decimals, the rest cut off towards zero, or what is wrong with it."""
    if type(value) is int:
        if abs(value) >= 10**_MAGNITUDES:
            return Fault.ABSURD if value > 0 else Fault.NOT_POSITIVE
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        return Fault.NOT_A_NUMBER
    if value.is_signed() or not value:
        return Fault.NOT_POSITIVE
    if value.adjusted() > _MAGNITUDES:
        return Fault.ABSURD
    if value.adjusted() < -_E12:
        return 0
    _, digits, exponent = value.as_tuple()
    shift = int(exponent) + _E12
    whole = int("".join(map(str, digits[: 3 * _MAGNITUDES])))
    shift += max(len(digits) - 3 * _MAGNITUDES, 0)
    scaled: int = whole * 10**shift if shift >= 0 else whole // 10**-shift
    return scaled


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def _odd(why: str) -> NoReturn:
    msg = f"coingecko's answer cannot be used: {why}"
    raise SourceUnavailable(msg, source=NAME, fault=Fault.UNREADABLE) from None
