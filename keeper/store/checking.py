"""Reads every record of a store and names the damaged ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keeper.core.archive import KINDS
from keeper.ports import Store
from keeper.store.archive import Progress
from keeper.store.faults import fault_of

MOST_NAMED: Final = 100
"""Damaged records that are named one by one."""


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
    """Read everything. Raises StoreUnavailable when the store cannot be read."""
    counts, damaged, bad = Counter[str](), list[str](), 0
    async for row in store.dump():
        counts[row.kind] += 1
        progress(counts.total(), None)
        if fault := fault_of(row):
            bad += 1
            if len(damaged) < MOST_NAMED:
                damaged.append(f"{row.kind} {row.where}: {fault}")
    return Health({kind: counts[kind] for kind in KINDS}, tuple(damaged), bad)
