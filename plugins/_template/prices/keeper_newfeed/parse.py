"""What the service answered, as prices. Pure. Replace it with your service's own format.

`{"prices": [{"symbol": "STX", "usd": "0.4724", "at": 1795000000}]}`: the price as a decimal text, the time in seconds.
"""

import json
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from keeper.core.prices import PricePoint
from keeper.core.units import PriceE12, Seconds
from keeper.errors import SourceUnavailable

NAME: Final = "newfeed"
E12: Final = 10**12
LARGEST: Final = 10**9 * E12
MOST_DIGITS: Final = 40


def points_from(body: bytes, wanted: Collection[str]) -> list[PricePoint]:
    """Return one price for each wanted symbol that the answer has. Raises SourceUnavailable."""
    try:
        answer = json.loads(body)
        rows = [row for row in answer["prices"] if row["symbol"] in wanted]
        points = {row["symbol"]: _point(row) for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError, InvalidOperation):
        message = "the service answered something that cannot be used"
        raise SourceUnavailable(message, source=NAME) from None
    if not points or len(points) != len(rows):
        message = "the service answered no price, or one twice"
        raise SourceUnavailable(message, source=NAME)
    return list(points.values())


def _point(row: Any) -> PricePoint:
    price, at = row["usd"], row["at"]
    if not isinstance(price, str) or len(price) > MOST_DIGITS or type(at) is not int or at <= 0:
        raise ValueError
    exact = Decimal(price)
    if not exact.is_finite() or not 0 < exact * E12 <= LARGEST:
        raise ValueError
    return PricePoint(NAME, row["symbol"], "USD", PriceE12(max(1, int(exact * E12))), Seconds(at))
