"""Which transactions have their decision record: what an outage or a crash left without one is found again."""

from typing import Final

from keeper.core.records import Intent, IntentKind
from keeper.ports import Store
from keeper.turn_log import TurnLog

ACCOUNTED_NOTE: Final = "accounted"
LOOKED_AT: Final = 50
"""Newest transactions that are held against the note; far more than are ever open at once."""
REMEMBERED: Final = 4 * LOOKED_AT
RECORDED: Final = frozenset({IntentKind.PROPOSE, IntentKind.CONCLUDE, IntentKind.REBALANCE, IntentKind.PAY_WITHDRAWAL})
"""Kinds whose success is a decision of its own; reported prices are a means to one of these."""


class Accounted:
    """The keys of the newest transactions that have a record; written in the very call that writes the record."""

    def __init__(self, store: Store, turns: TurnLog) -> None:
        self._store = store
        self._turns = turns
        self._keys: list[str] | None = None

    def forget(self) -> None:
        """Read the note again before the next answer: another keeper may have written meanwhile."""
        self._keys = None

    def add(self, key: str) -> None:
        """Have it noted with the next turns that this transaction has its record."""
        if self._keys is None or key in self._keys:
            return
        self._keys = [*self._keys, key][-REMEMBERED:]
        self._turns.note(ACCOUNTED_NOTE, {"keys": self._keys})

    async def missing(self) -> list[Intent]:
        """Return what did what it was made for and has no record, the oldest first. Raises StoreUnavailable.

        Asked of the journal, because recovery returns only what was still open, and nothing once it fails half-way.
        """
        newest = await self._store.intents(limit=LOOKED_AT)
        done = [intent for intent in reversed(newest) if intent.kind in RECORDED and intent.succeeded]
        if self._keys is None:
            note = await self._store.note(ACCOUNTED_NOTE)
            # A store without the note is new, or of a keeper that noted nothing: what it did has its records.
            self._keys = [intent.key for intent in done] if note is None else [str(key) for key in note.get("keys", ())]
            if note is None:
                self._turns.note(ACCOUNTED_NOTE, {"keys": self._keys})
        return [intent for intent in done if intent.key not in self._keys]
