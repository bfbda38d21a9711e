"""The store as the sender may use it: every write carries the number of the lease it was made under."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keeper.core.records import Intent
from keeper.ports import Store


def unfenced() -> None:
    """Stand in for a lease where there is only one process by construction."""


class Fenced:
    """Writes intents and notes under the lease that `term` tells of; the store refuses those of an older one."""

    def __init__(self, store: Store, term: Callable[[], int | None] = unfenced) -> None:
        self._store = store
        self._term = term

    def require(self) -> None:
        """Raise LeaseLost unless this process holds the lease right now."""
        self._term()

    async def put_intent(self, intent: Intent) -> None:
        """Insert or replace an intent. Raises LeaseLost, StoreUnavailable."""
        await self._store.put_intent(intent, term=self._term())

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
        """Return every intent that is not over."""
        return await self._store.intents(open_only=True)
