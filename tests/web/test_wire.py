"""Bytes that are no request, as they come from scanners, broken proxies and people who look for a hole."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from api_kit import CHANGE, ROOT, access
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import fill, web_state

from keeper.core.paused import PAUSED_NOTE
from keeper.store.sqlite import open_store
from keeper.web.answers import HEADERS
from keeper.web.limits import BURST_SECONDS
from keeper.web.server import make_app, serve

pytestmark = pytest.mark.devnet
HOST = b"Host: localhost\r\n"
REFUSED = "HTTP/1.0 400 Bad Request"
SIGN = b"whoever-sent-this"
POST = f"POST {ROOT}/pause HTTP/1.1\r\nAuthorization: {CHANGE['Authorization']}\r\n".encode() + HOST
JSON = b"Content-Type: application/json\r\n"
UNREADABLE = {
    "TLS": b"\x16\x03\x01\x02\x00" + SIGN + b"\r\n\r\n",
    "method": b"G<" + SIGN + b">ET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "header": b"GET / HTTP/1.1\r\n" + HOST + b"Bad " + SIGN + b": x\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + SIGN * 1_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + HOST + b"X: 1\r\n" * 200 + b"\r\n",
    "long address": b"GET /" + SIGN * 1_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + b"Host: " + SIGN + b"\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding": POST + JSON + b"Content-Encoding: zstd\r\nContent-Length: 2\r\n\r\n{}",
    "version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
}


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


async def sent(port, what):
    """Return (status line, headers, body) of the first answer to `what`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(what)
        async with asyncio.timeout(5):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            line, *fields = head.rstrip("\r\n").split("\r\n")
            headers = dict(field.split(": ", 1) for field in fields)
            return line, headers, await reader.readexactly(int(headers.get("Content-Length", 0)))
    finally:
        writer.close()


def port_of(address):
    return int(address.rsplit(":", 1)[1])


@pytest.mark.parametrize("what", UNREADABLE.values(), ids=UNREADABLE)
async def test_bytes__that_are_no_request__are_refused_like_everything_else(store, caplog, what):
    caplog.set_level(logging.INFO)
    async with serve(make_app(web_state(store)), "127.0.0.1", 0) as address:
        line, headers, body = await sent(port_of(address), what)

    assert line == REFUSED
    assert json.loads(body)["error"]["status"] == 400
    assert headers.items() >= HEADERS.items()
    assert (headers["Cache-Control"], headers["Content-Type"]) == ("no-store", "application/json; charset=utf-8")
    assert SIGN not in body
    assert "Traceback" not in caplog.text
    assert SIGN.decode() not in caplog.text


async def test_bytes__body_with_a_broken_chunk__changes_nothing(store, caplog):
    broken = POST + JSON + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n"
    state = replace(web_state(store), access=access())
    async with serve(make_app(state), "127.0.0.1", 0) as address:
        line, headers, body = await sent(port_of(address), broken)

    assert (line, json.loads(body)["error"]["status"]) == (REFUSED, 400)
    assert headers["Server"] == "keeper"
    assert "Traceback" not in caplog.text
    assert await store.note(PAUSED_NOTE) is None


async def test_bytes__that_are_no_request__count_like_requests(store):
    state = replace(web_state(store), requests_per_minute=60)
    async with serve(make_app(state), "127.0.0.1", 0) as address:
        lines = [(await sent(port_of(address), UNREADABLE["header"]))[0] for _ in range(BURST_SECONDS)]
        line, headers, _ = await sent(port_of(address), UNREADABLE["header"])
        asked, _, _ = await sent(port_of(address), b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")

    assert set(lines) == {REFUSED}
    assert (line, headers["Retry-After"]) == ("HTTP/1.0 429 Too Many Requests", "1")
    assert asked == "HTTP/1.1 429 Too Many Requests"
    assert b'route="unmatched",status="400"} 10.0' in state.metrics.render()


@pytest.mark.parametrize(("expect", "line"), [("100-continue", "100 Continue"), ("foo", "200 OK")])
async def test_expectation__known_or_not__is_no_reason_to_refuse(store, expect, line):
    async with serve(make_app(web_state(store)), "127.0.0.1", 0) as address:
        what = b"GET /api/v1 HTTP/1.1\r\nExpect: " + expect.encode() + b"\r\n" + HOST + b"\r\n"
        assert (await sent(port_of(address), what))[0] == f"HTTP/1.1 {line}"


NAMES = (
    b"Host Accept Accept-Encoding Authorization Connection Content-Encoding Content-Length Content-Type Cookie Expect "
    b"If-None-Match Last-Event-ID Origin Range Sec-Fetch-Site Transfer-Encoding Upgrade"
).split()
VALUES = (
    b"localhost */* text/html gzip identity br Basic:Og== close upgrade chunked 5 0 -1 99999999999999999999 application/json "
    b'100-continue W/"x",,, * bytes=5-2 cross-site websocket 00000000-1 null'
).split()


def lines():
    """Return lines of a request: real ones, real ones with strange parts, and anything."""
    value = st.one_of(st.sampled_from(VALUES), st.binary(max_size=30))
    field = st.builds(lambda name, value: name + b": " + value, st.sampled_from(NAMES), value)
    return st.lists(st.one_of(field, field, st.binary(max_size=30)), max_size=5)


def first_lines():
    method = st.one_of(
        st.sampled_from([b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT", b"PRI"]), st.binary(max_size=8)
    )
    known = [b"/", b"*", b"/api/v1/pools/1", b"/api/v1/pause", b"/api/v1/events", b"/static/app.js", b"/nothing"]
    known += [b"http://localhost/healthz", b"http://[::1/", b"/api/v1/decisions?%ff=1", b"/static/../x", b"//x"]
    target = st.one_of(st.sampled_from(known), st.binary(max_size=20).map(lambda end: b"/api/v1/transactions/" + end))
    version = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b""])
    return st.builds(lambda *parts: b" ".join(parts), method, target, version)


async def some_of(port, what):
    """Return the beginning of what is answered, empty when more is waited for or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(what)
        async with asyncio.timeout(0.5):
            return await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.close()


@pytest.fixture
def thrown_at(tmp_path):
    """Yield a function that throws bytes at a server that lives for the whole test."""
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()

        async def begin():
            store = await opened.enter_async_context(open_store(tmp_path / "s.sqlite3"))
            await fill(store)
            state = replace(web_state(store), access=access(), requests_per_minute=1_000_000)
            return port_of(await opened.enter_async_context(serve(make_app(state), "127.0.0.1", 0)))

        port = runner.run(begin())
        yield lambda what: runner.run(some_of(port, what))
        runner.run(opened.aclose())


@settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=first_lines(), more=lines(), hosted=st.booleans(), body=st.binary(max_size=20))
def test_bytes__whatever_they_are__get_a_strict_answer_or_none(thrown_at, caplog, first, more, hosted, body):
    head = [first, *([b"Host: localhost"] if hosted else []), *more]

    answer = thrown_at(b"\r\n".join(head) + b"\r\n\r\n" + body)

    fields = answer.partition(b"\r\n")[2].lower()
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert "Traceback" not in caplog.text
    if answer and not answer.startswith(b"HTTP/1.1 100 "):
        assert b"server: keeper\r\n" in fields
        assert b"x-content-type-options: nosniff\r\n" in fields
