"""A real server on loopback that can break in every way a service was seen to break. For tests of plugins.

`OUTAGES` names all ways; after each of them a price source or a source of whales must be SourceUnavailable.
`REFUSALS` are those after which a message was not taken, for alert channels. `BAD_NUMBERS` are texts that stand where
a JSON answer should have a number and have none that can be used.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.pause import pause

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DEAD: Final = "dead"
HANG_SECONDS: Final = 20.0
ENDLESS_CHUNKS: Final = 2_000
"""Of 64 KiB each: more than anybody may read."""


def _answering(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        raw = body.encode("utf-8", "surrogateescape")
        return web.Response(body=raw, status=status, headers=headers, content_type="application/json")

    return answer


async def _hang(_: web.Request) -> web.StreamResponse:
    await pause(asyncio.Event(), HANG_SECONDS)
    return web.Response()


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(int(HANG_SECONDS * 10)):
        await response.write(b" ")
        await pause(asyncio.Event(), 0.1)
    return response


async def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"prices": [{"symbol":')
    if request.transport is not None:
        request.transport.close()
    return response


def _packed(body: Callable[[], bytes]) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body(), headers={"Content-Encoding": "gzip"}, content_type="application/json")

    return answer


@cache
def _bomb() -> bytes:
    """Return 32 KB that become 32 MB."""
    return gzip.compress(b"[" + b"1," * 16_000_000 + b"1]", 9)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):
        for _ in range(ENDLESS_CHUNKS):
            await response.write(b"1," * 32_768)
    return response


REFUSALS: Final[Mapping[str, Handler | None]] = {
    DEAD: None,
    "hangs": _hang,
    "slow": _drip,
    "hangs up": _hang_up,
    "cut body": _cut,
    "400": _answering("bad request", 400),
    "401": _answering("who are you", 401),
    "403": _answering("no", 403),
    "404": _answering("gone", 404),
    "429": _answering("slow down", 429, {"Retry-After": "30"}),
    "429 for ever": _answering("slow down", 429, {"Retry-After": "nan"}),
    "500": _answering("oops", 500),
    "502": _answering("<html>bad gateway</html>", 502),
    "503": _answering("<html>busy</html>", 503),
    "redirect": _answering("", 302, {"Location": "/elsewhere"}),
    "redirect for good": _answering("", 308, {"Location": "/elsewhere"}),
    "long header": _answering("[]", 500, {"X-Long": "x" * 100_000}),
}
"""How a service does not take a request, by name."""

OUTAGES: Final[Mapping[str, Handler | None]] = {
    **REFUSALS,
    "empty": _answering(""),
    "not JSON": _answering("<html>maintenance</html>"),
    "half JSON": _answering('{"prices": [{"symbol":'),
    "another JSON": _answering('{"status": "ok", "data": {"items": 3}}'),
    "null": _answering("null"),
    "NaN": _answering("NaN"),
    "number": _answering("1"),
    "text": _answering('"text"'),
    "empty object": _answering("{}"),
    "list of nothing": _answering("[null]"),
    "not UTF-8": _answering('{"prices": "\udcff"}'),
    "deep": _answering("[" * 100_000),
    "huge number": _answering("9" * 10_000),
    "flood": _answering("[" + "1," * 4_000_000 + "1]"),
    "endless": _endless,
    "packed flood": _packed(_bomb),
    "no gzip": _packed(lambda: b"[1]"),
    "no content": _answering("", 204),
    "a page of another network": _answering("<html>log in to the network</html>", 200, {"X-Portal": "1"}),
}
"""How a service gives no usable answer, by name."""

BAD_NUMBERS: Final = (
    "NaN",
    "Infinity",
    "-Infinity",
    "-1",
    "0",
    "1e400",
    "true",
    "null",
    '""',
    '"text"',
    '"NaN"',
    '"Infinity"',
    '"-1"',
    '"0"',
    '"1e400"',
    '"1,5"',
    "[]",
    "{}",
    "9" * 400,
    '"' + "9" * 400 + '"',
)
"""JSON texts to put in a number's place; Python's own parser takes the first three, which no JSON is."""


@dataclass(slots=True)
class Remote:
    """A server whose answers a test sets; keeps the JSON bodies it was sent."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)
    _answer: Handler = field(default=_answering("nobody said what to answer", 500))
    _server: TestServer | None = None

    def says(self, answer: Callable[[Mapping[str, str]], Any]) -> None:
        """Answer everything with what `answer` makes of the query, as JSON."""

        async def say(request: web.Request) -> web.StreamResponse:
            return web.json_response(answer(request.query))

        self._answer = say

    async def breaks(self, outage: str) -> None:
        """Break the way that OUTAGES calls so."""
        handler = OUTAGES[outage]
        if handler is not None:
            self._answer = handler
        elif self._server is not None:
            await self._server.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request as was set."""
        raw = await request.read()
        if raw:
            self.bodies.append(json.loads(raw))
        return await self._answer(request)


@asynccontextmanager
async def open_remote() -> AsyncIterator[Remote]:
    """Serve on loopback until the block is left."""
    remote = Remote()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", remote.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.1)
    remote.url, remote._server = str(server.make_url("/api")), server  # noqa: SLF001 - made here
    try:
        yield remote
    finally:
        await server.close()
