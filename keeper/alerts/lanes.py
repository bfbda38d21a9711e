"""One line of waiting alerts for each channel, so that a slow channel keeps nobody waiting but itself."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

import structlog

from keeper.alerts.rules import RANK
from keeper.core.records import Alert
from keeper.errors import NotifierUnavailable, Transient
from keeper.pause import pause
from keeper.ports import Notifier
from keeper.retry import NOTIFY, Retry

LONGEST_LINE: Final = 100
"""Alerts that may wait for one channel; beyond it the least severe ones are given up."""
PATIENCE_SECONDS: Final = 20.0
"""Longest that one round of tries may take."""
LONGEST_REST: Final = 300
"""Longest that a channel which asks for patience is left alone, in seconds."""
ROUNDS: Final = 4
"""Rounds of tries for one alert while its channel asks for patience."""

_log = structlog.get_logger("keeper.alerts")


@dataclass(frozen=True, slots=True)
class _Waiting:
    alert: Alert
    taken: asyncio.Future[bool]


class Lane:
    """Delivers to one channel, one alert after the other, in a task that lives while there is something to deliver."""

    def __init__(self, notifier: Notifier, *, retry: Retry = NOTIFY, patience: float = PATIENCE_SECONDS) -> None:
        self.name = notifier.name
        self._notifier = notifier
        self._retry = retry
        self._patience = patience
        self._line: deque[_Waiting] = deque()
        self._closing = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def offer(self, alert: Alert) -> asyncio.Future[bool]:
        """Put an alert at the end of the line; the result tells whether the channel took it. Never waits."""
        one = _Waiting(alert, asyncio.get_running_loop().create_future())
        self._line.append(one)
        if len(self._line) > LONGEST_LINE:
            self._give_up_the_least()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=f"alerts-{self.name}")
        return one.taken

    async def close(self, seconds: float) -> None:
        """Deliver what waits within `seconds`; give up the rest. Offer nothing afterwards."""
        worker = self._worker
        if worker is not None:
            await asyncio.wait({worker}, timeout=seconds)
        self._closing.set()
        if worker is not None and not worker.done():
            worker.cancel()
            await asyncio.wait({worker}, timeout=1.0)
        for one in self._line:
            _settle(one, taken=False)
        self._line.clear()

    def _give_up_the_least(self) -> None:
        """Take the oldest of the least severe out of the line."""
        least = min(self._line, key=lambda one: RANK[one.alert.severity])
        self._line.remove(least)
        _settle(least, taken=False)
        _log.warning("alert_given_up", channel=self.name, alert=least.alert.title, waiting=len(self._line))

    async def _work(self) -> None:
        while self._line:
            one = self._line.popleft()
            taken = False
            try:
                taken = await self._deliver(one.alert)
            finally:
                _settle(one, taken=taken)

    async def _deliver(self, alert: Alert) -> bool:
        """Try until the channel has taken it, or says no without asking for patience."""
        for _ in range(ROUNDS):
            trouble = await self._round(alert)
            if trouble is None:
                return True
            rest = trouble.facts.get("retry_after") if isinstance(trouble, NotifierUnavailable) else None
            if not isinstance(rest, int) or await pause(self._closing, min(max(rest, 1), LONGEST_REST)):
                break
        else:
            trouble = TimeoutError("it keeps asking for patience")
        # An error outside the keeper's families is a mistake in the plugin; its author needs the traceback.
        known = isinstance(trouble, (Transient, TimeoutError))
        reason = f"{type(trouble).__name__}: {trouble}"
        _log.warning(
            "alert_not_delivered",
            channel=self.name,
            alert=alert.title,
            reason=reason,
            exc_info=None if known else trouble,
        )
        return False

    async def _round(self, alert: Alert) -> BaseException | None:
        """Try a few times within the patience; return the last trouble."""
        tries = asyncio.ensure_future(self._retry(self._notifier.send, alert))
        try:
            # A channel is somebody else's code: wait() neither raises its errors nor waits for its clean-up.
            done, _ = await asyncio.wait({tries}, timeout=self._patience)
        finally:
            tries.cancel()
        if not done or tries.cancelled():
            return TimeoutError("no answer in time")
        return tries.exception()


def _settle(one: _Waiting, *, taken: bool) -> None:
    if not one.taken.done():
        one.taken.set_result(taken)
