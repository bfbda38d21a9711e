"""The store as the sender may use it: every write carries the number of the lease it was made under."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keeper.core.records import Intent
from keeper.errors import LeaseLost
from keeper.ports import Store


def unfenced() -> None:
    """Stand in for a lease where there is only one process by construction."""


class Fenced:
    """Writes intents and notes under the lease that `term` tells of; the store refuses those of an older one."""

    def __init__(self, store: Store, term: Callable[[], int | None] = unfenced) -> None:
        self._store = store
        self._term = term
        self._puts = 0
        self._none_open: tuple[int, int] | None = None
        """Term and number of intents written by then, when the store last had nothing open."""

    def require(self) -> None:
        """Raise LeaseLost unless this process holds the lease right now."""
        self._term()

    async def put_intent(self, intent: Intent) -> None:
        """Insert or replace an intent. Raises LeaseLost, StoreUnavailable."""
        term = self._term()
        self._puts += 1
        await self._store.put_intent(intent, term=term)

    async def put_note(self, key: str, body: Mapping[str, Any]) -> None:
        """Replace a small named document. Raises LeaseLost, StoreUnavailable."""
        await self._store.put_note(key, body, term=self._term())

    async def note(self, key: str) -> Mapping[str, Any] | None:
        """Return a small named document."""
        return await self._store.note(key)

    async def intent(self, key: str) -> Intent | None:
        """Return the intent with this key."""
        return await self._store.intent(key)

    async def open_intents(self) -> Sequence[Intent]:
        """Return every intent that is not over.

        Under one lease nobody else writes any: where nothing was open and nothing was written since, the store is not asked.
        """
        now = self._now()
        if now is not None and now == self._none_open:
            return ()
        found = await self._store.intents(open_only=True)
        self._none_open = None if found or now != self._now() else now
        return found

    def _now(self) -> tuple[int, int] | None:
        """Return the term held and how many intents were written; None where no lease says that nobody else writes."""
        try:
            term = self._term()
        except LeaseLost:
            return None
        return None if term is None else (term, self._puts)
