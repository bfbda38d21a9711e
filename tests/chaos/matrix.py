"""Which runs there are, and who does them: a few workers, each with a chain of its own."""

import asyncio
import random
import shutil
import tempfile
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from keeper.errors import NodeUnavailable
from keeper.points import POINTS
from tests.chaos.faults import FAULTS
from tests.chaos.ground import ground, now
from tests.chaos.runs import AT_THE_END, Bench, Result

RUN_SECONDS = 240.0
SHORT_POINTS = (
    "journal.replaced.after",
    "offer_again.before",
    "journal.reopened.after",
    "journal.signed.after",
    "offer.before",
    "offer.after",
    "journal.mined.before",
    "journal.settled.before",
)
SHORT_FAULTS = ("answer lost", "reorganisation that loses")
"""The most telling ones, for people in a hurry."""


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    points: tuple[str, ...] = POINTS
    faults: tuple[str, ...] = tuple(FAULTS)
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    workers: int = 2
    minutes: float = 60.0


@dataclass
class Row:
    """All runs of one kind, added up."""

    kind: str
    runs: int = 0
    missed: int = 0
    """Runs in which the point was not reached."""
    intended: int = 0
    once: int = 0
    given_up: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    points: Counter = field(default_factory=Counter)

    def add(self, result):
        self.runs += 1
        self.missed += not result.reached
        self.points += result.points
        for name in ("intended", "once", "given_up"):
            setattr(self, name, getattr(self, name) + getattr(result, name))
        for name in ("lost", "twice", "wrong"):
            setattr(self, name, getattr(self, name) + len(getattr(result, name)))


@dataclass
class Outcome:
    """What all runs showed together."""

    order: Order
    results: list[Result] = field(default_factory=list)
    left_out: int = 0
    seconds: float = 0.0

    def rows(self):
        """Return one row per kind, in the order in which they were asked for."""
        rows = {}
        for result in self.results:
            rows.setdefault(result.kind, Row(result.kind)).add(result)
        kinds = (*self.order.points, *self.order.faults, AT_THE_END)
        return [rows[kind] for kind in kinds if kind in rows]

    def lines(self):
        """Return every finding in words."""
        return [line for result in self.results for line in result.lines()]

    def never_reached(self):
        """Return the points at which not one run could kill."""
        return [row.kind for row in self.rows() if row.missed == row.runs]

    @property
    def clean(self):
        return not self.lines() and not self.never_reached() and not self.left_out


async def go(order, say):
    """Do every run of `order`, telling `say` of each; return the outcome."""
    started = now()
    left = deque((kind, seed) for seed in order.seeds for kind in _mixed(order, seed))
    outcome = Outcome(order)
    workers, booting = min(order.workers, len(left)), asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(_work(left, outcome, started + 60 * order.minutes, booting, say))
    outcome.left_out, outcome.seconds = len(left), now() - started
    return outcome


def _mixed(order, seed):
    """Return the kinds in an order of the seed's own, so that different ones follow each other."""
    kinds = [*order.points, *order.faults]
    random.Random(seed).shuffle(kinds)  # noqa: S311 - repeatable on purpose
    return kinds


async def _work(left, outcome, end, booting, say):
    """Do runs on one chain until none are left; after one that went wrong, on a fresh one."""
    while left and now() < end:
        folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        before = len(outcome.lines())
        try:
            async with ground(folder, booting) as here:
                await _runs(Bench(here), left, outcome, end, say)
        except NodeUnavailable as exc:
            say(Result(str(exc), 0, reached=False))
            continue  # a machine with other work to do; what is left out at the end is said
        if len(outcome.lines()) == before:
            shutil.rmtree(folder)


async def _runs(bench, left, outcome, end, say):
    while left and now() < end:
        kind, seed = left.popleft()
        if not await _one(bench.run(kind, seed), Result(kind, seed), outcome, say):
            return
    await _one(bench.drain(), Result(AT_THE_END, 0), outcome, say)


async def _one(run, unfinished, outcome, say):
    """Wait for a run, keep and tell its result, and return whether it was clean."""
    try:
        async with asyncio.timeout(RUN_SECONDS):
            result = await run
    except TimeoutError:
        result = unfinished
        result.wrong.append(f"no end after {RUN_SECONDS:.0f} s")
    outcome.results.append(result)
    say(result)
    return result.clean
