"""How soon the API answers while cycles run: a steady stream of requests from another process, whatever the answers take.

`python benchmarks/api.py` prints it alone. Requests are sent when they are due, not when the one before was answered,
and their time counts from when they were due, so that a stall is seen in all that it holds up.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.tables import quiet  # noqa: E402 - this folder is no package of the product
from keeper.clock import ChainClock  # noqa: E402 - the same
from keeper.core.chain_types import Tip  # noqa: E402 - the same
from keeper.core.units import Seconds  # noqa: E402 - the same
from keeper.supervisor import settle_memory  # noqa: E402 - the same
from keeper.telemetry.metrics import Metrics  # noqa: E402 - the same
from keeper.telemetry.pulse import Pulse  # noqa: E402 - the same
from keeper.web.server import make_app, serve  # noqa: E402 - the same
from keeper.web.state import WebState  # noqa: E402 - the same

RATE = 500
"""Requests a second."""
SECONDS = 10
POOLS = 10
CONNECTIONS = 64
PATHS = (
    "/api/v1/status",
    "/api/v1/pools",
    "/api/v1/pools/1",
    "/api/v1/pools/2",
    "/api/v1/proposals",
    "/api/v1/decisions?limit=20",
    "/api/v1/decisions?pool=3&limit=5",
    "/api/v1/pools/1/history?limit=100",
    "/api/v1/pools/2/history.csv",
    "/api/pools/3",
    "/api/v1/transactions",
    "/",
)


@dataclass(frozen=True, slots=True)
class Serving:
    """What the load saw, and what the server's process did meanwhile."""

    asked_a_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    failed: int
    cycles: int = 0
    cpu_share: float = 0.0
    """Part of one core that the keeper's process used."""


async def _connection(host: str, port: int, due: asyncio.Queue, took: list[float], failed: list[str]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while (job := await due.get()) is not None:
        at, path = job
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length"))
        await reader.readexactly(int(length.partition(":")[2]))
        took.append(perf_counter() - at)
        if " 200 " not in head.partition("\r\n")[0]:
            failed.append(head.partition("\r\n")[0])
    writer.close()


async def load(host: str, port: int, rate: int, seconds: float) -> Serving:
    """Ask `rate` times a second for `seconds` over connections that stay open."""
    due: asyncio.Queue = asyncio.Queue()
    took: list[float] = []
    failed: list[str] = []
    workers = [asyncio.create_task(_connection(host, port, due, took, failed)) for _ in range(CONNECTIONS)]
    started, count = perf_counter(), int(rate * seconds)
    for number in range(count):
        at = started + number / rate
        if (early := at - perf_counter()) > 0:
            await asyncio.wait(workers, timeout=early)
        due.put_nowait((at, PATHS[number % len(PATHS)]))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    span, ordered = perf_counter() - started, sorted(took)
    at_part = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1_000 for part in (0.5, 0.99, 1.0)]
    return Serving(len(took) / span, *at_part, failed=len(failed))


async def _cycles(world: object, stop: asyncio.Event) -> int:
    done = 0
    while not stop.is_set():
        await world.cycle.run()  # type: ignore[attr-defined]
        world.chain.pass_time(6)  # type: ignore[attr-defined] # a block
        done += 1
    return done


async def serve_and_cycle(folder: Path, rate: int, seconds: float) -> Serving:
    """Serve a world of fakes whose cycles follow each other without rest, and have it asked."""
    from tests.shell.world import RULE, open_world  # noqa: PLC0415 - the load process needs none of it

    rules = tuple(replace(RULE, pool_id=number, name=f"Pool {number}") for number in range(1, POOLS + 1))
    async with open_world(folder, pools=rules) as world:
        pulse, clock = Pulse(rule.pool_id for rule in rules), ChainClock()
        tip = Tip(4_000_000, "ab" * 32, Seconds(world.clock.at))
        pulse.saw_tip(tip)
        clock.note(tip)
        state = WebState(world.store, clock, Metrics(), pulse, 60, "testnet", "ST0", requests_per_minute=1_000_000)
        await world.cycle.run()
        settle_memory()  # as the daemon does
        async with serve(make_app(state), "127.0.0.1", 0) as address:
            stop = asyncio.Event()
            cycles = asyncio.create_task(_cycles(world, stop))
            cpu, wall = process_time(), perf_counter()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, __file__, "--load", address, "--rate", str(rate), "--seconds", str(seconds)),
                stdout=subprocess.PIPE,
            )
            out, _ = await process.communicate()
            share = (process_time() - cpu) / (perf_counter() - wall)
            stop.set()
            return replace(Serving(**json.loads(out)), cycles=await cycles, cpu_share=share)


def measure(rate: int = RATE, seconds: float = SECONDS) -> Serving:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(serve_and_cycle(Path(folder), rate, seconds))


def main() -> None:
    """Print the measurement, or be the load."""
    parser = argparse.ArgumentParser(description="How soon the API answers while cycles run.")
    parser.add_argument("--load", help="be the load on this address")
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    if given.load:
        host, _, port = given.load.removeprefix("http://").rpartition(":")
        print(json.dumps(asdict(asyncio.run(load(host, int(port), given.rate, given.seconds)))))  # noqa: T201
        return
    found = measure(given.rate, given.seconds)
    print(  # noqa: T201 - what it is for
        f"{found.asked_a_second:.0f} requests a second: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms, worst "
        f"{found.worst_ms:.1f} ms, {found.failed} failed; beside {found.cycles} cycles of {POOLS} pools, "
        f"{found.cpu_share:.0%} of a core"
    )


if __name__ == "__main__":
    quiet()
    main()
