"""What one cycle costs per pool, against the world of fakes that the shell tests use."""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

from tests.shell.world import ADRIFT, RULE, open_world

POOLS = 100


@dataclass(frozen=True, slots=True)
class Cycling:
    """Milliseconds per pool: CPU, and time on the wall, which includes the disk."""

    pools: int
    quiet_cpu_ms: float
    quiet_wall_ms: float
    proposing_cpu_ms: float


async def timed(world: object) -> tuple[float, float]:
    """Return CPU and wall milliseconds per pool of one cycle."""
    cpu, wall = process_time(), perf_counter()
    await world.cycle.run()  # type: ignore[attr-defined]
    return (process_time() - cpu) * 1_000 / POOLS, (perf_counter() - wall) * 1_000 / POOLS


async def cycles(folder: Path) -> Cycling:
    """Run a warm-up, a quiet cycle, and one in which every pool proposes."""
    rules = tuple(replace(RULE, pool_id=number, name=f"Pool {number}") for number in range(1, POOLS + 1))
    async with open_world(folder, pools=rules) as world:
        await timed(world)
        quiet_cpu, quiet_wall = await timed(world)
        await world.follow(ADRIFT)
        proposing_cpu, _ = await timed(world)
    return Cycling(POOLS, quiet_cpu, quiet_wall, proposing_cpu)


def measure() -> Cycling:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(cycles(Path(folder)))
