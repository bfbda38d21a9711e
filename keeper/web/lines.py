"""Decisions, alerts and transactions as lines of a list."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from keeper.core.alert_kinds import KINDS
from keeper.core.records import OPEN_STATES, AlertRecord, Decision, Intent, Outcome
from keeper.core.units import Seconds
from keeper.web import text
from keeper.web.runbook import href

AlertState = Literal["event", "open", "over"]
Tone = Literal["good", "busy", "warn", "bad", "none"]
_FAILURES: Final = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.PAUSED})


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """How one cycle of one pool ended, and why."""

    decision_id: str
    pool_id: int
    pool: str
    at: int
    time: str
    age: str
    tip_height: int
    outcome: str
    outcome_text: str
    tone: Tone
    reason: str
    drift_bps: int | None
    drift: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AlertLine:
    """What people were told, and where it went."""

    severity: str
    title: str
    what: str
    done: str
    remedy: str
    pool_id: int | None
    at: int
    time: str
    age: str
    delivered_to: tuple[str, ...]
    failed: tuple[str, ...]
    delivery: str
    kind: str
    resolved: bool
    """Whether it says that a trouble is over."""
    state: AlertState
    """`event` for news that does not last, else whether the trouble it tells of is `open` or `over`."""
    link: str
    """Where its page of the runbook is, empty when unknown; no address of the web where the runbook is a folder."""
    href: str | None
    """The same as far as a browser can follow it."""


@dataclass(frozen=True, slots=True)
class IntentLine:
    """One transaction. The signed bytes are not shown."""

    key: str
    kind: str
    kind_text: str
    pool_id: int | None
    state: str
    open: bool
    txid: str | None
    txid_short: str
    nonce: int | None
    fee_ustx: int | None
    fee: str
    updated_at: int
    time: str
    age: str
    result: Mapping[str, object]


def decision_line(decision: Decision, names: Mapping[int, str], now: Seconds | None) -> DecisionLine:
    """Build the line of a decision."""
    return DecisionLine(
        decision_id=decision.decision_id,
        pool_id=decision.pool_id,
        pool=names.get(decision.pool_id, f"Pool {decision.pool_id}"),
        at=decision.at,
        time=text.instant(decision.at),
        age=text.ago(decision.at, now),
        tip_height=decision.tip_height,
        outcome=decision.outcome.value,
        outcome_text=text.words(decision.outcome.value),
        tone="warn" if decision.outcome in _FAILURES else "none",
        reason=decision.reason,
        drift_bps=decision.drift_bps,
        drift=text.percent(decision.drift_bps),
        facts=decision.facts,
    )


def alert_lines(
    records: Sequence[AlertRecord], open_keys: Collection[str], now: Seconds | None
) -> tuple[AlertLine, ...]:
    """Build the lines of alerts, given newest first with the keys of the troubles that are not over."""
    going_on, lines = set(open_keys), []
    for record in records:
        # What was told before a trouble was over belongs to an earlier one, even when it has come back since.
        if record.alert.resolved:
            going_on.discard(record.alert.key)
        lines.append(_alert_line(record, _alert_state(record, going_on), now))
    return tuple(lines)


def _alert_state(record: AlertRecord, going_on: Collection[str]) -> AlertState:
    kind = KINDS.get(record.alert.kind)
    if record.alert.key in going_on:
        return "open"
    return "over" if record.alert.resolved or (kind is not None and kind.lasting) else "event"


def _alert_line(record: AlertRecord, state: AlertState, now: Seconds | None) -> AlertLine:
    alert = record.alert
    parts = [f"sent to {', '.join(record.delivered_to)}"] if record.delivered_to else []
    parts += [f"not taken by {', '.join(record.failed)}"] if record.failed else []
    return AlertLine(
        severity=alert.severity.value,
        title=alert.title,
        what=alert.what,
        done=alert.done,
        remedy=alert.remedy,
        pool_id=alert.pool_id,
        at=alert.at,
        time=text.instant(alert.at),
        age=text.ago(alert.at, now),
        delivered_to=record.delivered_to,
        failed=record.failed,
        delivery="; ".join(parts) or "sent to no channel",
        kind=alert.kind,
        resolved=alert.resolved,
        state=state,
        link=alert.link,
        href=href(alert.link),
    )


def intent_line(intent: Intent, now: Seconds | None) -> IntentLine:
    """Build the line of a transaction."""
    return IntentLine(
        key=intent.key,
        kind=intent.kind.value,
        kind_text=text.words(intent.kind.value),
        pool_id=intent.pool_id,
        state=intent.state.value,
        open=intent.state in OPEN_STATES,
        txid=intent.txid,
        txid_short=text.short(intent.txid),
        nonce=intent.nonce,
        fee_ustx=intent.fee_ustx,
        fee=text.stx(intent.fee_ustx),
        updated_at=intent.updated_at,
        time=text.instant(intent.updated_at),
        age=text.ago(intent.updated_at, now),
        result=intent.result,
    )
