"""Whether a rebalance is worth what it costs: value that is in the wrong place costs a rate, and trading costs too."""

from dataclasses import dataclass
from typing import Final

from keeper.core.units import BPS_ONE, Bps

DAYS_A_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class BenefitRule:
    """What being off target is taken to cost."""

    tracking_bps: Bps = Bps(2_000)
    """Cost of misplaced value in basis points of it a year: by how much what the whales hold and what the pool
    holds instead are expected to part."""
    days: int = 30
    """For how long a rebalance is taken to help, in days; whales move on, and then another one is due."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Both sides of a rebalance, in µSTX."""

    cost_ustx: int
    """Gas and slippage as expected; below zero where the venues pay more than agreed prices."""
    benefit_ustx: int
    moved_ustx: int
    """Value that would come to where it belongs."""

    @property
    def excess_ustx(self) -> int:
        """Return by how much the cost exceeds the benefit; zero or less when it is worth it."""
        return self.cost_ustx - self.benefit_ustx


def weigh(cost_ustx: int, misplaced_ustx: int, left_ustx: int, rule: BenefitRule) -> Worth:
    """Weigh what a rebalance costs against what the value it brings home would have cost where it is.

    benefit = (misplaced - left) · tracking_bps / 10000 · days / 365, rounded down; values in µSTX above target,
    before the rebalance and after it.
    """
    moved = max(misplaced_ustx - left_ustx, 0)
    return Worth(cost_ustx, moved * rule.tracking_bps * rule.days // (BPS_ONE * DAYS_A_YEAR), moved)
