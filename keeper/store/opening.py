"""Where the store is, and opening it: one SQLite file, or one MongoDB database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from keeper.core.archive import IMPORT_NOTE
from keeper.errors import BadInput, BadSettings
from keeper.ports import Store
from keeper.store.sqlite import open_store as open_sqlite_store


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """One file."""

    path: Path
    setting: str = "store_path"

    def words(self) -> str:
        """Say where it is."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class MongoPlace:
    """One database; the address may hold a password and is never shown."""

    url: str = field(repr=False)
    database: str
    setting: str = "store.url"

    def words(self) -> str:
        """Say where it is, without the address."""
        return f"MongoDB, database {self.database}"


Place: TypeAlias = SqlitePlace | MongoPlace


def is_there(place: Place) -> bool:
    """Return whether there is something to look at; of a database only its server can tell, and it counts as there."""
    return isinstance(place, MongoPlace) or place.path.exists()


@asynccontextmanager
async def open_store(place: Place, *, half_filled: bool = False, looking: bool = False) -> AsyncIterator[Store]:
    """Open the store, creating and migrating it as needed, and close it at the end.

    Raises BadInput when there is no file yet and whoever opens it is only `looking`, BadSettings when it cannot be the store of this keeper, or was filled from a file by half (unless
    `half_filled` says that this is fine), StoreUnavailable when it cannot be opened just now.
    """
    if looking and not is_there(place):
        message = (
            f"there is no store at {place.words()} yet: `keeper run` makes it; or correct the setting {place.setting}"
        )
        raise BadInput(message, field=place.setting)
    async with AsyncExitStack() as stack:
        store: Store
        if isinstance(place, MongoPlace):
            # Only here: whoever keeps the store in a file does not pay for the driver's memory and time to load.
            from keeper.store.mongo import open_mongo_store  # noqa: PLC0415

            store = await stack.enter_async_context(open_mongo_store(place.url, place.database, setting=place.setting))
        else:
            store = await stack.enter_async_context(open_sqlite_store(place.path))
        if not half_filled:
            await _whole(store, place)
        yield store


async def _whole(store: Store, place: Place) -> None:
    """Refuse a store that lacks a part of what it was to be filled with: an open transaction may be in that part."""
    filled = await store.note(IMPORT_NOTE)
    if filled is not None and filled.get("done") is not True:
        name = "KEEPER_" + place.setting.replace(".", "__").upper()
        message = (
            f"Setting {place.setting} ({name}) leads to a store that was filled by half; "
            "run `keeper db import` with the same file again."
        )
        raise BadSettings(message, setting=place.setting)
