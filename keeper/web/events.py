"""Tells everybody who listens what is new in the store: decisions, alerts, transactions, a pause and its end.

It looks at the store, so that what another process wrote is told as well, and only while somebody listens.
"""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

import structlog

from keeper.core.paused import PAUSED_NOTE, Paused, paused_from
from keeper.core.records import OPEN_STATES, AlertRecord, Decision, Intent
from keeper.errors import KeeperError
from keeper.pause import pause
from keeper.ports import Store

MOST_LISTENERS: Final = 64
MOST_PER_ADDRESS: Final = 16
REMEMBERED: Final = 100
"""Events that a listener who comes back can still be given."""
QUEUED: Final = 128
"""Events that wait for one listener; whoever is further behind is cut off."""
_PAGE: Final = 50
_NEWEST_INTENTS: Final = 10
_KNOWN_INTENTS: Final = 1_000

Kind = Literal["ready", "reset", "decision", "alert", "transaction", "pause"]
R = TypeVar("R")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds."""

    look: float = 1.0
    """How often the store is looked at while somebody listens."""
    heartbeat: float = 15.0
    """How often a silent stream says that it is still there."""
    write: float = 10.0
    """Longest that a listener may take to accept an event."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A person paused the keeper, or had it go on."""

    paused: Paused | None
    """None: it goes on."""


Record = Decision | AlertRecord | Intent | Switch


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `ready` begins a stream, `reset` says that something was missed and all is to be read anew."""

    event_id: str
    kind: Kind
    record: Record | None = None


class Crowded(Exception):
    """There are as many listeners as there may be."""


def _not_gone() -> bool:
    return False


class Listener:
    """One who listens. `gone` tells whether the connection is lost, which nobody is told of before the next event."""

    def __init__(self, address: str, cut: Callable[[], None], gone: Callable[[], bool] = _not_gone) -> None:
        self.address = address
        self.gone = gone
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUED)
        """None ends the stream."""
        self._cut = cut

    def give(self, event: Event | None) -> bool:
        """Hand over an event; False when too many wait already, and the connection is cut."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self._cut()
            return False
        return True


class Hub:
    """Looks at the store on behalf of all listeners at once."""

    def __init__(self, store: Store, pace: Pace | None = None, news: Callable[[], None] | None = None) -> None:
        self._news = news
        self.pace = Pace() if pace is None else pace
        self._store = store
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._past: deque[Event] = deque(maxlen=REMEMBERED)
        self._listeners: set[Listener] = set()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._seen = False
        self._decision: str | None = None
        self._alert: str | None = None
        self._paused: Paused | None = None
        self._intents: OrderedDict[str, tuple[str, str | None]] = OrderedDict()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @property
    def last_id(self) -> str:
        """Name of the newest event."""
        return f"{self._epoch}-{self._number}"

    async def catch_up(self) -> None:
        """Look once, so that a new listener begins with what is new from here on. Raises StoreUnavailable."""
        async with self._looking:
            await self._look()

    @contextmanager
    def listen(self, listener: Listener, after: str | None) -> Iterator[None]:
        """Have `listener` given everything from now on, and first what came after the event `after`.

        Raises Crowded when there are too many, over all or from one address.
        """
        self._let_go()
        same = sum(other.address == listener.address for other in self._listeners)
        if self._stop.is_set() or len(self._listeners) >= MOST_LISTENERS or same >= MOST_PER_ADDRESS:
            raise Crowded
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="events")
        try:
            for event in self._missed(after):
                listener.give(event)
            yield
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """End every stream and stop looking."""
        self._stop.set()
        for listener in tuple(self._listeners):
            listener.give(None)
        if self._task is not None:
            await self._task

    def _let_go(self) -> None:
        """Give the places of those who went away to others."""
        for listener in [each for each in self._listeners if each.gone()]:
            self._listeners.discard(listener)
            listener.give(None)

    def _missed(self, after: str | None) -> list[Event]:
        ready = Event(self.last_id, "ready")
        if after is None or after == self.last_id:
            return [ready]
        past = list(self._past)
        ids = [event.event_id for event in past]
        if after in ids:
            return past[ids.index(after) + 1 :]
        before_them = f"{self._epoch}-{self._number - len(past)}"
        return past if after == before_them else [Event(self.last_id, "reset")]

    async def _run(self) -> None:
        """Look again and again while somebody listens."""
        while self._listeners and not self._stop.is_set():
            if await pause(self._stop, self.pace.look):
                return
            self._let_go()
            try:
                await self.catch_up()
            except KeeperError as exc:
                _log.warning("events_not_read", error=type(exc).__name__, reason=str(exc))

    async def _look(self) -> None:
        # Everything is read before anything counts as told: a store that fails half way loses nothing.
        decisions = await self._new(lambda most: self._store.decisions(limit=most), _decision_name, self._decision)
        alerts = await self._new(lambda most: self._store.alerts(limit=most), _alert_name, self._alert)
        changed = await self._changed_intents()
        before, self._paused = self._paused, paused_from(await self._store.note(PAUSED_NOTE))
        self._decision, self._alert = decisions.newest, alerts.newest
        for intent in changed:
            self._intents[intent.key] = (str(intent.state), intent.txid)
            self._intents.move_to_end(intent.key)
        while len(self._intents) > _KNOWN_INTENTS:
            self._intents.popitem(last=False)
        if not self._seen:
            self._seen = True
            return
        if not (decisions.whole and alerts.whole):
            self._tell("reset", None)
        self._tell_each("decision", decisions.fresh)
        self._tell_each("alert", alerts.fresh)
        self._tell_each("transaction", changed)
        if self._paused != before:
            self._tell("pause", Switch(self._paused))

    async def _new(
        self, read: Callable[[int], Awaitable[Sequence[R]]], name: Callable[[R], str], known: str | None
    ) -> "_New[R]":
        """Return what was appended since `known`: one record is read when there is nothing new."""
        newest = await read(1)
        if not newest or not self._seen or name(newest[0]) == known:
            return _New((), name(newest[0]) if newest else None, whole=True)
        page = await read(_PAGE)
        names = [name(record) for record in page]
        fresh = page[: names.index(known)] if known in names else page
        return _New(tuple(fresh)[::-1], names[0], whole=known in names or len(page) < _PAGE)

    async def _changed_intents(self) -> list[Intent]:
        """Return the transactions that have come, moved on or ended, oldest change first."""
        found = {intent.key: intent for intent in await self._store.intents(limit=_NEWEST_INTENTS)}
        found |= {intent.key: intent for intent in await self._store.intents(open_only=True)}
        for key, (state, _) in tuple(self._intents.items()):
            if key not in found and state in OPEN_STATES and (ended := await self._store.intent(key)) is not None:
                found[key] = ended
        changed = [one for one in found.values() if self._intents.get(one.key) != (str(one.state), one.txid)]
        return sorted(changed, key=lambda intent: (intent.updated_at, intent.nonce or 0))

    def _tell_each(self, kind: Kind, records: Sequence[Record]) -> None:
        for record in records:
            self._tell(kind, record)

    def _tell(self, kind: Kind, record: Record | None) -> None:
        if self._news is not None:
            self._news()  # first: whoever is told must not be given an older answer
        self._number += 1
        event = Event(self.last_id, kind, record)
        self._past.append(event)
        for listener in tuple(self._listeners):
            if not listener.give(event):
                _log.warning("listener_cut_off", address=listener.address, waiting=QUEUED)
                self._listeners.discard(listener)


@dataclass(frozen=True, slots=True)
class _New(Generic[R]):
    """What was appended, oldest first; not whole when more was appended than one look reads."""

    fresh: Sequence[R]
    newest: str | None
    whole: bool


def _decision_name(decision: Decision) -> str:
    return decision.decision_id


def _alert_name(record: AlertRecord) -> str:
    # A trouble may be told and be over within one block, which is one second of the keeper's clock.
    return f"{record.alert.at}:{record.alert.key}:{record.alert.resolved}"
