"""One pool as a card, built from its last view. The view's body is a document: any part may be missing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from keeper.core.assets import STX
from keeper.core.records import Outcome, PoolView
from keeper.core.units import BPS_ONE, Seconds
from keeper.web import text
from keeper.web.card_parts import (
    AssetRow,
    Bar,
    DriftBox,
    MandateBox,
    PoolCard,
    PriceLine,
    ProposalBox,
    QueueLine,
    SourceLine,
    WhaleLine,
)
from keeper.web.lines import IntentLine, Tone
from keeper.web.reading import Body, as_float, part, parts, whole, word

_TONES: Final[Mapping[str, Tone]] = {
    "on target": "good",
    "settled": "good",
    "drifting": "warn",
    "in vote": "busy",
    "vote ended": "busy",
    "rebalancing": "busy",
    "no agreed price": "bad",
}
_PAUSED: Final = "paused"
_ACTED: Final = frozenset(
    outcome.value
    for outcome in (
        Outcome.PROPOSED,
        Outcome.VOTE_PASSED,
        Outcome.VOTE_FAILED,
        Outcome.SLICE_EXECUTED,
        Outcome.WITHDRAWAL_PAID,
    )
)
_TROUBLE: Final = frozenset({"refused", "unavailable", "paused"})


def pool_card(view: PoolView, transactions: tuple[IntentLine, ...], now: Seconds | None, *, fresh: bool) -> PoolCard:
    """Build the card of a pool from its last view."""
    body = view.body
    state, last = word(body, "state") or "unknown", part(body, "last_decision") or {}
    assets, outcome = parts(body, "assets"), word(last, "outcome")
    seen_at = view.at if view.tip_height else None  # a view of no block is of a pool that could never be read
    return PoolCard(
        pool_id=view.pool_id,
        name=view.name,
        state=state,
        tone="bad" if state.endswith(_PAUSED) else _TONES.get(state, "none"),
        fresh=fresh,
        at=seen_at,
        time=text.instant(seen_at),
        tip_height=view.tip_height or None,
        drift=_drift(body),
        value_stx=(value := word(body, "value_stx")),
        value=text.amount(value, "STX"),
        share_price_stx=(share_price := word(body, "share_price_stx")),
        share_price=text.price(share_price, "STX"),
        coverage_bps=(coverage := whole(body, "coverage_bps")),
        coverage=text.percent(coverage),
        left_out=_weights(part(body, "dropped_bps")),
        rows=tuple(_row(row) for row in assets),
        prices=tuple(_price(row, now) for row in assets if word(row, "symbol") != STX),
        whales=tuple(_whale(whale) for whale in parts(body, "whales")),
        proposal=_proposal(part(body, "proposal"), now),
        mandate=_mandate(part(body, "mandate"), now),
        queue=None if body.get("queue") is None else tuple(_queued(item, now) for item in parts(body, "queue")),
        transactions=transactions,
        last_outcome=outcome,
        last_trouble=outcome if outcome in _TROUBLE else "",
        last_reason=word(last, "reason") or text.UNKNOWN,
        acted=outcome in _ACTED,
    )


def empty_card(pool_id: int, name: str) -> PoolCard:
    """Build the card of a pool that no cycle has seen yet."""
    nothing = PoolView(pool_id, name, Seconds(-1), 0, {"state": "starting"})
    return replace(pool_card(nothing, (), None, fresh=False), last_reason="Waiting for the first cycle.")


def _drift(body: Body) -> DriftBox:
    drift, threshold = whole(body, "drift_bps"), whole(body, "threshold_bps")
    tolerance = whole(body, "tolerance_bps")
    bar: Bar | None = None
    tone: Tone = "none"
    if drift is not None and threshold is not None and threshold > 0:
        # The scale shows twice the threshold, and more only when drift is beyond that.
        scale = max(2 * threshold, drift)
        bar = Bar(_clamp(100 * drift / scale), _clamp(100 * threshold / scale))
        tone = "warn" if drift > threshold else "none"
    return DriftBox(
        bps=drift,
        text=text.percent(drift),
        threshold_bps=threshold,
        threshold=text.percent(threshold),
        tolerance_bps=tolerance,
        tolerance=text.percent(tolerance),
        bar=bar,
        tone=tone,
    )


def _row(body: Body) -> AssetRow:
    symbol = word(body, "symbol") or text.UNKNOWN
    share, target = whole(body, "share_bps"), whole(body, "target_bps")
    return AssetRow(
        symbol=symbol,
        amount=(amount := word(body, "amount_human")),
        amount_text=text.amount(amount, symbol),
        value_stx=(value := word(body, "value_stx")),
        value=text.amount(value, "STX"),
        share_bps=share,
        share=text.percent(share),
        target_bps=target,
        target=text.percent(target),
        gap_bps=(gap := whole(body, "gap_bps")),
        gap=text.gap(gap),
        bar=None if share is None else Bar(_clamp(share / 100), None if target is None else _clamp(target / 100)),
    )


def _price(body: Body, now: Seconds | None) -> PriceLine:
    price = part(body, "price") or {}
    said, oldest, spread = word(price, "stx"), whole(price, "oldest_at"), whole(price, "spread_bps")
    return PriceLine(
        symbol=word(body, "symbol") or text.UNKNOWN,
        price_stx=said,
        price=text.price(said, "STX"),
        spread_bps=spread,
        spread=text.percent(spread),
        oldest_at=oldest,
        age=text.ago(oldest, now),
        trouble=word(price, "trouble"),
        sources=tuple(_source(source, now) for source in parts(price, "sources")),
    )


def _source(body: Body, now: Seconds | None) -> SourceLine:
    quote, said, seen_at = word(body, "quote") or "", word(body, "price"), whole(body, "seen_at")
    name = word(body, "source") or text.UNKNOWN
    return SourceLine(name, quote, said, text.price(said, quote), seen_at, text.ago(seen_at, now))


def _whale(body: Body) -> WhaleLine:
    address, weight, score = word(body, "address") or text.UNKNOWN, whole(body, "weight_bps"), word(body, "score")
    return WhaleLine(
        address=address,
        address_short=text.short(address),
        weight_bps=weight,
        weight=text.percent(weight),
        score=score,
        score_text=text.number(score),
        holds=_weights(part(body, "allocation_bps")),
    )


def _proposal(body: Body | None, now: Seconds | None) -> ProposalBox | None:
    if body is None:
        return None
    votes_for, votes_against = word(body, "votes_for"), word(body, "votes_against")
    yes, no, stake = as_float(votes_for), as_float(votes_against), as_float(word(body, "stake_total"))
    turnout = None if yes is None or no is None or not stake else int((yes + no) * BPS_ONE / stake)
    ends_at = whole(body, "ends_at")
    return ProposalBox(
        proposal_id=whole(body, "id"),
        state=word(body, "state") or text.UNKNOWN,
        votes_for=votes_for,
        votes_for_text=text.amount(votes_for, "FLOW", 0),
        votes_against=votes_against,
        votes_against_text=text.amount(votes_against, "FLOW", 0),
        turnout=text.percent(turnout),
        bar=None if turnout is None or not stake else Bar(_clamp(100 * (yes or 0) / stake), _clamp(turnout / 100)),
        ends_at=ends_at,
        due_at=(due_at := whole(body, "due_at")),
        ends=_ends(body, ends_at, due_at, now),
    )


def _ends(body: Body, ends_at: int | None, due_at: int | None, now: Seconds | None) -> str:
    """Return when a vote ends, and between its end and its effect when it may be carried out."""
    ends = text.until(ends_at, now, "ends", "ended")
    if ends_at is None or due_at is None or now is None or not ends_at <= now < due_at:
        return ends
    carried = text.until(due_at, now, "may be carried out", "")
    return f"{ends}, {carried}" if word(body, "state") == "voting" else ends


def _mandate(body: Body | None, now: Seconds | None) -> MandateBox | None:
    if body is None:
        return None
    expires_at = whole(body, "expires_at")
    return MandateBox(
        mandate_id=whole(body, "id"),
        slices=whole(body, "slices"),
        expires_at=expires_at,
        expires=text.until(expires_at, now, "expires", "expired"),
        turnover_left_stx=(turnover := word(body, "turnover_left_stx")),
        turnover_left=text.amount(turnover, "STX"),
        loss_left_stx=(loss := word(body, "loss_left_stx")),
        loss_left=text.amount(loss, "STX"),
    )


def _queued(body: Body, now: Seconds | None) -> QueueLine:
    user, shares, asked_at = word(body, "user") or text.UNKNOWN, word(body, "shares"), whole(body, "asked_at")
    return QueueLine(user, text.short(user), shares, text.number(shares), asked_at, text.ago(asked_at, now))


def _weights(body: Body | None) -> str:
    """Return weights by name as words, heaviest first."""
    known = {name: bps for name in body or {} if (bps := whole(body or {}, name)) is not None}
    heaviest = sorted(known.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {text.percent(bps)}" for name, bps in heaviest)


def _clamp(value: float) -> float:
    return round(min(100.0, max(0.0, value)), 2)
