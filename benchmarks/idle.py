"""A daemon that has nothing to do: when it is ready, what it keeps in memory, what a tick costs; ours and Silverback's.

`python benchmarks/idle.py` prints it alone. Both are real processes against a real chain on this machine. Silverback is ApeWorX's
keeper for Ethereum; it is installed for the measurement into a temporary folder, with anvil as its chain, and removed.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.tables import Row, show  # noqa: E402 - this folder is no package of the product
from keeper.core.paused import PAUSED_NOTE  # noqa: E402 - the same
from keeper.demo import session  # noqa: E402 - the same
from keeper.demo.local_chain import LocalChain, free_port, local_chain  # noqa: E402 - the same
from keeper.errors import KeeperError  # noqa: E402 - the same
from keeper.pause import pause  # noqa: E402 - the same
from keeper.store.sqlite import open_store  # noqa: E402 - the same

TICKS = 30
SETTLE_SECONDS = 10.0
START_SECONDS = 90.0
INSTALL_SECONDS = 300
IDLE = {
    "KEEPER_CYCLE_SECONDS": "1",
    "KEEPER_SCHEDULE__AFTER_BLOCK_SECONDS": "0",
    "KEEPER_SCHEDULE__PROPOSALS_SECONDS": "3600",
    "KEEPER_LOG_LEVEL": "warning",
}
"""A tick each second, and nothing due at any of them once each pool was looked at."""
BOT = """
import os, time
from pathlib import Path
from ape import chain
from silverback import SilverbackBot
bot = SilverbackBot()
@bot.on_startup()
def started(_):
    Path(os.environ["BENCH_NOTE"]).write_text("ready")
@bot.on_(chain.blocks)
def block(_):
    pass
"""


@dataclass(frozen=True, slots=True)
class Idle:
    """Seconds from start to ready, resident MiB at rest, milliseconds of CPU; or why there are none."""

    ready_s: float = 0.0
    rss_mib: float = 0.0
    second_ms: float = 0.0
    """Of a second with a tick in it."""
    without_ms: float = 0.0
    """Of a second without one: what goes on beside the ticks."""
    why: str = ""

    @property
    def tick_ms(self) -> float:
        """What a tick adds."""
        return self.second_ms - self.without_ms


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1_024


def cpu_ms(pid: int) -> float:
    """Return the CPU that all threads of a process used so far."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1_000_000


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Iterator[subprocess.Popen]:
    """Run a process for as long as the block lasts."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603 - ours
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()


@asynccontextmanager
async def nothing_to_do(folder: Path) -> AsyncIterator[LocalChain]:
    """Start a local chain that makes blocks only when told, and settings and store of a paused keeper with three pools."""
    async with local_chain(folder / "chain.log", "--block-ms", "3600000") as chain:
        settings = await session.write_settings(chain, folder, session.Options())
        async with open_store(settings.store_path) as store:
            await store.put_whales(await chain.whales())
            await store.put_note(PAUSED_NOTE, {"at": 0, "by": "make bench", "reason": "nothing to do"})
        yield chain


async def ours() -> Idle:
    """Measure `keeper run` with three pools and everybody told to stop, against the local chain."""
    with tempfile.TemporaryDirectory() as name:
        async with nothing_to_do(Path(name)):
            ready_s, rss, second_ms = await _ours(Path(name), IDLE)
            *_, without_ms = await _ours(Path(name), IDLE | {"KEEPER_CYCLE_SECONDS": "3600"})
            return Idle(ready_s, rss, second_ms, without_ms)


async def _ours(folder: Path, settings: Mapping[str, str]) -> tuple[float, float, float]:
    """Return seconds to ready, MiB at rest, and milliseconds of CPU a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        (folder / "notify").unlink(missing_ok=True)
        ear.bind(str(folder / "notify"))
        ear.settimeout(0)
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "KEEPER_WEB_PORT": str(free_port())}
        command = [str(Path(sys.executable).with_name("keeper")), "run", "--config", str(folder / "keeper.toml")]
        started = monotonic()
        with running(command, {**os.environ, **settings, **told}, ROOT, folder / "keeper.log") as process:
            async with asyncio.timeout(START_SECONDS):
                while b"READY=1" not in await asyncio.get_running_loop().sock_recv(ear, 4_096):
                    pass
            ready = monotonic() - started
            await rest(SETTLE_SECONDS)
            before = cpu_ms(process.pid)
            await rest(TICKS)
            return ready, rss_mib(process.pid), (cpu_ms(process.pid) - before) / TICKS


async def rest(seconds: float) -> None:
    """Wait."""
    await pause(asyncio.Event(), seconds)


def installed(folder: Path) -> str:
    """Install Silverback and anvil into `folder`; return why it could not be, or nothing."""
    python, uv = folder / "venv" / "bin" / "python", shutil.which("uv")
    with_uv = [str(uv), "pip", "install", "--quiet", "--python", str(python), "silverback"]
    for command in (
        [sys.executable, "-m", "venv", str(folder / "venv")],
        with_uv if uv else [str(python), "-m", "pip", "install", "--quiet", "silverback"],
        ["npm", "install", "--silent", "--prefix", str(folder), "@foundry-rs/anvil"],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as exc:
            return f"{command[-1]} cannot be installed here: {type(exc).__name__}"
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            return f"{command[-1]} cannot be installed here: {said[-1][:80] if said else done.returncode}"
    return ""


async def silverback() -> Idle:
    """Measure a bot that does nothing at a block, with a block each second."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        if why := await asyncio.to_thread(installed, folder):
            return Idle(why=why)
        url = f"127.0.0.1:{port}"
        node = {"ethereum": {"mainnet": {"uri": f"http://{url}", "ws_uri": f"ws://{url}"}}}
        (folder / "bot.py").write_text(BOT)
        (folder / "ape-config.yaml").write_text(json.dumps({"node": node}))  # JSON is YAML
        anvil = [str(folder / "node_modules" / ".bin" / "anvil"), "--port", str(port), "--chain-id", "1", "--silent"]
        with running(anvil, os.environ, folder, folder / "anvil.log"):
            await rest(2)
            return await _silverback(folder, url)


async def _silverback(folder: Path, url: str) -> Idle:
    note = folder / "note"
    env = {**os.environ, "HOME": str(folder), "APE_DATA_FOLDER": str(folder / ".ape"), "BENCH_NOTE": str(note)}
    command = [str(folder / "venv" / "bin" / "silverback"), "run", "bot:bot", "--network", "ethereum:mainnet:node"]
    for start in ("to fill its caches", "to be measured"):
        note.unlink(missing_ok=True)
        started = monotonic()
        with running(command, env, folder, folder / "bot.log") as process:
            while not note.exists():
                if process.poll() is not None or monotonic() - started > START_SECONDS:
                    return Idle(why=f"it did not start: {(folder / 'bot.log').read_text().strip()[-80:]}")
                await rest(0.05)
            ready = monotonic() - started
            if start == "to fill its caches":
                continue
            await rest(SETTLE_SECONDS)
            begun = cpu_ms(process.pid)
            await rest(TICKS)
            before = cpu_ms(process.pid)
            for _ in range(TICKS):
                await asyncio.to_thread(mine, url)
                await rest(1)
            second_ms, without_ms = (cpu_ms(process.pid) - before) / TICKS, (before - begun) / TICKS
            return Idle(ready, rss_mib(process.pid), second_ms, without_ms)
    raise AssertionError


def mine(url: str) -> None:
    """Have anvil make a block."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []}).encode()
    request = urllib.request.Request(f"http://{url}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - a loopback address of our own
        answer.read()


async def both() -> tuple[Idle, Idle]:
    """Measure one after the other."""
    try:
        own = await ours()
    except (KeeperError, TimeoutError) as exc:
        own = Idle(why=str(exc) or "it was not ready in time")
    return own, await silverback()


def measure() -> tuple[Idle, Idle]:
    """Return ours and Silverback's."""
    return asyncio.run(both())


def rows(own: Idle, other: Idle) -> list[Row]:
    """Return what each needs, and the ratios where both were measured."""
    return [
        *_rows("the daemon at rest", own, None),
        *_rows("  Silverback at rest", other, None if own.why else own),
    ]


def _rows(name: str, one: Idle, own: Idle | None) -> list[Row]:
    if one.why:
        return [(name, "—", one.why)]
    three = f"{one.rss_mib:.0f} MiB, ready in {one.ready_s:.1f} s"
    tick = f"{one.tick_ms:.2f} ms CPU a tick: {one.second_ms:.2f} a second, {one.without_ms:.2f} without ticks"
    if own is not None:
        pairs = ((one.rss_mib, own.rss_mib), (one.ready_s, own.ready_s), (one.second_ms, own.second_ms))
        tick += "; {:.1f}, {:.1f} and {:.1f} times ours".format(*(theirs / our for theirs, our in pairs))
    return [(name, three, tick)]


if __name__ == "__main__":
    show(rows(*measure()))
