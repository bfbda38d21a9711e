"""How much goes over which route, and what it pays, also where routes pass the same pool."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keeper.core.basket import FINE_PER_USTX, Basket
from keeper.core.market import Books, MarketView, Route
from keeper.core.units import BPS_ONE, BaseUnits
from keeper.errors import MarketRefused


@dataclass(frozen=True, slots=True)
class Lane:
    """A route between two assets of the basket."""

    route: Route
    sell: int
    buy: int
    group: int
    """Lanes that share a pool, directly or through others, share a group."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Amounts in and out by lane, in base units of what each lane sells and buys."""

    amounts: tuple[int, ...]
    outs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What one lane's new amount does to its group's outputs, and what that is worth."""

    lane: int
    amount: int
    outs: tuple[tuple[int, int], ...]
    """New output by lane, for the lanes of the group that are in use."""
    worth: int
    """Fine value of all the group's outputs together."""


class Network:
    """The lanes open to a basket. Quotes are remembered, so that asking again costs nothing."""

    def __init__(self, basket: Basket, market: MarketView, max_slippage_bps: int) -> None:
        self.basket = basket
        self.max_slippage_bps = max_slippage_bps
        index = {symbol: i for i, symbol in enumerate(basket.symbols)}
        routes = [r for r in market.routes if r.sell in index and r.buy in index and r.sell != r.buy]
        groups = _groups(routes)
        self.lanes = tuple(Lane(r, index[r.sell], index[r.buy], groups[i]) for i, r in enumerate(routes))
        self._members: dict[int, list[int]] = {}
        for i, lane in enumerate(self.lanes):
            self._members.setdefault(lane.group, []).append(i)
        self._books = {group: _own_books(market.books, routes, lanes) for group, lanes in self._members.items()}
        self._known: dict[tuple[int, tuple[tuple[int, int], ...]], Change | None] = {}

    def still(self) -> Flow:
        """Return the flow in which nothing moves."""
        return Flow((0,) * len(self.lanes), (0,) * len(self.lanes))

    def holdings(self, flow: Flow) -> list[int]:
        """Return what is held after `flow`, in base units."""
        held = list(self.basket.holdings)
        for lane, amount, out in zip(self.lanes, flow.amounts, flow.outs, strict=True):
            held[lane.sell] -= amount
            held[lane.buy] += out
        return held

    def active(self, flow: Flow) -> list[int]:
        """Return the lanes in use."""
        return [i for i, amount in enumerate(flow.amounts) if amount]

    def worth(self, flow: Flow, lane: int) -> int:
        """Return the fine value of all that the group of `lane` pays in `flow`."""
        members = self._members[self.lanes[lane].group]
        return sum(self.basket.value(self.lanes[i].buy, flow.outs[i]) for i in members)

    def change(self, flow: Flow, lane: int, amount: int) -> Change | None:
        """Return what setting one lane to `amount` would pay; None when the venue refuses."""
        members = self._members[self.lanes[lane].group]
        wanted = ((i, amount if i == lane else flow.amounts[i]) for i in members)
        used = tuple((i, units) for i, units in wanted if units)
        if (lane, used) not in self._known:
            self._known[lane, used] = self._pay(lane, amount, used)
        return self._known[lane, used]

    def apply(self, flow: Flow, changes: Iterable[Change]) -> Flow | None:
        """Return the flow with every change made in turn; None when the venue refuses one.

        Changes in one group are paid anew, since the later ones see what the earlier ones did.
        """
        for planned in changes:
            step = planned.amount
            fresh = self.change(flow, planned.lane, step)
            if fresh is None:
                return None
            amounts, outs = list(flow.amounts), list(flow.outs)
            amounts[planned.lane], outs[planned.lane] = step, 0
            for i, out in fresh.outs:
                outs[i] = out
            flow = Flow(tuple(amounts), tuple(outs))
        return flow

    def close(self, flow: Flow, lane: int) -> Flow:
        """Return the flow without one lane; without its whole group, if what is left would be refused."""
        rest = self.change(flow, lane, 0)
        members = self._members[self.lanes[lane].group]
        outs = {} if rest is None else dict(rest.outs)
        dropped = set(members) - set(outs)
        return Flow(
            tuple(0 if i in dropped else amount for i, amount in enumerate(flow.amounts)),
            tuple(outs.get(i, 0) if i in members else out for i, out in enumerate(flow.outs)),
        )

    def floor(self, lane: int, amount: int) -> int:
        """Return the least that a lane must pay for `amount`: the agreed price less the slippage, rounded up."""
        return price_floor(self.basket, self.lanes[lane], amount, self.max_slippage_bps)

    def reverses(self, flow: Flow, lane: int) -> bool:
        """Tell whether `lane` would trade back what another lane in use trades over the same pool."""
        own = self.lanes[lane]
        return any(
            flow.amounts[i] and self.lanes[i].sell == own.buy and self.lanes[i].buy == own.sell
            for i in self._members[own.group]
        )

    def _pay(self, lane: int, amount: int, used: tuple[tuple[int, int], ...]) -> Change | None:
        books = self._books[self.lanes[lane].group]
        outs: list[tuple[int, int]] = []
        try:
            for i, units in used:
                fill = self.lanes[i].route.quote(books, BaseUnits(units))
                books = fill.books
                outs.append((i, fill.amount_out))
        except MarketRefused:
            return None
        worth = sum(self.basket.value(self.lanes[i].buy, out) for i, out in outs)
        return Change(lane, amount, tuple(outs), worth)


def price_floor(basket: Basket, lane: Lane, amount: int, max_slippage_bps: int) -> int:
    """Return the least output worth `amount` less the slippage at agreed prices, at least 1.

    Both roundings go up, so that the value the contract computes from it is never short.
    """
    kept = max(BPS_ONE - max_slippage_bps, 0)
    sold = amount * basket.prices_e12[lane.sell] * kept
    worth_ustx = -(-sold // (basket.scales[lane.sell] * FINE_PER_USTX * BPS_ONE))
    least = -(-worth_ustx * FINE_PER_USTX * basket.scales[lane.buy] // basket.prices_e12[lane.buy])
    return max(least, 1)


def _groups(routes: Sequence[Route]) -> list[int]:
    """Number the routes so that two routes with a pool in common have the same number."""
    number = list(range(len(routes)))
    first_with: dict[str, int] = {}
    for i, route in enumerate(routes):
        for key in route.pool_keys:
            old, new = number[first_with.setdefault(key, i)], number[i]
            number = [old if n == new else n for n in number]
    return number


def _own_books(books: Books, routes: Sequence[Route], lanes: Iterable[int]) -> Mapping[str, object]:
    keys = {key for i in lanes for key in routes[i].pool_keys}
    return {key: books[key] for key in keys if key in books}
