"""Curves through exact quotes: what a lane pays, as a formula that a solver can work with.

A constant-product pool pays rate · x / (1 + x / depth), and so does a chain of them; two quotes determine
both numbers. Any other venue is close to such a curve near the amount at hand, so its curve is drawn anew
through quotes there once that amount is known.
"""

from math import inf
from typing import Final

from keeper.core.equilibrium import Curve
from keeper.core.flows import Network
from keeper.core.market import Books
from keeper.core.units import BPS_ONE

NO_BEND: Final = 1e7
"""Depth, in whole values, of a lane whose quotes show no impact at all; deeper ones count as this deep."""
NEARER: Final = 4
"""The second quote is for this part of the first one's amount."""
SEARCHES: Final = 24
"""Steps in the search for the largest amount that a venue takes."""
KEPT: Final = 1 - 1e-7
"""The caps stay this much inside, so that rounding never makes a quote unfair."""


def draw(network: Network, lane: int, books: Books, amount: int, total: int) -> Curve | None:
    """Return the curve of a lane near `amount` base units, in parts of the fine value `total`.

    None when the lane cannot be used at all: nothing to sell, refused, or no fair price at any amount.
    """
    most = _largest(network, lane, books, amount)
    fill = network.quote(lane, books, most)
    if fill is None:
        return None
    basket, own = network.basket, network.lanes[lane]
    per_unit_in = basket.prices_e12[own.sell] / (basket.scales[own.sell] * total)
    per_unit_out = basket.prices_e12[own.buy] / (basket.scales[own.buy] * total)
    x, paid = most * per_unit_in, fill.amount_out * per_unit_out
    rate, depth = paid / x, NO_BEND
    part = network.quote(lane, books, most // NEARER)
    if part is not None:
        nearer = most // NEARER * per_unit_in
        bend = (x / paid - nearer / (part.amount_out * per_unit_out)) / (x - nearer)
        flat = x / paid - bend * x
        if bend > 0 and flat > 0:
            rate, depth = 1 / flat, min(flat / bend, NO_BEND)
    least = (1 - network.max_slippage_bps / BPS_ONE) * max(1.0, basket.priced_apart(own.sell, own.buy))
    cap = min(_fair_up_to(rate, depth, least), _calm_up_to(depth, network.max_impact_bps))
    if most < amount:
        cap = min(cap, x)
    return Curve(own.sell, own.buy, rate, depth, cap * KEPT) if cap > 0 else None


def _fair_up_to(rate: float, depth: float, least: float) -> float:
    """Return the value up to which the whole lane pays at least `least` of what it sells."""
    return inf if least <= 0 else depth * (rate / least - 1)


def _calm_up_to(depth: float, max_impact_bps: int) -> float:
    """Return the value up to which the lane's marginal rate, (1 + x / depth)^-2 of the first one, falls no further."""
    kept = 1 - max_impact_bps / BPS_ONE
    return inf if kept <= 0 else depth * (kept**-0.5 - 1)


def _largest(network: Network, lane: int, books: Books, amount: int) -> int:
    """Return `amount`, or where the venue refuses so much the largest amount that it takes, as found by halving."""
    if network.quote(lane, books, amount) is not None:
        return amount
    low, high = 0, amount
    for _ in range(SEARCHES):
        middle = (low + high) // 2
        if network.quote(lane, books, middle) is None:
            high = middle
        else:
            low = middle
        if high - low <= max(low >> 12, 1):
            break
    return low
