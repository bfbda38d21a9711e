"""Run as a child process: writes for ever and says each record's number once the store has acknowledged it."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from conformance import decision, intent

from keeper.core.records import IntentState
from keeper.store.sqlite import open_store


async def main(path: Path, start: int) -> None:
    async with open_store(path) as store:
        for number in count(start):
            await store.add_decision(decision(number))
            await store.put_intent(intent(f"k-{number}", IntentState.SIGNED))
            print(number, flush=True)  # noqa: T201 - the parent reads it


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
