"""Twenty-four hours in a minute: 1,440 rounds a minute of block time apart, and what has grown meanwhile.

`python benchmarks/day.py` prints it alone. The clock is the fakes'; the store is a real file. Thinning is asked for
every hour, by a rule that keeps no day but today's whole, so that it has work at midnight, in the middle of the run.
"""

import asyncio
import gc
import sys
import tempfile
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.scale import weighed_fakes  # noqa: E402 - this folder is no package of the product
from benchmarks.tables import Row, quiet, show  # noqa: E402 - the same
from keeper.core.calendar import Periods  # noqa: E402 - the same
from keeper.core.retention import Retention  # noqa: E402 - the same
from keeper.core.units import Seconds  # noqa: E402 - the same
from keeper.housekeeping import thin  # noqa: E402 - the same
from keeper.timetable import Timetable  # noqa: E402 - the same
from tests.shell.world import AT_HOME, RULE, USD, World, open_world  # noqa: E402 - the same

ROUNDS = 1_440
ROUND_SECONDS = 60
QUARTERS = 4
UNTRACED = 200
"""Further rounds without tracing, for what an idle one costs."""
POOLS = 10
KEEPS = Retention(whole_days=0, alert_days=0, intent_days=0)


@dataclass(frozen=True, slots=True)
class Grown:
    """What a process has at one time."""

    python_kib: float
    rss_kib: int
    files: int
    tasks: int
    store_kib: int


@dataclass(frozen=True, slots=True)
class Day:
    """What there was after each quarter, and what rounds cost in which nothing was due, the fakes' part taken away."""

    quarters: tuple[Grown, ...]
    looks: int
    thinned: int
    idle_rounds: int
    idle_ms: float


def _rss_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _grown(folder: Path) -> Grown:
    gc.collect()
    size = sum(path.stat().st_size for path in folder.iterdir())
    files = len(list(Path("/proc/self/fd").iterdir()))
    kib = tracemalloc.get_traced_memory()[0] / 1_024
    return Grown(kib, _rss_kib(), files, len(asyncio.all_tasks()), size // 1_024)


class Hours:
    """A keeper's rounds as the daemon has them: what is open, the pools that are due, the store thinned."""

    def __init__(self, world: World, fakes: list[float]) -> None:
        self._world = world
        self._fakes = fakes
        self._timetable = Timetable(world.store, world.pools, Periods(), "day")
        self._never = asyncio.Event()
        self.looks, self.thinned = 0, 0
        self.idle: list[float] = []

    async def round(self, number: int) -> None:
        """Let a minute pass and do what is due; prices move a little all the time."""
        world = self._world
        world.chain.pass_time(ROUND_SECONDS)
        for source in world.sources:
            source.asked.clear()  # the fakes' memory is not the keeper's
            source.usd_e12 = {symbol: price + price * (number % 100) // 10_000 for symbol, price in USD.items()}
        if number % 60 == 0:
            await world.follow(AT_HOME)
            done = await thin(world.store, KEEPS, Seconds(world.clock.at), self._never)
            self.thinned += done.decisions + done.history + done.alerts + done.intents
        cpu, faked = process_time(), self._fakes[0]
        tip = await world.observer.tip()
        rules = await self._timetable.due(Seconds(world.clock.at), tip.height)
        await self._timetable.done(rules, await world.cycle.run(rules, tip))
        self.looks += len(rules)
        if not rules and not tracemalloc.is_tracing():  # what is noted here must not count as growth
            self.idle.append((process_time() - cpu) - (self._fakes[0] - faked))


async def live(folder: Path, rounds: int) -> Day:
    """Live through a day; memory is traced in the whole of it."""
    pools = tuple(replace(RULE, pool_id=number, name=f"Pool {number}") for number in range(1, POOLS + 1))
    async with open_world(folder, pools=pools) as world:
        with weighed_fakes() as fakes:
            hours, quarters = Hours(world, fakes), []
            for number in range(rounds):
                await hours.round(number)
                if (number + 1) % (rounds // QUARTERS) == 0:
                    quarters.append(_grown(folder))
            tracemalloc.stop()
            hours.idle = []
            for number in range(UNTRACED):
                await hours.round(number)
    idle = sorted(hours.idle)[len(hours.idle) // 2] * 1_000
    return Day(tuple(quarters), hours.looks, hours.thinned, len(hours.idle), idle)


def measure(rounds: int = ROUNDS) -> Day:
    """Measure in a folder of its own."""
    tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(live(Path(folder), rounds))


def rows(found: Day) -> list[Row]:
    """Return what grew from the first quarter's end to the last's, and the idle round."""
    first, last = found.quarters[0], found.quarters[-1]
    python = ", ".join(f"{one.python_kib - first.python_kib:+,.0f}" for one in found.quarters[1:])
    files, tasks = (f"{getattr(last, name) - getattr(first, name):+}" for name in ("files", "tasks"))
    return [
        (
            "24 hours in 1,440 rounds: growth of memory",
            f"{python} KiB",
            f"Python's objects at 12, 18, 24 h against 6 h; resident {last.rss_kib - first.rss_kib:+,} KiB",
        ),
        (
            "  of open files and of tasks",
            f"{files}, {tasks}",
            f"{found.looks:,} looks; the store's file {last.store_kib - first.store_kib:+,} KiB, {found.thinned:,} thinned",
        ),
        (
            "  one round in which nothing is due",
            f"{found.idle_ms:.2f} ms CPU",
            f"median of {found.idle_rounds:,}; the faked chain's part is not counted",
        ),
    ]


if __name__ == "__main__":
    quiet()
    show(rows(measure()))
