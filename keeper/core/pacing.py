"""How a large trade is spread over time: how far a slice may move the venues, and when the next one is due.

A slice displaces the prices of the pools it trades with; arbitrage brings them back, at a speed that nobody
publishes. So it is read off the reserves: how much of the displacement is left some time after a slice says
how long the venues take for half of it. Before anything was seen, a slow venue is assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, log
from typing import Final

from keeper.core.assets import AssetBook
from keeper.core.market import Books, MarketView, Route
from keeper.core.plans import Plan
from keeper.core.prices import Prices
from keeper.core.units import BPS_ONE, BaseUnits, Bps, Seconds
from keeper.errors import MarketRefused

HALVINGS: Final = 2
"""The next slice is due when the displacement has halved this often, so when a quarter of it is left."""
QUICKEST: Final = Seconds(60)
SLOWEST: Final = Seconds(21_600)
"""Bounds of the estimate of a half-life, in seconds: a single look at a venue is no measurement."""
UNCHANGED: Final = 0.9
"""While more than this part of a displacement is left, nothing counts as having come back."""
PROBE_PART: Final = 16
"""A venue's price is that of this part of what a leg sold."""


@dataclass(frozen=True, slots=True)
class PaceRule:
    """How patient the keeper is."""

    span: Seconds = Seconds(86_400)
    """Over how long a trade may be spread, from its first slice on; 0: as fast as the other limits let it."""
    calm_bps: Bps = Bps(50)
    """A slice that moves no venue's price further than this is small: no smaller ones are made, and none waits for it."""
    most_bps: Bps = Bps(200)
    """Most that a slice of a spread trade may move a venue's price."""
    half_life: Seconds = Seconds(1_800)
    """How long a venue is taken to need for making good half of a displacement, before it was seen."""
    stop_bps: Bps = Bps(1_000)
    """An agreed price that has moved further than this since the vote stops the mandate."""


@dataclass(frozen=True, slots=True)
class Touched:
    """One leg of the last slice: a price to look at again."""

    adapter: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]
    probe: int
    """Base units that are sold in thought."""
    before_bps: float
    """How far the venue paid less than the agreed price before the slice, and right after it."""
    after_bps: float

    @property
    def moved_bps(self) -> float:
        """Return by how much the slice displaced the price."""
        return max(self.after_bps - self.before_bps, 0.0)


@dataclass(frozen=True, slots=True)
class LastSlice:
    """What is remembered of a slice for the one that follows."""

    number: int
    at: Seconds
    sold_ustx: int
    touched: tuple[Touched, ...]

    @property
    def moved_bps(self) -> float:
        """Return the largest displacement it caused."""
        return max((leg.moved_bps for leg in self.touched), default=0.0)


@dataclass(frozen=True, slots=True)
class Refill:
    """How far the venues have come back since the last slice."""

    left_bps: float | None
    """Largest displacement that is left; None when no venue can be looked at."""
    half_life: float
    """Seconds for half of it, from what was seen, else as assumed."""


def touched_by(plan: Plan, market: MarketView, prices: Prices, assets: AssetBook) -> tuple[Touched, ...]:
    """Return what the legs of a plan do to the prices of their venues."""
    books, rows = market.books, []
    for leg in plan.legs:
        route = _route(market, leg.adapter, leg.sell, leg.buy, leg.pool_keys)
        probe = max(leg.amount_in // PROBE_PART, 1)
        if route is None:
            continue
        before = _short_bps(route, books, probe, prices, assets)
        try:
            books = route.quote(books, leg.amount_in).books
        except MarketRefused:
            continue
        after = _short_bps(route, books, probe, prices, assets)
        if before is not None and after is not None:
            rows.append(Touched(leg.adapter, leg.sell, leg.buy, leg.pool_keys, probe, before, after))
    return tuple(rows)


def on_top_of(last: LastSlice | None, touched: Sequence[Touched]) -> tuple[Touched, ...]:
    """Count from before the last slice where that one displaced the same price and it is not back yet."""
    before = {} if last is None else {_way(leg): leg.before_bps for leg in last.touched}
    return tuple(replace(leg, before_bps=min(leg.before_bps, before.get(_way(leg), leg.before_bps))) for leg in touched)


def refill_since(
    last: LastSlice, now: Seconds, market: MarketView, prices: Prices, assets: AssetBook, assumed: float
) -> Refill:
    """Compare the venues' reserves now with those right after the last slice; the slowest venue counts.

    Prices are held against the agreed ones, so that a market that moves as a whole is no refill.
    """
    left: float | None = None
    slowest: float | None = None
    for leg in last.touched:
        route = _route(market, leg.adapter, leg.sell, leg.buy, leg.pool_keys)
        now_bps = None if route is None else _short_bps(route, market.books, leg.probe, prices, assets)
        if now_bps is None or leg.moved_bps <= 0:
            continue
        rest = max(now_bps - leg.before_bps, 0.0)
        left = max(left or 0.0, rest)
        slowest = max(slowest or 0.0, _half_life(leg.moved_bps, rest, now - last.at, assumed))
    return Refill(left, assumed if slowest is None else slowest)


def due_at(last: LastSlice, refill: Refill, rule: PaceRule, *, to_sell_ustx: int, ends_at: Seconds) -> Seconds:
    """Return the time before which the next slice does not run.

    It waits until a quarter of the displacement is left, or for its share of the time until `ends_at`: what is
    left to sell then still fits in, in slices like the last one.
    """
    if rule.span == 0 or last.moved_bps <= rule.calm_bps:
        return last.at
    slices = max(ceil(to_sell_ustx / max(last.sold_ustx, 1)), 1)
    share = max(ends_at - last.at, 0) / slices
    return Seconds(last.at + int(min(HALVINGS * refill.half_life, share)))


def impact_for(plan: Sequence[Touched], rule: PaceRule, *, half_life: float, time_left: int) -> Bps | None:
    """Return how far the next slice may move a venue's price; None when the whole trade may go at once.

    The displacement that the whole trade would cause is spread evenly over as many slices as the venues can
    refill between in the time that is left.
    """
    whole = max((leg.moved_bps for leg in plan), default=0.0)
    if rule.span == 0 or whole <= rule.calm_bps:
        return None
    slices = 1 + max(time_left, 0) / (HALVINGS * half_life)
    return Bps(min(max(ceil(whole / slices), rule.calm_bps), rule.most_bps))


def slices_at_pace(plan: Sequence[Touched], rule: PaceRule, *, time_left: int) -> int:
    """Return over how many slices a whole trade will about be spread, venues refilling as a slow one is assumed to."""
    impact = impact_for(plan, rule, half_life=rule.half_life, time_left=time_left)
    whole = max((leg.moved_bps for leg in plan), default=0.0)
    return 1 if impact is None else max(ceil(whole / impact), 1)


def left_behind(voted_e12: Mapping[str, int], prices: Prices, stop_bps: int) -> dict[str, int]:
    """Return by how many bps each agreed price has moved since the vote, for those beyond `stop_bps`.

    Measured against the lower of the two, so that up and down count alike.
    """
    moved = {
        symbol: abs(prices[symbol].price_e12 - price) * BPS_ONE // max(min(prices[symbol].price_e12, price), 1)
        for symbol, price in voted_e12.items()
        if symbol in prices
    }
    return {symbol: bps for symbol, bps in moved.items() if bps > stop_bps}


def _half_life(moved_bps: float, rest_bps: float, seconds: int, assumed: float) -> float:
    if rest_bps > moved_bps * UNCHANGED:
        # Nothing came back, which says something only once there was time for it.
        return assumed if seconds < assumed else SLOWEST
    halvings = inf if rest_bps <= 0 else log(moved_bps / rest_bps) / log(2)
    return min(max(seconds / halvings, QUICKEST), SLOWEST)


def _way(leg: Touched) -> tuple[str, str, str, tuple[str, ...]]:
    return leg.adapter, leg.sell, leg.buy, leg.pool_keys


def _route(market: MarketView, adapter: str, sell: str, buy: str, pool_keys: tuple[str, ...]) -> Route | None:
    found = (r for r in market.between(sell, buy) if r.adapter == adapter and r.pool_keys == pool_keys)
    return next(found, None)


def _short_bps(route: Route, books: Books, probe: int, prices: Prices, assets: AssetBook) -> float | None:
    """Return how far a venue pays less than the agreed price for a probe; None when it refuses or no price is agreed."""
    if route.sell not in prices or route.buy not in prices:
        return None  # of what the last slice sold the rest of, the pool may need no price any more
    try:
        paid = route.quote(books, BaseUnits(probe)).amount_out
    except MarketRefused:
        return None
    sold: int = probe * prices[route.sell].price_e12 * 10 ** assets[route.buy].decimals
    bought: int = paid * prices[route.buy].price_e12 * 10 ** assets[route.sell].decimals
    return (sold - bought) / sold * BPS_ONE
