"""Answers that are kept for a moment, so that many askers cost one look at the store."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

KEPT_SECONDS: Final = 0.25
"""How long an answer serves others; nobody sees anything older than this."""
MOST_KEPT: Final = 256
"""Most answers kept at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body as it goes out, and its tag."""

    body: bytes
    etag: str


def answer_of(body: bytes) -> Answer:
    """Return a body with a tag that changes when it does."""
    return Answer(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class Kept:
    """Remembers answers by their question. Whoever asks while one is being made waits for that one."""

    def __init__(self, seconds: float = KEPT_SECONDS, timer: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._timer = timer
        self._made: OrderedDict[str, tuple[float, asyncio.Task[Answer]]] = OrderedDict()

    async def get(self, question: str, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the kept answer, or make one. Raises what `make` raises, and keeps no error."""
        found = self._made.get(question)
        if found is None or not self._good(*found):
            task = asyncio.ensure_future(_run(make))
            task.add_done_callback(_looked_at)
            found = self._made[question] = (self._timer(), task)
            self._made.move_to_end(question)
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
        # One asker who goes away must not take the answer from the others.
        return await asyncio.shield(found[1])

    def forget(self) -> None:
        """Keep nothing of what was made so far."""
        self._made.clear()

    def _good(self, at: float, task: asyncio.Task[Answer]) -> bool:
        if not task.done():
            return True
        return not task.cancelled() and task.exception() is None and self._timer() - at < self._seconds


async def _run(make: Callable[[], Awaitable[Answer]]) -> Answer:
    return await make()


def _looked_at(task: asyncio.Task[Answer]) -> None:
    """Take note of an error that nobody waited for any more."""
    if not task.cancelled():
        task.exception()
