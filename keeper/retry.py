"""Named retry rules; the only importer of tenacity. What spends is never retried here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import ParamSpec, TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from keeper.errors import TipMoved, Transient

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How hard to try. Only Transient errors are ever tried again; waits are seconds."""

    attempts: int
    budget: float
    first_wait: float = 0.25
    on_new_tip: bool = False
    """Whether TipMoved is tried again too; only sensible for whoever chooses the tip."""

    def _worth_another_try(self, error: BaseException) -> bool:
        return isinstance(error, Transient) and (self.on_new_tip or not isinstance(error, TipMoved))

    async def __call__(self, fn: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call fn until it works or the budget runs out; the last error comes out as it was."""
        started = monotonic()
        try:
            return await fn(*args, **kwargs)
        except Transient as error:
            first = [error]

        async def again() -> T:
            # What was tried already is the first attempt: tenacity, which costs more than most calls, is only made for
            # those that fail, and counts as if it had been there from the beginning.
            if first:
                raise first.pop()
            return await fn(*args, **kwargs)

        retrying = AsyncRetrying(
            retry=retry_if_exception(self._worth_another_try),
            stop=stop_after_attempt(self.attempts) | stop_after_delay(self.budget - (monotonic() - started)),
            wait=wait_exponential_jitter(multiplier=self.first_wait, max=self.budget / 4),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await again()
        raise AssertionError


READ = Retry(attempts=4, budget=8.0)
NOTIFY = Retry(attempts=3, budget=10.0, first_wait=0.5)
