"""Flows as legs in an order that can be carried out, with exact quotes and safe minimums."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keeper.core.flows import Flow, Lane, Network, price_floor
from keeper.core.market import Books, Fill
from keeper.core.plans import Fallback, Leg, Limits
from keeper.core.units import BPS_ONE, BaseUnits, mul_div_up, value_ustx_down


@dataclass(frozen=True, slots=True)
class Schedule:
    """Legs in order and what is held after them if each pays what was quoted."""

    legs: tuple[Leg, ...]
    holdings_after: Mapping[str, int]
    turnover_ustx: int
    """Value at agreed prices of all that is sold, each leg rounded down."""


def schedule(network: Network, flow: Flow, limits: Limits) -> Schedule:
    """Put the lanes in use in order, sellers before buyers, and quote each on what the last one left.

    A leg spends at most what is held for certain at that moment: what was held at the start, and of
    earlier legs only their minimums. A leg that has nothing to spend or no fair quote is left out.
    """
    basket, books = network.basket, network.books
    held, certain = list(basket.holdings), list(basket.holdings)
    legs: list[Leg] = []
    turnover = 0
    for lane in network.in_order(flow):
        own = network.lanes[lane]
        fill = _fair_fill(network, lane, books, min(flow[lane], certain[own.sell]), limits)
        if fill is None:
            continue
        leg = _leg(network, own, fill, limits)
        leg = replace(leg, fallback=_fallback(network, own, books, leg))
        books = {**books, **fill.books}
        held[own.sell] -= fill.amount_in
        certain[own.sell] -= fill.amount_in
        held[own.buy] += fill.amount_out
        certain[own.buy] += leg.min_out
        decimals = len(str(basket.scales[own.sell])) - 1
        turnover += value_ustx_down(fill.amount_in, basket.prices_e12[own.sell], decimals)
        legs.append(leg)
    return Schedule(tuple(legs), dict(zip(basket.symbols, held, strict=True)), turnover)


def _fair_fill(network: Network, lane: int, books: Books, amount: int, limits: Limits) -> Fill | None:
    """Quote the largest amount up to `amount` that pays at least the agreed price less the slippage."""
    fill = _quote(network, lane, books, amount, limits)
    if fill is not None or amount <= 1:
        return fill
    low, high = 0, amount
    while high - low > max(amount // 1_000, 1):
        middle = (low + high) // 2
        tried = _quote(network, lane, books, middle, limits)
        if tried is None:
            high = middle
        else:
            low, fill = middle, tried
    return fill


def _quote(network: Network, lane: int, books: Books, amount: int, limits: Limits) -> Fill | None:
    fill = network.quote(lane, books, amount)
    if fill is None:
        return None
    floor = price_floor(network.basket, network.lanes[lane], amount, limits.max_slippage_bps)
    return fill if fill.amount_out >= floor else None


def _leg(network: Network, lane: Lane, fill: Fill, limits: Limits) -> Leg:
    floor = price_floor(network.basket, lane, fill.amount_in, limits.max_slippage_bps)
    near_quote = mul_div_up(fill.amount_out, BPS_ONE - limits.quote_slack_bps, BPS_ONE)
    route = lane.route
    return Leg(
        venue=route.venue,
        adapter=route.adapter,
        payer=route.payer,
        sell=route.sell,
        buy=route.buy,
        pool_keys=route.pool_keys,
        amount_in=fill.amount_in,
        expected_out=fill.amount_out,
        min_out=BaseUnits(max(floor, near_quote)),
    )


def _fallback(network: Network, lane: Lane, books: Books, leg: Leg) -> Fallback | None:
    """Return the other venue that would pay the most for the leg, if that is its minimum; the first one of equals."""
    best, most = None, int(leg.min_out) - 1
    for i in network.between[lane.sell, lane.buy]:
        route = network.lanes[i].route
        if route.adapter == leg.adapter:
            continue
        fill = network.quote(i, books, leg.amount_in)
        if fill is not None and fill.amount_out > most:
            best, most = Fallback(route.venue, route.adapter), fill.amount_out
    return best
