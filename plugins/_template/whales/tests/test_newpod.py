"""The source against the kit, with every outage there is, and against numbers that are none."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from keeper.errors import SourceUnavailable
from keeper.ports import WhaleFeed
from keeper.testing import build
from keeper.testing.conformance import WhaleSourceConformance
from keeper.testing.fakes import ManualClock
from keeper.testing.outages import BAD_NUMBERS, OUTAGES, Remote, open_remote
from keeper_newpod import keeper_whale_sources
from keeper_newpod.parse import whales_from

KEY = "a-key-that-stays-inside"
ROW = {
    "address": "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR",
    "score": 9_100,
    "win_rate_bps": 6_500,
    "stacked_ustx": 10**12,
    "allocation_bps": {"STX": 6_000, "ALEX": 4_000},
    "at": 1_795_000_000,
}


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with open_remote() as server:
        server.says(lambda query: {"whales": [ROW] if query["category"] == "defi" else []})
        yield server


@pytest.fixture
async def feed(remote: Remote) -> AsyncIterator[WhaleFeed]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        settings = {"newpod": {"url": remote.url, "api_key": KEY}}
        (found,) = keeper_whale_sources(build.toolbox(session, ManualClock(), settings=settings))
        yield found


class TestConformance(WhaleSourceConformance):
    @pytest.fixture
    def category(self) -> str:
        return "defi"

    @pytest.fixture
    def secret(self) -> str:
        return KEY

    @pytest.fixture(params=OUTAGES)
    def outage(self, request: pytest.FixtureRequest, remote: Remote) -> Callable[[], Awaitable[None]]:
        return lambda: remote.breaks(request.param)


@pytest.mark.parametrize("field", ["score", "stacked_ustx", "at", "win_rate_bps", "allocation_bps", "address"])
@pytest.mark.parametrize("number", [number for number in BAD_NUMBERS if number not in ("0", "null")])
def test_whales__number_that_is_none__is_source_unavailable(field: str, number: str) -> None:
    body = json.dumps({"whales": [ROW | {field: "HERE"}]}).replace('"HERE"', number)

    with pytest.raises(SourceUnavailable):
        whales_from(body.encode(), "defi")


def test_whales__unknown_win_rate__stays_unknown() -> None:
    [whale] = whales_from(json.dumps({"whales": [ROW | {"win_rate_bps": None}]}).encode(), "defi")

    assert whale.win_rate_bps is None
