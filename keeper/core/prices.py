"""Prices as observed: each with a source, a time and, where the source gives one, a confidence.

What a source says and cannot be a price is kept too, with its fault: it is named and counted, never used.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

from keeper.core.units import BPS_ONE, Bps, PriceE12, Seconds

Quote = Literal["USD", "STX"]
Kind = Literal["web", "chain", "venue"]
"""Where a price comes from: a web API, a contract that keeps prices, or what a venue would trade at."""

MAX_PRICE: Final = 10**21
"""No price is anywhere near this (a milliard for a whole token, 12 decimals); a larger number is a fault."""
_FAR: Final = 10**18
"""A number from here on is not written out: turning very long ones into text is refused by Python."""
ANY_ASSET: Final = ""
"""Stands for all assets of a source that gave no usable answer at all."""


class Fault(StrEnum):
    """Why something a source said is not used; the label under which it is counted."""

    NO_ANSWER = "no_answer"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    WRONG_ASSET = "wrong_asset"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    ABSURD = "absurd"
    NO_TIME = "no_time"
    FUTURE = "future"
    STALE = "stale"
    UNSURE = "unsure"
    DEVIATES = "deviates"
    NO_RATE = "no_rate"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class PricePoint:
    """One source's price of one asset.

    `price_e12` is `quote` per whole token with 12 decimals; `seen_at` is when the source says the
    price held (seconds since 1970), not when we asked. `confidence_bps` is half the width of the
    interval that the price lies in, relative to it.
    """

    source: str
    asset: str
    quote: Quote
    price_e12: PriceE12
    seen_at: Seconds
    confidence_bps: Bps | None = None
    kind: Kind = "web"


@dataclass(frozen=True, slots=True)
class RefusedPrice:
    """Something a source said of an asset that is no price, and why, in words. `ANY_ASSET` for its whole answer."""

    source: str
    asset: str
    fault: Fault
    why: str


Observation = PricePoint | RefusedPrice
"""What a source may return for an asset."""


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """The price of one asset in STX on which enough sources agree."""

    asset: str
    price_e12: PriceE12
    oldest_at: Seconds
    spread_bps: Bps
    points: tuple[PricePoint, ...]
    lead: str = ""
    """The first of the fallback order among the sources that agree: a source's name, or `venues`."""


Prices = Mapping[str, AgreedPrice]


def observed(point: PricePoint, *, now: Seconds, ahead: int) -> Observation:
    """Return the point, or its refusal when price, time or confidence is none that could be.

    `ahead` is how many seconds past `now` a stamp may lie. What arrives may come from somebody else's
    code, so its types are looked at too.
    """
    price, at, band = point.price_e12, point.seen_at, point.confidence_bps
    found: tuple[Fault, str] | None = None
    if type(price) is not int:
        found = Fault.NOT_A_NUMBER, "its price is not a whole number"
    elif price <= 0:
        found = Fault.NOT_POSITIVE, "its price is not above zero"
    elif price > MAX_PRICE:
        found = Fault.ABSURD, "its price is larger than any price"
    elif type(at) is not int or at <= 0:
        found = Fault.NO_TIME, "it does not say since when"
    elif at > now + ahead:
        found = Fault.FUTURE, f"its stamp is {at - now} s in the future" if at < _FAR else "its stamp is no time"
    elif band is not None and (type(band) is not int or not 0 <= band <= BPS_ONE):
        found = Fault.UNSURE, "its own confidence is no share of its price"
    return point if found is None else RefusedPrice(point.source, point.asset, *found)


def vetted(
    answer: Iterable[object], source: str, asked: Collection[str], *, now: Seconds, ahead: int
) -> tuple[tuple[PricePoint, ...], tuple[RefusedPrice, ...]]:
    """Split what `source` returned into prices and refusals, so that nothing unasked or impossible passes.

    A price of an asset nobody asked for, in an unknown quote, or under another source's name is refused as well.
    """
    points: list[PricePoint] = []
    refused: list[RefusedPrice] = []
    for item in answer:
        judged = _vet(item, source, asked)
        if isinstance(judged, PricePoint):
            judged = observed(judged, now=now, ahead=ahead)
        if isinstance(judged, PricePoint):
            points.append(judged)
        else:
            refused.append(judged)
    return tuple(points), tuple(refused)


def _vet_refusal(item: RefusedPrice, source: str, asked: Collection[str]) -> RefusedPrice:
    """Return the refusal under names and a fault that we know: it is counted by them."""
    known = item.asset if isinstance(item.asset, str) and item.asset in asked else ANY_ASSET
    if not isinstance(item.fault, Fault) or not isinstance(item.why, str):
        return RefusedPrice(source, known, Fault.UNREADABLE, "a refusal without a reason that is known")
    return RefusedPrice(source, known, item.fault, item.why)


def _vet(item: object, source: str, asked: Collection[str]) -> Observation:
    if isinstance(item, RefusedPrice):
        return _vet_refusal(item, source, asked)
    if not isinstance(item, PricePoint):
        return RefusedPrice(source, ANY_ASSET, Fault.UNREADABLE, f"a {type(item).__name__} is no price")
    if item.source != source or item.asset not in asked or item.quote not in get_args(Quote):
        return RefusedPrice(source, ANY_ASSET, Fault.WRONG_ASSET, "a price that nobody asked this source for")
    return item
