"""One clock for prices, votes and mandates: the chain's, carried forward between blocks."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from keeper.core.chain_types import Tip
from keeper.core.units import Seconds
from keeper.errors import NodeUnavailable


def wall_of(network: Literal["mainnet", "testnet"]) -> Callable[[], float] | None:
    """Return the machine's clock, in seconds since 1970, where blocks are dated by it; None where they need not be.

    Only to judge whether a node can be right: a local chain lets months pass in a minute.
    """
    return time.time if network == "mainnet" else None  # noqa: TID251 - a false block has to be told by something else


class ChainClock:
    """Tells the newest block time seen, plus what the machine's monotonic timer has counted since."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        machine: Callable[[], float] = time.time,  # noqa: TID251 - for `told_at` alone
    ) -> None:
        self._monotonic = monotonic
        self._machine = machine
        self._time: Seconds | None = None
        self._height = 0
        self._floor = Seconds(0)
        self._noted_at = 0.0
        self.started = asyncio.Event()
        """Set by the first block."""

    def note(self, tip: Tip) -> None:
        """Take over the time of a block; an older block than one already seen changes nothing.

        Every block is dated after the one before it. So a higher one with an earlier date than the one gone by so far
        shows that this was dated falsely, and only then does time go back: never past the block gone by before that,
        lest a second false date open days whose fees are spent.
        """
        if self._time is None or tip.time > self.now():
            self._floor = tip.time if self._time is None else self._time
        elif not (tip.height > self._height and self._floor <= tip.time < self._time):
            return
        self._time, self._height, self._noted_at = tip.time, tip.height, self._monotonic()
        self.started.set()

    def now(self) -> Seconds:
        """Return seconds since 1970. Raises NodeUnavailable before the first block was seen."""
        if self._time is None:
            message = "no block has been seen yet, so the time is not known"
            raise NodeUnavailable(message)
        return Seconds(self._time + int(self._monotonic() - self._noted_at))

    def told_at(self) -> Seconds:
        """Return seconds since 1970 for what people are told: by the machine's clock until the first block was seen.

        Nothing that is judged or sent may go by it; an alert has to have a time even where no node ever answers.
        """
        return Seconds(int(self._machine())) if self._time is None else self.now()
