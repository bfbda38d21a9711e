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
from keeper.testing.outages import OUTAGES, REFUSALS  # noqa: E402  the same

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


def answering(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    text = body if isinstance(body, str) else json.dumps(body)
    raw = text.encode("utf-8", "surrogateescape")

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=raw, status=status, headers=headers)

    return answer


TRANSPORT_OUTAGES = {name: handler for name, handler in REFUSALS.items() if handler is not None}
BAD_ANSWERS = {name: handler for name, handler in OUTAGES.items() if handler is not None}


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
    await server.start_server(shutdown_timeout=0.1)
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
        await server.start_server(shutdown_timeout=0.1)
        there.root = str(server.make_url("")).rstrip("/")
        opened.append((there, server))
    yield [there for there, _ in opened]
    for _, server in opened:
        await server.close()
