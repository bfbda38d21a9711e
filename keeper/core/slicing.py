"""How much of a mandate one slice may use, and how many slices it will take."""

from dataclasses import dataclass
from typing import Final

from keeper.core.drift import Drift
from keeper.core.plans import Limits
from keeper.core.policy import Policy
from keeper.core.units import BPS_ONE, Bps, MicroStx, mul_div_down, percent

LEG_COST_USTX: Final = MicroStx(10_000)
"""What one more leg adds to the fee of a transaction, on the high side. It keeps the planner from
splitting a trade for a gain smaller than this."""


@dataclass(frozen=True, slots=True)
class MandateBudget:
    """What a mandate allows in all and what its slices have used, as the governance contract keeps it."""

    turnover_bps: Bps
    slippage_bps: Bps
    loss_bps: Bps
    base_value_ustx: MicroStx
    """Value of the pool when the mandate opened; both totals are measured against it."""
    turnover_ustx: MicroStx = MicroStx(0)
    loss_ustx: MicroStx = MicroStx(0)

    @property
    def turnover_left_ustx(self) -> MicroStx:
        """Return the value that may still be sold, never below zero."""
        whole = mul_div_down(self.base_value_ustx, self.turnover_bps, BPS_ONE)
        return MicroStx(max(whole - self.turnover_ustx, 0))

    @property
    def loss_left_ustx(self) -> MicroStx:
        """Return the value that may still be lost, never below zero."""
        whole = mul_div_down(self.base_value_ustx, self.loss_bps, BPS_ONE)
        return MicroStx(max(whole - self.loss_ustx, 0))


@dataclass(frozen=True, slots=True)
class SliceLimits:
    """The limits of the next slice."""

    limits: Limits
    turnover_ustx: MicroStx
    """Most that the slice may sell."""
    expected_slices: int | None
    """Slices still needed for the drift at hand, this one included; None when nothing may be sold."""
    reason: str
    """Which bound is the narrowest, in words."""


def slice_limits(policy: Policy, budget: MandateBudget, drift: Drift) -> SliceLimits:
    """Return what the next slice may do under the keeper's policy and what the mandate has left.

    Even if every leg paid only its minimum, the slice must stay inside the loss that is left: at a slippage
    of s it may sell at most loss / s. All bounds are rounded down.
    """
    slippage = min(policy.max_slippage_bps, budget.slippage_bps)
    value = drift.value_ustx
    bounds = {
        f"one slice may sell {percent(policy.max_slice_bps)} of the pool": mul_div_down(
            value, policy.max_slice_bps, BPS_ONE
        ),
        "the mandate's turnover is nearly used up": int(budget.turnover_left_ustx),
        "the mandate's loss limit is nearly used up": _sellable_for_loss(budget.loss_left_ustx, slippage),
    }
    reason, most = min(bounds.items(), key=lambda item: item[1])
    turnover_bps = mul_div_down(most, BPS_ONE, value) if value else 0
    limits = Limits(
        max_slippage_bps=Bps(slippage),
        max_turnover_bps=Bps(turnover_bps),
        max_legs=policy.max_legs,
        dust_bps=policy.dust_bps,
        leg_cost_ustx=LEG_COST_USTX,
    )
    usable = mul_div_down(value, turnover_bps, BPS_ONE)
    return SliceLimits(limits, MicroStx(usable), _slices(drift, usable), reason)


def whole_limits(policy: Policy) -> Limits:
    """Return the limits of a whole rebalance, as one trade."""
    return Limits(policy.max_slippage_bps, policy.mandate_turnover_bps, policy.max_legs, policy.dust_bps)


def to_sell_ustx(drift: Drift) -> MicroStx:
    """Return the value that lies above target and must be sold at least once."""
    return MicroStx(sum(gap for gap in drift.gaps_ustx.values() if gap > 0))


def _sellable_for_loss(loss_ustx: int, slippage_bps: int) -> int:
    return mul_div_down(loss_ustx, BPS_ONE, max(slippage_bps, 1))


def _slices(drift: Drift, turnover_ustx: int) -> int | None:
    return -(-to_sell_ustx(drift) // turnover_ustx) if turnover_ustx else None
