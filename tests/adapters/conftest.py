"""Real HTTP on loopback for adapters, and a server whose answers a test sets."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

pytest.register_assert_rewrite("keeper.testing.conformance")

from keeper.testing.fakes import ManualClock  # noqa: E402  after the rewrite is registered

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Remote:
    """A server that answers every request with `answer`, and keeps what it was sent."""

    answer: Handler
    root: str = ""
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.requests.append(request)
        self.bodies.append(json.loads(raw) if raw else None)
        return await self.answer(request)

    def says(self, body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer everything with this body: a text as it stands, anything else as JSON."""
        self.answer = answering(body, status=status, headers=headers)


async def nothing(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def cut_off(request: web.Request) -> web.StreamResponse:
    """Promise a long answer and stop in the middle."""
    response = web.StreamResponse(headers={"Content-Length": "100000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"parsed":[')
    assert request.transport is not None
    request.transport.close()
    return response


async def flood(request: web.Request) -> web.StreamResponse:
    """Answer with far more than anybody asked for."""
    return web.Response(body=b"[" + b"1," * 4_000_000 + b"1]")


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """Send the caller to another place, which must not get the key."""
    return web.Response(status=302, headers={"Location": "/elsewhere"})


async def too_slow(request: web.Request) -> web.StreamResponse:
    """Answer after the caller's patience, which is half a second in these tests."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(40):
        await response.write(b" ")
        await pause(0.05)
    return response


async def pause(seconds: float) -> None:
    import asyncio  # noqa: PLC0415  only this server may wait

    try:
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
    except TimeoutError:
        return


def answering(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    text = body if isinstance(body, str) else json.dumps(body)
    raw = text.encode("utf-8", "surrogateescape")

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=raw, status=status, headers=headers)

    return answer


TRANSPORT_OUTAGES: dict[str, Handler] = {
    "400": answering("bad request", status=400),
    "401": answering("who are you", status=401),
    "403": answering("no", status=403),
    "404": answering("Price ids not found", status=404),
    "429": answering("slow down", status=429, headers={"Retry-After": "30"}),
    "500": answering("oops", status=500),
    "503": answering("<html>busy</html>", status=503),
    "hangs up": hang_up,
    "cut off": cut_off,
    "redirect": elsewhere,
    "too slow": too_slow,
}


BAD_BODIES: dict[str, str] = {
    "empty": "",
    "not JSON": "<html>maintenance</html>",
    "half JSON": '{"parsed":[{"id":',
    "null": "null",
    "empty object": "{}",
    "empty list": "[]",
    "text": '"text"',
    "not UTF-8": '{"blockstack": "\udcff"}',
    "deep": "[" * 100_000,
    "huge number": '{"blockstack":{"usd":' + "9" * 10_000 + '},"parsed":' + "9" * 10_000 + "}",
}
BAD_ANSWERS = TRANSPORT_OUTAGES | {name: answering(body) for name, body in BAD_BODIES.items()} | {"flood": flood}


@pytest.fixture(params=TRANSPORT_OUTAGES)
def outage(request: pytest.FixtureRequest, remote: Remote) -> Callable[[], Awaitable[None]]:
    """Break the server, one way at a time."""

    async def start() -> None:
        remote.answer = TRANSPORT_OUTAGES[request.param]

    return start


@pytest.fixture(params=BAD_ANSWERS)
def no_answer(request: pytest.FixtureRequest, remote: Remote) -> Callable[[], Awaitable[None]]:
    """Break the server, or what it says, one way at a time."""

    async def start() -> None:
        remote.answer = BAD_ANSWERS[request.param]

    return start


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as opened:
        yield opened


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    there = Remote(nothing)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", there.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    there.root = str(server.make_url("")).rstrip("/")
    yield there
    await server.close()


@pytest.fixture
async def remotes() -> AsyncIterator[list[Remote]]:
    """Three servers, each with answers of its own."""
    opened: list[tuple[Remote, TestServer]] = []
    for _ in range(3):
        there = Remote(nothing)
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", there.handle)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        there.root = str(server.make_url("")).rstrip("/")
        opened.append((there, server))
    yield [there for there, _ in opened]
    for _, server in opened:
        await server.close()
