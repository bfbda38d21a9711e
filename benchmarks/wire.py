"""What transactions cost, beside the reference library: four pieces of work on one slice of ten legs.

Both sides run on one core, warm up first, get equally long, and have to come to the same bytes. Seconds are
the processor's, so that other work on the machine takes nothing from either; the keeper runs half of its time
before the other side and half after it. What the keeper remembers of names and addresses is
forgotten before every single run, so that nothing is carried over from one to the next.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Final

from benchmarks import slice as work
from keeper.chain import c32, clarity, names, principals
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity_values import parse
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import Network, call, unsigned
from keeper.signers.local import KeySigner

SECONDS: Final = 2.0
WARM_UP: Final = 1.0
MEMORIES: Final = [
    remembered
    for module in (c32, names, principals)
    for remembered in vars(module).values()
    if hasattr(remembered, "cache_clear")
]


@dataclass(frozen=True, slots=True)
class Compared:
    """One piece of work: how often a second here and there; the other side's is None where `why` says so."""

    name: str
    ours: float
    theirs: float | None = None
    same_bytes: bool | None = None
    why: str = ""


def sign() -> bytes:
    """Build and sign, from plain numbers and texts and the bare key to the bytes that a node gets."""
    signer = KeySigner(work.KEY, Network.TESTNET)
    order = work.order()
    payload = call(parse_principal(order.contract), order.function, order.args)
    draft = unsigned(Network.TESTNET, signer.public_key, payload, nonce=work.NONCE, fee=work.FEE)
    made = replace(draft, conditions=tuple(work.conditions()), mode=Mode.ORIGINATOR)
    return made.with_signature(signer.sign_digest(made.presign_hash())).encode()


def build() -> bytes:
    """Return the argument list, from plain numbers and texts to bytes."""
    return b"".join(work.order().args)


def serialiser() -> Callable[[], bytes]:
    """Return what writes the argument list from values that were read before; a value keeps no bytes."""
    values = [parse(bytes(arg)) for arg in work.order().args]
    return lambda: b"".join([value.encode() for value in values])


def decoder() -> Callable[[], object]:
    """Return what reads the argument list from bytes to plain numbers, texts, lists and dicts."""
    args = [bytes(arg) for arg in work.order().args]
    return lambda: [clarity.decode(arg) for arg in args]


def rate(once: Callable[[], object], seconds: float) -> float:
    """Return how often `once` runs in a second of the processor when nothing is remembered from the run before."""
    times, began = 0, process_time()
    while (spent := process_time() - began) < seconds:
        for memory in MEMORIES:
            memory.cache_clear()
        once()
        times += 1
    return times / spent


def measure() -> list[Compared]:
    """Return the four comparisons."""
    with one_core():
        return [
            compare("sign", "build and sign a slice of 10 legs", sign, sign()),
            compare("build", "its arguments, from plain values to bytes", build, build()),
            compare("serialise", "its arguments, from built values to bytes", serialiser(), build()),
            compare("decode", "its arguments, from bytes to values", decoder(), build()),
        ]


def compare(task: str, name: str, once: Callable[[], object], expected: bytes) -> Compared:
    """Measure here, there, and here again, so that a machine that slows down slows both sides."""
    rate(once, WARM_UP)
    before = rate(once, SECONDS / 2)
    node = node_program()
    if node is None:
        return Compared(name, before, why="there is no Node")
    done = subprocess.run(  # noqa: S603 - our own script
        [node, str(Path(__file__).with_name("node_wire.mjs"))],
        input=json.dumps({**work.described(), "task": task, "seconds": SECONDS, "warmUp": WARM_UP}),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    ours = (before + rate(once, SECONDS / 2)) / 2
    if done.returncode != 0:
        return Compared(name, ours, why=(done.stderr.strip().splitlines() or ["no answer"])[-1])
    answer = json.loads(done.stdout)
    return Compared(name, ours, answer["perSecond"], answer["raw"] == expected.hex())


def node_program() -> str | None:
    """Return the Node that `make setup` installed, else the machine's."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node")


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and those it starts on one core; a second one would help Node's compiler and collector."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
