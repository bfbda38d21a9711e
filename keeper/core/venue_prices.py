"""What venues say an asset is worth: the middle between selling and buying a probe of it for STX."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from keeper.core.assets import STX, Asset, AssetBook
from keeper.core.market import MarketView, Route
from keeper.core.prices import PricePoint
from keeper.core.units import (
    BPS_ONE,
    USTX_PER_STX,
    BaseUnits,
    Bps,
    MicroStx,
    PriceE12,
    Seconds,
    mul_div_down,
    mul_div_up,
    value_ustx_down,
)
from keeper.errors import MarketRefused

PROBE_USTX: Final = MicroStx(1_000 * USTX_PER_STX)
"""Size of the probe where none is set: about what a slice trades, so that the price is one that could be had."""
PROBE_BPS: Final = Bps(100)
"""Part of a pool's value that its probe is at least."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How much is bought and sold back in thought: `least`, and for a pool at least `share` of what it is worth.

    Whoever would gain by a wrong price gains in proportion to the pool; a market that cannot even take a hundredth of
    it is pushed for less than that is worth.
    """

    least: MicroStx = PROBE_USTX
    share: Bps = PROBE_BPS

    def size_for(self, holdings: Mapping[str, int], points: Iterable[PricePoint], assets: AssetBook) -> MicroStx:
        """Return the probe for a pool with these base units by symbol, valued at the venues' own `points`.

        Of several venues the dearest counts: too high a value makes the probe larger and the venues less sure, never
        surer. What no venue has a price of adds nothing.
        """
        dearest = {point.asset: point.price_e12 for point in sorted(points, key=lambda point: point.price_e12)}
        worth = holdings.get(STX, 0) + sum(
            value_ustx_down(amount, dearest[symbol], assets[symbol].decimals)
            for symbol, amount in holdings.items()
            if symbol in dearest
        )
        return MicroStx(max(self.least, mul_div_down(worth, self.share, BPS_ONE)))


PROBE: Final = Probe()
"""The probe where nothing is set."""


def venue_points(
    market: MarketView, assets: AssetBook, at: Seconds, probe_ustx: MicroStx = PROBE_USTX
) -> tuple[PricePoint, ...]:
    """Return one STX price per venue and asset, for assets the venue trades against STX both ways.

    The probe, in µSTX, buys the asset and is sold back at the same books. The middle of what was paid and
    what came back cancels the venue's fee to first order; half of their distance is the confidence, so a
    pool too shallow for the probe says so itself. An asset or direction the venue refuses gives no point:
    missing is not zero.
    """
    points = (
        _point(venue, asset, market, at, probe_ustx)
        for asset in assets.all()
        if not asset.is_stx
        for venue in _venues(market.between(STX, asset.symbol))
    )
    return tuple(point for point in points if point is not None)


def _venues(routes: Iterable[Route]) -> list[str]:
    return [venue for venue, _ in groupby(sorted(route.venue for route in routes))]


def _point(venue: str, asset: Asset, market: MarketView, at: Seconds, probe_ustx: MicroStx) -> PricePoint | None:
    buy = _shortest(market.between(STX, asset.symbol), venue)
    sell = _shortest(market.between(asset.symbol, STX), venue)
    if buy is None or sell is None:
        return None
    try:
        bought = buy.quote(market.books, BaseUnits(probe_ustx)).amount_out
        returned = sell.quote(market.books, bought).amount_out if bought > 0 else 0
    except MarketRefused:
        return None
    if bought <= 0 or returned <= 0:
        return None
    both = probe_ustx + returned
    middle = both * 10 ** (asset.decimals + 6) // (2 * bought)
    if middle <= 0:
        return None
    gap = Bps(mul_div_up(abs(probe_ustx - returned), BPS_ONE, both))
    return PricePoint(venue, asset.symbol, "STX", PriceE12(middle), at, gap, "venue")


def _shortest(routes: tuple[Route, ...], venue: str) -> Route | None:
    own = [route for route in routes if route.venue == venue]
    return min(own, key=lambda route: len(route.pool_keys), default=None)
