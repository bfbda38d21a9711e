"""From records to answers about the keeper and what it did."""

from collections.abc import Mapping
from typing import Any

from keeper.alerts import open_troubles
from keeper.core.history import HistoryPoint
from keeper.core.paused import Paused
from keeper.core.records import OPEN_STATES, AlertRecord, Intent, Severity
from keeper.core.records import Decision as Decided
from keeper.core.units import PriceE12
from keeper.core.views import PRICE_DECIMALS, SHARE_DECIMALS
from keeper.core.views import decimal as written
from keeper.web.api.models import Alert, Decision, Node, PausedBy, Status, Transaction, Trouble, Working
from keeper.web.api.pool_models import Point
from keeper.web.api.shapes import AsOf, as_of, instant
from keeper.web.asides import node_line, trouble_lines
from keeper.web.health import Health
from keeper.web.reading import whole
from keeper.web.state import WebState


def newest(state: WebState) -> AsOf:
    """Return the newest block this keeper has seen."""
    tip = state.pulse.tip
    return as_of(None, None) if tip is None else as_of(tip.height, tip.time)


def status(state: WebState, health: Health, paused: Paused | None) -> Status:
    """Return the keeper itself."""
    balance = state.pulse.balance_ustx
    return Status(
        as_of=newest(state),
        network=state.network,
        address=state.address,
        balance_ustx=None if balance is None else str(balance),
        plugins=state.plugins,
        nodes=tuple(Node.model_validate(node_line(each), from_attributes=True) for each in state.nodes()),
        health=working(health),
        paused=paused_by(paused),
    )


def working(health: Health) -> Working:
    """Return whether the keeper does its work."""
    return Working.model_validate(health, from_attributes=True)


def paused_by(paused: Paused | None) -> PausedBy | None:
    """Return who paused the keeper."""
    return None if paused is None else PausedBy(by=paused.by, why=paused.why, at=instant(paused.at))


def decision(record: Decided, names: Mapping[int, str]) -> Decision:
    """Return a decision."""
    return Decision(
        decision_id=record.decision_id,
        pool_id=record.pool_id,
        pool=names.get(record.pool_id, f"Pool {record.pool_id}"),
        at=instant(record.at),
        as_of=as_of(record.tip_height, record.at if record.tip_height else None),
        outcome=record.outcome,
        reason=record.reason,
        drift_bps=record.drift_bps,
        facts=dict(record.facts),
    )


def transaction(intent: Intent, seen: AsOf) -> Transaction:
    """Return a transaction, without its signed bytes, as known at the block `seen`."""
    return Transaction(
        as_of=seen,
        key=intent.key,
        kind=intent.kind,
        pool_id=intent.pool_id,
        state=intent.state,
        open=intent.state in OPEN_STATES,
        txid=intent.txid,
        nonce=intent.nonce,
        fee_ustx=None if intent.fee_ustx is None else str(intent.fee_ustx),
        block=whole(intent.result, "block_height"),
        created_at=instant(intent.created_at),
        updated_at=instant(intent.updated_at),
        result=dict(intent.result),
    )


def alert(record: AlertRecord, seen: AsOf) -> Alert:
    """Return an alert and where it went, as known at the block `seen`."""
    told = record.alert
    return Alert(
        as_of=seen,
        key=told.key,
        kind=told.kind,
        resolved=told.resolved,
        link=told.link or None,
        severity=told.severity,
        title=told.title,
        what=told.what,
        done=told.done,
        remedy=told.remedy,
        pool_id=told.pool_id,
        at=instant(told.at),
        delivered_to=record.delivered_to,
        failed=record.failed,
    )


def troubles(note: Mapping[str, Any] | None, state: WebState) -> tuple[Trouble, ...]:
    """Return what is not over, from the note that the alerts keep."""
    return tuple(
        Trouble(
            key=line.key,
            kind=line.kind,
            severity=Severity(line.severity),
            title=line.title,
            pool_id=line.pool_id,
            since=instant(line.since),
            link=line.link or None,
        )
        for line in trouble_lines(open_troubles.read(note), state.runbook, None)
    )


def point(found: HistoryPoint) -> Point:
    """Return a pool at one moment."""
    return Point(
        at=instant(found.at),
        block=found.height or None,
        value_ustx=None if found.nav_ustx is None else str(found.nav_ustx),
        share_price_stx=price_e12(found.share_price_e12),
        total_shares=None if found.total_shares is None else written(found.total_shares, SHARE_DECIMALS),
        drift_bps=found.drift_bps,
        worst_bps=found.worst_bps,
    )


def price_e12(price: PriceE12 | None) -> str | None:
    """Return a price with twelve decimals implied as a decimal number."""
    return None if price is None else written(price, PRICE_DECIMALS)
