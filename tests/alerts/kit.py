"""A clock and a channel that do as the tests of alerts tell them."""

import asyncio
from dataclasses import dataclass, field

from keeper.core.records import Alert
from keeper.core.units import Seconds
from keeper.errors import NodeUnavailable

START = Seconds(1_790_000_000)


@dataclass
class Hands:
    """A clock that is set by hand; None has not seen a block."""

    at: Seconds | None = START

    def now(self) -> Seconds:
        if self.at is None:
            raise NodeUnavailable
        return self.at


@dataclass
class Channel:
    """Takes alerts; fails with the errors it is given first, and can hang."""

    name: str = "slack"
    errors: list[Exception] = field(default_factory=list)
    hangs: bool = False
    taken: list[Alert] = field(default_factory=list)
    tries: int = 0

    async def send(self, alert: Alert) -> None:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(alert)

    def titles(self) -> list[str]:
        return [alert.title for alert in self.taken]
