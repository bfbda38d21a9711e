"""Keeps the store from growing for ever: once a day what is old is thinned, a little at a time."""

import asyncio
from typing import Final

import structlog

from keeper.core.history import DAY_SECONDS
from keeper.core.retention import Retention, Thinned
from keeper.core.units import Seconds
from keeper.pause import pause
from keeper.ports import Clock, Store

log = structlog.get_logger("keeper.housekeeping")

THINNED_NOTE: Final = "thinned"
LOOK_SECONDS: Final = 600.0
"""How often it is asked whether a day has passed, in seconds."""
BATCH: Final = 500
"""Records of each kind in one step, so that no step keeps a cycle waiting."""
REST_SECONDS: Final = 0.2
"""Between two steps, in seconds, for whoever else wants the store."""


async def thin_when_due(store: Store, rule: Retention, clock: Clock, stop: asyncio.Event) -> Thinned | None:
    """Thin the store when a day has passed since it was last done; None when it is not due. Raises Transient.

    Ages are counted from the newest decision, or from the clock where that is behind it: a clock that runs ahead makes
    nothing old.
    """
    newest = await store.decisions(limit=1)
    if not newest:
        return None  # nothing was done yet, so nothing is old
    now = min(clock.now(), newest[0].at)
    last = await store.note(THINNED_NOTE)
    at = None if last is None else last.get("at")
    if isinstance(at, int) and at // DAY_SECONDS == now // DAY_SECONDS:
        return None
    total = await thin(store, rule, now, stop)
    if not stop.is_set():
        await store.put_note(THINNED_NOTE, {"at": int(now)})
    if total:
        log.info(
            "thinned", decisions=total.decisions, history=total.history, alerts=total.alerts, intents=total.intents
        )
    return total


async def next_thinning(store: Store) -> Seconds | None:
    """Return when the store is thinned next; None before the first time, which comes in the day of the first decision."""
    last = await store.note(THINNED_NOTE)
    at = None if last is None else last.get("at")
    return Seconds((at // DAY_SECONDS + 1) * DAY_SECONDS) if isinstance(at, int) else None


async def thin(store: Store, rule: Retention, now: Seconds, stop: asyncio.Event) -> Thinned:
    """Remove what is no longer kept, in small steps, until nothing is left or `stop`. Raises Transient."""
    total = Thinned()
    while done := await store.thin(rule, now, most=BATCH):
        total += done
        if await pause(stop, REST_SECONDS):
            break
    return total
