"""Reads every record of a store and names the damaged ones."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from keeper.core.archive import KINDS, Row, RowKind
from keeper.errors import StoreUnavailable
from keeper.ports import Store
from keeper.store.archive import Progress
from keeper.store.records import ALERTS, DECISIONS, INTENTS, POINTS, VIEWS, WHALES, lease_of, to_json

MOST_NAMED: Final = 100
"""Damaged records that are named one by one."""
_READERS: Final[Mapping[RowKind, Callable[[Row], Any]]] = {
    "whale": lambda row: WHALES.record(to_json(row.body)),
    "decision": lambda row: DECISIONS.record(to_json(row.body)),
    "intent": lambda row: INTENTS.record(to_json(row.body)),
    "alert": lambda row: ALERTS.record(to_json(row.body)),
    "view": lambda row: VIEWS.record(to_json(row.body)),
    "point": lambda row: POINTS.record(to_json(row.body)),
    "note": lambda row: row.body,
    "lease": lambda row: lease_of(row.body),
}


@dataclass(frozen=True, slots=True)
class Health:
    """What was found."""

    counts: Mapping[str, int]
    damaged: tuple[str, ...]
    """One sentence for each of the first damaged records."""
    damaged_count: int

    @property
    def ok(self) -> bool:
        """Whether every record can be read."""
        return self.damaged_count == 0


async def check_store(store: Store, progress: Progress) -> Health:
    """Read everything. Raises StoreUnavailable when the store cannot be read, or holds what is no JSON at all."""
    counts, damaged, bad = Counter[str](), list[str](), 0
    async for row in store.dump():
        counts[row.kind] += 1
        progress(counts.total(), None)
        try:
            _READERS[row.kind](row)
        except StoreUnavailable as exc:
            bad += 1
            if len(damaged) < MOST_NAMED:
                damaged.append(f"{row.kind} {row.seq if row.key is None else row.key}: {exc}")
    return Health({kind: counts[kind] for kind in KINDS}, tuple(damaged), bad)
