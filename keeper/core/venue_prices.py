"""What venues say an asset is worth: the middle between selling and buying a probe of it for STX."""

from collections.abc import Iterable
from itertools import groupby

from keeper.core.assets import STX, Asset, AssetBook
from keeper.core.market import MarketView, Route
from keeper.core.prices import PricePoint
from keeper.core.units import USTX_PER_STX, BaseUnits, PriceE12, Seconds
from keeper.errors import MarketRefused

PROBE_USTX = BaseUnits(1_000 * USTX_PER_STX)
"""Size of the probe: about what a slice trades, so that the price is one that could be had."""


def venue_points(market: MarketView, assets: AssetBook, at: Seconds) -> tuple[PricePoint, ...]:
    """Return one STX price per venue and asset, for assets the venue trades against STX both ways.

    The middle of the price paid and the price received cancels the venue's fee to first order. An
    asset or direction the venue refuses gives no point: missing is not zero.
    """
    points = (
        _point(venue, asset, market, at)
        for asset in assets.all()
        if not asset.is_stx
        for venue in _venues(market.between(STX, asset.symbol))
    )
    return tuple(point for point in points if point is not None)


def _venues(routes: Iterable[Route]) -> list[str]:
    return [venue for venue, _ in groupby(sorted(route.venue for route in routes))]


def _point(venue: str, asset: Asset, market: MarketView, at: Seconds) -> PricePoint | None:
    buy = _shortest(market.between(STX, asset.symbol), venue)
    sell = _shortest(market.between(asset.symbol, STX), venue)
    if buy is None or sell is None:
        return None
    try:
        bought = buy.quote(market.books, PROBE_USTX).amount_out
        returned = sell.quote(market.books, bought).amount_out if bought > 0 else 0
    except MarketRefused:
        return None
    if bought <= 0 or returned <= 0:
        return None
    scale = 10 ** (asset.decimals + 6)
    middle = PriceE12((PROBE_USTX + returned) * scale // (2 * bought))
    return PricePoint(source=venue, asset=asset.symbol, quote="STX", price_e12=middle, seen_at=at)


def _shortest(routes: tuple[Route, ...], venue: str) -> Route | None:
    own = [route for route in routes if route.venue == venue]
    return min(own, key=lambda route: len(route.pool_keys), default=None)
