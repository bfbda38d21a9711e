"""Server-sent events: what is new, as it happens."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from keeper.core.records import AlertRecord, Decision
from keeper.web.api import build
from keeper.web.api.models import Changed
from keeper.web.api.params import Nothing
from keeper.web.api.routes import STREAM, Ask
from keeper.web.api.shapes import AsOf, Shape
from keeper.web.events import Crowded, Event, Listener, Pace, Switch
from keeper.web.keys import HUB
from keeper.web.limits import household
from keeper.web.views import pool_names

RETRY_MS: Final = 3_000
"""How soon a browser that lost the stream asks for it again."""
_EVENT_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9]{1,15}")


async def events(ask: Ask[Nothing, Nothing]) -> web.StreamResponse:
    """Stream events until the listener goes, falls behind or the keeper ends. Raises HTTPServiceUnavailable, HTTPBadRequest."""
    request, hub = ask.request, ask.request.app[HUB]
    response = web.StreamResponse(headers={"Content-Type": STREAM, "X-Accel-Buffering": "no"})
    if request.method == "HEAD":
        return web.Response(headers={"Content-Type": STREAM})
    after = request.headers.get("Last-Event-ID")
    if after is not None and not _EVENT_ID.fullmatch(after):
        raise web.HTTPBadRequest(text="Last-Event-ID must be the id of an event of this stream; leave it out")
    await hub.catch_up()
    names = await pool_names(ask.state)
    listener = Listener(household(request.remote), _cutter(request), gone=lambda: request.transport is None)
    try:
        with hub.listen(listener, after):
            await response.prepare(request)
            await _send(response, f"retry: {RETRY_MS}\n\n", hub.pace)
            await _pass_on(listener, response, lambda event: written(event, names, build.newest(ask.state)), hub.pace)
    except Crowded:
        text = "too many are listening already; close a stream, or ask the lists instead"
        raise web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "30"}) from None
    except (TimeoutError, ConnectionError):
        _cutter(request)()  # gone, or too slow: nothing more can be said to it
    return response


async def _pass_on(listener: Listener, response: web.StreamResponse, spell: Callable[[Event], str], pace: Pace) -> None:
    while True:
        try:
            async with asyncio.timeout(pace.heartbeat):
                event = await listener.queue.get()
        except TimeoutError:
            await _send(response, ": still here\n\n", pace)
            continue
        if event is None:
            return
        await _send(response, spell(event), pace)


def written(event: Event, names: Mapping[int, str], seen: AsOf) -> str:
    """Return an event as it goes over the wire, told at the block `seen`; its data is one line of JSON."""
    record = event.record
    data: Shape | None
    if record is None:
        data = None
    elif isinstance(record, Decision):
        data = build.decision(record, names)
    elif isinstance(record, AlertRecord):
        data = build.alert(record, seen)
    elif isinstance(record, Switch):
        data = Changed(as_of=seen, paused=build.paused_by(record.paused))
    else:
        data = build.transaction(record, seen)
    return f"id: {event.event_id}\nevent: {event.kind}\ndata: {'{}' if data is None else data.model_dump_json()}\n\n"


async def _send(response: web.StreamResponse, text: str, pace: Pace) -> None:
    async with asyncio.timeout(pace.write):
        await response.write(text.encode())


def _cutter(request: web.Request) -> Callable[[], None]:
    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    return cut
