"""Answers that are kept for a moment, so that many askers cost one look at the store."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

FRESH_SECONDS: Final = 0.25
"""How long an answer serves others before the next is made."""
LONGEST_SECONDS: Final = 1.0
"""How old an answer may be while the next is being made; nobody sees an older one."""
MOST_KEPT: Final = 256
"""Most answers kept at once."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Most bytes of them, whatever is asked for; the newest answer is kept even when it is longer alone."""


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

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._answers: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._bytes = 0
        self._making: dict[str, asyncio.Task[Answer]] = {}

    async def get(self, question: str, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the kept answer, or a new one. Raises what `make` raises, and keeps no error.

        An answer that is no longer fresh still serves for a moment while the next is made, so that a steady stream
        of questions never waits for the store.
        """
        at, kept = self._answers.get(question, (0.0, None))
        age = self._timer() - at
        if kept is not None and age < FRESH_SECONDS:
            return kept
        task = self._making.get(question)
        if task is None:
            task = self._making[question] = asyncio.ensure_future(self._make(question, make))
            task.add_done_callback(_looked_at)
        if kept is not None and age < LONGEST_SECONDS:
            return kept
        # One asker who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Keep nothing of what was made so far, nor of what is being made: something has changed."""
        self._answers.clear()
        self._bytes = 0
        self._making.clear()

    async def _make(self, question: str, make: Callable[[], Awaitable[Answer]]) -> Answer:
        at, this = self._timer(), asyncio.current_task()
        try:
            answer = await make()
            if self._making.get(question) is this:
                self._keep(question, at, answer)
        finally:
            if self._making.get(question) is this:
                del self._making[question]
        return answer

    def _keep(self, question: str, at: float, answer: Answer) -> None:
        """Keep an answer, and let go of the oldest: of those too old to serve, and of what is too much."""
        self._drop(question)
        self._answers[question] = (at, answer)
        self._bytes += len(answer.body)
        while len(self._answers) > 1:
            oldest = next(iter(self._answers))
            too_old = self._timer() - self._answers[oldest][0] >= LONGEST_SECONDS
            if not too_old and len(self._answers) <= MOST_KEPT and self._bytes <= MOST_BYTES:
                return
            self._drop(oldest)

    def _drop(self, question: str) -> None:
        _, answer = self._answers.pop(question, (0.0, None))
        self._bytes -= 0 if answer is None else len(answer.body)


def _looked_at(task: asyncio.Task[Answer]) -> None:
    """Take note of an error that nobody waited for any more."""
    if not task.cancelled():
        task.exception()
