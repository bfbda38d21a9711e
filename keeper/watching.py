"""What people and machines are told after each pool's turn and after each round: alerts, their ends, and metrics."""

import asyncio
from collections import Counter

from keeper.alerts.router import AlertRouter
from keeper.core import alerting
from keeper.core.chain_types import Tip
from keeper.core.history import DAY_SECONDS
from keeper.core.paused import PAUSED_NOTE, paused_from
from keeper.core.policy import PoolRule
from keeper.core.records import Outcome
from keeper.core.runway import runway_days
from keeper.core.units import USTX_PER_STX, Seconds
from keeper.errors import StoreUnavailable
from keeper.execution.sender import Sender
from keeper.observe import Observer
from keeper.outcomes import Done
from keeper.ports import Clock, Store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.telemetry.state_metrics import StateMetrics

LOW_BALANCE_USTX = 2 * USTX_PER_STX
DAYS = 7
"""Whole days whose fees tell how long the signer's balance lasts."""
COUNT_SECONDS = Seconds(300)
"""Block time between two counts of what is open and left for fees, while nothing is sent that would change it."""
STORE_SECONDS = 5.0
"""A store that takes longer to answer one small question is down for the metrics."""


class Watch:
    """Knows which trouble a good turn or a good round puts an end to."""

    def __init__(
        self,
        observer: Observer,
        sender: Sender,
        store: Store,
        alerts: AlertRouter,
        metrics: Metrics,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self._observer = observer
        self._sender = sender
        self._store = store
        self._alerts = alerts
        self._metrics = metrics
        self._pulse = pulse
        self._clock = clock
        self._past: tuple[int, list[int]] | None = None
        self._counted_at: Seconds | None = None

    async def turn_ended(self, rule: PoolRule, done: Done) -> None:
        """Tell what a pool's turn came to, and what it put an end to."""
        if done.alert is not None:
            await self._alerts.send(done.alert)
        if done.outcome is not Outcome.UNAVAILABLE:  # which says nothing of the pool
            still = done.alert.key if done.alert is not None and done.outcome is Outcome.REFUSED else None
            await self._alerts.over(f"refused:{rule.pool_id}", still=still)
        if done.outcome is Outcome.SLICE_EXECUTED:
            self._metrics.slice_executed(rule.pool_id, done.facts["slice"], done.facts.get("plan", {}))

    async def paid(self, rule: PoolRule) -> None:
        """Note that nobody of the pool's queue waits for a payment that failed."""
        await self._alerts.over(f"not-paid:{rule.pool_id}")

    async def key_seen(self) -> None:
        """Tell people when the key is used elsewhere, or when something cannot get through."""
        state, address = self._sender.key_state, self._sender.address
        self._metrics.key.nonces(address, None if state is None else state.nonces)
        if state is None or not state.stuck:
            await self._alerts.over(f"stuck:{address}")
        else:
            cap = self._sender.fee_cap
            await self._alerts.send(alerting.stuck_at_the_cap(address, state.stuck, cap, self._clock.now()))
        if state is None:
            return  # nothing is open, so nobody asked about the nonces
        if state.nonces.foreign:
            await self._alerts.send(alerting.foreign_nonces(address, state.nonces.foreign, self._clock.now()))
        else:
            await self._alerts.over(f"foreign-nonces:{address}")

    async def round_ended(self, tip: Tip, *, quiet: bool) -> None:
        """Count the round, and show what is still open and what is left for fees. Raises Transient.

        `tip` is the block that the round began at. A `quiet` round had no turn and found nothing open: what is counted
        changes then only when others send to the keeper's address, or with the day.
        """
        self._metrics.round_ended()
        self._pulse.round_ended()
        if not quiet or self._counted_at is None or tip.time - self._counted_at >= COUNT_SECONDS:
            await self._count()
            self._counted_at = tip.time
        await self._alerts.tell_what_is_over()

    async def _count(self) -> None:
        open_ones = await self._store.intents(open_only=True)
        self._metrics.intents_open(Counter((intent.kind, intent.state) for intent in open_ones))
        address = self._sender.address
        balance = await self._observer.balance(address)
        self._pulse.saw_balance(balance)
        fees = await self._fees()
        self._metrics.key.balance(address, balance, runway_days(balance, fees))
        self._metrics.key.fee_budget(address, used_ustx=fees[0], cap_ustx=self._sender.day_cap)
        if balance < LOW_BALANCE_USTX:
            await self._alerts.send(alerting.low_balance(address, balance, self._clock.now()))
        else:
            await self._alerts.over(f"low-balance:{address}")

    async def _fees(self) -> list[int]:
        """Return what was set aside for fees today and on the days before, newest first; past days are read once."""
        day = self._clock.now() // DAY_SECONDS
        if self._past is None or self._past[0] != day:
            past = [await self._sender.fees_on(Seconds((day - ago) * DAY_SECONDS)) for ago in range(1, DAYS + 1)]
            self._past = (day, [int(ustx) for ustx in past])
        return [await self._sender.fees_today(), *self._past[1]]


async def look_at_store(store: Store, metrics: StateMetrics, *, writable: bool = True) -> bool:
    """Show and return whether the store can be read and is `writable`, and show whether a person paused the keeper.

    Never raises for the store.
    """
    try:
        async with asyncio.timeout(STORE_SECONDS):
            paused = paused_from(await store.note(PAUSED_NOTE))
    except (StoreUnavailable, TimeoutError):
        metrics.store(up=False)
        metrics.paused(paused=None)
        return False
    metrics.store(up=writable)
    metrics.paused(paused=paused is not None)
    return writable
