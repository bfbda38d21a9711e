"""The limits the keeper keeps on its own, and what it is told about each pool. Plain values: the core reads no settings."""

from dataclasses import dataclass, field
from typing import Literal

from keeper.core.benefit import BenefitRule
from keeper.core.pacing import PaceRule
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.venue_prices import PROBE_BPS, PROBE_USTX
from keeper.core.whales import WhaleRule

Cadence = Literal["none", "two-weekly", "monthly", "quarterly"]


@dataclass(frozen=True, slots=True)
class PoolRule:
    """One pool as configured."""

    pool_id: int
    name: str
    share: str
    """Principal of the pool's share token."""
    symbols: tuple[str, ...]
    """Assets the pool may hold."""
    drift_threshold_bps: Bps
    """Drift from the whales above which a rebalance is proposed."""
    tolerance_bps: Bps
    """How far from its target any asset may be for the pool to count as on target."""
    whales: WhaleRule
    cadence: Cadence = "none"
    """The dates on which any drift beyond the tolerance is reason enough to propose."""
    proposals_open: bool = True
    """Whether a proposal may be opened at this look; between the times for it, one waits."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits for every pool; the contracts hold wider ones of their own."""

    max_price_age: Seconds
    max_price_spread_bps: Bps
    max_price_jump_bps: Bps
    min_sources: int
    max_slippage_bps: Bps
    max_slice_bps: Bps
    """Most of a pool's value that one slice sells."""
    max_legs: int
    dust_bps: Bps
    mandate_turnover_bps: Bps
    mandate_loss_bps: Bps
    mandate_open: Seconds
    price_heartbeat: Seconds
    """How long after its last report a pool at rest reports its prices again; 0 lets them age."""
    max_fee_ustx: MicroStx
    """Most that one transaction may cost."""
    max_slow_price_age: Seconds = Seconds(1_800)
    """Oldest price of a source that renews its prices seldom."""
    price_basis: Literal["median", "first"] = "median"
    """What an agreed price is: the middle of all sources, or that of the first in the fallback order."""
    benefit: BenefitRule = field(default_factory=BenefitRule)
    """What being off target is taken to cost; a rebalance that costs more is not proposed."""
    pace: PaceRule = field(default_factory=PaceRule)
    """How a large trade is spread over time."""
    venue_probe_ustx: MicroStx = PROBE_USTX
    """What is bought and sold back in thought to learn a venue's price."""
    venue_probe_bps: Bps = PROBE_BPS
    """Part of a pool's value that the same is at least."""
