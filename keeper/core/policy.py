"""The limits the keeper keeps on its own, and what it is told about each pool. Plain values: the core reads no settings."""

from dataclasses import dataclass

from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import WhaleRule


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
