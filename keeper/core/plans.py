"""A plan: which swaps, why, and at what expected cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keeper.core.units import BPS_ONE, BaseUnits, Bps, MicroStx


@dataclass(frozen=True, slots=True)
class Fallback:
    """The venue that a leg goes to when its own fails, on the same terms."""

    venue: str
    adapter: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One swap through one adapter. Amounts are base units of the asset they name."""

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]
    amount_in: BaseUnits
    expected_out: BaseUnits
    min_out: BaseUnits
    fallback: Fallback | None = None
    """None where no other venue would pay the minimum. What is expected never counts on it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one slice may do. The mandate's own limits are already folded in."""

    max_slippage_bps: Bps
    """Most a leg's minimum may lie below the agreed price; the contract's ceiling is 200."""
    max_turnover_bps: Bps
    """Most of the pool's value that this slice may sell."""
    max_legs: int
    dust_bps: Bps
    """Differences below this share of the pool's value are left alone."""
    quote_slack_bps: Bps = Bps(50)
    """How far a leg may fall behind its quote between planning and mining, so that a small move in
    the market does not undo the whole transaction. Never lets a leg pay less than the slippage allows."""
    max_impact_bps: Bps = Bps(BPS_ONE)
    """Most that one leg may move its venue's price, by which a large trade is cut into slices; 10000 is no bound."""
    aim_bps: Bps = Bps(0)
    """How far from its target an asset may be left, in bps of the pool's value, where that is cheaper."""
    leg_cost_ustx: MicroStx = MicroStx(0)
    """What one more leg costs beside the trade itself; a leg that brings less is left out."""
    accepted_e12: Mapping[str, int] = field(default_factory=dict)
    """The contracts' own prices by symbol, STX with 12 decimals per whole token, by which they judge every leg and the
    drift; an asset without one is not traded. Empty: they are not asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The legs in order, and in plain words why they exist or why there are none."""

    legs: tuple[Leg, ...]
    reason: str
    value_before_ustx: MicroStx
    value_after_ustx: MicroStx
    turnover_ustx: MicroStx
    holdings_after: Mapping[str, int]
    held_back: bool = False
    """There are no legs because of the contracts' prices alone: at ours there would be some."""

    @property
    def cost_ustx(self) -> int:
        """Value lost at agreed prices if the legs pay what was quoted; negative is a gain."""
        return self.value_before_ustx - self.value_after_ustx
