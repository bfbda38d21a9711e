"""What our contracts say, as values. Amounts are base units, shares have 6 decimals, instants are block time."""

from dataclasses import dataclass

from keeper.chain.plain import Record
from keeper.core.pauses import Pauses
from keeper.core.units import BaseUnits, Bps, MicroStx, PriceE12, Seconds


@dataclass(frozen=True, slots=True)
class Target:
    """An asset, by the principal the vault books it under, and its share of the pool."""

    asset: str
    bps: Bps


@dataclass(frozen=True, slots=True)
class PoolAsset:
    """One asset of a pool: what the vault's books hold of it, and its target."""

    asset: str
    amount: BaseUnits
    bps: Bps
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """A pool's own record. `cap_usd` is whole USD, `high_water_mark` STX per share with 12 decimals, fees are in force."""

    pool_id: int
    name: str
    share: str
    creator: str
    created_at: Seconds
    cap_usd: int
    pauses: Pauses
    total_shares: int
    pending_shares: int
    high_water_mark: PriceE12
    fees_at: Seconds
    management_bps: Bps
    """A year."""
    performance_bps: Bps
    """Of the gain above the mark."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a pool is from its target by the vault's own arithmetic; `free_ustx` leaves the queue out."""

    drift_bps: Bps
    value_ustx: MicroStx
    free_ustx: int


@dataclass(frozen=True, slots=True)
class QueuedWithdrawal:
    """Shares waiting for STX; below `min_out` µSTX the user refuses to be paid."""

    user: str
    shares: int
    min_out: MicroStx
    asked_at: Seconds


@dataclass(frozen=True, slots=True)
class MandateLimits:
    """What a mandate may move, lose to slippage per leg, and lose in all, in bps of the pool's value."""

    turnover_bps: Bps
    slippage_bps: Bps
    loss_bps: Bps


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed mandate. `state` is voting, passed, rejected, vetoed or expired; voting also after `ends_at`.

    From `due_at` on it can be concluded.
    """

    proposal_id: int
    pool_id: int
    targets: tuple[Target, ...]
    limits: MandateLimits
    open_secs: Seconds
    plan_hash: bytes
    proposer: str
    created_at: Seconds
    ends_at: Seconds
    due_at: Seconds
    stake_total: int
    votes_for: int
    votes_against: int
    state: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate that passed, and what has been done under it so far."""

    mandate_id: int
    pool_id: int
    limits: MandateLimits
    targets: tuple[Target, ...]
    opened_at: Seconds
    expires_at: Seconds
    slices: int
    turnover_ustx: MicroStx
    loss_ustx: MicroStx
    base_value_ustx: MicroStx


@dataclass(frozen=True, slots=True)
class ConsensusPrice:
    """A price the oracle stands behind: STX per whole token, or USD per STX, with 12 decimals."""

    price_e12: PriceE12
    sources: int
    oldest_at: Seconds


def pool_info(pool_id: int, row: Record) -> PoolInfo:
    """Read the answer of get-pool."""
    return PoolInfo(
        pool_id=pool_id,
        name=row.text("name"),
        share=row.text("share"),
        creator=row.text("creator"),
        created_at=Seconds(row.number("created-at")),
        cap_usd=row.number("cap-usd"),
        pauses=_pauses(row.record("pauses")),
        total_shares=row.number("total-shares"),
        pending_shares=row.number("pending-shares"),
        high_water_mark=PriceE12(row.number("high-water-mark")),
        fees_at=Seconds(row.number("fees-at")),
        management_bps=Bps(row.number("management-bps")),
        performance_bps=Bps(row.number("performance-bps")),
    )


def _pauses(row: Record) -> Pauses:
    return Pauses(row.flag("deposits"), row.flag("withdrawals"), row.flag("rebalances"))


def pool_asset(row: Record) -> PoolAsset:
    """Read one row of get-pool-assets."""
    amount, bps = BaseUnits(row.number("amount")), Bps(row.number("bps"))
    return PoolAsset(row.text("asset"), amount, bps, row.number("decimals"))


def queued(row: Record) -> QueuedWithdrawal:
    """Read one row of get-queue."""
    min_out, asked_at = MicroStx(row.number("min-out")), Seconds(row.number("asked-at"))
    return QueuedWithdrawal(row.text("user"), row.number("shares"), min_out, asked_at)


def drift(row: Record) -> Drift:
    """Read the answer of get-drift."""
    return Drift(Bps(row.number("drift-bps")), MicroStx(row.number("value-ustx")), row.number("free-ustx"))


def consensus(row: Record) -> ConsensusPrice:
    """Read the answer of get-consensus-price or get-stx-usd."""
    return ConsensusPrice(PriceE12(row.number("price")), row.number("sources"), Seconds(row.number("oldest-at")))


def proposal(proposal_id: int, row: Record) -> Proposal:
    """Read the answer of get-proposal."""
    return Proposal(
        proposal_id=proposal_id,
        pool_id=row.number("pool-id"),
        targets=_targets(row),
        limits=_limits(row),
        open_secs=Seconds(row.number("open-secs")),
        plan_hash=row.buffer("plan-hash"),
        proposer=row.text("proposer"),
        created_at=Seconds(row.number("created-at")),
        ends_at=Seconds(row.number("ends-at")),
        due_at=Seconds(row.number("due-at")),
        stake_total=row.number("stake-total"),
        votes_for=row.number("votes-for"),
        votes_against=row.number("votes-against"),
        state=row.text("state"),
    )


def mandate(mandate_id: int, row: Record) -> Mandate:
    """Read the answer of get-mandate."""
    return Mandate(
        mandate_id=mandate_id,
        pool_id=row.number("pool-id"),
        limits=_limits(row),
        targets=_targets(row),
        opened_at=Seconds(row.number("opened-at")),
        expires_at=Seconds(row.number("expires-at")),
        slices=row.number("slices"),
        turnover_ustx=MicroStx(row.number("turnover-ustx")),
        loss_ustx=MicroStx(row.number("loss-ustx")),
        base_value_ustx=MicroStx(row.number("base-value-ustx")),
    )


def _targets(row: Record) -> tuple[Target, ...]:
    return tuple(Target(target.text("asset"), Bps(target.number("bps"))) for target in row.rows("targets"))


def _limits(row: Record) -> MandateLimits:
    limits = row.record("limits")
    turnover, slippage = Bps(limits.number("turnover-bps")), Bps(limits.number("slippage-bps"))
    return MandateLimits(turnover, slippage, Bps(limits.number("loss-bps")))
