"""The little that can be changed from outside: pause, resume, look now. Each is logged with who asked."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import web

from keeper.core.paused import PAUSED_NOTE, RESUMED, Paused, paused_from
from keeper.web.api import build
from keeper.web.api.models import Asked, Changed
from keeper.web.api.params import Nothing, Why
from keeper.web.api.routes import Ask
from keeper.web.keys import KEPT

ANALYSE_SECONDS: Final = 15.0
"""Least time between two analyses that were asked for: each asks the node many things."""

_log = structlog.get_logger(__name__)


async def pause(ask: Ask[Nothing, Why]) -> Changed:
    """Have the keeper send nothing new. Raises StoreUnavailable."""
    paused = Paused(ask.asked.by, ask.asked.why, ask.state.now())
    await ask.state.store.put_note(PAUSED_NOTE, paused.note())
    ask.request.app[KEPT].forget()
    _log.warning("paused", by=paused.by, why=paused.why, caller=ask.request.remote)
    return await _stands(ask)


async def resume(ask: Ask[Nothing, Nothing]) -> Changed:
    """Have the keeper go on. Raises StoreUnavailable."""
    await ask.state.store.put_note(PAUSED_NOTE, RESUMED)
    ask.request.app[KEPT].forget()
    _log.warning("resumed", caller=ask.request.remote)
    return await _stands(ask)


class Analysing:
    """Has the next cycle begin at once, not too often."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._asked_at: float | None = None

    async def __call__(self, ask: Ask[Nothing, Nothing]) -> Asked:
        """Ask for an analysis. Raises HTTPConflict, HTTPTooManyRequests."""
        if ask.state.analyse is None or ask.state.pulse.standing_by:
            raise web.HTTPConflict(text="this keeper stands by; ask the one that holds the lease")
        now = self._timer()
        if self._asked_at is not None and (waits := self._asked_at + ANALYSE_SECONDS - now) > 0:
            after = str(int(waits) + 1)
            message = f"an analysis was asked for a moment ago; ask again in {after} s"
            raise web.HTTPTooManyRequests(text=message, headers={"Retry-After": after})
        self._asked_at = now
        ask.state.analyse()
        _log.info("analysis_asked_for", caller=ask.request.remote)
        return Asked(as_of=build.newest(ask.state), asked=True)


async def _stands(ask: Ask[Nothing, Why] | Ask[Nothing, Nothing]) -> Changed:
    paused = paused_from(await ask.state.store.note(PAUSED_NOTE))
    return Changed(as_of=build.newest(ask.state), paused=build.paused_by(paused))
