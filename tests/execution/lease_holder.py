"""Run as a child process: keeps the lease of a store, writes under it for ever, and says what came of each write.

Every line is `<timer before the question> <term held, or -> <last term ever held, or -> <what its write did>`.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import structlog

from keeper.errors import LeaseLost
from keeper.execution.lease import Tenancy, timer
from keeper.pause import pause
from keeper.store.sqlite import SqliteStore, open_store

EVERY = 0.02


async def say(store: SqliteStore, tenancy: Tenancy, last: int | None) -> int | None:
    asked_at, lease = timer(), tenancy.held()
    last = last if lease is None else lease.term
    done = "-"
    if last is not None:
        try:
            await store.put_note("mark", {"term": last}, term=last)
            done = "written"
        except LeaseLost:
            done = "refused"
    print(f"{asked_at:.3f} {lease.term if lease else '-'} {last or '-'} {done}", flush=True)  # noqa: T201 - the parent reads it
    return last


async def main(path: Path, lease_seconds: float, holder: str | None) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_store(path) as store:
        tenancy = Tenancy(store, holder=holder, lease_seconds=lease_seconds)
        keeping = asyncio.create_task(tenancy.run(stop))
        last = await say(store, tenancy, None)
        while not await pause(stop, EVERY):
            last = await say(store, tenancy, last)
        await keeping


structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
