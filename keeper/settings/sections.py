"""The sections of the settings: what each may hold, its bounds and its sentence."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from keeper.core.benefit import BenefitRule
from keeper.core.pacing import PaceRule
from keeper.core.policy import Cadence
from keeper.core.units import Bps, Seconds
from keeper.core.whales import RankBy, WhaleRule
from keeper.settings.shapes import ContractName, Name, NodeUrl, Principal


class Section(BaseModel):
    """Common rules of every nested section."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class HiddenSection(Section):
    """A section that may hold secrets: pydantic's own errors leave its values out."""

    model_config = ConfigDict(hide_input_in_errors=True)


class AssetSettings(Section):
    """One asset that pools may hold."""

    symbol: Name
    """Short name used in settings, logs and pages; STX for native STX."""
    decimals: int = Field(ge=0, le=18)
    """Decimal places of the token's base unit."""
    contract: Principal
    """Principal of the SIP-010 contract, or "stx" for native STX."""
    token_name: Name | None = None
    """Name of the fungible token inside its contract, needed for post-conditions; absent for STX."""


class NodeSettings(Section):
    """One further Stacks node, asked when it is ahead of the others or they fail."""

    url: NodeUrl
    """Address of the node's RPC."""
    api_url: NodeUrl | None = None
    """Address of the API when it is not served beside the RPC; the key goes there and nowhere else."""
    api_key: SecretStr | None = None
    """Key for a node or API provider that asks for one."""
    requests_per_minute: int | None = Field(default=None, ge=10, le=100_000)
    """Most requests a minute to each of its hosts; absent: 25 to a Hiro host without a key, else no limit."""


class WhaleSettings(Section):
    """Which whales a pool follows."""

    category: Name
    """Category of whales in the store."""
    top: int = Field(default=3, ge=1, le=50)
    """How many of the best are followed."""
    rank_by: RankBy = "score"
    """What "best" means: composite score, or STX stacked."""
    min_win_rate_bps: int | None = Field(default=None, ge=0, le=10_000)
    """When set, a whale's 30-day win rate must be above this, in basis points."""
    max_age_seconds: int = Field(default=604_800, ge=60, le=31_536_000)
    """Oldest observation of a whale that still counts, in seconds."""

    def rule(self) -> WhaleRule:
        """Return the same choice as the core's rule."""
        floor = None if self.min_win_rate_bps is None else Bps(self.min_win_rate_bps)
        return WhaleRule(self.category, self.top, self.rank_by, floor, Seconds(self.max_age_seconds))


class PoolSettings(Section):
    """One pool that the keeper looks after."""

    pool_id: int = Field(ge=1)
    """Number of the pool in the vault."""
    name: Name
    """Name shown on the page and in alerts."""
    share_token: ContractName
    """Name of the pool's share token contract under the deployer."""
    assets: tuple[str, ...] = Field(min_length=1, max_length=10)
    """Symbols of the assets the pool may hold; STX is always one of them."""
    drift_threshold_bps: int = Field(default=1_000, ge=10, le=10_000)
    """Drift above which a rebalance is proposed, in basis points of the pool's value."""
    tolerance_bps: int = Field(default=200, ge=1, le=10_000)
    """How far from its target any asset may be for the pool to count as on target, in basis points of its value."""
    cadence: Cadence = "none"
    """Dates on which any drift beyond the tolerance is proposed: every second Monday, or the first of the month or of the quarter, UTC."""
    whales: WhaleSettings
    """The whales it follows."""


class PolicySettings(Section):
    """The limits that the keeper holds itself to; contracts hold their own besides."""

    max_price_age_seconds: int = Field(default=900, ge=10, le=86_400)
    """Oldest price that is ever used, in seconds; sources that renew theirs seldom have the next bound."""
    max_slow_price_age_seconds: int = Field(default=1_800, ge=10, le=86_400)
    """Oldest price of a source that renews its prices seldom (DIA, every quarter of an hour or so), in seconds."""
    max_price_spread_bps: int = Field(default=1_000, ge=1, le=1_000)
    """Most that two sources of one price may differ, in basis points."""
    max_price_jump_bps: int = Field(default=1_000, ge=1, le=1_000)
    """Most that an agreed price may move between cycles, in basis points."""
    min_sources: int = Field(default=2, ge=2, le=10)
    """Fewest sources that must agree on a price."""
    price_basis: Literal["median", "first"] = "median"
    """What an agreed price is: the middle of all sources, or that of the first there is: Pyth, the venues' average, DIA, the stSTX ratio, CoinGecko."""
    venue_probe_stx: int = Field(default=1_000, ge=1, le=1_000_000)
    """Size at which a venue's price is taken, in STX bought and sold back in thought; about what a slice trades."""
    venue_probe_bps: int = Field(default=100, ge=0, le=1_000)
    """The same in basis points of the pool's value, where that is more; a venue that loses too much on it is no source for that pool."""
    max_slippage_bps: int = Field(default=150, ge=1, le=200)
    """Most that one swap's minimum may lie below the agreed price, in basis points; contracts allow 200."""
    max_slice_bps: int = Field(default=3_500, ge=1, le=10_000)
    """Most of a pool's value that one slice may sell, in basis points."""
    slice_span_seconds: int = Field(default=86_400, ge=0, le=86_400)
    """Over how long a trade may be spread, in seconds of block time from its first slice on; 0: as fast as the other limits let it."""
    slice_calm_bps: int = Field(default=50, ge=1, le=10_000)
    """A slice that moves no venue's price further than this goes at once, and none waits for it; in basis points."""
    slice_impact_bps: int = Field(default=200, ge=1, le=10_000)
    """Most that one slice of a spread trade may move a venue's price, in basis points."""
    refill_seconds: int = Field(default=1_800, ge=60, le=21_600)
    """How long a venue is taken to need to make good half of what a slice moved it, before that was seen; in seconds."""
    mandate_price_move_bps: int = Field(default=1_000, ge=1, le=10_000)
    """An agreed price that has moved further than this since the vote stops the mandate, in basis points of the lower price."""
    max_legs: int = Field(default=6, ge=1, le=10)
    """Most swaps in one slice; the rebalancer takes 10."""
    mandate_turnover_bps: int = Field(default=6_000, ge=1, le=20_000)
    """Turnover asked for in a mandate over all its slices, in basis points of the pool's value."""
    mandate_loss_bps: int = Field(default=100, ge=1, le=200)
    """Loss of value asked for in a mandate over all its slices, in basis points of the pool's value."""
    mandate_open_seconds: int = Field(default=172_800, ge=3_600, le=604_800)
    """How long a passed mandate stays open, in seconds of block time."""
    price_heartbeat_seconds: int = Field(default=600, ge=0, le=86_400)
    """How long after the last report a pool at rest reports its prices again, in seconds; 0 lets them age, and deposits with them. Above 900 the oracle's averages of venues begin anew each time."""
    tracking_cost_bps: int = Field(default=2_000, ge=1, le=1_000_000)
    """What value in the wrong place is taken to cost, in basis points of it a year; a rebalance that costs more than it saves is not proposed."""
    benefit_days: int = Field(default=30, ge=1, le=365)
    """For how long a rebalance is taken to help, in days."""
    dust_bps: int = Field(default=10, ge=0, le=500)
    """Differences below this share of the pool's value are left alone, in basis points."""

    def benefit(self) -> BenefitRule:
        """Return what being off target costs, as the core's rule."""
        return BenefitRule(Bps(self.tracking_cost_bps), self.benefit_days)

    def pace(self) -> PaceRule:
        """Return how a large trade is spread, as the core's rule."""
        return PaceRule(
            span=Seconds(self.slice_span_seconds),
            calm_bps=Bps(self.slice_calm_bps),
            most_bps=Bps(self.slice_impact_bps),
            half_life=Seconds(self.refill_seconds),
            stop_bps=Bps(self.mandate_price_move_bps),
        )


class FeeSettings(Section):
    """What the keeper pays the network."""

    max_fee_ustx: int = Field(default=200_000, ge=1, le=1_000_000)
    """Most that one transaction may cost, in µSTX."""
    floor_ustx: int = Field(default=1_000, ge=1, le=1_000_000)
    """Least that is offered however low the estimate, in µSTX."""
    max_day_ustx: int = Field(default=5_000_000, ge=1, le=1_000_000_000)
    """Most that all transactions of a day (UTC, by block time) may cost, in µSTX; a tenth of it is kept for what is urgent."""
    raise_bps: int = Field(default=2_500, ge=1, le=10_000)
    """How much more is offered for a transaction that is not taken up, in basis points of what was offered before."""
    raise_after_seconds: int = Field(default=300, ge=10, le=86_400)
    """How long a transaction waits before more is offered for it, in seconds of block time."""


class SendingSettings(Section):
    """When a transaction counts as done, and who may send."""

    confirmations: int = Field(default=3, ge=1, le=100)
    """Blocks, its own included, that a transaction lies deep before it counts as settled."""
    lease_seconds: int = Field(default=9, ge=1, le=60)
    """How long the keeper that sends may be silent before another one on the same store takes over, in seconds."""
