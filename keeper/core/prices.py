"""Prices as observed: each with a source, a time and, where the source gives one, a confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from keeper.core.units import Bps, PriceE12, Seconds

Quote = Literal["USD", "STX"]


@dataclass(frozen=True, slots=True)
class PricePoint:
    """One source's price of one asset.

    `price_e12` is `quote` per whole token with 12 decimals; `seen_at` is when the source says the
    price held (seconds since 1970), not when we asked.
    """

    source: str
    asset: str
    quote: Quote
    price_e12: PriceE12
    seen_at: Seconds
    confidence_bps: Bps | None = None


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """The price of one asset in STX on which enough sources agree."""

    asset: str
    price_e12: PriceE12
    oldest_at: Seconds
    spread_bps: Bps
    points: tuple[PricePoint, ...]


Prices = Mapping[str, AgreedPrice]
