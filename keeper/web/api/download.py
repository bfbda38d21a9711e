"""Tables that may be long: sent as they are read, so that neither the keeper nor the reader ever holds the whole."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

import structlog
from aiohttp import web

from keeper.core.units import Seconds
from keeper.errors import KeeperError
from keeper.web.api import build, tables
from keeper.web.api.paging import place_of
from keeper.web.api.params import HistoryTableAsked, Nothing, OnePool, TableAsked
from keeper.web.api.reads import must_be_known
from keeper.web.api.routes import CSV_TYPE, Ask
from keeper.web.views import pool_names

PART: Final = 25
"""Rows that are read and made in one go; between two parts the loop does what else is due."""
MOST_AT_ONCE: Final = 2
"""Most tables of more than a part that are sent at once, since each may be work for seconds."""
RETRY_SECONDS: Final = 5
"""When to ask again for a table while there are as many as there may be."""
ACCEPT_SECONDS: Final = 10.0
"""Longest that a reader may take to accept a part."""
_HEADERS: Final = {"Content-Type": CSV_TYPE, "Cache-Control": "private, no-cache", "Vary": "Authorization"}

_log = structlog.get_logger(__name__)


class Tables:
    """Sends tables, so many long ones at once and no more."""

    def __init__(self) -> None:
        self._sending = 0

    async def decisions(self, ask: Ask[Nothing, TableAsked]) -> web.StreamResponse:
        """Send decisions as CSV, newest first. Raises HTTPServiceUnavailable, StoreUnavailable."""
        return await self._send(ask.request, _decisions(ask))

    async def history(self, ask: Ask[OnePool, HistoryTableAsked]) -> web.StreamResponse:
        """Send a pool over time as CSV, oldest first. Raises HTTPNotFound, HTTPServiceUnavailable, StoreUnavailable."""
        await must_be_known(ask.path.pool_id, ask.state)
        return await self._send(ask.request, _points(ask))

    async def _send(self, request: web.Request, parts: AsyncGenerator[str, None]) -> web.StreamResponse:
        """Send a table. What fails before its second part is raised; later the connection is cut, and the reader knows."""
        async with aclosing(parts):
            first, second = await anext(parts), await anext(parts, None)
            if second is None or request.method == "HEAD":  # no longer than other answers are
                return web.Response(text="" if request.method == "HEAD" else first, headers=_HEADERS)
            with self._place():
                return await _stream(request, (first, second), parts)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._sending >= MOST_AT_ONCE:
            text = f"{MOST_AT_ONCE} tables are being sent already; ask again in {RETRY_SECONDS} s"
            raise web.HTTPServiceUnavailable(text=text, headers={"Retry-After": str(RETRY_SECONDS)})
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1


async def _decisions(ask: Ask[Nothing, TableAsked]) -> AsyncGenerator[str, None]:
    store, asked = ask.state.store, ask.asked
    names = await pool_names(ask.state)
    left, before, first = asked.limit, place_of(asked.cursor), True
    while left:
        size = min(left, PART)
        found = await store.decisions(pool_id=asked.pool, limit=size, before=before)
        rows = ((place, build.decision(record, names)) for place, record in zip(found.places, found, strict=True))
        yield tables.decisions(rows, first=first)
        if len(found) < size:
            return
        left, before, first = left - size, found.places[-1], False


async def _points(ask: Ask[OnePool, HistoryTableAsked]) -> AsyncGenerator[str, None]:
    pool_id, asked, store = ask.path.pool_id, ask.asked, ask.state.store
    if asked.limit is not None:
        found = await store.history(pool_id, since=asked.within.since, until=asked.within.until, limit=asked.limit)
        yield tables.points(map(build.point, found), first=True)
        return
    since, until, first = asked.within.since, asked.within.until, True
    while True:
        found = await store.history(pool_id, since=since, until=until, limit=PART, evenly=False)
        yield tables.points(map(build.point, found), first=first)
        if not found.more:
            return
        since, first = Seconds(found[-1].at + 1), False


async def _stream(request: web.Request, begun: Iterable[str], parts: AsyncGenerator[str, None]) -> web.StreamResponse:
    """Send what was `begun` and the other parts as they are read."""
    response = web.StreamResponse(headers=_HEADERS)
    try:
        await response.prepare(request)
        for part in begun:
            await _write(response, part)
        async for part in parts:
            await _write(response, part)
    except (KeeperError, TimeoutError, ConnectionError) as exc:
        _log.warning("table_cut_off", path=request.path, caller=request.remote, error=type(exc).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, part: str) -> None:
    async with asyncio.timeout(ACCEPT_SECONDS):
        await response.write(part.encode())
