"""The troubles that people were told of and that are not over yet; a note of the store keeps them over a restart."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from keeper.core.records import Alert, Severity
from keeper.core.units import Seconds
from keeper.errors import StoreUnavailable
from keeper.ports import Store

NOTE: Final = "open-alerts"
MOST: Final = 200
"""Most that are kept; the oldest are forgotten first, which costs no more than their "over"."""

_log = structlog.get_logger("keeper.alerts")


@dataclass(frozen=True, slots=True)
class OpenTrouble:
    """One trouble that lasts; times are seconds of the keeper's clock."""

    severity: Severity
    title: str
    pool_id: int | None
    since: Seconds
    seen_at: Seconds
    """When it was last known to be there."""
    gone_at: Seconds | None = None
    """When it was first looked for and not there; None while it is."""
    told: tuple[str, ...] | None = None
    """Channels that were told of it, or are about to be; None where an earlier version did not note them."""


_ADAPTER: Final = TypeAdapter(OpenTrouble)


class OpenTroubles:
    """What is open, by the key of its alert. Changes are written down by `save`, and only when there are any."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, OpenTrouble] = {}
        self._own: set[str] = set()
        self._changed = False

    async def load(self) -> None:
        """Read what an earlier life, or another keeper, left open; what this one saw itself stays. Raises StoreUnavailable."""
        noted = read(await self._store.note(NOTE))
        own = {key: trouble for key, trouble in self._open.items() if key in self._own}
        self._open = {**noted, **own}

    def seen(self, alert: Alert, now: Seconds) -> None:
        """Note that a trouble is there; `since` stays that of its first alert."""
        self._own.add(alert.key)
        known = self._open.get(alert.key)
        if known is not None and known.gone_at is None and known.severity is alert.severity:
            self._open[alert.key] = replace(known, seen_at=now)  # not worth a write
            return
        since, told = (now, ()) if known is None else (known.since, known.told)
        self._open[alert.key] = OpenTrouble(alert.severity, alert.title, alert.pool_id, since, now, told=told)
        while len(self._open) > MOST:
            oldest = min(self._open, key=lambda key: self._open[key].since)
            del self._open[oldest]
            self._own.discard(oldest)
        self._changed = True

    def offered(self, key: str, channels: Collection[str]) -> frozenset[str]:
        """Note that these channels are being told of a trouble; return those among them that had not been told before."""
        known = self._open.get(key)
        if known is None:
            return frozenset()
        new = frozenset(channels) - frozenset(known.told or ())
        self._put_told(key, known, {*(known.told or ()), *new})
        return new

    def answered(self, key: str, *, took: Collection[str], missed: Collection[str]) -> None:
        """Note which channels took what they were offered, and which did not and know nothing of the trouble."""
        known = self._open.get(key)
        if known is not None:
            self._put_told(key, known, {*(known.told or ()), *took} - {*missed})

    def _put_told(self, key: str, known: OpenTrouble, told: Collection[str]) -> None:
        names = tuple(sorted(told))
        if names != known.told:
            self._open[key] = replace(known, told=names)
            self._changed = True

    def missing(self, prefix: str, still: str | None, now: Seconds) -> None:
        """Note that no trouble whose key begins with these parts, other than `still`, is there at the moment."""
        self._gone([key for key in self._open if f"{key}:".startswith(f"{prefix}:") and key != still], now)

    def missing_outside(self, pool_ids: Collection[int], now: Seconds) -> None:
        """Note that the troubles of all other pools are not there at the moment."""
        there = {None, *pool_ids}
        self._gone([key for key, trouble in self._open.items() if trouble.pool_id not in there], now)

    def _gone(self, keys: Iterable[str], now: Seconds) -> None:
        for key in keys:
            if self._open[key].gone_at is None:
                self._open[key] = replace(self._open[key], gone_at=now)
                self._changed = True

    def take_ended(self, now: Seconds, settle: int) -> list[tuple[str, OpenTrouble]]:
        """Take out and return, with their keys, the troubles that have been gone for `settle` seconds."""
        ended = [(k, t) for k, t in self._open.items() if t.gone_at is not None and now - t.gone_at >= settle]
        for key, _ in ended:
            del self._open[key]
            self._own.discard(key)
            self._changed = True
        return ended

    def by_kind(self) -> Mapping[str, int]:
        """Return how many are open of each kind."""
        counts: dict[str, int] = {}
        for key in self._open:
            kind = key.partition(":")[0]
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    def __bool__(self) -> bool:
        """Tell whether anything is open."""
        return bool(self._open)

    async def save(self) -> None:
        """Write down what changed; while the store is silent it is kept for the next time."""
        if not self._changed:
            return
        body = {key: asdict(trouble) for key, trouble in self._open.items()}
        self._changed = False
        try:
            await self._store.put_note(NOTE, body)
        except StoreUnavailable as exc:
            self._changed = True
            _log.warning("open_alerts_not_saved", reason=str(exc))


def read(note: Mapping[str, Any] | None) -> dict[str, OpenTrouble]:
    """Return the troubles of the note, by key; a row that is damaged is left out."""
    found: dict[str, OpenTrouble] = {}
    for key, row in (note or {}).items():
        try:
            found[key] = _ADAPTER.validate_python(row)
        except ValidationError:
            _log.warning("open_alert_unreadable", alert=key)
    return found
