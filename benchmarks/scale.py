"""What a cycle costs as pools grow in number: CPU per pool at 100, 1,000 and 10,000, all following the whales of a crowd.

`python benchmarks/scale.py` prints it alone; other sizes can be given as arguments.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from time import process_time, thread_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.tables import Row, quiet, show  # noqa: E402 - this folder is no package of the product
from keeper.supervisor import settle_memory  # noqa: E402 - the same
from keeper.testing.fakes import FakeDex, FakePriceSource  # noqa: E402 - the same
from tests.shell.model_chain import ModelChain  # noqa: E402 - the same
from tests.shell.world import AT_HOME, RULE, open_world, whale  # noqa: E402 - the same

SIZES = (100, 1_000, 10_000)
WHALES = 200
"""In each category."""
CATEGORIES = 10
TOP = 50
"""Whales that each pool follows of those; the settings allow no more."""
LARGEST = 20
"""Pools hold up to so many times 100,000 STX, so that each asks the venues about another size."""
FAKED = (
    *((ModelChain, name) for name in ("tip", "read", "account", "mempool_nonces", "transaction")),
    (FakeDex, "market"),
    (FakePriceSource, "prices"),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Milliseconds of CPU per pool of one quiet cycle: all threads, without what the fakes themselves used."""

    pools: int
    own_ms: float
    loop_ms: float
    """Of that, what the event loop's thread used; the rest is the store's."""
    fakes_ms: float

    @property
    def seconds(self) -> float:
        """CPU of the whole cycle."""
        return self.own_ms * self.pools / 1_000


@contextmanager
def weighed_fakes() -> Iterator[list[float]]:
    """Count, in a list of one number, the CPU seconds that chain, venues and price sources use; they never wait."""
    used, real = [0.0], {(kind, name): getattr(kind, name) for kind, name in FAKED}

    def counted(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(method)
        async def call(*args: Any) -> Any:
            started = thread_time()
            try:
                return await method(*args)
            finally:
                used[0] += thread_time() - started

        return call

    try:
        for (kind, name), method in real.items():
            setattr(kind, name, counted(method))
        yield used
    finally:
        for (kind, name), method in real.items():
            setattr(kind, name, method)


def rules(pools: int) -> tuple:
    """Return as many pools over ten categories of whales."""
    follow = [replace(RULE.whales, category=f"crowd-{number}", top=TOP) for number in range(CATEGORIES)]
    return tuple(
        replace(RULE, pool_id=number, name=f"Pool {number}", whales=follow[number % CATEGORIES])
        for number in range(1, pools + 1)
    )


def crowd(at: int) -> list:
    """Return 200 whales in each category, each with a score of its own."""
    base = whale(AT_HOME, at)
    return [
        replace(base, address=f"SP{category}W{number:03d}", category=f"crowd-{category}", score=5_000 + number)
        for category in range(CATEGORIES)
        for number in range(WHALES)
    ]


def spread(chain: ModelChain) -> None:
    """Give each pool a size of its own."""
    for number, pool in chain.pools.items():
        pool.holdings = {asset: amount * (1 + number % LARGEST) for asset, amount in pool.holdings.items()}


async def quiet_cycle(folder: Path, pools: int) -> Scale:
    """Run a cycle to warm up, which holds the books against the chain as every twentieth does, and measure the next one."""
    async with open_world(folder, pools=rules(pools)) as world:
        await world.store.put_whales(crowd(world.clock.at))
        spread(world.chain)
        await world.cycle.run()
        world.chain.pass_time(60)
        for source in world.sources:
            source.usd_e12 = dict(source.usd_e12)
        settle_memory()  # as the daemon does
        with weighed_fakes() as fakes:
            whole, loop = process_time(), thread_time()
            decisions = await world.cycle.run()
            whole, loop = process_time() - whole, thread_time() - loop
    if {str(decision.outcome) for decision in decisions} != {"within_threshold"}:
        message = f"a quiet cycle was not quiet: {sorted({decision.reason for decision in decisions})[:3]}"
        raise AssertionError(message)
    own, loop, faked = ((part * 1_000 / pools) for part in (whole - fakes[0], loop - fakes[0], fakes[0]))
    return Scale(pools, own, loop, faked)


def measure(sizes: tuple[int, ...] = SIZES) -> list[Scale]:
    """Measure each size in a folder of its own."""
    found = []
    for pools in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(asyncio.run(quiet_cycle(Path(folder), pools)))
    return found


def _store(one: Scale) -> float:
    return one.own_ms - one.loop_ms


def rows(found: list[Scale]) -> list[Row]:
    """Return one row for each size; growth is against the first."""
    return [
        (
            f"a cycle over {one.pools:,} pools x {WHALES} whales",
            f"{one.own_ms:.2f} ms CPU a pool",
            f"{one.seconds:.2f} s; {one.own_ms / found[0].own_ms:.2f} times {found[0].pools}'s; {_store(one):.2f} ms the store's",
        )
        for one in found
    ]


if __name__ == "__main__":
    quiet()
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    show(rows(measure(sizes)))
