"""The shapes of a pool's card. Decimal numbers are texts, exact as the records have them."""

from dataclasses import dataclass

from keeper.web.lines import IntentLine, Tone


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of 0 to 100 with a mark, ready to draw; None where it cannot be drawn."""

    filled: float
    mark: float | None


@dataclass(frozen=True, slots=True)
class DriftBox:
    """How far the pool is from its whales, and the bounds it is judged by."""

    bps: int | None
    text: str
    threshold_bps: int | None
    threshold: str
    tolerance_bps: int | None
    tolerance: str
    bar: Bar | None
    tone: Tone


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset of the pool against its target. Decimal numbers are texts, exact as the records have them."""

    symbol: str
    amount: str | None
    amount_text: str
    value_stx: str | None
    value: str
    share_bps: int | None
    share: str
    target_bps: int | None
    target: str
    gap_bps: int | None
    gap: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What one source says of a price, in the currency it says it in."""

    source: str
    quote: str
    price: str | None
    price_text: str
    seen_at: int | None
    age: str


@dataclass(frozen=True, slots=True)
class PriceLine:
    """An agreed price and the sources behind it, or why there is none."""

    symbol: str
    price_stx: str | None
    price: str
    spread_bps: int | None
    spread: str
    oldest_at: int | None
    age: str
    trouble: str | None
    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class WhaleLine:
    """A followed whale, its weight in the target and what it holds."""

    address: str
    address_short: str
    weight_bps: int | None
    weight: str
    score: str | None
    score_text: str
    holds: str


@dataclass(frozen=True, slots=True)
class ProposalBox:
    """The pool's latest proposal."""

    proposal_id: int | None
    state: str
    votes_for: str | None
    votes_for_text: str
    votes_against: str | None
    votes_against_text: str
    turnout: str
    bar: Bar | None
    """Votes for, as a part of the stake, with the turnout as the mark."""
    ends_at: int | None
    due_at: int | None
    """From then on the vote can be carried out."""
    ends: str


@dataclass(frozen=True, slots=True)
class MandateBox:
    """What voters have allowed, and how much of it is used."""

    mandate_id: int | None
    slices: int | None
    expires_at: int | None
    expires: str
    turnover_left_stx: str | None
    turnover_left: str
    loss_left_stx: str | None
    loss_left: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A withdrawal that waits for STX."""

    user: str
    user_short: str
    shares: str | None
    shares_text: str
    asked_at: int | None
    age: str


@dataclass(frozen=True, slots=True)
class PoolCard:
    """A pool as the page and /api/pools show it."""

    pool_id: int
    name: str
    state: str
    """A word or two as the view has it, `starting` before the first view, `unknown` when it does not say."""
    tone: Tone
    fresh: bool
    """False when no cycle of this process has finished for this pool lately."""
    at: int | None
    time: str
    tip_height: int | None
    drift: DriftBox
    value_stx: str | None
    value: str
    share_price_stx: str | None
    share_price: str
    coverage_bps: int | None
    coverage: str
    left_out: str
    """What the whales hold and the pool may not, in words; empty when there is nothing."""
    rows: tuple[AssetRow, ...]
    prices: tuple[PriceLine, ...]
    whales: tuple[WhaleLine, ...]
    proposal: ProposalBox | None
    mandate: MandateBox | None
    queue: tuple[QueueLine, ...] | None
    """Oldest first; None when it could not be read."""
    transactions: tuple[IntentLine, ...]
    last_outcome: str | None
    last_trouble: str
    """The last outcome in words when it was a refusal, an outage or a pause, else empty."""
    last_reason: str
    acted: bool
    """Whether that changed the pool after the numbers here were read."""
