"""Which whales a pool follows, and the target allocation that follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Final

from keeper.core.units import BPS_ONE, Bps, Seconds
from keeper.core.whales import RankBy, Whale, WhaleRule
from keeper.errors import BadInput

MAX_AHEAD: Final = Seconds(300)
"""Clocks differ a little; an observation stamped further ahead than this is not believed."""


@dataclass(frozen=True, slots=True)
class TargetAllocation:
    """What the followed whales hold, as a target for a pool."""

    target_bps: Mapping[str, int]
    """Every asset the pool may hold, in the order given; sums to exactly 10,000."""
    coverage_bps: Bps
    """Share of the whales' weighted value that the pool may hold, rounded down."""
    dropped: Mapping[str, int]
    """What the whales hold and the pool may not, in bps of their weighted value, rounded down."""
    weights: Mapping[str, int]
    """Weight of each whale by address, in bps; sums to exactly 10,000."""


def select_whales(whales: Iterable[Whale], rule: WhaleRule, now: Seconds) -> tuple[Whale, ...]:
    """Return the whales that `rule` follows at `now`, best first; equal ranks go by address.

    An address that was observed more than once counts once, by its newest observation.

    Raises:
        BadInput: the rule asks for fewer than one whale.
    """
    if rule.top < 1:
        message = f"a pool must follow at least one whale, its rule says top = {rule.top}"
        raise BadInput(message, field="top", value=rule.top)
    newest: dict[str, Whale] = {}
    for whale in whales:
        if counts(whale, rule, now) and not _is_older(whale, newest.get(whale.address)):
            newest[whale.address] = whale
    ranked = sorted(newest.values(), key=lambda whale: (-_rank(whale, rule.rank_by), whale.address))
    return tuple(ranked[: rule.top])


def last_second(whales: Iterable[Whale], rule: WhaleRule, now: Seconds) -> Seconds | None:
    """Return until when `select_whales` gives what it gives at `now`, the second itself included; None: for ever.

    A whale stops to count when it is too old, and one stamped too far ahead starts to.
    """
    of_rule = [whale.observed_at for whale in whales if whale.category == rule.category]
    changes = [at + rule.max_age if now - at >= -MAX_AHEAD else at - MAX_AHEAD - 1 for at in of_rule]
    return min((Seconds(at) for at in changes if at >= now), default=None)


def target_from_whales(whales: Sequence[Whale], allowed: Sequence[str], rank_by: RankBy = "score") -> TargetAllocation:
    """Blend the whales' own allocations into one target over the `allowed` symbols.

    Each whale's allocation is normalised by its own sum, then weighted by its score (or by what it
    stacks). What the pool may not hold is dropped and the rest scaled up to 10,000 bps, rounded by
    largest remainder. Everything before that last rounding is exact.

    Raises:
        BadInput: no whales, a weight or share that is not positive where it must be, or no
            overlap between what the whales hold and what the pool may hold.
    """
    weights = _weights(whales, rank_by)
    totals = {whale.address: _own_total(whale) for whale in whales}
    common = lcm(*totals.values())
    held: dict[str, int] = {}
    for whale in whales:
        scale = weights[whale.address] * (common // totals[whale.address])
        for symbol, share in whale.allocation_bps.items():
            held[symbol] = held.get(symbol, 0) + share * scale
    kept = {symbol: held.get(symbol, 0) for symbol in allowed}
    whole, covered = sum(held.values()), sum(kept.values())
    if covered == 0:
        message = "the followed whales hold nothing that this pool may hold"
        raise BadInput(message, whales=tuple(totals), allowed=tuple(allowed), held=tuple(sorted(held)))
    return TargetAllocation(
        target_bps=largest_remainder(kept),
        coverage_bps=Bps(covered * BPS_ONE // whole),
        dropped={s: v * BPS_ONE // whole for s, v in sorted(held.items()) if v and s not in kept},
        weights=largest_remainder(weights),
    )


def largest_remainder(parts: Mapping[str, int], whole: int = BPS_ONE) -> dict[str, int]:
    """Share out `whole` in proportion to `parts`, so that the shares sum to exactly `whole`.

    Each share is rounded down; what is left goes, one each, to the largest remainders, equal
    remainders by name. The parts must not be negative and must not all be zero.
    """
    total = sum(parts.values())
    shares = {name: part * whole // total for name, part in parts.items()}
    left = whole - sum(shares.values())
    by_remainder = sorted(parts, key=lambda name: (-(parts[name] * whole % total), name))
    for name in by_remainder[:left]:
        shares[name] += 1
    return shares


def counts(whale: Whale, rule: WhaleRule, now: Seconds) -> bool:
    """Return whether a whale is one that `rule` may choose at `now`: of its category, seen lately, and winning enough."""
    age = now - whale.observed_at
    if whale.category != rule.category or not -MAX_AHEAD <= age <= rule.max_age:
        return False
    if rule.min_win_rate_bps is None:
        return True
    return whale.win_rate_bps is not None and whale.win_rate_bps > rule.min_win_rate_bps


def _is_older(whale: Whale, other: Whale | None) -> bool:
    return other is not None and whale.observed_at < other.observed_at


def _rank(whale: Whale, rank_by: RankBy) -> int:
    return whale.stacked_ustx if rank_by == "stacked" else whale.score


def _weights(whales: Sequence[Whale], rank_by: RankBy) -> dict[str, int]:
    if not whales:
        message = "no whale passes this pool's rule, so there is no target to follow"
        raise BadInput(message, whales=())
    weights = {whale.address: _rank(whale, rank_by) for whale in whales}
    if len(weights) != len(whales):
        message = "the same whale is listed twice"
        raise BadInput(message, whales=tuple(whale.address for whale in whales))
    for address, weight in weights.items():
        if weight <= 0:
            message = f"whale {address} has a {rank_by} of {weight}; a weight must be above zero"
            raise BadInput(message, whale=address, field=rank_by, value=weight)
    return weights


def _own_total(whale: Whale) -> int:
    for symbol, share in whale.allocation_bps.items():
        if share < 0:
            message = f"whale {whale.address} has a negative share of {symbol}: {share}"
            raise BadInput(message, whale=whale.address, asset=symbol, value=share)
    total = sum(whale.allocation_bps.values())
    if total == 0:
        message = f"whale {whale.address} has an empty allocation"
        raise BadInput(message, whale=whale.address, field="allocation_bps")
    return total
