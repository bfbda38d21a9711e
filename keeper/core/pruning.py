"""Fewer legs: close the lanes that go in a circle, are too small, too many, or not worth what a leg costs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

from keeper.core.basket import FINE_PER_USTX
from keeper.core.equilibrium import Balance, Curve, Goal, balance, cut_off, gaps_of
from keeper.core.flows import Network
from keeper.core.plans import Limits
from keeper.core.units import BPS_ONE

CRUMB: Final = 1e-5
"""A leg that moves less than this part of the pool's value (0.1 bps) never earns its place."""
CRUMBS_PER_DUST: Final = 10
"""Nor does one that moves less than this part of what counts as dust."""
COSTLIER: Final = 3
"""A plan over fewer lanes is taken to cost up to this many times as much; what it ends short of by cost alone is no misfit."""
WAYS: Final = 130
"""In how many ways lanes are looked at together where each one left is needed: all ways to take 4 of 9."""
AS_NEAR: Final = 1e-5
"""A plan that ends no further from the target than this much more is as near."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Curves by lane and the cheapest plan over them."""

    curves: Mapping[int, Curve]
    held: Sequence[float]
    goals: Sequence[Goal]
    reverse: Mapping[int, int]
    """The lane that goes back over the same pools, by lane."""
    found: Balance
    sold: Mapping[int, float]
    """Part of the whole value that each lane in use sells."""
    gains: Mapping[int, float]
    """What a plan without that lane loses at the least, by lane in use."""

    @classmethod
    def of(
        cls,
        curves: Mapping[int, Curve],
        held: Sequence[float],
        goals: Sequence[Goal],
        reverse: Mapping[int, int],
        start: Sequence[float] | None = None,
        *,
        near: bool = False,
        trial: bool = False,
    ) -> "Draft":
        """Return the cheapest plan over `curves`; `start`, `near` and `trial` are those of `balance`."""
        found = balance(list(curves.values()), held, goals, start, near=near, trial=trial)
        used = [(lane, x, gain) for lane, x, gain in zip(curves, found.sold, found.gains, strict=True) if x > 0]
        return cls(curves, held, goals, reverse, found, {i: x for i, x, _ in used}, {i: gain for i, _, gain in used})

    def without(self, closed: Iterable[int], *, trial: bool = False) -> "Draft":
        """Return the cheapest plan over the lanes in use but the closed ones, and over the same lanes backwards.

        A closed lane is gone for good: no later plan has it, so whoever closes lanes comes to an end.
        """
        curves = self._open_without(closed)
        return Draft.of(curves, self.held, self.goals, self.reverse, self.found.logs, trial=trial)

    def misfit_without(self, closed: Iterable[int]) -> float:
        """Return about the least misfit of a plan without the closed lanes; cheap, and never more than there will be."""
        spent = COSTLIER * max(1 - self.found.worth, 0.0)
        return cut_off(self._pairs_without(closed), gaps_of(self.held, self.goals)) - spent

    def nearest_without(self, ways: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        """Return the lanes of `ways` that cut off least when they are closed; of equals, those that gain least."""
        gaps, gains = gaps_of(self.held, self.goals), self.gains
        return min(
            ways,
            key=lambda closed: (_steps(cut_off(self._pairs_without(closed), gaps)), sum(gains[i] for i in closed)),
        )

    def _pairs_without(self, closed: Iterable[int]) -> list[tuple[int, int]]:
        """Return what the open lanes trade; the way back leads to the same assets."""
        left = self.sold.keys() - set(closed)
        return [(self.curves[lane].sell, self.curves[lane].buy) for lane in left]

    def _open_without(self, closed: Iterable[int]) -> dict[int, Curve]:
        gone = set(closed)
        left = self.sold.keys() - gone
        # Where both ways are in use the closed one is also the way back of the one left, and must not come back as that.
        ways = left | {self.reverse[lane] for lane in left if lane in self.reverse} - gone
        return {lane: curve for lane, curve in self.curves.items() if lane in ways}

    def with_curves(self, other: Mapping[int, Curve]) -> "Draft":
        """Return the cheapest plan over the lanes in use, some of them with another curve."""
        curves = {lane: other.get(lane, self.curves[lane]) for lane in self.sold}
        return Draft.of(curves, self.held, self.goals, self.reverse, self.found.logs, near=True)


def prune(network: Network, draft: Draft, limits: Limits, total: int) -> Draft:
    """Return a plan over at most `max_legs` lanes, none of them a crumb, and none dearer than it is worth.

    What a closed lane moved goes over the others where they can take it. `total` is the fine value of all.
    """
    crumb = max(CRUMB, limits.dust_bps / (BPS_ONE * CRUMBS_PER_DUST))
    draft = _repeat(draft, lambda now: _circle(network, now))
    draft = _repeat(draft, lambda now: [lane for lane, x in now.sold.items() if x < crumb])
    draft = _few(network, draft, limits.max_legs)
    draft = _worth_their_cost(draft, limits.leg_cost_ustx * FINE_PER_USTX / total)
    return _repeat(draft, lambda now: [lane for lane, x in now.sold.items() if x < crumb])


def _repeat(draft: Draft, to_close: Callable[[Draft], list[int]]) -> Draft:
    while closed := to_close(draft):
        draft = draft.without(closed)
    return draft


def _circle(network: Network, draft: Draft) -> list[int]:
    """Return the smallest lane of a circle of trades, if there is one. That would be arbitrage, which nobody asks for."""
    left = set(draft.sold)
    while left:
        bought, sold = ({getattr(network.lanes[i], side) for i in left} for side in ("buy", "sell"))
        inner = {i for i in left if network.lanes[i].sell in bought and network.lanes[i].buy in sold}
        if inner == left:
            return [min(left, key=lambda lane: (draft.sold[lane], lane))]
        left = inner
    return []


def _few(network: Network, draft: Draft, most: int) -> Draft:
    """Close lanes, those that gain least first, as long as there are too many."""
    if most < 1:
        return draft.without(draft.sold)
    while len(draft.sold) > most:
        needed = _forest(network, draft)
        spare = sorted(draft.sold.keys() - needed, key=lambda lane: (draft.gains[lane], lane))
        excess = len(draft.sold) - most
        draft = draft.without(spare[:excess] if spare else _least_needed(draft, excess))
    return draft


def _least_needed(draft: Draft, count: int) -> tuple[int, ...]:
    """Return the lanes without which the rest can end nearest to the target; of equals, those that gain least.

    How near the rest can end is known from what each part of the network lacks, without solving anything. All of
    `count` lanes are chosen together where there are few enough ways to; else one is.
    """
    lanes = sorted(draft.sold, key=lambda lane: (draft.gains[lane], lane))
    together = count if comb(len(lanes), count) <= WAYS else 1
    return draft.nearest_without(combinations(lanes, together))


def _steps(misfit: float) -> int:
    return round(misfit / AS_NEAR)


def _forest(network: Network, draft: Draft) -> set[int]:
    """Return the largest lanes that still connect every asset the draft trades."""
    group = list(range(len(draft.held)))
    kept = set()
    for lane in sorted(draft.sold, key=lambda i: (-draft.sold[i], i)):
        one, other = group[network.lanes[lane].sell], group[network.lanes[lane].buy]
        if one != other:
            kept.add(lane)
            group = [one if g == other else g for g in group]
    return kept


def _worth_their_cost(draft: Draft, cost: float) -> Draft:
    """Close lanes that gain less than a leg costs, many at a time where that works and one by one where not."""
    if cost <= 0:
        return draft
    tested: set[int] = set()
    size = len(draft.sold)
    while doubtful := [
        i for gain, i in sorted((g, i) for i, g in draft.gains.items()) if gain < cost and i not in tested
    ]:
        batch = doubtful[: max(size, 1)]
        hopeless = draft.misfit_without(batch) > draft.found.misfit + AS_NEAR
        other = draft if hopeless else draft.without(batch, trial=True)
        saved = (len(draft.sold) - len(other.sold)) * cost
        if (
            not hopeless
            and other.found.misfit <= draft.found.misfit + AS_NEAR
            and other.found.worth + saved > draft.found.worth
        ):
            draft = other
        elif len(batch) == 1:
            tested.update(batch)
        size = len(batch) // 2
    return draft
