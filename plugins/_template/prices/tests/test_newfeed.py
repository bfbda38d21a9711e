"""The source against the kit, with every outage there is, and against numbers that are none."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from keeper.core.assets import Asset
from keeper.errors import SourceUnavailable
from keeper.ports import PriceSource
from keeper.testing import build
from keeper.testing.conformance import PriceSourceConformance
from keeper.testing.fakes import ManualClock
from keeper.testing.outages import BAD_NUMBERS, OUTAGES, Remote, open_remote
from keeper_newfeed import keeper_price_sources
from keeper_newfeed.parse import points_from

KEY = "a-key-that-stays-inside"
AT = 1_795_000_000
GOOD = {
    "prices": [
        {"symbol": "STX", "usd": "0.4724", "at": AT},
        {"symbol": "ALEX", "usd": "0.05", "at": AT},
        {"symbol": "OTHER", "usd": "7", "at": AT},
    ]
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with open_remote() as server:
        server.says(lambda query: {"prices": [row for row in GOOD["prices"] if row["symbol"] in query["symbols"]]})
        yield server


@pytest.fixture
async def source(remote: Remote, clock: ManualClock) -> AsyncIterator[PriceSource]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        settings = {"newfeed": {"url": remote.url, "api_key": KEY}}
        (found,) = keeper_price_sources(build.toolbox(session, clock, settings=settings))
        yield found


class TestConformance(PriceSourceConformance):
    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return (build.STX, build.ALEX)

    @pytest.fixture
    def secret(self) -> str:
        return KEY

    @pytest.fixture(params=OUTAGES)
    def outage(self, request: pytest.FixtureRequest, remote: Remote) -> Callable[[], Awaitable[None]]:
        return lambda: remote.breaks(request.param)


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_points__number_that_is_no_price__is_source_unavailable(number: str) -> None:
    body = '{"prices": [{"symbol": "STX", "at": 1795000000, "usd": ' + number + "}]}"

    with pytest.raises(SourceUnavailable):
        points_from(body.encode(), ["STX"])


@pytest.mark.parametrize("at", [None, "now", 0, -1, 1.5, True])
def test_points__time_that_is_none__is_source_unavailable(at: object) -> None:
    body = json.dumps({"prices": [{"symbol": "STX", "usd": "1", "at": at}]})

    with pytest.raises(SourceUnavailable):
        points_from(body.encode(), ["STX"])


def test_points__decimals__are_kept_to_the_unit() -> None:
    [point] = points_from(json.dumps(GOOD).encode(), ["STX"])

    assert (point.asset, point.quote, point.price_e12, point.seen_at) == ("STX", "USD", 472_400_000_000, AT)
