"""What the page and the API show, as plain frozen data. Both show the same objects.

Numbers come twice: as whole numbers in the units of the records, for programs, and as text, for
people. What is not known is None in the one and a dash in the other, never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.alerts.open_troubles import OpenTrouble
from keeper.core.paused import Paused
from keeper.core.records import AlertRecord, Decision, Intent, PoolView
from keeper.core.units import Seconds
from keeper.web import text
from keeper.web.asides import NodeLine, TroubleLine, node_line, trouble_lines
from keeper.web.card_parts import PoolCard
from keeper.web.cards import empty_card, pool_card
from keeper.web.health import Health
from keeper.web.lines import AlertLine, DecisionLine, IntentLine, alert_lines, decision_line, intent_line
from keeper.web.state import WebState

_CARD_TRANSACTIONS: Final = 5
_USELESS: Final = "It runs, but every pool was refused or could not be read when it was last looked at."


@dataclass(frozen=True, slots=True)
class Header:
    """The keeper itself, above all pools."""

    network: str
    tip_height: int | None
    tip_time: str
    address: str
    address_short: str
    balance_ustx: int | None
    balance: str
    plugins: tuple[str, ...]
    health: Health
    health_text: str
    paused: str
    """Who paused the keeper and why, in words; empty while it may send."""
    nodes: tuple[NodeLine, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The status page."""

    header: Header
    pools: tuple[PoolCard, ...]
    decisions: tuple[DecisionLine, ...]
    alerts: tuple[AlertLine, ...]
    troubles: tuple[TroubleLine, ...]
    """What is not over, the oldest first."""


@dataclass(frozen=True, slots=True)
class Records:
    """What was read from the store for one page."""

    views: Sequence[PoolView]
    decisions: Sequence[Decision]
    alerts: Sequence[AlertRecord]
    intents: Sequence[Intent]
    paused: Paused | None = None
    troubles: Mapping[str, OpenTrouble] = field(default_factory=dict)
    """What is not over, by the key of its alerts."""


def build_page(records: Records, state: WebState, health: Health) -> Page:
    """Build the page from what the store and the pulse know."""
    now = state.now()
    names = {**{view.pool_id: view.name for view in records.views}, **state.pool_names}
    return Page(
        header=build_header(state, health, records.paused),
        pools=build_cards(records.views, records.intents, state, health),
        decisions=tuple(decision_line(decision, names, now) for decision in records.decisions),
        alerts=alert_lines(records.alerts, records.troubles.keys(), now),
        troubles=trouble_lines(records.troubles, state.runbook, now),
    )


def build_header(state: WebState, health: Health, paused: Paused | None) -> Header:
    """Build the part above the pools."""
    tip, balance = state.pulse.tip, state.pulse.balance_ustx
    return Header(
        network=state.network,
        tip_height=None if tip is None else tip.height,
        tip_time=text.instant(None if tip is None else tip.time),
        address=state.address,
        address_short=text.short(state.address),
        balance_ustx=balance,
        balance=text.stx(balance),
        plugins=state.plugins,
        health=health,
        health_text=_health_text(health),
        paused=_paused_text(paused, state.now()),
        nodes=tuple(node_line(node) for node in state.nodes()),
    )


def build_cards(
    views: Sequence[PoolView], intents: Sequence[Intent], state: WebState, health: Health
) -> tuple[PoolCard, ...]:
    """Build a card for every pool that is configured or was ever seen, by pool id."""
    seen = {view.pool_id: view for view in views}
    fresh, pool_ids = health.fresh(), sorted({*seen, *state.pulse.pool_ids})
    return tuple(build_card(each, seen.get(each), intents, state, fresh=each in fresh) for each in pool_ids)


def build_card(
    pool_id: int, view: PoolView | None, intents: Sequence[Intent], state: WebState, *, fresh: bool
) -> PoolCard:
    """Build the card of one pool, from its view if it has one."""
    if view is None:
        return empty_card(pool_id, state.pool_names.get(pool_id, f"Pool {pool_id}"))
    now = state.now()
    own = [intent_line(intent, now) for intent in intents if intent.pool_id == pool_id][:_CARD_TRANSACTIONS]
    return pool_card(view, tuple(own), now, fresh=fresh)


def build_intents(intents: Sequence[Intent], now: Seconds | None) -> tuple[IntentLine, ...]:
    """Build the lines of the transactions."""
    return tuple(intent_line(intent, now) for intent in intents)


def _paused_text(paused: Paused | None, now: Seconds | None) -> str:
    if paused is None:
        return ""
    since = "" if paused.at is None or now is None else f" {text.ago(paused.at, now)}"
    because = f": {paused.why}" if paused.why else ""
    return f"Paused by {paused.by}{since}{because}. Nothing new is sent; what is on its way is followed to its end."


def _health_text(health: Health) -> str:
    if not health.store_up:
        return "The store cannot be read or written: nothing is sent until it can, and the numbers below may be old."
    if health.state == "starting":
        return "Starting: no cycle has finished yet."
    if health.state == "standby":
        return "Standing by: another keeper holds the lease; this one takes over when that falls silent."
    loop = "" if health.loop_age_seconds is None else f"; the loop last moved {text.span(health.loop_age_seconds)} ago"
    age = f"Last cycle ended {text.span(health.age_seconds)} ago{loop}."
    late = [str(pool.pool_id) for pool in health.pools if pool.stale]
    if health.state == "ok":
        return age if health.useful else f"{_USELESS} {age}"
    which = f" No fresh cycle for pool {', '.join(late)}." if late else ""
    return f"Stale: the numbers below may be old. {age}{which}"
