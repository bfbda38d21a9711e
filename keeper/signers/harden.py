"""Keeps a process with a key from being copied to the disk, or read by its neighbours."""

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def no_core_dumps() -> None:
    """Let a crash of this process leave no core file, whoever started it and however."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def not_readable_by_neighbours() -> bool:
    """Close this process' memory to others of the same user (ptrace, /proc/PID/mem); tell whether that worked.

    Not for the daemon: a standby of the same user has to see that it lives, and under hidepid it would not.
    """
    no_core_dumps()
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
