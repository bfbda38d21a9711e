"""What a whole rebalance would cost: gas and slippage, each as expected and at worst."""

from dataclasses import dataclass

from keeper.core.assets import AssetBook
from keeper.core.market import MarketView
from keeper.core.pacing import slices_at_pace, touched_by
from keeper.core.plans import Plan
from keeper.core.policy import Policy
from keeper.core.prices import Prices
from keeper.core.slicing import LEG_COST_USTX
from keeper.core.units import BPS_ONE, MicroStx, mul_div_up, value_ustx_down


@dataclass(frozen=True, slots=True)
class Part:
    """An amount in µSTX: what is expected, and the least and the most that it can come to."""

    expected_ustx: int
    low_ustx: int
    high_ustx: int

    def __add__(self, other: "Part") -> "Part":
        return Part(
            self.expected_ustx + other.expected_ustx,
            self.low_ustx + other.low_ustx,
            self.high_ustx + other.high_ustx,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a plan. Slippage below zero is a gain."""

    slices: int
    gas: Part
    slippage: Part
    """Value lost to fees and price impact: as quoted, and if every leg paid only its minimum."""
    value_ustx: MicroStx

    @property
    def total(self) -> Part:
        """Return gas and slippage together."""
        return self.gas + self.slippage

    def percent(self, ustx: int) -> float | None:
        """Return a part of the pool's value in percent; None for an empty pool."""
        return None if self.value_ustx <= 0 else round(ustx * 100 / self.value_ustx, 6)


def estimate_plan(plan: Plan, prices: Prices, assets: AssetBook, policy: Policy, market: MarketView) -> Estimate:
    """Return what carrying out the whole of `plan` over `market` would cost under `policy`.

    Gas is expected at the keeper's own figure for a leg and is never more than the fee cap of each slice. Slippage is
    that of the whole trade at once: what its slices save is up to the venues and not counted on.
    """
    slices = _slices(plan, prices, assets, policy, market)
    usual = min(LEG_COST_USTX * len(plan.legs), policy.max_fee_ustx) * slices
    gas = Part(usual, min(usual, slices), policy.max_fee_ustx * slices)
    given = sum(
        value_ustx_down(leg.amount_in, prices[leg.sell].price_e12, assets[leg.sell].decimals) for leg in plan.legs
    )
    least = sum(value_ustx_down(leg.min_out, prices[leg.buy].price_e12, assets[leg.buy].decimals) for leg in plan.legs)
    worst = max(given - least, plan.cost_ustx)
    return Estimate(slices, gas, Part(plan.cost_ustx, min(plan.cost_ustx, worst), worst), plan.value_before_ustx)


def _slices(plan: Plan, prices: Prices, assets: AssetBook, policy: Policy, market: MarketView) -> int:
    """Return how many slices it takes when each sells as much as the policy, and the pace of the venues, let it."""
    if not plan.legs:
        return 0
    most = plan.value_before_ustx * policy.max_slice_bps
    by_size = max(mul_div_up(plan.turnover_ustx, BPS_ONE, most), 1) if most else 1
    time_left = min(policy.pace.span, policy.mandate_open)
    by_pace = slices_at_pace(touched_by(plan, market, prices, assets), policy.pace, time_left=time_left)
    return max(by_size, by_pace)
