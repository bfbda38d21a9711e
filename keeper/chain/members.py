"""One endpoint among several: how it answers, and how its chain compares with what the others say."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, ParamSpec, TypeVar

import structlog

from keeper.chain.health import Health
from keeper.chain.rpc import StacksNode
from keeper.errors import MarketRefused, NodeUnavailable, TipMoved, TransactionRefused

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger("keeper.nodes")

MAX_LAG: Final = 10
"""Blocks, about a minute, that an endpoint may be behind the most advanced one and still be used."""
VERDICT: Final = 600.0
"""Seconds for which an unfavourable comparison counts when nobody is there to compare with."""


class Standing(StrEnum):
    """How an endpoint's chain compares with the others'."""

    IN_LINE = "in line"
    BEHIND = "behind"
    APART = "on another fork"


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """One endpoint as the status page, metrics and alerts may see it; holds no key and no path."""

    name: str
    standing: Standing
    leads: bool
    """Whether it gave the last tip."""
    failures: int
    """In a row."""
    resting_seconds: float
    """How long it is still left alone; 0 when it is in use."""
    last_error: str | None
    """Why it last failed or was put to rest; None when its last answer was fine."""
    height: int | None
    """Of the last tip it gave; None when it never gave one."""
    requests_left: float | None
    """What its tightest budget would let through at once; None without a budget."""


class Member:
    """A node with its health and standing. Times are monotonic seconds."""

    def __init__(
        self, index: int, name: str, node: StacksNode, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.index, self.name, self.node = index, name, node
        self.health = Health(monotonic)
        self.height: int | None = None
        self.standing = Standing.IN_LINE
        self._monotonic = monotonic
        self._judged_at = monotonic()

    async def ask(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call one of this node's methods and note how that went; the error comes out as it was."""
        rested = self.health.resting() > 0
        try:
            answer = await call(*args, **kwargs)
        except NodeUnavailable as exc:
            self.health.failed(exc)
            exc.facts.setdefault("endpoint", self.name)
            if not rested and self.health.resting() > 0:
                self._log_rest()
            raise
        except (TipMoved, MarketRefused, TransactionRefused):  # answers, and no fault of the node
            self.health.answered()
            raise
        self.health.answered()
        return answer

    def rest(self, seconds: float, why: str) -> None:
        """Leave it alone for a while for a reason of ours."""
        self.health.rest(seconds, why)
        self._log_rest()

    def _log_rest(self) -> None:
        seconds = round(self.health.resting(), 1)
        log.warning("endpoint_rests", endpoint=self.name, seconds=seconds, reason=self.health.last_error)

    def judge(self, standing: Standing) -> None:
        """Note how its chain compares with the others'."""
        if standing is not self.standing:
            log.warning("endpoint_standing", endpoint=self.name, standing=str(standing), height=self.height)
        self.standing, self._judged_at = standing, self._monotonic()

    def trusted(self) -> bool:
        """Tell whether it was in line when it was last compared, or that was too long ago to count."""
        return self.standing is Standing.IN_LINE or self._monotonic() - self._judged_at > VERDICT

    def snapshot(self, *, leads: bool) -> NodeHealth:
        """Return what may be shown."""
        health = self.health
        return NodeHealth(
            name=self.name,
            standing=self.standing,
            leads=leads,
            failures=health.failures,
            resting_seconds=health.resting(),
            last_error=health.last_error,
            height=self.height,
            requests_left=self.node.requests_left(),
        )


def awake(members: Iterable[Member]) -> list[Member]:
    """Return those that are not at rest."""
    return [member for member in members if member.health.resting() <= 0]


def in_order(members: Sequence[Member], leader: Member) -> list[Member]:
    """Return whom to ask what no tip is needed for, best first; never nobody.

    The one that gave the last tip comes first, so that nonces and broadcasts see one mempool. When all rest, the
    one whose rest ends first is asked all the same: a keeper that asks nobody never finds out that somebody is back.
    """
    trusted = [member for member in members if member.trusted()] or list(members)
    ready = awake(trusted) or [min(trusted, key=lambda member: member.health.resting())]
    return sorted(ready, key=lambda member: (member is not leader, member.index))
