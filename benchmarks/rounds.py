"""One round of the daemon in which nothing is due, over HTTP and with a real store: what the whole process uses for it.

`python benchmarks/rounds.py` prints it alone. Here the rounds follow each other at once, so that only their own work counts;
what a process uses that sleeps for a second before each round, and wakes up with cold caches, is in the daemon at rest.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.idle import IDLE, nothing_to_do  # noqa: E402 - this folder is no package of the product
from benchmarks.tables import Row, quiet, show  # noqa: E402 - the same
from keeper.app import Keeper, open_keeper  # noqa: E402 - the same
from keeper.daemon import Rounds, holding_lease, may_send_soon  # noqa: E402 - the same
from keeper.demo.local_chain import LocalChain  # noqa: E402 - the same
from keeper.settings import load_settings  # noqa: E402 - the same
from keeper.supervisor import settle_memory  # noqa: E402 - the same

WARM_UP = 40
TIMES = 300


@dataclass(frozen=True, slots=True)
class Round:
    """Milliseconds of CPU of a quiet round, all threads, when no block came since the one before, and when one did."""

    still_ms: float
    block_ms: float
    rounds: int


async def in_a_row(keeper: Keeper, chain: LocalChain, stop: asyncio.Event) -> Round:
    """Have one round after the other, first without blocks between them, then with; making the blocks is not counted."""
    rounds = Rounds(keeper, stop)
    await may_send_soon(keeper, stop)
    for _ in range(WARM_UP):
        await chain.post("/devnet/mine", {})
        await rounds()
    settle_memory()  # as the daemon does
    still, block = [await _cpu_ms(rounds) for _ in range(TIMES)], []
    for _ in range(TIMES):
        await chain.post("/devnet/mine", {})
        looked = [keeper.pulse.beat(pool) for pool in keeper.pulse.pool_ids]
        took = await _cpu_ms(rounds)
        if looked == [keeper.pulse.beat(pool) for pool in keeper.pulse.pool_ids]:
            block.append(took)
    return Round(median(still), median(block), min(len(still), len(block)))


async def _cpu_ms(rounds: Rounds) -> float:
    before = process_time()
    await rounds()
    return (process_time() - before) * 1_000


async def _measure(folder: Path) -> Round:
    stop = asyncio.Event()
    async with nothing_to_do(folder) as chain:
        settings = load_settings(folder / "keeper.toml", IDLE)
        async with open_keeper(settings, stop) as keeper, holding_lease(keeper):
            return await in_a_row(keeper, chain, stop)


def measure() -> Round:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


def rows(found: Round) -> list[Row]:
    """Return the row about it."""
    compared = f"all threads, median of {found.rounds}; {found.block_ms:.2f} ms when a block came, which the node's work makes cold"
    return [("a round with nothing due, over HTTP", f"{found.still_ms:.2f} ms CPU", compared)]


if __name__ == "__main__":
    quiet()
    show(rows(measure()))
