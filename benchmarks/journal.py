"""What a journal of a million intents costs to open and to read: `python benchmarks/journal.py [how many]`.

The store is filled through the keeper's own schema and document form, but without waiting for the disk. What is
measured runs in a fresh process afterwards, with the file put out of the page cache first.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import slice as ten_legs  # noqa: E402 - this folder is no package of the product
from benchmarks.tables import Row, show  # noqa: E402 - the same
from keeper import console  # noqa: E402 - the same
from keeper.chain.clarity import uint  # noqa: E402 - the same
from keeper.chain.contracts import ContractCall  # noqa: E402 - the same
from keeper.chain.postconditions import Mode  # noqa: E402 - the same
from keeper.clock import ChainClock  # noqa: E402 - the same
from keeper.core.records import OPEN_STATES, Intent, IntentKind, IntentState  # noqa: E402 - the same
from keeper.core.units import MicroStx, Seconds  # noqa: E402 - the same
from keeper.execution.fenced import Fenced  # noqa: E402 - the same
from keeper.execution.journal import Journal  # noqa: E402 - the same
from keeper.execution.orders import Order  # noqa: E402 - the same
from keeper.store.records import INTENTS  # noqa: E402 - the same
from keeper.store.sqlite import open_store  # noqa: E402 - the same

MANY: Final = 1_000_000
POOLS: Final = 100
OPEN_EVERY: Final = 25_000
"""One intent in so many was left open, however old, as after a node forgot it."""
SLICE_EVERY: Final = 10
"""One in so many is a slice of ten legs; the others are as small as a payment."""
AROUND: Final = 400
"""Bytes of a transaction that are not its arguments."""
MARK: Final = "@purpose@"
GOAL_SECONDS: Final = 2.0
GOAL_MIB: Final = 120.0


def template(call: ContractCall, state: IntentState) -> Intent:
    """Return an intent for `call` as the sender would leave it, with a mark where its key goes."""
    order = Order(MARK, IntentKind.REBALANCE, 1, call, Mode.DENY)
    raw = bytes(AROUND) + b"".join(call.args)
    at = Seconds(1_790_000_000)
    result = {} if state in OPEN_STATES else {"status": "success", "block_height": 9_000_000, "result_hex": "0x0703"}
    return Intent(
        key=MARK,
        kind=order.kind,
        pool_id=1,
        state=state,
        created_at=at,
        updated_at=at,
        sender=ten_legs.DEPLOYER,
        nonce=7,
        fee_ustx=MicroStx(3_000),
        txid="ab" * 32,
        raw_hex=raw.hex(),
        call=order.describe(),
        result=result,
    )


def records(many: int) -> Iterator[tuple[str, int, str, str, str]]:
    """Yield the columns of `many` intents, oldest first."""
    small = ContractCall(ten_legs.VAULT, "pay-withdrawal", (uint(1), uint(2)))
    bodies = {
        (call is small, state): INTENTS.document(template(call, state))
        for call in (small, ten_legs.order())
        for state in (IntentState.SETTLED, IntentState.SENT)
    }
    for number in range(1, many + 1):
        state = IntentState.SENT if number % OPEN_EVERY == 0 else IntentState.SETTLED
        key = f"{key_of(number)}#1"
        body = bodies[number % SLICE_EVERY != 0, state].replace(MARK, key)
        yield key, 1 + number % POOLS, state.value, "ab" * 32, body


def key_of(number: int) -> str:
    """Return the purpose of one intent."""
    return f"rebalance:{1 + number % POOLS}:{number // POOLS}"


async def make(path: Path, many: int) -> None:
    """Fill a new store; without syncing, since nobody would miss it."""
    async with open_store(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA wal_autocheckpoint = 100000")
        db.execute("BEGIN")
        db.executemany("INSERT INTO intents (key, pool_id, state, txid, body) VALUES (?, ?, ?, ?, ?)", records(many))
        notes = ((f"attempts:{key_of(number)}", '{"last":1}') for number in range(1, many + 1))
        db.executemany("INSERT INTO notes (key, body) VALUES (?, ?)", notes)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    forget(path)


def forget(path: Path) -> None:
    """Put the file out of the page cache, so that what is read next comes from the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory_mib() -> tuple[float, float]:
    """Return this process's resident memory and its highest, in MiB."""
    lines = (line.split() for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    found = {line[0]: int(line[1]) / 1_024 for line in lines if line[0] in {"VmRSS:", "VmHWM:"}}
    return found["VmRSS:"], found["VmHWM:"]


async def measure(path: Path, many: int) -> dict[str, float]:
    """Return seconds of each step and MiB at the start, at the end and at the highest."""
    before, _ = memory_mib()
    times: list[float] = [perf_counter()]
    async with open_store(path) as store:
        times.append(perf_counter())
        opened = await Journal(Fenced(store), ChainClock()).open()
        times.append(perf_counter())
        middle = await store.intent(f"{key_of(many // 2)}#1")
        times.append(perf_counter())
        newest = await store.intents()
        times.append(perf_counter())
        of_pool = await store.intents(pool_id=1)
        times.append(perf_counter())
        await store.put_intent(newest[0])
        times.append(perf_counter())
        after, highest = memory_mib()
    if (len(opened), middle is None, len(newest), bool(of_pool)) != (many // OPEN_EVERY, False, min(200, many), True):
        msg = "the store does not hold what was put into it"
        raise AssertionError(msg)
    names = ("open_store", "open", "intent", "intents", "of_pool", "put")
    spans = {name: until - since for name, since, until in zip(names, times, times[1:], strict=False)}
    return {**spans, "opened": len(opened), "before": before, "after": after, "highest": highest}


def fresh(path: Path, many: int) -> dict[str, float]:
    """Measure in a new interpreter."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", str(path), str(many)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603 - our own script
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


def rows(many: int = MANY) -> list[Row]:
    """Make a store of `many` intents, measure, and return the rows about it."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        path = Path(folder) / "keeper.sqlite3"
        asyncio.run(make(path, many))
        cold = fresh(path, many)
        warm = fresh(path, many)
        size = path.stat().st_size / 1_024**3
    return list(told(many, size, cold, warm))


def told(many: int, size: float, cold: dict[str, float], warm: dict[str, float]) -> Iterator[Row]:
    """Yield the rows; each says what came from the disk, and what from memory the second time."""
    start = cold["open_store"] + cold["open"]
    yield (
        f"open a journal of {many:,} intents, {size:.1f} GiB",
        f"{start * 1_000:.0f} ms",
        f"{(warm['open_store'] + warm['open']) * 1_000:.0f} ms warm; {cold['opened']:.0f} open ones read; goal {GOAL_SECONDS:.0f} s",
    )
    labels = {
        "intent": "one intent by its key",
        "intents": "the newest 200",
        "of_pool": "the newest 200 of a pool",
        "put": "write one",
    }
    for name, label in labels.items():
        yield f"- then {label}", f"{cold[name] * 1_000:.1f} ms", f"{warm[name] * 1_000:.1f} ms warm"
    yield (
        "- memory of that process, at most",
        f"{cold['highest']:.0f} MiB",
        f"{cold['before']:.0f} MiB before the store was opened; goal {GOAL_MIB:.0f} MiB",
    )


def main(arguments: list[str]) -> int:
    """Measure and print; nothing here passes or fails by its time."""
    if arguments[:1] == ["--measure"]:
        console.as_json(asyncio.run(measure(Path(arguments[1]), int(arguments[2]))))
        return 0
    show(rows(int(arguments[0]) if arguments else MANY))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
