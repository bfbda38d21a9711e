"""Pages of lists that only grow at their head: a cursor names the last record given."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web

from keeper.web.api.params import MOST, Paged

R = TypeVar("R")


async def page(
    asked: Paged, read: Callable[[int], Awaitable[Sequence[R]]], name: Callable[[R], str], path: str
) -> tuple[Sequence[R], str | None]:
    """Return the records of a page and where the next one is.

    `read` gives the newest records, as many as it is told. Raises HTTPGone for a cursor that names none of the newest.
    """
    if asked.cursor is None:
        found = await read(min(MOST, asked.limit + 1))
        start = 0
    else:
        after = _name_of(asked.cursor)
        found = await read(MOST)
        names = [name(record) for record in found]
        if after not in names:
            message = f"this page is no longer among the newest {MOST}; begin again without cursor"
            raise web.HTTPGone(text=message)
        start = names.index(after) + 1
    records = found[start : start + asked.limit]
    if start + asked.limit >= len(found) or not records:
        return records, None
    return records, _next(asked, path, name(records[-1]))


def _next(asked: Paged, path: str, last: str) -> str:
    given = asked.model_dump(exclude_none=True, exclude={"cursor"})
    query = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in given.items()}
    return f"{path}?{urlencode({**query, 'cursor': _cursor(last)})}"


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _name_of(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise web.HTTPBadRequest(text="cursor must be what `next` of another answer gave") from None
