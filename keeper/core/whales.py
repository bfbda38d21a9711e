"""A whale as the store holds it, and which of them a pool follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from keeper.core.units import Bps, MicroStx, Seconds

RankBy = Literal["score", "stacked"]

MOST_SCORE: Final = 10**9
MOST_SHARE_BPS: Final = 10**6
MOST_STACKED_USTX: Final = 2**63 - 1
LATEST: Final = 2**40
"""No whale's numbers are anywhere near these, its time in seconds least of all; a larger one is a mistake or worse."""


@dataclass(frozen=True, slots=True)
class Whale:
    """One followed wallet. Weights are in basis points of its own value and need not sum to 10,000."""

    address: str
    category: str
    score: int
    """Composite score in hundredths of a point; higher is better."""
    win_rate_bps: Bps | None
    """Share of winning trades over 30 days; None when unknown."""
    stacked_ustx: MicroStx
    allocation_bps: Mapping[str, int]
    observed_at: Seconds


@dataclass(frozen=True, slots=True)
class WhaleRule:
    """How a pool chooses its whales."""

    category: str
    top: int
    rank_by: RankBy = "score"
    min_win_rate_bps: Bps | None = None
    """When set, a whale must be strictly above it; an unknown win rate is not above it."""
    max_age: Seconds = Seconds(7 * 24 * 3600)
    """Oldest observation that still counts."""
