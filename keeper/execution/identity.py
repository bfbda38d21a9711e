"""Which process this is, said so that another one on the same machine can tell for certain when it is gone."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from typing_extensions import override

PROC: Final = Path("/proc")
_LONGEST: Final = 4_096
"""Bytes that are read of a file under /proc; each of those here has fewer than five hundred."""
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BOOT: Final = re.compile(_UUID, re.ASCII)
_NAMESPACE: Final = re.compile(r"pid:\[(\d{1,20})\]", re.ASCII)
_STAT: Final = re.compile(rb"([1-9]\d{0,6}) \(.*\) ([A-Za-z](?: -?\d{1,20}){19})(?: .*)?", re.ASCII | re.DOTALL)
_HOLDER: Final = re.compile(rf"({_UUID}):(\d{{1,20}}):([1-9]\d{{0,6}}):(\d{{1,20}})", re.ASCII)
_STATE, _THREADS, _START = 0, 17, 19
"""Places in /proc/<pid>/stat, counted after the command's closing bracket (proc(5): fields 3, 20 and 22)."""
_OVER: Final = frozenset({"Z", "X", "x"})


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one boot of one kernel. `start` is in clock ticks since that boot."""

    boot_id: str
    pid_namespace: int
    pid: int
    start: int

    @override
    def __str__(self) -> str:
        return f"{self.boot_id}:{self.pid_namespace}:{self.pid}:{self.start}"


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc/<pid>/stat says, as far as it matters here."""

    pid: int
    state: str
    threads: int
    start: int


def this_holder(proc: Path = PROC) -> str:
    """Return `boot_id:pid_namespace:pid:start` of this process, or a random name where /proc cannot tell."""
    return str(this_process(proc) or uuid4().hex)


def this_process(proc: Path = PROC) -> Process | None:
    """Return which process this is; None where /proc is absent, odd, or that of another pid namespace."""
    try:
        with (proc / "sys/kernel/random/boot_id").open(encoding="ascii") as file:
            boot_id = file.read(_LONGEST).strip()
        namespace = _NAMESPACE.fullmatch(str((proc / "self/ns/pid").readlink()))
        stat = read_stat("self", proc)
    except (OSError, ValueError):
        return None
    # A /proc of the namespace above gives us another number than the one by which our neighbours know us.
    if _BOOT.fullmatch(boot_id) is None or namespace is None or stat.pid != os.getpid():
        return None
    return Process(boot_id, int(namespace[1]), stat.pid, stat.start)


def is_dead(holder: str, proc: Path = PROC) -> bool:
    """Tell whether `holder` was a process of this machine that is certainly gone; False whenever that is not certain."""
    here = this_process(proc)
    there = _parse(holder)
    if here is None or there is None or _place(there) != _place(here):
        return False
    try:
        stat = read_stat(str(there.pid), proc)
    except (FileNotFoundError, ProcessLookupError):
        return _nobody_answers(there.pid)
    except (OSError, ValueError):
        return False
    # A zombie whose last thread is over does nothing any more; its parent has just not looked yet.
    over = stat.state in _OVER and stat.threads <= 1
    return over or stat.start != there.start


def _parse(holder: str) -> Process | None:
    found = _HOLDER.fullmatch(holder)
    if found is None:
        return None
    boot_id, namespace, pid, start = found.groups()
    return Process(boot_id, int(namespace), int(pid), int(start))


def _place(process: Process) -> tuple[str, int]:
    return process.boot_id, process.pid_namespace


def _nobody_answers(pid: int) -> bool:
    """Ask the kernel too: mounted with `hidepid`, /proc does not show the processes of other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def read_stat(which: str, proc: Path = PROC) -> Stat:
    """Read /proc/<which>/stat. Raises OSError, and ValueError when it is not what proc(5) describes."""
    with (proc / which / "stat").open("rb") as file:
        found = _STAT.fullmatch(file.read(_LONGEST))
    if found is None:
        msg = f"/proc/{which}/stat does not look the way proc(5) says"
        raise ValueError(msg)
    fields = found[2].split(b" ")
    return Stat(int(found[1]), fields[_STATE].decode(), int(fields[_THREADS]), int(fields[_START]))
