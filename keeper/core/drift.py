"""How far a pool is from its target, with the vault contract's own arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.core.assets import STX
from keeper.core.units import BPS_ONE, Bps, MicroStx, mul_div_down, mul_div_up


@dataclass(frozen=True, slots=True)
class Drift:
    """A pool against a target. Values are µSTX; a gap is held minus wanted, so above zero is too much."""

    drift_bps: Bps
    """Half the sum of all gaps, in bps of the free value, rounded down; 0 when nothing is free."""
    value_ustx: MicroStx
    free_ustx: MicroStx
    """Value less what queued withdrawals will take; the target applies to this part."""
    gaps_ustx: Mapping[str, int]
    """Per asset, over everything held or wanted."""
    deviations_bps: Mapping[str, int]
    """Each gap in bps of the free value, rounded away from zero so that it is never understated."""

    @property
    def worst_bps(self) -> Bps:
        """The largest deviation of any one asset."""
        return Bps(max((abs(bps) for bps in self.deviations_bps.values()), default=0))


def pool_drift(values_ustx: Mapping[str, int], target_bps: Mapping[str, int], pending_ustx: int) -> Drift:
    """Measure a pool as `get-drift` of the vault does, over held and wanted assets alike.

    `values_ustx` is the value of each holding, `pending_ustx` that of the queued withdrawals, which
    are owed in STX and therefore come off the STX side, even below zero.
    """
    value = sum(values_ustx.values())
    free = value - pending_ustx
    held = {symbol: values_ustx.get(symbol, 0) for symbol in _union(values_ustx, target_bps)}
    held[STX] -= pending_ustx
    if free <= 0:
        return Drift(Bps(0), MicroStx(value), MicroStx(free), dict.fromkeys(held, 0), dict.fromkeys(held, 0))
    gaps = {s: v - mul_div_down(target_bps.get(s, 0), free, BPS_ONE) for s, v in held.items()}
    total_gap = sum(abs(gap) for gap in gaps.values())
    return Drift(
        drift_bps=Bps(total_gap * BPS_ONE // (2 * free)),
        value_ustx=MicroStx(value),
        free_ustx=MicroStx(free),
        gaps_ustx=gaps,
        deviations_bps={s: _away_from_zero(gap, free) for s, gap in gaps.items()},
    )


def within_tolerance(drift: Drift, tolerance_bps: int) -> bool:
    """Tell whether every single asset is within `tolerance_bps` of the free value from its target."""
    return drift.worst_bps <= tolerance_bps


def same_target(one: Mapping[str, int], other: Mapping[str, int], within_bps: int = 0) -> bool:
    """Tell whether two targets differ by at most `within_bps` in every asset; absent means 0."""
    return all(abs(one.get(s, 0) - other.get(s, 0)) <= within_bps for s in {*one, *other})


def _union(values_ustx: Mapping[str, int], target_bps: Mapping[str, int]) -> dict[str, None]:
    return dict.fromkeys((STX, *values_ustx, *target_bps))


def _away_from_zero(gap: int, free: int) -> int:
    size = mul_div_up(abs(gap), BPS_ONE, free)
    return size if gap >= 0 else -size
