"""Fewer legs: close the lanes that are too small, too many, or not worth what a leg costs."""

from typing import Final

from keeper.core.basket import FINE_PER_USTX
from keeper.core.flows import Flow, Network
from keeper.core.netting import misfit, without
from keeper.core.plans import Limits
from keeper.core.units import BPS_ONE

CRUMBS_PER_WHOLE: Final = 100_000
"""A leg that moves less than this part of the pool's value (0.1 bps) never earns its place."""
CRUMBS_PER_DUST: Final = 10
"""Nor does one that moves less than this part of what counts as dust."""


def prune(network: Network, flow: Flow, limits: Limits) -> Flow:
    """Return a flow over at most `max_legs` lanes, none of them a crumb, and none dearer than it is worth.

    What a closed lane moved goes over the others where they can take it.
    """
    flow, closed = _few_and_large(network, flow, limits)
    if limits.leg_cost_ustx == 0:
        return flow
    for lane in sorted(network.active(flow), key=lambda i: (sold_value(network, flow, i), i)):
        other = without(network, flow, lane, closed | {lane})
        if _is_cheaper(network, other, flow, limits):
            flow, closed = other, closed | {lane}
    return flow


def sold_value(network: Network, flow: Flow, lane: int) -> int:
    """Return the fine value of what a lane sells."""
    return network.basket.value(network.lanes[lane].sell, flow.amounts[lane])


def _few_and_large(network: Network, flow: Flow, limits: Limits) -> tuple[Flow, frozenset[int]]:
    total = sum(network.basket.values(network.basket.holdings))
    crumb = max(total // CRUMBS_PER_WHOLE, limits.dust_bps * total // (BPS_ONE * CRUMBS_PER_DUST))
    closed: frozenset[int] = frozenset()
    while active := sorted(network.active(flow), key=lambda lane: (sold_value(network, flow, lane), lane)):
        if len(active) <= limits.max_legs and sold_value(network, flow, active[0]) >= crumb:
            break
        flow, closed = _without_smallest(network, flow, active, closed)
    return flow, closed


def _without_smallest(
    network: Network, flow: Flow, active: list[int], closed: frozenset[int]
) -> tuple[Flow, frozenset[int]]:
    """Close the smallest lane that the rest can do without: the first of two legs in a row carries both."""
    for lane in active:
        rest = without(network, flow, lane, closed | {lane})
        if network.active(rest) and min(network.holdings(rest)) >= 0:
            return rest, closed | {lane}
    return without(network, flow, active[0], closed | {active[0]}), closed | {active[0]}


def _is_cheaper(network: Network, one: Flow, other: Flow, limits: Limits) -> bool:
    """Tell whether `one` saves more in legs than it loses in value, and ends no further from the target."""
    fewer = len(network.active(other)) - len(network.active(one))
    lost = _worth(network, other) - _worth(network, one)
    crumb = sum(network.basket.values(network.basket.holdings)) // CRUMBS_PER_WHOLE
    near = misfit(network, one) <= misfit(network, other) + crumb
    return near and fewer * limits.leg_cost_ustx * FINE_PER_USTX > lost


def _worth(network: Network, flow: Flow) -> int:
    return sum(network.basket.values(network.holdings(flow)))
