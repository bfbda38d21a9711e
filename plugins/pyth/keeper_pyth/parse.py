"""Answers of Pyth, as prices. What is odd about one feed refuses that feed; what is odd about the answer, all of it.

A price is `price` times ten to the exponent, and the confidence has the same exponent. Pyth writes numbers
as texts in one service and as numbers in the other, and the exponent differs between feeds, so nothing of
it is assumed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from keeper.core.prices import Fault, Observation, PricePoint, RefusedPrice, observed
from keeper.core.units import BPS_ONE, Bps, PriceE12, Seconds, mul_div_up
from keeper.errors import SourceUnavailable

NAME: Final = "pyth"
_E12: Final = 12
_EXPONENT_BOUND: Final = 18
_WHOLE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_MICROS: Final = 1_000_000
_LONGEST: Final = 10**20


@dataclass(frozen=True, slots=True)
class Window:
    """Which stamps are believed: up to `ahead` seconds past `now`."""

    now: Seconds
    ahead: int


def prices_from(body: object, wanted: Mapping[str, str], window: Window) -> list[Observation]:
    """Read Hermes' `/v2/updates/price/latest`: one USD price or refusal for each of `wanted` (symbol to feed id).

    Feeds nobody asked for are left out. Raises SourceUnavailable when no price is left.
    """
    entries = _entries(body, "parsed")
    found = _by_feed((entry.get("id"), entry.get("price")) for entry in entries)
    return usable([_hermes(symbol, found.get(feed, []), window) for symbol, feed in wanted.items()])


def lazer_prices_from(body: object, wanted: Mapping[str, int], window: Window) -> list[Observation]:
    """Read Lazer's `/v1/latest_price`: one USD price or refusal for each of `wanted` (symbol to feed number).

    Every property is optional there; price, exponent and confidence have to be present. A feed's own time
    counts where it is older than the answer's. Raises SourceUnavailable when no price is left.
    """
    parsed = body.get("parsed") if isinstance(body, dict) else None
    entries = _entries(parsed, "priceFeeds")
    at = _whole(parsed.get("timestampUs") if isinstance(parsed, dict) else None)
    if at is None:
        odd("the answer has no time")
    found = _by_feed((entry.get("priceFeedId"), entry) for entry in entries)
    return usable([_lazer(symbol, found.get(str(feed), []), at, window) for symbol, feed in wanted.items()])


def usable(found: Sequence[Observation]) -> list[Observation]:
    """Return what was found, if a price is among it. Raises SourceUnavailable with every refusal."""
    refused = tuple(item for item in found if isinstance(item, RefusedPrice))
    if len(refused) == len(found):
        message = "pyth has no usable price: " + "; ".join(f"{item.asset}: {item.why}" for item in refused)
        raise SourceUnavailable(message, source=NAME, refused=refused)
    return list(found)


def odd(why: str) -> NoReturn:
    """Refuse a whole answer. Raises SourceUnavailable."""
    message = f"pyth answered something that cannot be used: {why}"
    raise SourceUnavailable(message, source=NAME, fault=Fault.UNREADABLE)


def _entries(table: object, field: str) -> list[dict[str, object]]:
    rows = table.get(field) if isinstance(table, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        odd("the answer has no list of prices")
    return rows


def _by_feed(rows: Iterable[tuple[object, object]]) -> dict[str, list[object]]:
    """Return the prices by feed, however often a feed is there."""
    found: dict[str, list[object]] = {}
    for feed, price in rows:
        if type(feed) not in (str, int) or (isinstance(feed, int) and not 0 <= feed < _LONGEST):
            odd("a price without an id")
        found.setdefault(str(feed).lower().removeprefix("0x"), []).append(price)
    return found


def _hermes(symbol: str, prices: list[object], window: Window) -> Observation:
    body = prices[0] if len(prices) == 1 else None
    if not isinstance(body, dict):
        return _no_entry(symbol, prices)
    published = body.get("publish_time")
    at = published if type(published) is int else 0
    return _judged(symbol, (_text(body.get("price")), _text(body.get("conf")), body.get("expo")), at, window)


def _lazer(symbol: str, prices: list[object], answered_us: int, window: Window) -> Observation:
    body = prices[0] if len(prices) == 1 else None
    if not isinstance(body, dict):
        return _no_entry(symbol, prices)
    made = _whole(body.get("feedUpdateTimestamp", answered_us))
    if made is not None and made > answered_us + window.ahead * _MICROS:
        return RefusedPrice(NAME, symbol, Fault.FUTURE, "it was made long after the answer that it is in")
    at = 0 if made is None else min(made, answered_us) // _MICROS
    return _judged(symbol, (_text(body.get("price")), body.get("confidence"), body.get("exponent")), at, window)


def _no_entry(symbol: str, prices: list[object]) -> RefusedPrice:
    if len(prices) > 1:
        return RefusedPrice(NAME, symbol, Fault.REPEATED, "its feed is there more than once")
    return RefusedPrice(NAME, symbol, Fault.MISSING, "its feed is not in the answer")


def _judged(symbol: str, said: tuple[object, object, object], at: int, window: Window) -> Observation:
    price, band, exponent = said
    amount, confidence = _whole(price), _whole(band)
    if amount is None:
        return RefusedPrice(NAME, symbol, *_not_whole(price))
    if confidence is None:
        return RefusedPrice(NAME, symbol, Fault.UNSURE, "it has no usable confidence")
    if type(exponent) is not int or abs(exponent) > _EXPONENT_BOUND:
        return RefusedPrice(NAME, symbol, Fault.NOT_A_NUMBER, "it has no usable exponent")
    e12 = amount * 10 ** (exponent + _EXPONENT_BOUND) // 10 ** (_EXPONENT_BOUND - _E12)
    bps = Bps(mul_div_up(confidence, BPS_ONE, amount)) if amount else Bps(0)
    point = PricePoint(NAME, symbol, "USD", PriceE12(e12), Seconds(at), bps)
    return observed(point, now=window.now, ahead=window.ahead)


def _not_whole(price: object) -> tuple[Fault, str]:
    """Say what is wrong with a price that is no whole number of sane length."""
    if price is None:
        return Fault.MISSING, "it has no price"
    text = price if isinstance(price, str) else ""
    if text.startswith("-") and _NUMBER.fullmatch(text[:_EXPONENT_BOUND]):
        return Fault.NOT_POSITIVE, "its price is below zero"
    if _NUMBER.fullmatch(text) and "." not in text:
        return Fault.ABSURD, "its price is longer than any price"
    return Fault.NOT_A_NUMBER, "its price is no usable number"


def _text(value: object) -> object:
    """Return what Pyth writes as a text; a number in its place is no usable text, since it may have lost digits."""
    return value if value is None or isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    """Return a whole number that is not negative and not absurdly long, written as text or as a number."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if type(value) is int and 0 <= value < _LONGEST else None
