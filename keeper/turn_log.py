"""What a round's turns came to, on its way into the store: news at once, the rest by the handful.

Nothing is sent before all of it is written. What the store did not take is kept if it is news, and written before
anything else is done; no round begins without that, so no more than one round's news can wait. The rest is looked at
anew by the next round, since a pool counts as looked at only once its round has come to its end.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keeper.core.records import Turn
from keeper.errors import StoreUnavailable
from keeper.ports import Store

MOST_TURNS: Final = 32
"""So many turns without news are written at once."""
MOST_SECONDS: Final = 1.0
"""Turns without news are written by the first one after so long, so that the page stays fresh where a round is slow."""


class TurnLog:
    """Turns and notes that are not written yet, in the order they came about. A round is a block of `async with`."""

    def __init__(self, store: Store, timer: Callable[[], float]) -> None:
        self._store = store
        self._timer = timer
        self._turns: list[Turn] = []
        self._news: set[str] = set()
        self._notes: dict[str, Mapping[str, Any]] = {}
        self._since = 0.0

    async def __aenter__(self) -> None:
        """Begin a round, first of all by writing the news of an earlier one. Raises StoreUnavailable."""
        self._turns = [turn for turn in self._turns if turn.decision.decision_id in self._news]
        if not self._turns:
            self._notes = {}
        await self.write()

    async def __aexit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> None:
        """End the round with all of it written. Raises StoreUnavailable, unless something else ended the round: that has to be told."""
        try:
            await self.write()
        except StoreUnavailable:
            if error is None:
                raise

    def forget(self) -> None:
        """Drop all that is not written: another keeper had the lease meanwhile, and has written what came after."""
        self._turns, self._news, self._notes = [], set(), {}

    def note(self, key: str, body: Mapping[str, Any]) -> None:
        """Have a note written with the next turns."""
        self._notes[key] = body

    async def add(self, turn: Turn, *, news: bool) -> None:
        """Have a turn written: now when it is news, else soon. Raises StoreUnavailable; news is kept then."""
        if not self._turns:
            self._since = self._timer()
        self._turns.append(turn)
        if news:
            self._news.add(turn.decision.decision_id)
        if news or len(self._turns) >= MOST_TURNS or self._timer() - self._since >= MOST_SECONDS:
            await self.write()

    async def write(self) -> None:
        """Write all there is. Raises StoreUnavailable."""
        if self._turns or self._notes:
            await self._store.record(self._turns, self._notes)
            self.forget()
