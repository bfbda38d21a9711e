"""Which flows bring a basket to its target at the least cost.

This is a minimum-cost flow with costs that grow as pools are used. It is solved by scaling: value
moves in large steps along the cheapest paths first, then in ever smaller ones. A path may also take
back part of a flow made earlier, so an early step never binds a later one, and at each scale cycles
that gain value are worked off, which evens out the marginal prices of parallel routes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from keeper.core.basket import Band
from keeper.core.flows import Change, Flow, Network

FINEST: Final = 200_000
"""The last step is this part of the basket's value: 0.05 bps."""
STEPS_PER_SCALE: Final = 60
"""More steps than this at one scale are left to the next finer one."""
WORTHWHILE: Final = 50_000
"""A cycle must gain more than this part of what it moves, or it is left alone."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A way to move value from one asset to another: use a lane more, or take back some of it."""

    start: int
    end: int
    cost: int
    """Fine value lost by it; below zero is a gain."""
    change: Change | None
    """None for the two ends of a path through assets that have room to spare."""


Edges = Mapping[tuple[int, int], Arc]


def net_flows(network: Network) -> Flow:
    """Return amounts by lane that bring the basket as near to its bands as the lanes allow."""
    total = sum(network.basket.values(network.basket.holdings))
    flow = network.still()
    for step in _scales(total // 8, total):
        flow = _settle_at(network, flow, step, frozenset())
    return flow


def without(network: Network, flow: Flow, lane: int, banned: frozenset[int]) -> Flow:
    """Return `flow` with one lane closed and its amount moved to others, none of the `banned` among them."""
    total = sum(network.basket.values(network.basket.holdings))
    step = network.basket.value(network.lanes[lane].sell, flow.amounts[lane])
    flow = network.close(flow, lane)
    for size in _scales(step, total):
        flow = _settle_at(network, flow, size, banned)
    return flow


def _scales(first: int, total: int) -> Iterator[int]:
    step = first
    while step * FINEST > total:
        yield step
        step //= 2
    if total:
        yield max(total // FINEST, 1)


def _settle_at(network: Network, flow: Flow, step: int, banned: frozenset[int]) -> Flow:
    for _ in range(STEPS_PER_SCALE):
        edges = _edges(network, flow, step, banned)
        better = _move_along_a_path(network, flow, step, edges) or _work_off_a_cycle(network, flow, step, edges)
        if better is None:
            break
        flow = better
    return flow


def _edges(network: Network, flow: Flow, step: int, banned: frozenset[int]) -> dict[tuple[int, int], Arc]:
    """Return the cheapest arc between each two assets for moving `step` of value."""
    best: dict[tuple[int, int], Arc] = {}
    for lane in range(len(network.lanes)):
        if lane in banned:
            continue
        for arc in (_more(network, flow, lane, step), _less(network, flow, lane, step)):
            if arc is not None:
                known = best.get((arc.start, arc.end))
                if known is None or arc.cost < known.cost:
                    best[arc.start, arc.end] = arc
    return best


def _more(network: Network, flow: Flow, lane: int, step: int) -> Arc | None:
    own = network.lanes[lane]
    units = network.basket.amount(own.sell, step)
    if units == 0 or network.reverses(flow, lane):
        return None
    amount = flow.amounts[lane] + units
    change = network.change(flow, lane, amount)
    if change is None or dict(change.outs)[lane] < network.floor(lane, amount):
        return None
    gained = change.worth - network.worth(flow, lane)
    return Arc(own.sell, own.buy, network.basket.value(own.sell, units) - gained, change)


def _less(network: Network, flow: Flow, lane: int, step: int) -> Arc | None:
    own = network.lanes[lane]
    units = network.basket.amount(own.sell, step)
    amount = flow.amounts[lane] - units
    if units == 0 or amount < 0:
        return None
    change = network.change(flow, lane, amount)
    if change is None:
        return None
    given_up = network.worth(flow, lane) - change.worth
    return Arc(own.buy, own.sell, given_up - network.basket.value(own.sell, units), change)


def _bands(network: Network, flow: Flow) -> tuple[list[int], list[Band]]:
    values = network.basket.values(network.holdings(flow))
    return values, network.basket.bands(sum(values))


def misfit(network: Network, flow: Flow) -> int:
    """Return by how much all assets together lie outside their bands, fine."""
    pairs = zip(*_bands(network, flow), strict=True)
    return sum(max(value - band.high, band.low - value, 0) for value, band in pairs)


def _work_off_a_cycle(network: Network, flow: Flow, step: int, edges: Edges) -> Flow | None:
    """Return a flow worth more, made by moving `step` of value round a cycle; None when there is none."""
    values, bands = _bands(network, flow)
    hub = len(values)
    arcs = dict(edges)
    for i, (value, band) in enumerate(zip(values, bands, strict=True)):
        if value - step >= band.low:
            arcs[hub, i] = Arc(hub, i, 0, None)
        if value + step <= band.high:
            arcs[i, hub] = Arc(i, hub, 0, None)
    cycle = _gaining_cycle(arcs, hub + 1)
    if -sum(arc.cost for arc in cycle) * WORTHWHILE <= step or _only_trades_in_a_circle(flow, cycle):
        return None
    better = network.apply(flow, (arc.change for arc in cycle if arc.change is not None))
    if better is None or sum(_bands(network, better)[0]) <= sum(values):
        return None
    return better


def _only_trades_in_a_circle(flow: Flow, cycle: list[Arc]) -> bool:
    """Tell whether a cycle adds trades only. That would be arbitrage, which no mandate asks for."""
    return all(arc.change is not None and arc.change.amount > flow.amounts[arc.change.lane] for arc in cycle)


def _gaining_cycle(arcs: Edges, nodes: int) -> list[Arc]:
    """Find a cycle of negative cost (Bellman and Ford's way); empty when there is none."""
    cost = [0] * nodes
    came_by: dict[int, Arc] = {}
    touched: int | None = None
    for _ in range(nodes):
        touched = None
        for arc in arcs.values():
            if cost[arc.start] + arc.cost < cost[arc.end]:
                cost[arc.end] = cost[arc.start] + arc.cost
                came_by[arc.end] = arc
                touched = arc.end
    if touched is None:
        return []
    for _ in range(nodes):
        touched = came_by[touched].start
    cycle = [came_by[touched]]
    while cycle[-1].start != touched:
        cycle.append(came_by[cycle[-1].start])
    return cycle[::-1]


def _move_along_a_path(network: Network, flow: Flow, step: int, edges: Edges) -> Flow | None:
    """Return a flow nearer to the bands by one cheapest path of `step`; None when there is none."""
    values, bands = _bands(network, flow)
    pairs = list(enumerate(zip(values, bands, strict=True)))
    over = [i for i, (value, band) in pairs if value - step >= band.high]
    under = [i for i, (value, band) in pairs if value + step <= band.low]
    givers = over or [i for i, (value, band) in pairs if under and value - step >= band.low]
    takers = [i for i, (value, band) in pairs if value + step <= band.high] if over else under
    path = _cheapest_path(edges, givers, takers, len(values))
    better = network.apply(flow, (arc.change for arc in path if arc.change is not None))
    if not path or better is None or misfit(network, better) >= misfit(network, flow):
        return None
    return better


def _cheapest_path(arcs: Edges, givers: list[int], takers: list[int], nodes: int) -> list[Arc]:
    """Return the arcs of the cheapest path from any giver to any taker; empty when none leads there."""
    cost = dict.fromkeys(givers, 0)
    path: dict[int, list[Arc]] = {giver: [] for giver in givers}
    for _ in range(nodes):
        for arc in arcs.values():
            if arc.start not in cost or any(arc.end in (a.start, a.end) for a in path[arc.start]):
                continue
            through = cost[arc.start] + arc.cost
            if arc.end not in cost or through < cost[arc.end]:
                cost[arc.end], path[arc.end] = through, [*path[arc.start], arc]
    reached = [taker for taker in takers if path.get(taker)]
    return path[min(reached, key=lambda taker: (cost[taker], taker))] if reached else []
