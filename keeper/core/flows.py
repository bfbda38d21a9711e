"""The lanes open to a basket, how much goes over each, and the least that one must pay."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from keeper.core.basket import FINE_PER_USTX, Basket
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BPS_ONE, BaseUnits, mul_div_up
from keeper.errors import MarketRefused


@dataclass(frozen=True, slots=True)
class Lane:
    """A route between two assets of the basket, given by their place in it."""

    route: Route
    sell: int
    buy: int


Flow = Mapping[int, int]
"""Base units sold by lane, for the lanes in use."""


class Network:
    """The lanes open to a basket, and the venues' pools as they are before anything is traded."""

    def __init__(
        self, basket: Basket, market: MarketView, max_slippage_bps: int, max_impact_bps: int = BPS_ONE
    ) -> None:
        self.basket = basket
        self.max_slippage_bps = max_slippage_bps
        self.max_impact_bps = max_impact_bps
        self.books: Books = market.books
        index = {symbol: i for i, symbol in enumerate(basket.symbols)}
        routes = (r for r in market.routes if r.sell in index and r.buy in index and r.sell != r.buy)
        lanes = (Lane(route, index[route.sell], index[route.buy]) for route in routes)
        self.lanes = tuple(lane for lane in lanes if basket.priced_apart(lane.sell, lane.buy) < inf)
        self.between: dict[tuple[int, int], list[int]] = {}
        for i, lane in enumerate(self.lanes):
            self.between.setdefault((lane.sell, lane.buy), []).append(i)

    def quote(self, lane: int, books: Books, amount: int) -> Fill | None:
        """Return what a lane pays for `amount` base units; None when there is nothing to sell or the venue refuses."""
        if amount <= 0:
            return None
        try:
            return self.lanes[lane].route.quote(books, BaseUnits(amount))
        except MarketRefused:
            return None

    def reverses(self) -> dict[int, int]:
        """Return, by lane, the one that goes back over the same pools."""
        ways = {(lane.sell, lane.buy, lane.route.pool_keys): i for i, lane in enumerate(self.lanes)}
        back = ((i, (lane.buy, lane.sell, lane.route.pool_keys[::-1])) for i, lane in enumerate(self.lanes))
        return {i: ways[way] for i, way in back if way in ways}

    def sold_value(self, flow: Flow, lane: int) -> int:
        """Return the fine value of what a lane sells, at our price or the contracts', whichever says more."""
        basket, sell = self.basket, self.lanes[lane].sell
        amount = flow.get(lane, 0)
        theirs = amount * basket.accepted_e12[sell] // basket.scales[sell] if basket.accepted_e12 else 0
        return max(basket.value(sell, amount), theirs)

    def in_order(self, flow: Flow) -> list[int]:
        """Sort the lanes in use so that whatever pays an asset comes before whatever spends it."""
        left = sorted(lane for lane, amount in flow.items() if amount > 0)
        order: list[int] = []
        while left:
            bought = {self.lanes[i].buy for i in left}
            ready = [i for i in left if self.lanes[i].sell not in bought]
            # Only a circle of trades has no first leg; any of them may then begin, it spends what is held.
            order += ready or left[:1]
            left = [i for i in left if i not in order]
        return order


def price_floor(basket: Basket, lane: Lane, amount: int, max_slippage_bps: int) -> int:
    """Return the least output worth `amount` less the slippage, at our prices and at the contracts', at least 1.

    All roundings go up, so that the value the contract computes from it is never short.
    """
    books = [prices for prices in (basket.prices_e12, basket.accepted_e12) if prices]
    return max(1, *(_floor_at(prices, basket, lane, amount, max_slippage_bps) for prices in books))


def _floor_at(prices_e12: tuple[int, ...], basket: Basket, lane: Lane, amount: int, max_slippage_bps: int) -> int:
    kept = max(BPS_ONE - max_slippage_bps, 0)
    sold_ustx = mul_div_up(amount, prices_e12[lane.sell], basket.scales[lane.sell] * FINE_PER_USTX)
    worth_ustx = mul_div_up(sold_ustx, kept, BPS_ONE)
    return mul_div_up(worth_ustx, FINE_PER_USTX * basket.scales[lane.buy], prices_e12[lane.buy])
