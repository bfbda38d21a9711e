"""One keeper process after the other on the same settings and store: started, told where to die, stopped, killed."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.chaos.keeper_process import ORDERS, SEEN

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 20.0


class Daemon:
    """The real `keeper run`; what it says goes through a pipe into a file, so a full disk cannot silence it."""

    def __init__(self, folder, settings, *, name="keeper"):
        self._config = folder / "keeper.toml"
        self._orders, self._seen = folder / f"{name}.orders", folder / f"{name}.seen"
        self._log = folder / f"{name}.log"
        self._settings = settings
        self._process = None
        self._pump = None
        self._number = 0
        self._read = 0
        self.starts = 0
        self._orders.write_text("")
        self._seen.write_text("")

    @property
    def pid(self):
        return self._process.pid

    @property
    def log(self):
        return self._log.read_text() if self._log.exists() else ""

    @property
    def status(self):
        """The exit status of the last life, None while it lasts or before the first."""
        return None if self._process is None else self._process.returncode

    def is_alive(self):
        return self._process is not None and self._process.returncode is None

    async def start(self, **settings):
        """Start another life; `settings` are KEEPER_* variables for this life only."""
        assert not self.is_alive()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPER_")}
        hooks = {ORDERS: str(self._orders), SEEN: str(self._seen)}
        arguments = ("-m", "tests.chaos.keeper_process", "run", "--config", str(self._config))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=ROOT,
            env={**kept, **hooks, **self._settings, **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.starts += 1
        self._pump = asyncio.create_task(self._copy(self._process.stdout))

    async def _copy(self, stream):
        with self._log.open("ab") as file:
            while data := await stream.read(65_536):
                file.write(data)
                file.flush()

    def order(self, point, times=1):
        """Tell the process to die when `point` is reached for the nth time from now on."""
        self._number += 1
        self._write_order(f"{self._number} {point} {times}")

    def calm(self):
        """Tell the process to live."""
        self._write_order("")

    def _write_order(self, text):
        new = self._orders.with_suffix(".new")
        new.write_text(text)
        new.replace(self._orders)

    async def ended(self, seconds):
        """Wait for the process to end; return its status, or None when it lives on."""
        try:
            async with asyncio.timeout(seconds):
                status = await self._process.wait()
                await self._pump
                return status
        except TimeoutError:
            return None

    async def kill(self):
        """End it as a power cut would."""
        if self._process is None:
            return None
        if self.is_alive():
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
        return await self.ended(STOP_SECONDS)

    async def stop(self):
        """End it as systemd would; return the exit status."""
        if self.is_alive():
            self._process.send_signal(signal.SIGTERM)
        status = await self.ended(STOP_SECONDS)
        return await self.kill() if status is None else status

    def send(self, number):
        """Send a signal, such as SIGSTOP."""
        self._process.send_signal(number)

    def newly_reached(self):
        """Return how often each point was reached since the last time this was asked."""
        with self._seen.open() as file:
            file.seek(self._read)
            names = file.read().split()
            self._read = file.tell()
        return names
