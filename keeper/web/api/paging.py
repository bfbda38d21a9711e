"""Pages of lists that only grow at their head: a cursor is the place of the last record given."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from keeper.core.paging import Page
from keeper.web.api.params import Paged

R = TypeVar("R")


async def page(
    asked: Paged, read: Callable[[int, int | None], Awaitable[Page[R]]], path: str
) -> tuple[Sequence[R], str | None]:
    """Return the records of a page and where the next one is.

    `read` gives the newest records, as many as it is told, below the place it is told.
    """
    found = await read(asked.limit + 1, place_of(asked.cursor))
    if len(found) <= asked.limit:
        return found, None
    return found[: asked.limit], _next(asked, path, found.places[asked.limit - 1])


def place_of(cursor: str | None) -> int | None:
    """Return the place that a cursor names."""
    return None if cursor is None else int(cursor)


def _next(asked: Paged, path: str, last: int) -> str:
    given = asked.model_dump(exclude_none=True, exclude={"cursor"})
    query = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in given.items()}
    return f"{path}?{urlencode({**query, 'cursor': last})}"
