"""Says each trouble once, to the channels that are for it, and says when it is over. Nothing here waits for a channel."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from keeper.alerts.lanes import PATIENCE_SECONDS, Lane
from keeper.alerts.open_troubles import OpenTrouble, OpenTroubles
from keeper.alerts.rules import RANK, AlertRule
from keeper.core.alert_kinds import KINDS, link_to, over, page_of
from keeper.core.records import Alert, AlertRecord, Severity
from keeper.core.units import Seconds
from keeper.errors import StoreUnavailable, Transient
from keeper.ports import Clock, Notifier, Store
from keeper.retry import NOTIFY, Retry

RETRY_SECONDS: Final = Seconds(60)
"""How soon an alert that no channel took is tried again when the trouble comes up again."""
FLUSH_SECONDS: Final = 5.0
"""How long the end of the process waits for alerts that are on their way."""
_REMEMBERED: Final = 500
UNWRITTEN: Final = 200
"""Records of alerts that are kept while the store is away; beyond it the oldest are given up."""

_PLAIN: Final = AlertRule()

_log = structlog.get_logger("keeper.alerts")


class Counts(Protocol):
    """Who counts what became of alerts."""

    def alert(self, severity: Severity, *, delivered: bool) -> None:
        """Count an alert that at least one channel took, or that none did."""
        ...

    def alert_sent(self, channel: str, *, taken: bool) -> None:
        """Count what one channel did with one alert."""
        ...

    def alerts_open(self, by_kind: Mapping[str, int]) -> None:
        """Show how many troubles of each kind are not over."""
        ...


@dataclass(frozen=True, slots=True)
class _Said:
    """When something was last said, and how loudly. An earlier block time may follow a later one."""

    at: Seconds
    severity: Severity
    heard: bool


class AlertRouter:
    """Never raises for a channel or a store that fails."""

    def __init__(
        self,
        notifiers: Sequence[Notifier],
        store: Store,
        clock: Clock,
        rule: AlertRule = _PLAIN,
        *,
        counts: Counts | None = None,
        retry: Retry = NOTIFY,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._lanes = tuple(Lane(notifier, retry=retry, patience=patience) for notifier in notifiers)
        self._store = store
        self._clock = clock
        self._rule = rule
        self._counts = counts
        self._said: dict[str, _Said] = {}
        self._open = OpenTroubles(store)
        self._recalled = False
        self._going: set[asyncio.Task[AlertRecord]] = set()
        self._unwritten: deque[AlertRecord] = deque()
        self._writing = asyncio.Lock()
        for name in sorted(set(rule.channels) - {lane.name for lane in self._lanes}):
            _log.warning("alert_channel_unknown", channel=name, setting="alerts.channels")

    async def send(self, alert: Alert) -> asyncio.Task[AlertRecord] | None:
        """Hand an alert to its channels and return the task that will know where it went; None when it is held back.

        The same key is held back for the cooling time, unless it has become more severe or no channel took
        it the last time (then for a minute). Waits for the store at most, never for a channel.
        """
        judged = self._rule.judged(alert)
        if judged is None:
            return None
        await self._recall()
        now = self._now(judged.at)
        kind = KINDS.get(judged.kind)
        if kind is not None and kind.lasting:
            self._open.seen(judged, now)
        # No await from here to the mark, so that two tasks with one trouble say it once.
        task = None
        if not self._cooling(self._said.get(judged.key), judged.severity, now):
            self._forget(now)
            task = self._start(
                judged, now, [lane for lane in self._lanes if self._rule.wants(lane.name, judged.severity)]
            )
        await self._note_open()
        return task

    async def over(self, prefix: str, *, still: str | None = None) -> None:
        """Note that no trouble whose key is `prefix` or begins with it and a colon, other than `still`, is there any more.

        Costs nothing while nothing is open; until the store has said once what is, it is asked each time.
        """
        await self._note_missing(lambda now: self._open.missing(prefix, still, now))

    async def over_outside(self, pool_ids: Collection[int]) -> None:
        """Note that no trouble of any other pool is there any more: nobody looks after that pool now."""
        await self._note_missing(lambda now: self._open.missing_outside(pool_ids, now))

    async def _note_missing(self, note: Callable[[Seconds], None]) -> None:
        await self._recall()
        # Without a time nothing can be told to be long gone.
        with suppress(Transient):
            if self._open:
                note(self._clock.now())
        await self.tell_what_is_over()

    async def tell_what_is_over(self) -> None:
        """Say of every trouble that has not been there for the settling time that it is over.

        To be called in every round; what an outage of the store left unwritten is written then. A trouble that comes and goes within the settling time is not over each time.
        """
        await self._write_down()
        await self._recall()
        if not self._open:
            return
        try:
            now = self._clock.now()
        except Transient:
            return
        for key, trouble in self._open.take_ended(now, self._rule.settle_seconds):
            alert = over(key, trouble.title, trouble.pool_id, since=trouble.since, until=trouble.seen_at, at=now)
            self._start(replace(alert, link=link_to(self._rule.runbook, page_of(alert))), now, self._told_of(trouble))
            self._said.pop(key, None)
        await self._note_open()

    def recall_anew(self) -> None:
        """Read again from the store what was said and what is open: another keeper may have spoken meanwhile."""
        self._recalled = False
        self._said.clear()

    async def flush(self, seconds: float) -> None:
        """Wait until everything on its way has arrived and is written down, at most `seconds`."""
        if self._going:
            await asyncio.wait(set(self._going), timeout=seconds)

    async def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Let what is on its way arrive within `seconds`; what does not is recorded as not delivered."""
        await asyncio.gather(*(lane.close(seconds) for lane in self._lanes))
        await self.flush(seconds)

    def _told_of(self, trouble: OpenTrouble) -> list[Lane]:
        """Return the lines of those who were told of a trouble; of those it was for, where that was not noted."""
        if trouble.told is None:
            return [lane for lane in self._lanes if self._rule.wants(lane.name, trouble.severity)]
        return [lane for lane in self._lanes if lane.name in trouble.told]

    def _start(self, alert: Alert, now: Seconds, lanes: Sequence[Lane]) -> asyncio.Task[AlertRecord]:
        """Put an alert into the lines of these channels."""
        self._said[alert.key] = _Said(now, alert.severity, heard=True)
        names = [lane.name for lane in lanes]
        new = frozenset() if alert.resolved else self._open.offered(alert.key, names)
        taken = [lane.offer(alert) for lane in lanes]
        task = asyncio.create_task(self._finish(alert, names, taken, new), name="alert")
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    async def _finish(
        self, alert: Alert, names: Sequence[str], taken: Sequence[asyncio.Future[bool]], new: frozenset[str]
    ) -> AlertRecord:
        """Wait until every channel has spoken, and write down where the alert went; `new` ones had not been told before."""
        heard = dict(zip(names, await asyncio.gather(*taken), strict=True))
        record = AlertRecord(
            alert,
            delivered_to=tuple(name for name, ok in heard.items() if ok),
            failed=tuple(name for name, ok in heard.items() if not ok),
        )
        said = self._said.get(alert.key)
        if said is not None and not alert.resolved:
            self._said[alert.key] = replace(said, heard=_was_heard(record))
        if self._counts is not None:
            self._counts.alert(alert.severity, delivered=bool(record.delivered_to))
            for name, ok in heard.items():
                self._counts.alert_sent(name, taken=ok)
        if not alert.resolved:
            self._open.answered(alert.key, took=record.delivered_to, missed=new.intersection(record.failed))
            await self._open.save()
        await self._remember(record)
        return record

    async def _recall(self) -> None:
        """Read once from the store what was said lately and what is open, so that a restart repeats nothing."""
        if self._recalled:
            return
        try:
            records = await self._store.alerts(limit=_REMEMBERED)
            await self._open.load()
        except StoreUnavailable as exc:
            # Better said twice than not at all; the store is asked again for the next alert.
            _log.warning("alert_history_unavailable", reason=str(exc))
            return
        self._recalled = True
        newest: dict[str, AlertRecord] = {}
        for record in records:
            newest.setdefault(record.alert.key, record)
        for key, record in newest.items():
            if not record.alert.resolved:
                self._said.setdefault(key, _Said(record.alert.at, record.alert.severity, _was_heard(record)))
        self._show_open()

    async def _note_open(self) -> None:
        self._show_open()
        await self._open.save()

    def _show_open(self) -> None:
        if self._counts is not None:
            self._counts.alerts_open(self._open.by_kind())

    def _forget(self, now: Seconds) -> None:
        """Drop what has cooled, so that keys which never come back do not pile up."""
        if len(self._said) > _REMEMBERED:
            self._said = {key: said for key, said in self._said.items() if self._cooling(said, said.severity, now)}

    async def _remember(self, record: AlertRecord) -> None:
        self._unwritten.append(record)
        if len(self._unwritten) > UNWRITTEN:
            _log.warning("alert_not_recorded", alert=self._unwritten.popleft().alert.title)
        await self._write_down()

    async def _write_down(self) -> None:
        """Write what is not written yet, in order; what the store does not take waits for the next time."""
        async with self._writing:
            while self._unwritten:
                record = self._unwritten.popleft()
                try:
                    await self._store.add_alert(record)
                except StoreUnavailable as exc:
                    self._unwritten.appendleft(record)
                    _log.warning("alert_not_recorded_yet", alert=record.alert.title, reason=str(exc))
                    return

    def _now(self, at: Seconds) -> Seconds:
        try:
            return self._clock.now()
        except Transient:
            # No block was seen yet; the alert's own time is the best there is.
            return at

    def _cooling(self, last: _Said | None, severity: Severity, now: Seconds) -> bool:
        if last is None or RANK[severity] > RANK[last.severity]:
            return False
        return abs(now - last.at) < (self._rule.cool_seconds if last.heard else RETRY_SECONDS)


def _was_heard(record: AlertRecord) -> bool:
    """Tell whether a channel took it; with no channels at all the record is where it was said."""
    return bool(record.delivered_to) or not record.failed
