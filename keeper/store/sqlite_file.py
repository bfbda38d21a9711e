"""The SQLite file itself: made, opened, brought to the newest shape; and what is wrong when that fails."""

import errno
import sqlite3
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiosqlite

from keeper.errors import BadSettings, KeeperError, StoreUnavailable
from keeper.retry import READ
from keeper.store.migrations import STEPS
from keeper.store.sqlite_turn import PROCEDURE

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process that holds the file."""
_WRONG_FILE: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY})


async def connect(path: Path) -> aiosqlite.Connection:
    """Open the file, making it and its folder as needed. Raises BadSettings, StoreUnavailable."""
    try:
        _make_file(path)
        return await aiosqlite.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except OSError as exc:
        raise _bad_path(path, f"cannot be opened ({exc.strerror})") from exc
    except sqlite3.Error as exc:
        raise _not_opened(path, exc) from exc


def read_only(path: Path) -> aiosqlite.Connection:
    """Return a connection, to be opened with `async with`, that can change nothing."""
    return aiosqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _make_file(path: Path) -> None:
    if path.is_dir():  # said here, because a connection that cannot open leaves a thread behind for a moment
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Signed transactions are in here; nobody else needs to read them.
    path.touch(mode=0o600, exist_ok=True)


async def _set_up(db: aiosqlite.Connection, path: Path) -> None:
    """Make commits durable. Two keepers that make a file at once meet here: SQLite does not wait for this lock."""
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            await db.execute_fetchall(f"PRAGMA {pragma}")
    except sqlite3.Error as exc:
        raise _not_opened(path, exc) from exc


async def migrate(db: aiosqlite.Connection, path: Path) -> None:
    """Bring the file to the newest shape, wholly or not at all. Raises BadSettings, StoreUnavailable.

    Nothing is written to one that has it already, so that it can be looked at and carried away on a full disk.
    """
    await READ(_set_up, db, path)
    try:
        ((done,),) = await db.execute_fetchall("PRAGMA user_version")
        if done == len(STEPS):
            return
        # The write lock first, so that two keepers starting at once do not both run a step.
        await db.execute_fetchall("BEGIN IMMEDIATE")
        ((done,),) = await db.execute_fetchall("PRAGMA user_version")
        if done > len(STEPS):
            raise _bad_path(path, f"was written by a newer keeper (form {done})")
        for statement in chain.from_iterable(STEPS[done:]):
            await db.execute_fetchall(statement)
        await db.execute_fetchall(f"PRAGMA user_version = {len(STEPS)}")
        await db.execute_fetchall("COMMIT")
    except sqlite3.Error as exc:
        raise _not_opened(path, exc) from exc


async def prepare(db: aiosqlite.Connection, path: Path) -> None:
    """Give a connection to a file of the newest shape what its writes use. Raises BadSettings, StoreUnavailable."""
    try:
        for statement in PROCEDURE:
            await db.execute_fetchall(statement)
    except sqlite3.Error as exc:
        raise _not_opened(path, exc) from exc


def _bad_path(path: Path, why: str) -> BadSettings:
    msg = f"Setting store_path (KEEPER_STORE_PATH) names {path}, which {why}; name another file or mend this one."
    return BadSettings(msg, setting="store_path")


def _not_opened(path: Path, exc: sqlite3.Error) -> KeeperError:
    """Tell a wrong path or file, which only a person can mend, from a passing trouble."""
    wrong = getattr(exc, "sqlite_errorcode", None) in _WRONG_FILE
    return _bad_path(path, f"cannot be used ({exc})") if wrong else unavailable(exc, "opened")


def unavailable(exc: Exception, verb: str) -> StoreUnavailable:
    """Return the error that says what could not be done, with SQLite's own reason."""
    return StoreUnavailable(f"the store could not be {verb}: {exc}", reason=type(exc).__name__)
