"""What is due in this round, remembered in the store so that a restart neither forgets nor repeats it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from keeper.core.calendar import Looked, Periods, after, as_due, chosen, next_due, rule_at, upcoming
from keeper.core.policy import PoolRule
from keeper.core.records import Decision
from keeper.core.units import Seconds
from keeper.ports import Store

log = structlog.get_logger("keeper.timetable")

SCHEDULE_NOTE: Final = "schedule"


class Timetable:
    """Says which pools to look at, and takes note of the looks. Reads the store once, until told to forget."""

    def __init__(self, store: Store, pools: Sequence[PoolRule], periods: Periods, seed: str) -> None:
        self._store = store
        self._pools = tuple(pools)
        self._periods = periods
        self._seed = seed
        self._looked: dict[int, Looked] | None = None
        self._health_at: Seconds | None = None
        self._wanted: set[int] = set()

    def want(self) -> None:
        """Have every pool looked at once more, due or not: as many at once and by the same rules as when they are due."""
        self._wanted = {rule.pool_id for rule in self._pools}

    def forget(self) -> None:
        """Read the store again before the next answer: another keeper may have written meanwhile."""
        self._looked = None

    async def due(self, now: Seconds, height: int) -> tuple[PoolRule, ...]:
        """Return the pools to look at now, each with the rule that holds at this look."""
        looked = await self._known()
        found: dict[int, PoolRule] = {}
        for rule in self._pools:
            last = looked.get(rule.pool_id)
            if rule.pool_id in self._wanted:
                found[rule.pool_id] = rule_at(rule, last, now, self._seed, self._periods)
            elif (due := as_due(rule, last, now, height, self._seed, self._periods)) is not None:
                found[rule.pool_id] = due
        return chosen(found, looked, now, self._periods)

    async def done(self, rules: Iterable[PoolRule], decisions: Iterable[Decision]) -> None:
        """Take note of the looks that were made by `rules`, as `due` gave them."""
        looked, by_pool = await self._known(), {rule.pool_id: rule for rule in rules}
        made = [decision for decision in decisions if decision.pool_id in by_pool]
        for decision in made:
            before = looked.get(decision.pool_id)
            looked[decision.pool_id] = after(before, by_pool[decision.pool_id], decision, self._seed)
            self._wanted.discard(decision.pool_id)
        if made:
            await self._save(looked)

    async def health_due(self, now: Seconds) -> bool:
        """Tell whether everything the keeper depends on should be looked at; the first time is a period after the first start."""
        await self._known()
        if self._health_at is None:  # a first start has `keeper check` before it; count from here
            await self.health_done(now)
        return next_due("health", self._health_at, now, self._seed, self._periods) <= now

    async def health_done(self, now: Seconds) -> None:
        """Take note that it was."""
        looked, self._health_at = await self._known(), now
        await self._save(looked)

    async def _known(self) -> dict[int, Looked]:
        if self._looked is None:
            note = await self._store.note(SCHEDULE_NOTE) or {}
            self._looked, self._health_at = _read(note)
        return self._looked

    async def _save(self, looked: Mapping[int, Looked]) -> None:
        rows = {str(pool): seen.body() for pool, seen in looked.items()}
        await self._store.put_note(SCHEDULE_NOTE, {"pools": rows, "health_at": self._health_at})


async def upcoming_of(
    store: Store, pools: Sequence[PoolRule], periods: Periods, seed: str
) -> tuple[dict[int, dict[str, int | None]], int | None]:
    """Return when what is next due for each pool that was looked at, and the next look at the keeper's own health.

    Seconds since 1970 by block time; what lies behind is due at the next round.
    """
    looked, health_at = _read(await store.note(SCHEDULE_NOTE) or {})
    found = {
        rule.pool_id: upcoming(rule, seen, seen.at, seed, periods)
        for rule in pools
        if (seen := looked.get(rule.pool_id)) is not None
    }
    return found, None if health_at is None else next_due("health", health_at, health_at, seed, periods)


def _read(note: Mapping[str, Any]) -> tuple[dict[int, Looked], Seconds | None]:
    """Read the note; one that cannot be read is as good as none, since all is then due once."""
    try:
        looked = {int(pool): Looked.of(body) for pool, body in note.get("pools", {}).items()}
        health = note.get("health_at")
        return looked, None if health is None else Seconds(int(health))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        log.warning("schedule_unreadable", error=type(exc).__name__)
        return {}, None
