"""How many requests a minute an endpoint is asked, with a reserve that only a broadcast may use."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from keeper.errors import NodeUnavailable
from keeper.pause import pause

LONGEST_WAIT: Final = 30.0
"""Seconds that a request waits for its turn before it is given up."""
FEWEST: Final = 4
_MINUTE: Final = 60.0
_SLACK: Final = 1e-9
_SHORTEST: Final = 0.001


class TokenBucket:
    """Lets through at most `per_minute` requests in any 60 seconds; a quarter of them may come at once.

    The burst and what flows in during a minute add up to the limit, so that no choice of a minute holds more.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        if per_minute < FEWEST:
            message = f"{per_minute} requests a minute are too few to keep a reserve; allow {FEWEST} or more"
            raise ValueError(message)
        self._capacity = float(max(2, per_minute // 4))
        self._rate = (per_minute - self._capacity) / _MINUTE
        self._reserve = max(1.0, self._capacity // 4)
        self._tokens = self._capacity
        self._at = now

    def take(self, now: float, *, urgent: bool) -> float:
        """Take a token and return 0, or return the seconds until there may be one. Only `urgent` uses the reserve."""
        need = 1.0 if urgent else 1.0 + self._reserve
        short = need - self.left(now)
        if short > _SLACK:
            return max(short / self._rate, _SHORTEST)
        self._tokens -= 1.0
        return 0.0

    def left(self, now: float) -> float:
        """Return the tokens that are there now, the reserve among them."""
        self._tokens = min(self._tokens + max(now - self._at, 0.0) * self._rate, self._capacity)
        self._at = now
        return self._tokens


class Budget:
    """Makes callers wait for their turn; each kind of caller waits in its own line, so that none passes another."""

    def __init__(
        self,
        per_minute: int,
        stop: asyncio.Event,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        longest: float = LONGEST_WAIT,
    ) -> None:
        self._bucket = TokenBucket(per_minute, monotonic())
        self._stop = stop
        self._monotonic = monotonic
        self._longest = longest
        self._line, self._urgent_line = asyncio.Lock(), asyncio.Lock()

    async def take(self, *, urgent: bool = False) -> None:
        """Return when the request may go out. Raises NodeUnavailable, with reason `budget`, when that takes too long.

        Once the keeper is told to stop, nobody waits any more: what is left to ask is little.
        """
        try:
            async with asyncio.timeout(self._longest), self._urgent_line if urgent else self._line:
                while (wait := self._bucket.take(self._monotonic(), urgent=urgent)) > 0:
                    if await pause(self._stop, wait):
                        return
        except TimeoutError:
            message = f"no request was free within {self._longest:g} s; raise requests_per_minute or add an API key"
            raise NodeUnavailable(message, reason="budget", reached=False) from None

    def left(self) -> float:
        """Return how many requests could go out at once now, the reserve among them."""
        return self._bucket.left(self._monotonic())
