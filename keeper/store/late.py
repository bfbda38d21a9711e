"""A store that may be away when the process starts: whoever needs it is told so until it has been opened."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from keeper.errors import KeeperError, StoreUnavailable
from keeper.ports import Store


class LateStore:
    """Stands where the store will be: passes everything on to it once it is open, and is StoreUnavailable before."""

    def __init__(self, way: Callable[[], AbstractAsyncContextManager[Store]]) -> None:
        self._way = way
        self._opened = AsyncExitStack()
        self._store: Store | None = None
        self._why = "the store has not been opened yet"

    @property
    def is_open(self) -> bool:
        """Whether it could be opened."""
        return self._store is not None

    async def open(self) -> None:
        """Open the store, unless it is open; to be called by one task. Raises BadSettings, StoreUnavailable."""
        if self._store is not None:
            return
        try:
            self._store = await self._opened.enter_async_context(self._way())
        except KeeperError as exc:
            self._why = str(exc)
            raise

    async def close(self) -> None:
        """Close what was opened."""
        self._store = None
        await self._opened.aclose()

    def __getattr__(self, name: str) -> Any:
        """Return what the open store has under this name. Raises StoreUnavailable before."""
        if name.startswith("__"):
            raise AttributeError(name)
        if self._store is None:
            raise StoreUnavailable(self._why)
        return getattr(self._store, name)
