"""Which flows bring a basket to its target at the least cost, over few enough lanes.

Curves are drawn through exact quotes, the balance of the whole network is found, lanes that do not earn
their place are closed and the rest balanced anew. What comes out is checked against exact quotes, taken
one after the other as the legs will be, and the curves are drawn again wherever those differ.
"""

from collections.abc import Mapping
from typing import Final

from keeper.core.assets import STX
from keeper.core.basket import MILLION, Basket
from keeper.core.curves import draw
from keeper.core.equilibrium import Curve, Goal
from keeper.core.flows import Flow, Network
from keeper.core.plans import Limits
from keeper.core.pruning import Draft, prune
from keeper.core.units import BPS_ONE

ROUNDS: Final = 4
"""How often curves are drawn anew where a venue's own arithmetic is not quite theirs."""
CLOSE: Final = 1e-6
"""A quote this near to the curve, as a part of what is sold, needs no other curve."""


def net_flows(network: Network, limits: Limits) -> Flow:
    """Return amounts by lane that bring the basket as near to its bands as the lanes allow."""
    basket = network.basket
    values = basket.values(basket.holdings)
    total = sum(values)
    if total <= 0:
        return {}
    goals = goals_of(basket, total)
    about = _to_move(values, goals, total)
    curves = {}
    for i, lane in enumerate(network.lanes):
        if not _is_doubled(network, i):
            curve = draw(network, i, network.books, basket.amount(lane.sell, about), total)
            if curve is not None:
                curves[i] = curve
    held = [value / total for value in values]
    draft = prune(network, Draft.of(curves, held, goals, network.reverses()), limits, total)
    flow = _amounts(network, draft, total)
    for _ in range(ROUNDS):
        closer = _redrawn(network, draft, flow, total)
        if not closer:
            break
        draft = draft.with_curves(closer)
        flow = _amounts(network, draft, total)
    return flow


def goals_of(basket: Basket, total: int) -> list[Goal]:
    """Return where each asset should end, in parts of the fine value `total`."""
    owed = basket.pending / total
    shares = (bps / BPS_ONE for bps in basket.target_bps)
    return [
        Goal(share, (owed if symbol == STX else 0.0) - share * owed, slack / MILLION)
        for symbol, share, slack in zip(basket.symbols, shares, basket.slack, strict=True)
    ]


def _to_move(values: list[int], goals: list[Goal], total: int) -> int:
    """Return the fine value that lies above target, about as much as any lane may come to carry."""
    over = (value - (goal.share + goal.fixed) * total for value, goal in zip(values, goals, strict=True))
    return max(int(sum(gap for gap in over if gap > 0)), total // 10_000, 1)


def _is_doubled(network: Network, lane: int) -> bool:
    """Tell whether a route of several hops passes pools that lanes of one hop offer just as well."""
    keys = network.lanes[lane].route.pool_keys
    if len(keys) == 1:
        return False
    single = {other.route.pool_keys[0] for other in network.lanes if len(other.route.pool_keys) == 1}
    return all(key in single for key in keys)


def _amounts(network: Network, draft: Draft, total: int) -> Flow:
    basket = network.basket
    sold = ((lane, basket.amount(network.lanes[lane].sell, int(x * total))) for lane, x in draft.sold.items())
    return {lane: amount for lane, amount in sold if amount > 0}


def _redrawn(network: Network, draft: Draft, flow: Flow, total: int) -> Mapping[int, Curve]:
    """Quote the lanes in the order of their legs; return new curves for those that pay otherwise than drawn."""
    basket, books = network.basket, network.books
    closer: dict[int, Curve] = {}
    for lane in network.in_order(flow):
        own = network.lanes[lane]
        fill = network.quote(lane, books, flow[lane])
        sold = basket.value(own.sell, flow[lane]) / total
        paid = 0.0 if fill is None else basket.value(own.buy, fill.amount_out) / total
        unit = basket.value(own.buy, 1) / total
        if abs(paid - draft.curves[lane].pays(sold)) > CLOSE * sold + unit:
            curve = draw(network, lane, books, flow[lane], total)
            if curve is not None:
                closer[lane] = curve
        if fill is not None:
            books = fill.books
    return closer
