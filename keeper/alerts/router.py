"""Sends each alert to every channel once, and remembers where it went."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from keeper.core.records import Alert, AlertRecord, Severity
from keeper.core.units import Seconds
from keeper.errors import StoreUnavailable, Transient
from keeper.ports import Clock, Notifier, Store
from keeper.retry import NOTIFY, Retry

PATIENCE_SECONDS: Final = 5.0
"""Longest that one alert may hold up the cycle that raised it, over all channels and tries."""
RETRY_SECONDS: Final = Seconds(60)
"""How soon an alert that no channel took is tried again when the trouble comes up again."""
_REMEMBERED: Final = 500
_RANK: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """When something was last said, and how loudly. An earlier block time may follow a later one."""

    at: Seconds
    severity: Severity
    heard: bool


class AlertRouter:
    """Holds back what was said within `cool_seconds`; never raises for a channel or store that fails."""

    def __init__(
        self,
        notifiers: Sequence[Notifier],
        store: Store,
        clock: Clock,
        cool_seconds: int = 3_600,
        *,
        retry: Retry = NOTIFY,
    ) -> None:
        self._notifiers = tuple(notifiers)
        self._store = store
        self._clock = clock
        self._cool_seconds = cool_seconds
        self._retry = retry
        self._said: dict[str, _Said] = {}
        self._recalled = False

    async def send(self, alert: Alert) -> AlertRecord | None:
        """Deliver an alert to all channels at once and return where it went; None when it was held back.

        The same key is held back for the cooling time, unless it has become more severe or no channel
        took it the last time (then for a minute). Returns within about PATIENCE_SECONDS.
        """
        await self._recall()
        now = self._now(alert)
        if self._cooling(self._said.get(alert.key), alert.severity, now):
            return None
        self._forget(now)
        # Marked before the first await below, so that two tasks with one trouble say it once.
        self._said[alert.key] = _Said(now, alert.severity, heard=True)
        heard = await asyncio.gather(*(self._deliver(notifier, alert) for notifier in self._notifiers))
        names = [notifier.name for notifier in self._notifiers]
        record = AlertRecord(
            alert,
            delivered_to=tuple(name for name, ok in zip(names, heard, strict=True) if ok),
            failed=tuple(name for name, ok in zip(names, heard, strict=True) if not ok),
        )
        self._said[alert.key] = _Said(now, alert.severity, heard=_was_heard(record))
        await self._remember(record)
        return record

    async def _deliver(self, notifier: Notifier, alert: Alert) -> bool:
        """Try one channel within the patience and tell whether it took the alert."""
        tries = asyncio.ensure_future(self._retry(notifier.send, alert))
        try:
            # A channel is somebody else's code: wait() neither raises its errors nor waits for its clean-up.
            done, _ = await asyncio.wait({tries}, timeout=PATIENCE_SECONDS)
        finally:
            tries.cancel()
        trouble = tries.exception() if done and not tries.cancelled() else TimeoutError("no answer in time")
        if trouble is not None:
            # An error outside the keeper's families is a mistake in the plugin; its author needs the traceback.
            known = isinstance(trouble, (Transient, TimeoutError))
            _log.warning(
                "alert_not_delivered",
                channel=notifier.name,
                alert=alert.title,
                error=f"{type(trouble).__name__}: {trouble}",
                exc_info=None if known else trouble,
            )
        return trouble is None

    async def _recall(self) -> None:
        """Read once from the store what was said lately, so that a restart repeats nothing."""
        if self._recalled:
            return
        try:
            records = await self._store.alerts(limit=_REMEMBERED)
        except StoreUnavailable as exc:
            # Better said twice than not at all; the store is asked again for the next alert.
            _log.warning("alert_history_unavailable", error=str(exc))
            return
        self._recalled = True
        for record in records:
            said = _Said(record.alert.at, record.alert.severity, _was_heard(record))
            self._said.setdefault(record.alert.key, said)

    def _forget(self, now: Seconds) -> None:
        """Drop what has cooled, so that keys which never come back do not pile up."""
        if len(self._said) > _REMEMBERED:
            self._said = {key: said for key, said in self._said.items() if self._cooling(said, said.severity, now)}

    async def _remember(self, record: AlertRecord) -> None:
        try:
            await self._store.add_alert(record)
        except StoreUnavailable as exc:
            _log.warning("alert_not_recorded", alert=record.alert.title, error=str(exc))

    def _now(self, alert: Alert) -> Seconds:
        try:
            return self._clock.now()
        except Transient:
            # No block was seen yet; the alert's own time is the best there is.
            return alert.at

    def _cooling(self, last: _Said | None, severity: Severity, now: Seconds) -> bool:
        if last is None or _RANK[severity] > _RANK[last.severity]:
            return False
        return abs(now - last.at) < (self._cool_seconds if last.heard else RETRY_SECONDS)


def _was_heard(record: AlertRecord) -> bool:
    """Tell whether a channel took it; with no channels at all the record is where it was said."""
    return bool(record.delivered_to) or not record.failed
