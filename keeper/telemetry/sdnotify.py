"""Tells systemd that the keeper is ready, alive and stopping (sd_notify(3)). Does nothing elsewhere."""

import contextlib
import os
import socket
from collections.abc import Mapping


class Systemd:
    """Datagrams to NOTIFY_SOCKET; a no-op when the variable is not set. Never raises, never waits."""

    def __init__(self, env: Mapping[str, str]) -> None:
        name = env.get("NOTIFY_SOCKET", "")
        # A leading @ names a socket in Linux's abstract namespace.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self.watchdog_seconds = _watchdog_seconds(env)
        """How often systemd wants to hear WATCHDOG=1 at the latest, None when it does not ask."""

    def ready(self, status: str = "") -> None:
        """Say that start-up is over."""
        self._send("READY=1", *([f"STATUS={_line(status)}"] if status else []))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show one line in `systemctl status`."""
        self._send(f"STATUS={_line(text)}")

    def stopping(self) -> None:
        """Say that shutdown has begun."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # An unheard word is not worth stopping for: systemd will act on its silence.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto("\n".join(lines).encode(), socket.MSG_DONTWAIT, self._address)


def _watchdog_seconds(env: Mapping[str, str]) -> float | None:
    """Return half of WATCHDOG_USEC in seconds, as systemd advises, when it is meant for this process."""
    if env.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(env["WATCHDOG_USEC"]) / 2_000_000
    except (KeyError, ValueError):
        return None


def _line(text: str) -> str:
    return " ".join(text.split())
