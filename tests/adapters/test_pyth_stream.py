"""Lazer's stream over real websockets: what it answers, and what is left of it in every outage."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from keeper.core.prices import Fault, PricePoint, RefusedPrice
from keeper.pause import pause
from keeper.testing import build
from keeper_pyth.adapter import Pyth
from keeper_pyth.settings import settings_from
from keeper_pyth.stream import MAX_MESSAGE, Patience, Stream
from tests.adapters.price_kit import NOW

KEY = "a-streaming-key-that-must-stay-hidden"
QUICK = Patience(fresh=0.3, quiet=0.15, idle=60.0, first_wait=0.01, longest_wait=0.05)


def update(price="47240000", *, number=45, at=NOW - 2, subscription=1) -> dict[str, Any]:
    feed = {"priceFeedId": number, "price": price, "exponent": -8, "confidence": 35_000}
    parsed = {"timestampUs": str(at * 1_000_000), "priceFeeds": [feed]}
    return {"type": "streamUpdated", "subscriptionId": subscription, "parsed": parsed}


class Lazer:
    """Lazer on loopback: a stream that follows a script, and the same price over HTTP, at 1 USD more."""

    def __init__(self):
        self.script = self.streaming
        self.connections, self.requests, self.questions, self.keys = 0, 0, [], []

    async def handle(self, request):
        self.keys.append(request.headers.get("Authorization"))
        if request.path != "/v1/stream":
            self.requests += 1
            return web.json_response(update("147240000"))
        self.connections += 1
        return await self.script(request)

    async def opened(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.questions.append(await socket.receive_json())
        await socket.send_json({"type": "subscribed", "subscriptionId": 1})
        return socket

    async def streaming(self, request):
        socket = await self.opened(request)
        while not socket.closed and not request.transport.is_closing():
            await socket.send_json(update())
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await socket.receive()  # so that a close is answered
        return socket

    def saying(self, said, *, then=None):
        async def script(request):
            socket = await self.opened(request)
            await (socket.send_bytes(said) if isinstance(said, bytes) else socket.send_str(said))
            await pause(asyncio.Event(), 5) if then is None else await then(socket)
            return socket

        return script

    async def silent(self, request):
        socket = await self.opened(request)
        async for _ in socket:
            pass
        return socket

    async def cut(self, request):
        socket = await self.opened(request)
        request.transport.abort()
        return socket

    async def closing(self, request):
        socket = await self.opened(request)
        await socket.close(code=1012)
        return socket

    async def refusing(self, request):
        return web.Response(status=401, text="who are you")


@pytest.fixture
def lazer(remote):
    there = Lazer()
    remote.answer = there.handle
    return there


def settings(remote, **section):
    streams = [remote.root.replace("http", "ws") + "/v1/stream"]
    return settings_from({"lazer_key": KEY, "lazer_url": remote.root, "lazer_streams": streams, **section})


@pytest.fixture
def stream(lazer, remote, session, clock):
    chosen = settings(remote)
    return Stream(chosen, chosen.lazer_key, session, clock, QUICK)


async def heard(stream, symbols=("STX",)):
    """Ask until the stream says something."""
    async with asyncio.timeout(5):
        while not (found := await stream.prices([*symbols])):
            await pause(asyncio.Event(), 0.01)
    return found


async def test_stream__asked__subscribes_with_the_key_in_its_header_and_has_the_newest_price(lazer, stream):
    assert await stream.prices(["STX"]) == []

    assert await heard(stream) == [
        build.price_point("STX", 472_400_000_000, source="pyth", seen_at=NOW - 2, confidence_bps=8)
    ]
    [question] = lazer.questions
    assert (question["type"], question["priceFeedIds"], question["channel"]) == ("subscribe", [45], "fixed_rate@1000ms")
    assert {"price", "exponent", "confidence"} <= set(question["properties"])
    assert (question["formats"], question["deliveryFormat"]) == ([], "json")
    assert lazer.keys == [f"Bearer {KEY}"]


async def test_stream__outlives_the_sessions_time_out_for_a_request(stream):
    await heard(stream)
    await pause(asyncio.Event(), 0.7)  # the session's total is half a second

    assert await stream.prices(["STX"])


async def test_pyth__stream_is_fresh__nobody_is_asked_over_http(lazer, remote, session, clock):
    pyth = Pyth(settings(remote), session, clock)
    [first] = await pyth.prices([build.STX])  # before the stream is there
    assert (first.price_e12, lazer.requests) == (1_472_400_000_000, 1)

    async with asyncio.timeout(5):
        while (await pyth.prices([build.STX]))[0].price_e12 != 472_400_000_000:
            await pause(asyncio.Event(), 0.02)
    asked = lazer.requests
    await pyth.prices([build.STX])

    assert lazer.requests == asked


OUTAGES = {
    "silence": lambda lazer: lazer.silent,
    "cut": lambda lazer: lazer.cut,
    "closed": lambda lazer: lazer.closing,
    "refused": lambda lazer: lazer.refusing,
    "not JSON": lambda lazer: lazer.saying("<html>"),
    "NaN": lambda lazer: lazer.saying("NaN"),
    "a list": lambda lazer: lazer.saying("[1]"),
    "deep": lambda lazer: lazer.saying("[" * 60_000),
    "binary": lambda lazer: lazer.saying(b"\x00\x01"),
    "flood": lambda lazer: lazer.saying("x" * (MAX_MESSAGE + 1)),
    "error": lambda lazer: lazer.saying('{"type": "error", "message": "no"}'),
    "no such feed": lambda lazer: lazer.saying('{"type": "subscriptionError", "subscriptionId": 1, "message": "no"}'),
    "another's subscription": lambda lazer: lazer.saying(json.dumps(update(subscription=7))),
}


@pytest.mark.parametrize("outage", OUTAGES)
async def test_stream__outage__is_told_once_left_and_opened_again(lazer, stream, outage):
    lazer.script = OUTAGES[outage](lazer)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            while lazer.connections < 3:
                assert await stream.prices(["STX"]) == []
                await pause(asyncio.Event(), 0.01)
        lazer.script = lazer.streaming

        assert await heard(stream)

    assert [entry["event"] for entry in logs] == ["pyth_stream_down", "pyth_stream_up"]
    assert KEY not in repr(logs)


async def test_stream__falls_silent__its_last_price_is_no_answer_for_long(lazer, stream):
    await heard(stream)
    lazer.script = lazer.silent
    await stream._session.close()  # noqa: SLF001 - nothing comes any more

    await pause(asyncio.Event(), QUICK.fresh + 0.05)

    assert await stream.prices(["STX"]) == []


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (update(number=1), Fault.MISSING),
        (update(price="0"), Fault.NOT_POSITIVE),
        (update(price="NaN"), Fault.NOT_A_NUMBER),
        (update(price="9" * 30), Fault.ABSURD),
        (update(at=NOW + 200), Fault.FUTURE),
    ],
    ids=["wrong feed", "zero", "NaN", "absurd", "future"],
)
async def test_pyth__stream_says_what_is_no_price__it_is_refused_by_name_and_http_answers(
    lazer, remote, session, clock, said, fault
):
    lazer.script = lazer.saying(json.dumps(said))
    pyth = Pyth(settings(remote), session, clock)

    async with asyncio.timeout(5):
        while len(found := await pyth.prices([build.STX])) < 2:
            await pause(asyncio.Event(), 0.01)

    refused, point = found
    assert isinstance(refused, RefusedPrice)
    assert isinstance(point, PricePoint)
    assert (refused.asset, refused.fault, point.price_e12) == ("STX", fault, 1_472_400_000_000)


async def test_stream__repeats_an_old_price__is_left_to_the_others(lazer, stream):
    lazer.script = lazer.saying(json.dumps(update(at=NOW - 31)))
    await stream.prices(["STX"])
    async with asyncio.timeout(5):
        while stream._heard_at is None:  # noqa: SLF001 - nothing else tells
            await pause(asyncio.Event(), 0.01)

    assert await stream.prices(["STX"]) == []


async def test_stream__answer_without_a_time__is_left_and_named_as_unusable(lazer, remote, session, clock):
    lazer.script = lazer.saying(json.dumps({"type": "streamUpdated", "subscriptionId": 1}))
    pyth = Pyth(settings(remote), session, clock)
    for _ in range(20):
        [point] = await pyth.prices([build.STX])
        assert point.price_e12 == 1_472_400_000_000
        await pause(asyncio.Event(), 0.01)


async def test_stream__first_address_is_dead__the_next_is_used(lazer, remote, session, clock, unused_tcp_port):
    streams = [f"ws://127.0.0.1:{unused_tcp_port}/v1/stream", *settings(remote).lazer_streams]
    chosen = settings(remote, lazer_streams=streams)

    assert await heard(Stream(chosen, chosen.lazer_key, session, clock, QUICK))


async def test_stream__redirected_to_another_host__does_not_carry_the_key_there(remotes, session, clock):
    first, second, _ = remotes
    elsewhere = Lazer()
    second.answer = elsewhere.handle
    first.says("", status=302, headers={"Location": f"{second.root}/v1/stream"})
    chosen = settings(first)
    stream = Stream(chosen, chosen.lazer_key, session, clock, QUICK)
    async with asyncio.timeout(5):
        while not elsewhere.keys:
            await stream.prices(["STX"])
            await pause(asyncio.Event(), 0.01)

    assert set(elsewhere.keys) == {None}


async def test_stream__session_is_closed_or_nobody_asks__ends(lazer, remote, session, clock):
    chosen = settings(remote)
    idle = Stream(chosen, chosen.lazer_key, session, clock, Patience(fresh=5, quiet=5, idle=0.1))
    await idle.prices(["STX"])
    async with aiohttp.ClientSession() as own:
        closed = Stream(chosen, chosen.lazer_key, own, clock, QUICK)
        await heard(closed)

    async with asyncio.timeout(5):
        await asyncio.wait({idle._task, closed._task})  # noqa: SLF001 - that they end is the point
