"""The connection to MongoDB: the only importer of motor and of pymongo, so that changing the driver changes this file.

Every call has an end: the driver's own deadline covers choosing a server, sending, waiting and its one retry.
What an error says never includes the address, which may hold a password.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, ReplaceOne, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from keeper.errors import BadSettings, StoreUnavailable
from keeper.pause import pause

T = TypeVar("T")
CALL_SECONDS: Final = 5.0
"""How long one call may take in all before the store counts as unavailable."""
LOOK_SECONDS: Final = 4.0
"""How long a server may take to show that it is there; who asked for it waits at a terminal, or is about to start."""
_OLDEST_WIRE: Final = 13
"""MongoDB 5.0, the first that reads a whole database at one moment."""
_REFUSED_CODES: Final = frozenset({13, 18, 8000})
"""Unauthorized, AuthenticationFailed, and how Atlas says it."""
_OPTIONS: Final[Mapping[str, Any]] = {
    "appname": "keeper",
    "connectTimeoutMS": 2_000,
    "heartbeatFrequencyMS": 2_000,
    "serverSelectionTimeoutMS": int(LOOK_SECONDS * 1_000),
    "timeoutMS": int(CALL_SECONDS * 1_000),
    "retryReads": True,
    "retryWrites": True,
    "w": "majority",
    "journal": True,
    "maxPoolSize": 10,
    "tz_aware": True,
}
"""Over whatever the address says: an operator may choose hosts and encryption, not how durable a record is."""
_MAJORITY: Final = WriteConcern(w="majority", j=True)
_TRANSIENT: Final = "TransientTransactionError"
_AFTER: Final = ReturnDocument.AFTER
Duplicate: Final = DuplicateKeyError
"""Raised when a document with the same key is there already."""


class Link:
    """One database, with majority reads and durable majority writes. Build it with `open_link`."""

    def __init__(self, client: Any, database: str) -> None:
        self._client = client
        self._plain = client[database]
        self._db = client.get_database(
            database,
            read_concern=ReadConcern("majority"),
            write_concern=_MAJORITY,
            read_preference=ReadPreference.PRIMARY,
        )

    def __getitem__(self, collection: str) -> Any:
        """Return a collection."""
        return self._db[collection]

    @contextmanager
    def call(self, verb: str, *, seconds: float = CALL_SECONDS) -> Iterator[float]:
        """Bound everything inside by one deadline, which is given by the loop's time.

        A driver's error becomes StoreUnavailable, Duplicate included, and so does TimeoutError.
        """
        try:
            with pymongo.timeout(seconds):
                yield asyncio.get_running_loop().time() + seconds
        except (PyMongoError, OverflowError, TimeoutError) as exc:
            raise _unavailable(exc, verb) from exc

    async def swap(self, collection: str, rule: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any] | None:
        """Change the one document that fits `rule`, atomically, and return it as it is then; None when none fits."""
        found: dict[str, Any] | None = await self[collection].find_one_and_update(rule, change, return_document=_AFTER)
        return found

    async def replace_all(self, collection: str, documents: Sequence[Mapping[str, Any]], session: Any = None) -> None:
        """Insert or replace documents by their `_id`."""
        if documents:
            changes = [ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in documents]
            await self[collection].bulk_write(changes, ordered=False, session=session)

    async def transact(self, work: Callable[[Any], Awaitable[T]], *, until: float) -> T:
        """Run `work` with a session, wholly or not at all; again, `until` then, when another one was in the way."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with await self._client.start_session() as session:
                    concern = ReadConcern("snapshot")
                    async with session.start_transaction(read_concern=concern, write_concern=_MAJORITY):
                        return await work(session)
            except PyMongoError as exc:
                if isinstance(exc, Duplicate) or not exc.has_error_label(_TRANSIENT) or loop.time() >= until:
                    raise
            await pause(asyncio.Event(), random.uniform(0.005, 0.03))  # noqa: S311 - to part two that collide

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[Callable[[str], Any]]:
        """Give collections by name, with a session each to pass on, that are all read as they were at one moment."""
        async with await self._client.start_session(snapshot=True) as session:

            def find_all(collection: str) -> Any:
                return self._plain[collection].find({}, session=session)

            yield find_all

    async def peek(self, collection: str, limit: int, *, seconds: float) -> list[Mapping[str, Any]]:
        """Return up to `limit` documents of a collection that is somebody else's, from any member that has them.

        Raises StoreUnavailable: soon when nobody is there, after `seconds` when reading takes longer.
        """
        there = self._plain[collection].with_options(read_preference=ReadPreference.PRIMARY_PREFERRED)
        with self.call("read", seconds=LOOK_SECONDS):
            await self._client.admin.command("ping", read_preference=ReadPreference.PRIMARY_PREFERRED)
        with self.call("read", seconds=seconds):
            found: list[Mapping[str, Any]] = await there.find({}).limit(limit).to_list(limit)
        return found

    def close(self) -> None:
        """Close every connection; calls after it are StoreUnavailable."""
        self._client.close()


@asynccontextmanager
async def open_link(url: str, database: str, *, setting: str, look: bool = True) -> AsyncIterator[Link]:
    """Connect, and close at the end. `setting` is named when something is wrong that only a person can mend.

    Without `look` nobody is asked anything yet: for a database that is only read, and may be away for a while.
    Raises BadSettings for an address, a user or a server that cannot be used, StoreUnavailable when it is not there.
    """
    not_one = "is not an address of MongoDB; write mongodb://user:password@host/, with special characters as %XX"
    if not url.startswith(("mongodb://", "mongodb+srv://")):
        raise bad_store(setting, not_one)
    try:
        client = AsyncIOMotorClient(url, **_OPTIONS)
    except (PyMongoError, ValueError, TypeError):
        raise bad_store(setting, not_one) from None  # no cause: the driver's text may repeat a part of the address
    link = Link(client, database)
    try:
        if look:
            await _look_at(client, link, setting)
        yield link
    finally:
        link.close()


async def _look_at(client: Any, link: Link, setting: str) -> None:
    """Refuse a server that cannot keep a journal safe."""
    try:
        with link.call("opened", seconds=LOOK_SECONDS):
            hello = await client.admin.command("hello")
            await link["meta"].find_one({"_id": "schema"})
    except StoreUnavailable as exc:
        if isinstance(cause := exc.__cause__, OperationFailure) and cause.code in _REFUSED_CODES:
            raise bad_store(
                setting, "names a user that the server does not let in; check name, password and roles"
            ) from None
        raise
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        why = (
            "leads to a server that stands alone; make it a replica set, of which one member is enough (docs/stores.md)"
        )
        raise bad_store(setting, why)
    if hello.get("maxWireVersion", 0) < _OLDEST_WIRE:
        raise bad_store(setting, "leads to a server older than MongoDB 5.0; upgrade it")


def bad_store(setting: str, why: str) -> BadSettings:
    """Return the error that names the setting, what is wrong and the remedy, and never its value."""
    name = "KEEPER_" + setting.split("[", maxsplit=1)[0].replace(".", "__").upper()
    return BadSettings(f"Setting {setting} ({name}) {why}.", setting=setting)


def _unavailable(exc: Exception, verb: str) -> StoreUnavailable:
    """Say what could not be done by the kind of error and the server's own name for it, which hold no secret."""
    reason = type(exc).__name__
    if isinstance(exc, BulkWriteError):
        reason = f"{reason} {[row.get('code') for row in exc.details.get('writeErrors', [])][:3]}"
    elif isinstance(exc, OperationFailure) and exc.details is not None:
        reason = f"{reason} {exc.details.get('codeName', exc.code)}"
    message = f"the store could not be {verb}: MongoDB, {reason}; check that it runs, has a primary and can be reached"
    return StoreUnavailable(message, reason=type(exc).__name__)
