"""Tables that may be long: sent as they are read, so that neither the keeper nor the reader ever holds the whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog
from aiohttp import web

from keeper.errors import KeeperError
from keeper.web.api import build, tables
from keeper.web.api.paging import place_of
from keeper.web.api.params import Nothing, TableAsked
from keeper.web.api.routes import CSV_TYPE, Ask
from keeper.web.views import pool_names

PART: Final = 100
"""Rows that are read and made at once, so that no cycle waits long for them."""
ACCEPT_SECONDS: Final = 10.0
"""Longest that a reader may take to accept a part."""

_log = structlog.get_logger(__name__)


async def decisions_table(ask: Ask[Nothing, TableAsked]) -> web.StreamResponse:
    """Send decisions as CSV, newest first."""
    return await _send(ask.request, _decisions(ask))


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


async def _send(request: web.Request, parts: AsyncGenerator[str, None]) -> web.StreamResponse:
    """Send a table. What fails before its first part is raised; later the connection is cut, and the reader knows."""
    headers = {"Content-Type": CSV_TYPE, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    async with aclosing(parts):
        part: str | None = await anext(parts)
        if request.method == "HEAD":
            return web.Response(headers=headers)
        response = web.StreamResponse(headers=headers)
        try:
            await response.prepare(request)
            while part is not None:
                async with asyncio.timeout(ACCEPT_SECONDS):
                    await response.write(part.encode())
                part = await anext(parts, None)
        except (KeeperError, TimeoutError, ConnectionError) as exc:
            _log.warning("table_cut_off", path=request.path, caller=request.remote, error=type(exc).__name__)
            if request.transport is not None:
                request.transport.abort()
    return response
