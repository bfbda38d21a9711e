"""Which of several agreeing sources goes first: the fallback order, in which all venues together count as one."""

from collections.abc import Sequence
from typing import Final

from keeper.core.prices import PricePoint

VENUES: Final = "venues"
"""The place of all venues in the order; what they lead with is their average."""


def lead_of(points: Sequence[PricePoint], order: Sequence[str]) -> str:
    """Return the source that goes first among `points`, or VENUES; of several without a place, the first by name."""
    return min({_speaker(point) for point in points}, key=lambda name: (_place(name, order), name))


def led_price(priced: Sequence[tuple[PricePoint, int]], order: Sequence[str]) -> int:
    """Return the price of the source that goes first, in the prices' own unit; of venues the mean, rounded down."""
    lead = lead_of([point for point, _ in priced], order)
    said = [price for point, price in priced if _speaker(point) == lead]
    return sum(said) // len(said)


def _speaker(point: PricePoint) -> str:
    return VENUES if point.kind == "venue" else point.source


def _place(name: str, order: Sequence[str]) -> int:
    """Return the place of a source, or of its class: the part before a colon. Unnamed ones come last."""
    known = [order.index(part) for part in (name, name.partition(":")[0]) if part in order]
    return known[0] if known else len(order)
