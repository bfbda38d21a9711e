"""What each pool's turn came to, put on record and told: a decision, the pool's view, log lines, alerts and metrics."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import structlog

from keeper import narrate
from keeper.accounted import Accounted
from keeper.analysis import Analysis, held_or_wanted
from keeper.core.assets import AssetBook
from keeper.core.consensus import Agreement
from keeper.core.following import Followed
from keeper.core.policy import PoolRule
from keeper.core.records import Decision, Intent, Outcome, PoolView, Turn
from keeper.core.views import pool_body
from keeper.errors import StoreUnavailable
from keeper.last_views import LastViews
from keeper.observe import PoolFacts, WebPrices
from keeper.outcomes import Done
from keeper.ports import Clock
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.turn_log import TurnLog
from keeper.watching import Watch

log = structlog.get_logger("keeper.cycle")

ACTIONS: Final = frozenset(
    {Outcome.SLICE_EXECUTED, Outcome.WITHDRAWAL_PAID, Outcome.PROPOSED, Outcome.VOTE_PASSED, Outcome.VOTE_FAILED}
)
_NAMES: Final = uuid.UUID("0b5f5f0e-6a0f-4b0e-9d53-6f1f0c5a7c11")
"""Decisions about a transaction are named by its key in this namespace, so that the same one is never recorded twice."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a pool's cycle got before it ended."""

    facts: PoolFacts | None = None
    agreement: Agreement | None = None
    found: Analysis | None = None
    web: WebPrices | None = None
    followed: Followed | None = None


class TurnRecords:
    """Writes down every turn's end, and the outcome of transactions that no turn waited for."""

    def __init__(  # noqa: PLR0913 - what a record is made of, and everybody who is told of it
        self,
        *,
        turns: TurnLog,
        accounted: Accounted,
        views: LastViews,
        assets: AssetBook,
        watch: Watch,
        metrics: Metrics,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._turns = turns
        self._accounted = accounted
        self._views = views
        self._assets = assets
        self._watch = watch
        self._metrics = metrics
        self._pulse = pulse
        self._clock = clock
        self._said: dict[int, Outcome] = {}

    def last(self, pool_id: int) -> Outcome | None:
        """Return what the pool's last turn came to; None before the first."""
        return self._said.get(pool_id)

    async def put(self, rule: PoolRule, done: Done, sight: Sight) -> Decision:
        """Record and tell how a pool's turn ended. Raises StoreUnavailable when it is told and not yet written."""
        facts = sight.facts
        decision = Decision(
            decision_id=_name(done),
            pool_id=rule.pool_id,
            at=self._clock.now(),
            tip_height=0 if facts is None else facts.tip.height,
            outcome=done.outcome,
            reason=done.reason,
            drift_bps=None if sight.found is None else sight.found.drift.drift_bps,
            facts={**_seen(sight), **done.facts},
        )
        seen = None if facts is None else self._view(rule, facts, sight, decision)
        view = await self._views.under(rule, decision) if seen is None else seen
        news = self._news(rule, done)
        unwritten = await self._written(Turn(decision, view), done, news=news or done.alert is not None)
        self._say(rule, done, news=news)
        self._pulse.cycle_finished(rule.pool_id, done.outcome)
        self._metrics.drift(rule.pool_id, decision.drift_bps)
        if facts is not None and sight.agreement is not None:
            for symbol in held_or_wanted(rule, facts):
                self._metrics.prices.agreed(symbol, sight.agreement.agreed.get(symbol), now=self._clock.now())
        await self._watch.turn_ended(rule, done)
        if unwritten is not None:
            raise unwritten
        return decision

    async def put_found_out(self, rule: PoolRule, intent: Intent, done: Done) -> None:
        """Record and tell what became of a transaction that no turn waited for. Raises as `put` does."""
        decision = Decision(
            decision_id=_name(done),
            pool_id=rule.pool_id,
            at=self._clock.now(),
            tip_height=int(intent.result["block_height"]),
            outcome=done.outcome,
            reason=f"{done.reason}; found out after its turn had ended",
            facts=done.facts,
        )
        unwritten = await self._written(Turn(decision), done, news=True)
        log.info("found_out", pool=rule.pool_id, outcome=str(done.outcome), reason=done.reason)
        await self._watch.turn_ended(rule, done)
        if unwritten is not None:
            raise unwritten

    async def _written(self, turn: Turn, done: Done, *, news: bool) -> StoreUnavailable | None:
        """Write it; return the error when the store is away. What happened is told to people all the same."""
        if done.intent is not None:
            self._accounted.add(done.intent)
        try:
            await self._turns.add(turn, news=news)
        except StoreUnavailable as exc:
            return exc
        return None

    def _news(self, rule: PoolRule, done: Done) -> bool:
        """Tell whether a turn did something, or came to something else than the pool's last one."""
        return done.outcome in ACTIONS or self._said.get(rule.pool_id) is not done.outcome

    def _say(self, rule: PoolRule, done: Done, *, news: bool) -> None:
        """Log a decision; the same again is for those who ask for detail."""
        self._said[rule.pool_id] = done.outcome
        write = log.info if news else log.debug
        write("decided", pool=rule.pool_id, outcome=str(done.outcome), reason=done.reason)

    def _view(self, rule: PoolRule, facts: PoolFacts, sight: Sight, decision: Decision) -> PoolView:
        failed = {} if sight.agreement is None else {s: str(e) for s, e in sight.agreement.failed.items()}
        body = pool_body(narrate.view_facts(rule, facts, sight.found, failed, decision), self._assets)
        return PoolView(rule.pool_id, rule.name, decision.at, facts.tip.height, body)


def _name(done: Done) -> str:
    return (uuid.uuid4() if done.intent is None else uuid.uuid5(_NAMES, done.intent)).hex


def _seen(sight: Sight) -> dict[str, Any]:
    """Return what a decision was made from, as far as the cycle came."""
    web, facts = sight.web, sight.facts
    seen: dict[str, Any] = {"silent_sources": None if web is None else dict(web.silent)}
    if facts is not None:
        seen["silent_venues"] = dict(facts.silent_venues)
    if sight.followed is not None:
        seen["silent_whale_sources"] = dict(sight.followed.silent)
    if sight.found is not None:
        return {**seen, **narrate.analysis_facts(sight.found)}
    points = (*(web.points if web else ()), *(facts.venue_points if facts else ()))
    return {**seen, "points": narrate.point_facts(points)}
