"""One cycle: observe → value → compare with the whales → plan → ask or act → settle → record. Read this first."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from keeper.accounted import Accounted
from keeper.agreed_prices import AgreedPrices
from keeper.alerts.router import AlertRouter
from keeper.analysis import Analysis, agree, analyse, held_or_wanted
from keeper.core import alerting
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.mandates import NextStep
from keeper.core.paused import PAUSED_NOTE, Paused, paused_from
from keeper.core.policy import Policy, PoolRule
from keeper.core.prices import Fault, RefusedPrice
from keeper.core.records import POSTED_BESIDE, Decision, Intent, IntentState, Outcome
from keeper.core.units import Seconds
from keeper.errors import KeeperError, LedgerMismatch, PlanRejected, Refused, ResultUnreadable, Transient
from keeper.execution.sender import Sender
from keeper.last_views import LastViews
from keeper.observe import Observer, WebPrices
from keeper.outcomes import Done, Unfinished
from keeper.ports import Clock, Store
from keeper.second_look import SecondLook
from keeper.steps import Steps
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.turn_log import TurnLog
from keeper.turn_records import Sight, TurnRecords
from keeper.watching import Watch
from keeper.whales import SeenWhales, Whales

log = structlog.get_logger("keeper.cycle")

WEB_PRICES_LAST = Seconds(60)
"""Answers of web sources serve all pools of a cycle, but no longer than this in block time."""
BOOKS_EVERY = 20
"""Every so many cycles, the first included, the vault's books are held against the chain's balances."""
SENDING = frozenset({NextStep.PROPOSE, NextStep.CONCLUDE, NextStep.EXECUTE})


class _Held(Exception):
    """A person paused the keeper, and the next thing would have been to send something new."""

    def __init__(self, paused: Paused) -> None:
        super().__init__(paused.words())
        self.done = Done(Outcome.PAUSED, paused.words(), {"paused": paused.note()})


class Cycle:
    """Goes over all pools in order. Every pool's turn ends in a decision record, whatever happens."""

    def __init__(  # noqa: PLR0913 - the composition root hands over everything a cycle touches
        self,
        *,
        pools: Sequence[PoolRule],
        assets: AssetBook,
        policy: Policy,
        observer: Observer,
        steps: Steps,
        sender: Sender,
        store: Store,
        alerts: AlertRouter,
        metrics: Metrics,
        pulse: Pulse,
        clock: Clock,
        timer: Callable[[], float],
        whales: Whales | None = None,
    ) -> None:
        self._pools = tuple(pools)
        self._assets = assets
        self._policy = policy
        self._observer = observer
        self._steps = steps
        self._sender = sender
        self._store = store
        self._whales = SeenWhales(Whales(store) if whales is None else whales)
        self._alerts = alerts
        self._metrics = metrics
        self._pulse = pulse
        self._clock = clock
        self._timer = timer
        self._sights: dict[int, Sight] = {}
        self._web: WebPrices | None = None
        self._turns = TurnLog(store, timer)
        self._views = LastViews(store)
        self._prices = AgreedPrices(store, self._turns)
        self._judged: set[tuple[str, str, Fault]] = set()
        self._valued: dict[int, Analysis] = {}
        self._watch = Watch(observer, sender, store, alerts, metrics, pulse, clock)
        self._accounted = Accounted(store, self._turns)
        self._records = TurnRecords(
            turns=self._turns,
            accounted=self._accounted,
            views=self._views,
            assets=assets,
            watch=self._watch,
            metrics=metrics,
            pulse=pulse,
            clock=clock,
        )
        self._looks = SecondLook()
        self._unsure = True
        self._unchecked = BOOKS_EVERY
        self._checked_at: Tip | None = None

    async def run(self, pools: Sequence[PoolRule] | None = None, tip: Tip | None = None) -> tuple[Decision, ...]:
        """Go on with what is open, and give one turn to each of `pools`, or to all of them.

        `tip` is the newest block where the caller has just asked for it. Raises Halt errors only, and Transient ones
        from before the first turn.
        """
        with structlog.contextvars.bound_contextvars(cycle=uuid.uuid4().hex[:12]):
            return await self._round(self._pools if pools is None else pools, tip or await self._observer.tip())

    async def _round(self, pools: Sequence[PoolRule], tip: Tip) -> tuple[Decision, ...]:
        self._web = None
        self._prices.begin()
        self._views.begin()
        async with self._turns:
            await self._looks.at("vault", self._check_vault(tip))
            left_open = await self._looks.at("open", self._go_on())
            decisions = tuple([await self.turn(rule) for rule in pools])
        try:
            await self._watch.round_ended(tip, quiet=not (decisions or left_open))
        except Transient as exc:
            log.warning("not_counted", error=type(exc).__name__, reason=str(exc))
        return decisions

    async def _go_on(self) -> list[Intent]:
        """Go on with what is open, and put on record what it came to; return it."""
        # Until it is through, also for the next round: recovery will not return again what it has resolved.
        unsure, self._unsure = self._unsure, True
        left_open = await self._sender.recover()
        for intent in left_open:
            await self._learn(intent)
        if unsure or left_open:
            for intent in await self._accounted.missing():
                await self._find_out(intent)
        await self._watch.key_seen()
        self._unsure = False
        return left_open

    async def _learn(self, intent: Intent) -> None:
        """Take note of the refusal of a transaction that an earlier cycle could not wait for."""
        self._steps.learn(intent)
        rule = self._rule(intent)
        if intent.state is IntentState.REFUSED and rule is not None:
            why = str(intent.result.get("why", "the chain refused it"))
            facts = {"txid": intent.txid, "key": intent.key}
            await self._alerts.send(alerting.refused(rule, "TransactionRefused", why, facts, self._clock.now()))

    async def _find_out(self, intent: Intent) -> None:
        """Put on record what a transaction did whose turn ended before it, or whose record was lost with the process."""
        rule = self._rule(intent)
        if rule is None:
            return
        try:
            done = await self._steps.found_out(rule, intent)
        except ResultUnreadable as exc:
            done = self._unread(rule, exc)
        except (Refused, LookupError, TypeError, ValueError) as exc:
            log.warning("outcome_unreadable", intent=intent.key, error=type(exc).__name__, reason=str(exc))
            self._accounted.add(intent.key)
            return
        if done is not None:
            await self._records.put_found_out(rule, intent, done)

    def _rule(self, intent: Intent) -> PoolRule | None:
        return next((rule for rule in self._pools if rule.pool_id == intent.pool_id), None)

    async def _check_vault(self, tip: Tip) -> None:
        """Check books and breakers in every so many rounds, unless no block has come since the last time."""
        self._unchecked += 1
        if self._unchecked >= BOOKS_EVERY and tip != self._checked_at:
            self._checked_at = None  # whatever comes of it, the next round looks again unless this one goes well
            await self._check_books(tip)
            self._metrics.prices.breakers(await self._observer.breakers(tip))
            self._unchecked, self._checked_at = 0, tip

    async def _check_books(self, tip: Tip) -> None:
        """Stop everything when the vault has less than it has booked; more is a gift and changes nothing."""
        found = await self._observer.books(tip)
        missing = {symbol: f"{booked - has} missing" for symbol, (booked, has) in found.items() if has < booked}
        if missing:
            message = f"the vault holds less than its books say: {missing}"
            raise LedgerMismatch(message, **missing)

    async def turn(self, rule: PoolRule) -> Decision:
        """Take one step with one pool and record why it was that step."""
        started = self._timer()
        self._sights[rule.pool_id] = Sight()
        try:
            done = await self._looks.at(rule.pool_id, self._step(rule))
        except (Unfinished, _Held) as exc:
            done = exc.done
        except ResultUnreadable as exc:
            done = self._unread(rule, exc)
        except Refused as exc:
            done = self._refused(rule, exc)
        except Transient as exc:
            self._unsure = True  # something may have been mined before the trouble came
            done = Done(Outcome.UNAVAILABLE, str(exc), _error_facts(exc))
        decision = await self._records.put(rule, done, self._sights[rule.pool_id])
        self._metrics.cycle_finished(rule.pool_id, done.outcome, at=decision.at, took=self._timer() - started)
        return decision

    async def _step(self, rule: PoolRule) -> Done:
        found = await self._look(rule)
        paid = await self._pay(rule, found)
        return await self._act(rule, found) if paid is None else paid

    async def _pay(self, rule: PoolRule, found: Analysis) -> Done | None:
        """Pay what can be paid of the queue; a refusal must not keep the pool from its next step."""
        if not self._steps.payable(found):
            await self._watch.paid(rule)
            return None
        await self._not_paused()
        try:
            fresh = await self._with_fresh_oracle(rule, found)
            due = self._steps.payable(fresh)
            paid = await self._steps.pay(rule, fresh, due) if due else None
            await self._watch.paid(rule)
        except ResultUnreadable:
            raise  # it was mined, so nothing here may say that nobody was paid
        except Refused as exc:
            log.warning("withdrawal_not_paid", pool=rule.pool_id, error=type(exc).__name__, reason=str(exc))
            await self._alerts.send(alerting.not_paid(rule, str(exc), _error_facts(exc), self._clock.now()))
            return None
        return paid

    async def _act(self, rule: PoolRule, found: Analysis) -> Done:
        await self._not_stopped(rule, found)
        match found.step.step:
            case NextStep.PROPOSE:
                done = await self._steps.propose(rule, found)
                return done if done.outcome is Outcome.PROPOSED else await self._rest(rule, found, done)
            case NextStep.CONCLUDE:
                found = await self._with_fresh_oracle(rule, found)
                return await self._steps.conclude(rule, found)
            case NextStep.EXECUTE:
                return await self._trade(rule, found)
            case NextStep.WAIT_VOTE:
                return Done(Outcome.WAITING_FOR_VOTE, found.step.reason)
            case NextStep.SETTLED:
                return await self._rest(rule, found, self._settled(rule, found))
            case NextStep.HOLD:
                return await self._rest(rule, found, Done(Outcome.WITHIN_THRESHOLD, found.step.reason))

    async def _not_stopped(self, rule: PoolRule, found: Analysis) -> None:
        """End the pool's turn here when its next step would send what is paused on the chain, or by a person."""
        if found.facts.info.pauses.rebalances and found.step.step in (NextStep.EXECUTE, NextStep.PROPOSE):
            message = f"the pool is stopped: {found.facts.info.pauses.words()}"
            raise PlanRejected(message, pool_id=rule.pool_id)
        if found.step.step in SENDING:
            await self._not_paused()

    async def _trade(self, rule: PoolRule, found: Analysis) -> Done:
        """Run the next slice, or wait with it until the venues have refilled."""
        waits = await self._steps.wait_for_venues(rule, found)
        if waits is not None:
            return await self._rest(rule, found, waits)
        return await self._steps.run_slice(rule, await self._with_fresh_oracle(rule, found))

    async def _rest(self, rule: PoolRule, found: Analysis, done: Done) -> Done:
        """Keep the oracle's prices usable for depositors while there is nothing else to do than `done`."""
        pauses = found.facts.info.pauses
        if pauses.deposits and pauses.withdrawals:
            return done
        if not await self._steps.heartbeat_due(rule, found):
            return done
        await self._not_paused()
        posted = await self._steps.post_prices(rule, found, await self._web_prices())
        return replace(posted, facts={**posted.facts, POSTED_BESIDE: str(done.outcome)})

    async def _look(self, rule: PoolRule) -> Analysis:
        facts = await self._observer.pool(rule)
        self._pulse.saw_tip(facts.tip)
        self._sights[rule.pool_id] = Sight(facts)
        web = await self._web_prices()
        points = (*web.points, *facts.venue_points)
        symbols = held_or_wanted(rule, facts)
        agreement = agree(symbols, points, self._policy, await self._prices.last(), self._clock.now())
        self._count_refused(agreement.refused)
        self._metrics.prices.sources(points, agreement, now=self._clock.now())
        self._sights[rule.pool_id] = Sight(facts, agreement, web=web)
        await self._prices.remember(agreement)
        followed = await self._whales.followed(rule.whales, self._clock.now())
        self._sights[rule.pool_id] = Sight(facts, agreement, web=web, followed=followed)
        found = analyse(rule, facts, agreement, followed, self._assets)
        self._sights[rule.pool_id] = Sight(facts, agreement, found, web, followed)
        self._valued[rule.pool_id] = found
        return found

    def new_term(self) -> None:
        """Take note that another keeper may have had the lease: what is not written yet comes after what that one wrote.

        What transactions did is not lost by it, since the journal knows them.
        """
        self._turns.forget()
        self._accounted.forget()
        self._unsure = True

    def valued(self, pool_id: int) -> Analysis | None:
        """Return the last analysis of a pool, None before the first; its block may be behind the newest."""
        return self._valued.get(pool_id)

    async def _web_prices(self) -> WebPrices:
        """Return what the web sources said, asking again when the chain's clock has moved on meanwhile."""
        if self._web is None or self._clock.now() - self._web.asked_at > WEB_PRICES_LAST:
            self._web = await self._observer.web_prices()
            self._judged.clear()
            self._whales.forget()
            self._count_refused(self._web.refused)
        return self._web

    def _count_refused(self, refused: Iterable[RefusedPrice]) -> None:
        """Count each refusal once for each time the web was asked, however many pools meet it."""
        new = {(row.source, row.asset, row.fault) for row in refused} - self._judged
        self._judged |= new
        for source, _, fault in new:
            self._metrics.prices.refused(source, fault)

    async def _with_fresh_oracle(self, rule: PoolRule, found: Analysis) -> Analysis:
        """Have the oracle's prices refreshed first, and look again, since that took a block."""
        posted = await self._steps.refresh_prices(rule, found, await self._web_prices())
        if posted is None:
            return found
        log.info("prices_posted", pool=rule.pool_id, txid=posted.facts.get("txid"))
        await self._not_paused()  # that took a block or more, in which somebody may have said stop
        found = await self._look(rule)
        await self._turns.write()
        return found

    async def _not_paused(self) -> None:
        """End the pool's turn here when a person paused the keeper. Asked before anything new is sent, never kept."""
        await (
            self._turns.write()
        )  # what was decided before, and the prices that it will be made from, lest a crash forget them
        paused = paused_from(await self._store.note(PAUSED_NOTE))
        if paused is not None:
            raise _Held(paused)

    def _settled(self, rule: PoolRule, found: Analysis) -> Done:
        mandate, drift = found.facts.mandate, found.mandate_drift
        if mandate is None or drift is None:
            return Done(Outcome.WITHIN_THRESHOLD, found.step.reason)
        alert = alerting.rebalanced(rule, mandate.mandate_id, mandate.slices, drift.drift_bps, self._clock.now())
        facts = {"mandate": mandate.mandate_id, "slices": mandate.slices}
        news = mandate.slices and self._records.last(rule.pool_id) is not Outcome.REBALANCED
        return Done(Outcome.REBALANCED, found.step.reason, facts, alert if news else None)

    def _unread(self, rule: PoolRule, exc: ResultUnreadable) -> Done:
        """Return the one record of a transaction that did something nobody can read."""
        facts = _error_facts(exc)
        alert = alerting.unread(rule, str(exc), facts, self._clock.now())
        return Done(Outcome.REFUSED, str(exc), facts, alert, str(exc.facts["key"]))

    def _refused(self, rule: PoolRule, exc: Refused) -> Done:
        kind, facts = type(exc).__name__, _error_facts(exc)
        alert = alerting.refused(rule, kind, str(exc), facts, self._clock.now())
        return Done(Outcome.REFUSED, str(exc), facts, alert)


def _error_facts(exc: KeeperError) -> Mapping[str, Any]:
    return {"error": type(exc).__name__, **{name: _plain(value) for name, value in exc.facts.items()}}


def _plain(value: object) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)
