"""A Hermes answer, as prices. Anything odd is an outage, never a guess.

A price is `price` times ten to the `expo`, and `conf` has the same exponent. Hermes writes both as
texts and the exponent differs between feeds, so nothing of it is assumed.
"""

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from keeper.core.prices import PricePoint
from keeper.core.units import BPS_ONE, Bps, PriceE12, Seconds, mul_div_up
from keeper.errors import SourceUnavailable

NAME: Final = "pyth"
_E12: Final = 12
_EXPONENT_BOUND: Final = 18
_WHOLE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


def prices_from(body: object, wanted: Mapping[str, str], latest: Seconds) -> list[PricePoint]:
    """Read `/v2/updates/price/latest`: one USD price for each of `wanted` (symbol to feed id) that is there.

    Feeds nobody asked for are left out. `latest` is the last publish time that is believed.
    Raises SourceUnavailable for anything else than a whole answer.
    """
    parsed = body.get("parsed") if isinstance(body, dict) else None
    if not isinstance(parsed, list):
        _odd("the answer has no list of prices")
    found: dict[str, object] = {}
    for entry in parsed:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            _odd("a price without an id")
        feed = entry["id"].lower().removeprefix("0x")
        if feed in found:
            _odd(f"feed {feed[:8]} is there twice")
        found[feed] = entry.get("price")
    points = [_point(symbol, found[feed], latest) for symbol, feed in wanted.items() if feed in found]
    if not points:
        _odd(f"none of the feeds asked for ({', '.join(wanted)})")
    return points


def _point(symbol: str, price: object, latest: Seconds) -> PricePoint:
    body = price if isinstance(price, dict) else {}
    amount, confidence = _whole(body, "price", symbol), _whole(body, "conf", symbol)
    exponent, published = body.get("expo"), body.get("publish_time")
    if type(exponent) is not int or abs(exponent) > _EXPONENT_BOUND:
        _odd(f"{symbol} has no usable exponent")
    if type(published) is not int or not 0 < published <= latest:
        _odd(f"{symbol} has no usable publish time")
    e12 = amount * 10 ** (exponent + _EXPONENT_BOUND) // 10 ** (_EXPONENT_BOUND - _E12)
    if e12 == 0:
        _odd(f"{symbol} has no price above zero")
    bps = Bps(mul_div_up(confidence, BPS_ONE, amount))
    return PricePoint(NAME, symbol, "USD", PriceE12(e12), Seconds(published), bps)


def _whole(body: Mapping[str, object], field: str, symbol: str) -> int:
    text = body.get(field)
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        _odd(f"{symbol} has no usable {field}")
    return int(text)


def _odd(why: str) -> NoReturn:
    msg = f"pyth answered something that cannot be used: {why}"
    raise SourceUnavailable(msg, source=NAME)
