"""What the running process knows about its own cycles: the source of /healthz and of "last cycle"."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keeper.core.chain_types import Tip
from keeper.core.records import Outcome
from keeper.core.units import MicroStx


@dataclass(frozen=True, slots=True)
class Beat:
    """The end of a pool's last cycle."""

    age_seconds: int
    outcome: Outcome


class Pulse:
    """Told by the cycle, asked by the web server. Ages are monotonic, so no clock jump makes them lie."""

    def __init__(
        self,
        pool_ids: Iterable[int],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        tick_seconds: int | None = None,
    ) -> None:
        self.pool_ids = tuple(pool_ids)
        self.tick_seconds = tick_seconds
        """Time between two rounds; None where there are none."""
        self.tip: Tip | None = None
        """Newest block seen."""
        self.balance_ustx: MicroStx | None = None
        """What the signer had when it was last asked."""
        self.standing_by = False
        """Whether another keeper holds the lease, so that this one only watches."""
        self.store_up = True
        """Whether the store could be read and written when it was last asked."""
        self._monotonic = monotonic
        self._started = monotonic()
        self._ended: dict[int, tuple[float, Outcome]] = {}
        self._moved_at: float | None = None
        self._rounded_at: float | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Mark that a cycle is under way; outside it nothing can be stuck."""
        self._moved_at = self._monotonic()
        try:
            yield
        finally:
            self._moved_at = None

    def moved(self) -> None:
        """Note that the cycle under way has come a step further."""
        if self._moved_at is not None:
            self._moved_at = self._monotonic()

    def stuck_seconds(self) -> float:
        """Return how long the cycle under way has made no progress; 0 while none is."""
        return 0.0 if self._moved_at is None else self._monotonic() - self._moved_at

    def round_ended(self) -> None:
        """Note that a round has come to its end, whatever was due in it."""
        self._rounded_at = self._monotonic()

    def loop_age_seconds(self) -> int | None:
        """Return how long the loop has neither ended a round nor made progress in one; None before its first end."""
        if self._rounded_at is None:
            return None
        return int(self._monotonic() - max(self._rounded_at, self._moved_at or self._rounded_at))

    def saw_tip(self, tip: Tip) -> None:
        """Note the newest block."""
        self.tip = tip

    def saw_balance(self, balance_ustx: MicroStx | None) -> None:
        """Note the signer's balance, None when it could not be read."""
        self.balance_ustx = balance_ustx

    def cycle_finished(self, pool_id: int, outcome: Outcome) -> None:
        """Note that a pool's cycle has ended, however it ended."""
        self._ended[pool_id] = (self._monotonic(), outcome)
        self.moved()

    def beat(self, pool_id: int) -> Beat | None:
        """Return the end of the pool's last cycle, None before the first."""
        ended = self._ended.get(pool_id)
        return None if ended is None else Beat(int(self._monotonic() - ended[0]), ended[1])

    def age_seconds(self) -> int:
        """Return how long the process has been running."""
        return int(self._monotonic() - self._started)

    def last_age_seconds(self) -> int | None:
        """Return the age of the newest end of any cycle, None before the first."""
        ended = [at for at, _ in self._ended.values()]
        return int(self._monotonic() - max(ended)) if ended else None
