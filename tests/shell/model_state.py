"""What the model chain remembers, with the field names of the contracts where the keeper sees them."""

from dataclasses import dataclass, field, replace
from typing import Any

from keeper.core.pauses import RUNNING, Pauses
from keeper.testing.build import DEPLOYER

CARRY_OUT_SECONDS = 7 * 86_400


class Refusal(Exception):
    """A contract answers (err uCODE)."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class ModelPool:
    holdings: dict[str, int]
    targets: dict[str, int]
    name: str = "DeFi Whale Index"
    share: str = f"{DEPLOYER}.pool-share-1"
    pauses: Pauses = RUNNING
    outflow: tuple[int, int] = (0, 0)
    """The last day on which STX left, and how much."""
    total_shares: int = 100_000_000_000
    queue: list[dict[str, Any]] = field(default_factory=list)
    latest_proposal: int | None = None
    latest_mandate: int | None = None

    @property
    def pending_shares(self):
        return sum(row["shares"] for row in self.queue)

    def copy(self):
        return replace(self, holdings=dict(self.holdings), targets=dict(self.targets), queue=list(self.queue))


@dataclass(slots=True)
class Proposal:
    pool_id: int
    targets: list[dict[str, Any]]
    limits: dict[str, int]
    open_secs: int
    plan_hash: bytes
    created_at: int
    ends_at: int
    due_at: int
    votes_for: int = 0
    votes_against: int = 0
    vetoed: bool = False
    state: str = "voting"

    def verdict(self, now):
        """Return how the vote ended, as the ballot box does."""
        if self.votes_for <= self.votes_against:
            return "rejected"
        if self.vetoed:
            return "vetoed"
        return "passed" if now < self.due_at + CARRY_OUT_SECONDS else "expired"


@dataclass(slots=True)
class Mandate:
    proposal: Proposal
    opened_at: int
    expires_at: int
    base_value_ustx: int
    slices: int = 0
    turnover_ustx: int = 0
    loss_ustx: int = 0
