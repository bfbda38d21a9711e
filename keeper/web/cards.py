"""One pool as a card, built from its last view. The view's body is a document: any part may be missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from keeper.core.records import PoolView
from keeper.core.units import BPS_ONE, Seconds
from keeper.web import text
from keeper.web.lines import IntentLine, Tone

_TONES: Final[Mapping[str, Tone]] = {
    "on target": "good",
    "adrift": "warn",
    "voting": "busy",
    "executing": "busy",
    "paying withdrawals": "busy",
    "refused": "bad",
}
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of 0 to 100 with a mark, ready to draw; None where it cannot be drawn."""

    filled: float
    mark: float | None


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset of the pool against its target."""

    symbol: str
    amount: int | None
    amount_text: str
    value_ustx: int | None
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
    """What one source says of a price."""

    source: str
    price_e12: int | None
    price: str
    at: int | None
    age: str


@dataclass(frozen=True, slots=True)
class PriceLine:
    """An agreed price and the sources behind it."""

    symbol: str
    price_e12: int | None
    price: str
    spread_bps: int | None
    spread: str
    oldest_at: int | None
    age: str
    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class WhaleLine:
    """A followed whale and its weight in the target."""

    address: str
    address_short: str
    weight_bps: int | None
    weight: str
    score: int | None


@dataclass(frozen=True, slots=True)
class ProposalBox:
    """The proposal being voted on, or the last one."""

    proposal_id: int | None
    state: str
    votes_for: int | None
    votes_for_text: str
    votes_against: int | None
    votes_against_text: str
    stake_total: int | None
    turnout: str
    bar: Bar | None
    """Votes for, as a part of the stake, with the turnout as the mark."""
    ends_at: int | None
    ends: str


@dataclass(frozen=True, slots=True)
class MandateBox:
    """What voters have allowed, and how much of it is used."""

    mandate_id: int | None
    slices: int | None
    expires_at: int | None
    expires: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A withdrawal that waits for STX."""

    user: str
    user_short: str
    shares: int | None
    shares_text: str


@dataclass(frozen=True, slots=True)
class PoolCard:
    """A pool as the page and /api/pools show it."""

    pool_id: int
    name: str
    state: str
    """A word: on target, adrift, voting, executing, paying withdrawals, refused, starting or unknown."""
    tone: Tone
    fresh: bool
    """False when no cycle of this process has finished for this pool lately."""
    at: int | None
    time: str
    tip_height: int | None
    drift_bps: int | None
    drift: str
    threshold_bps: int | None
    threshold: str
    tolerance_bps: int | None
    tolerance: str
    drift_bar: Bar | None
    drift_tone: Tone
    value_ustx: int | None
    value: str
    share_price_e12: int | None
    share_price: str
    coverage_bps: int | None
    coverage: str
    rows: tuple[AssetRow, ...]
    prices: tuple[PriceLine, ...]
    whales: tuple[WhaleLine, ...]
    proposal: ProposalBox | None
    mandate: MandateBox | None
    queue: tuple[QueueLine, ...]
    transactions: tuple[IntentLine, ...]
    last_outcome: str | None
    last_reason: str


def pool_card(view: PoolView, transactions: tuple[IntentLine, ...], now: Seconds | None, *, fresh: bool) -> PoolCard:
    """Build the card of a pool from its last view."""
    body = view.body
    state, last = _text(body, "state") or "unknown", _part(body, "last") or {}
    drift, threshold = _whole(body, "drift_bps"), _whole(body, "threshold_bps")
    proposal, mandate = _part(body, "proposal"), _part(body, "mandate")
    return PoolCard(
        pool_id=view.pool_id,
        name=view.name,
        state=state,
        tone=_TONES.get(state, "none"),
        fresh=fresh,
        at=view.at,
        time=text.instant(view.at),
        tip_height=view.tip_height,
        drift_bps=drift,
        drift=text.percent(drift),
        threshold_bps=threshold,
        threshold=text.percent(threshold),
        tolerance_bps=(tolerance := _whole(body, "tolerance_bps")),
        tolerance=text.percent(tolerance),
        drift_bar=_drift_bar(drift, threshold),
        drift_tone="warn" if drift is not None and threshold is not None and drift > threshold else "none",
        value_ustx=(value := _whole(body, "value_ustx")),
        value=text.stx(value),
        share_price_e12=(share_price := _whole(body, "share_price_e12")),
        share_price=text.price(share_price),
        coverage_bps=(coverage := _whole(body, "coverage_bps")),
        coverage=text.percent(coverage),
        rows=tuple(_row(part) for part in _parts(body, "rows")),
        prices=tuple(_price(part, now) for part in _parts(body, "prices")),
        whales=tuple(_whale(part) for part in _parts(body, "whales")),
        proposal=None if proposal is None else _proposal(proposal, now),
        mandate=None if mandate is None else _mandate(mandate, now),
        queue=tuple(_queued(part) for part in _parts(body, "queue")),
        transactions=transactions,
        last_outcome=_text(last, "outcome"),
        last_reason=_text(last, "reason") or text.UNKNOWN,
    )


def empty_card(pool_id: int, name: str) -> PoolCard:
    """Build the card of a pool that no cycle has seen yet."""
    nothing = PoolView(pool_id, name, Seconds(-1), 0, {"state": "starting"})
    card = pool_card(nothing, (), None, fresh=False)
    return replace(card, at=None, tip_height=None, last_reason="Waiting for the first cycle.")


def _row(part: Body) -> AssetRow:
    share, target = _whole(part, "share_bps"), _whole(part, "target_bps")
    return AssetRow(
        symbol=_text(part, "symbol") or text.UNKNOWN,
        amount=_whole(part, "amount"),
        amount_text=_text(part, "amount_text") or text.UNKNOWN,
        value_ustx=(value := _whole(part, "value_ustx")),
        value=text.stx(value),
        share_bps=share,
        share=text.percent(share),
        target_bps=target,
        target=text.percent(target),
        gap_bps=(gap := _whole(part, "gap_bps")),
        gap=text.gap(gap),
        bar=None if share is None else Bar(_clamp(share / 100), None if target is None else _clamp(target / 100)),
    )


def _price(part: Body, now: Seconds | None) -> PriceLine:
    price, oldest = _whole(part, "price_e12"), _whole(part, "oldest_at")
    return PriceLine(
        symbol=_text(part, "symbol") or text.UNKNOWN,
        price_e12=price,
        price=_text(part, "text") or text.price(price),
        spread_bps=(spread := _whole(part, "spread_bps")),
        spread=text.percent(spread),
        oldest_at=oldest,
        age=text.ago(oldest, now),
        sources=tuple(
            SourceLine(
                source=_text(source, "source") or text.UNKNOWN,
                price_e12=(said := _whole(source, "price_e12")),
                price=text.price(said),
                at=(at := _whole(source, "at")),
                age=text.ago(at, now),
            )
            for source in _parts(part, "sources")
        ),
    )


def _whale(part: Body) -> WhaleLine:
    address, weight = _text(part, "address") or text.UNKNOWN, _whole(part, "weight_bps")
    return WhaleLine(address, text.short(address), weight, text.percent(weight), _whole(part, "score"))


def _proposal(part: Body, now: Seconds | None) -> ProposalBox:
    yes, no, stake = _whole(part, "votes_for"), _whole(part, "votes_against"), _whole(part, "stake_total")
    turnout = None if yes is None or no is None or not stake else (yes + no) * BPS_ONE // stake
    ends_at = _whole(part, "ends_at")
    return ProposalBox(
        proposal_id=_whole(part, "id"),
        state=_text(part, "state") or text.UNKNOWN,
        votes_for=yes,
        votes_for_text=text.flow(yes),
        votes_against=no,
        votes_against_text=text.flow(no),
        stake_total=stake,
        turnout=text.percent(turnout),
        bar=None if turnout is None or not stake else Bar(_clamp(100 * (yes or 0) / stake), _clamp(turnout / 100)),
        ends_at=ends_at,
        ends=text.until(ends_at, now, "ends", "ended"),
    )


def _mandate(part: Body, now: Seconds | None) -> MandateBox:
    expires_at = _whole(part, "expires_at")
    expires = text.until(expires_at, now, "expires", "expired")
    return MandateBox(_whole(part, "id"), _whole(part, "slices"), expires_at, expires)


def _queued(part: Body) -> QueueLine:
    user, shares = _text(part, "user") or text.UNKNOWN, _whole(part, "shares")
    return QueueLine(user, text.short(user), shares, text.shares(shares))


def _drift_bar(drift: int | None, threshold: int | None) -> Bar | None:
    """Return drift on a scale that shows twice the threshold, and more only when drift is beyond that."""
    if drift is None or not threshold or threshold < 0:
        return None
    scale = max(2 * threshold, drift)
    return Bar(_clamp(100 * drift / scale), _clamp(100 * threshold / scale))


def _clamp(value: float) -> float:
    return round(min(100.0, max(0.0, value)), 2)


def _whole(part: Body, name: str) -> int | None:
    value = part.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(part: Body, name: str) -> str | None:
    value = part.get(name)
    return value if isinstance(value, str) and value else None


def _part(part: Body, name: str) -> Body | None:
    value = part.get(name)
    return value if isinstance(value, Mapping) else None


def _parts(part: Body, name: str) -> Sequence[Body]:
    value = part.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []
