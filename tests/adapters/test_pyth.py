from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from keeper.core.prices import Fault, PricePoint, RefusedPrice
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.ports import PriceSource
from keeper.testing import build
from keeper.testing.conformance import text_of
from keeper.testing.fakes import ManualClock
from keeper_pyth import keeper_price_sources
from keeper_pyth.adapter import Pyth
from keeper_pyth.parse import Window, lazer_prices_from, prices_from
from keeper_pyth.settings import STX_USD, PythSettings, settings_from
from tests.adapters.price_kit import StxSourceConformance

KEY = "a-key-that-must-stay-hidden"
NOW = 1_795_000_000
WINDOW = Window(Seconds(NOW), 120)
WANTED = {"STX": STX_USD}


def entry(feed: str = STX_USD, **changes: Any) -> dict[str, Any]:
    price = {"price": "47240000", "conf": "35000", "expo": -8, "publish_time": NOW - 3} | changes
    return {"id": feed, "price": price, "ema_price": price, "metadata": {"slot": 1}}


def answer(*entries: Any) -> dict[str, Any]:
    return {"binary": {"encoding": "hex", "data": ["504e4155"]}, "parsed": list(entries)}


def pyth(remote: Any, session: aiohttp.ClientSession, clock: ManualClock, **section: Any) -> Pyth:
    return Pyth(settings_from({"api_key": KEY, "base_url": remote.root, **section}), session, clock)


class TestPythConformance(StxSourceConformance):
    @pytest.fixture
    def source(self, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> PriceSource:
        remote.says(answer(entry()))
        return pyth(remote, session, clock)

    @pytest.fixture
    def secret(self) -> str:
        return KEY


async def test_prices__one_feed__is_scaled_to_twelve_decimals_with_its_confidence(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(answer(entry()))

    points = await pyth(remote, session, clock).prices(build.LAUNCH_ASSETS)

    # 35000 / 47240000 is 7.41 bps, and a band is rounded up.
    assert points == [build.price_point("STX", 472_400_000_000, source="pyth", seen_at=NOW - 3, confidence_bps=8)]


async def test_prices__request__carries_the_key_in_its_header_and_only_the_wanted_feeds(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(answer(entry()))

    await pyth(remote, session, clock).prices([build.STX, build.ALEX])

    request = remote.requests[0]
    assert request.path == "/v2/updates/price/latest"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.query.getall("ids[]") == [STX_USD]
    assert request.query["parsed"] == "true"
    assert KEY not in str(request.url)


async def test_prices__address_that_cannot_be_one__is_source_unavailable(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    with pytest.raises(SourceUnavailable, match="could not be reached"):
        await pyth(remote, session, clock, base_url="https://a..b").prices([build.STX])


async def test_prices__no_asset_with_a_feed__asks_nothing(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    points = await pyth(remote, session, clock).prices([build.ALEX, build.STSTX])

    assert (list(points), remote.requests) == ([], [])


async def test_prices__two_assets_on_one_feed__are_both_priced(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(answer(entry()))

    points = await pyth(remote, session, clock, feeds={"STX": STX_USD, "ALEX": f"0x{STX_USD.upper()}"}).prices(
        [build.STX, build.ALEX]
    )

    assert [point.asset for point in points] == ["STX", "ALEX"]


async def test_prices__too_many_requests__keeps_quiet_for_a_minute_and_says_so(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    source = pyth(remote, session, clock)
    remote.says("slow down", status=429)
    with pytest.raises(SourceUnavailable) as first:
        await source.prices([build.STX])
    remote.says(answer(entry()))

    clock.advance(59)
    with pytest.raises(SourceUnavailable) as second:
        await source.prices([build.STX])
    clock.advance(1)
    points = await source.prices([build.STX])

    assert (first.value.facts["retry_after"], second.value.facts["retry_after"]) == (60, 1)
    assert (len(points), len(remote.requests)) == (1, 2)


async def test_prices__redirect__does_not_carry_the_key_elsewhere(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says("", status=302, headers={"Location": f"{remote.root}/elsewhere"})

    with pytest.raises(SourceUnavailable, match="302"):
        await pyth(remote, session, clock).prices([build.STX])

    assert [request.path for request in remote.requests] == ["/v2/updates/price/latest"]


async def test_prices__nobody_listening__is_source_unavailable_without_the_key(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, unused_tcp_port: int
) -> None:
    source = pyth(remote, session, clock, base_url=f"http://127.0.0.1:{unused_tcp_port}")

    with pytest.raises(SourceUnavailable, match="could not be reached") as caught:
        await source.prices([build.STX])

    assert KEY not in text_of(caught.value)


def test_parse__feeds_nobody_asked_for__are_left_out() -> None:
    stranger = entry("ff" * 32, price="1")

    points = prices_from(answer(stranger, entry()), WANTED, WINDOW)

    assert [point.asset for point in points] == ["STX"]


def test_parse__id_with_prefix_and_capitals__is_the_same_feed() -> None:
    assert len(prices_from(answer(entry("0x" + STX_USD.upper())), WANTED, WINDOW)) == 1


@pytest.mark.parametrize(
    ("amount", "exponent", "e12"),
    [
        ("47240000", -8, 472_400_000_000),
        ("33223750", -5, 332_237_500_000_000),
        ("3", 0, 3 * 10**12),
        ("3", 8, 3 * 10**20),
        ("1999999", -18, 1),
    ],
)
def test_parse__any_exponent__is_scaled_exactly_and_cut(amount: str, exponent: int, e12: int) -> None:
    points = prices_from(answer(entry(price=amount, conf="0", expo=exponent)), WANTED, WINDOW)

    assert points[0].price_e12 == e12


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "0"},
        {"price": "-5"},
        {"price": 47240000},
        {"price": "4.7"},
        {"price": "1e9"},
        {"price": "٣"},
        {"price": "9" * 21},
        {"price": None},
        {"price": "1", "expo": -18},
        {"conf": "-1"},
        {"conf": None},
        {"conf": 5},
        {"expo": -19},
        {"expo": 19},
        {"expo": "-8"},
        {"expo": None},
        {"expo": True},
        {"publish_time": 0},
        {"publish_time": NOW + 121},
        {"publish_time": NOW * 1000},
        {"publish_time": str(NOW)},
        {"publish_time": None},
    ],
    ids=repr,
)
def test_parse__odd_field__is_source_unavailable_and_names_the_asset(changes: dict[str, Any]) -> None:
    with pytest.raises(SourceUnavailable, match="STX"):
        prices_from(answer(entry(**changes)), WANTED, WINDOW)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"parsed": None},
        {"parsed": {}},
        answer(None),
        answer({"price": {}}),
        answer({"id": 5}),
        answer(),
        answer(entry(), entry()),
        answer({"id": STX_USD}),
        answer({"id": STX_USD, "price": []}),
        answer(entry("ff" * 32)),
    ],
    ids=repr,
)
def test_parse__odd_body__is_source_unavailable(body: object) -> None:
    with pytest.raises(SourceUnavailable):
        prices_from(body, WANTED, WINDOW)


@pytest.mark.parametrize("section", [{}, {"api_key": None, "lazer_key": None}])
async def test_hook__without_a_key__asks_nobody_and_says_what_a_key_would_add(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, section: dict[str, Any]
) -> None:
    settings = {"pyth": {"base_url": remote.root, "lazer_url": remote.root, **section}}
    [source] = keeper_price_sources(build.toolbox(session, clock, settings=settings))

    assert list(await source.prices(build.LAUNCH_ASSETS)) == []
    assert remote.requests == []
    assert "api_key (Hermes) or lazer_key (Lazer)" in str(source.hint)


async def test_hook__with_a_key__adds_pyth_for_stx_alone(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    toolbox = build.toolbox(session, clock, settings={"pyth": {"api_key": KEY}})

    assert [source.name for source in keeper_price_sources(toolbox)] == ["pyth"]
    assert PythSettings().feeds == {"STX": STX_USD}


@pytest.mark.parametrize(
    "section",
    [
        {"api_key": f"{KEY}\r\nX: y"},
        {"api_key": ""},
        {"api_key": KEY, "base_url": f"http://example.org/{KEY}"},
        {"api_key": KEY, "base_url": f"https://user:{KEY}@example.org"},
        {"api_key": KEY, "feeds": {"STX": "ec7a"}},
        {"api_key": KEY, "max_ahead_seconds": -1},
        {"lazer_key": f"{KEY} "},
        {"lazer_key": KEY, "lazer_url": f"http://example.org/{KEY}"},
        {"lazer_key": KEY, "lazer_feeds": {"STX": 0}},
        {"lazer_key": KEY, "lazer_streams": [f"ws://example.org/{KEY}"]},
        {"api_key": KEY, "typo": 1},
    ],
    ids=[
        "key with a line break",
        "empty key",
        "plain http",
        "key in the address",
        "short feed",
        "negative",
        "space",
        "plain http to lazer",
        "feed 0",
        "plain stream",
        "typo",
    ],
)
def test_settings__out_of_bounds__are_refused_without_showing_the_key(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_from(section)

    assert KEY not in str(caught.value)


LAZER_KEY = "another-key-that-must-stay-hidden"
US = 1_000_000


def feed(number: int = 45, **changes: Any) -> dict[str, Any]:
    body = {"priceFeedId": number, "price": "47240000", "exponent": -8, "confidence": 35_000, "publisherCount": 9}
    return {name: value for name, value in (body | changes).items() if value is not ...}


def lazer(*feeds: Any, at: Any = str((NOW - 2) * US)) -> dict[str, Any]:
    return {"parsed": {"timestampUs": at, "priceFeeds": list(feeds)}, "evm": {"encoding": "hex", "data": "2a22"}}


class TestLazerConformance(StxSourceConformance):
    @pytest.fixture
    def source(self, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> PriceSource:
        remote.says(lazer(feed()))
        section = {"lazer_key": LAZER_KEY, "lazer_url": remote.root, "lazer_streams": ()}
        return Pyth(settings_from(section), session, clock)

    @pytest.fixture
    def secret(self) -> str:
        return LAZER_KEY


async def test_lazer__one_feed__is_asked_by_number_with_the_key_in_its_header(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(lazer(feed()))
    source = pyth(remote, session, clock, api_key=None, lazer_key=LAZER_KEY, lazer_url=remote.root, lazer_streams=())

    points = await source.prices(build.LAUNCH_ASSETS)

    assert points == [build.price_point("STX", 472_400_000_000, source="pyth", seen_at=NOW - 2, confidence_bps=8)]
    [request], [body] = remote.requests, remote.bodies
    assert (request.method, request.path) == ("POST", "/v1/latest_price")
    assert request.headers["Authorization"] == f"Bearer {LAZER_KEY}"
    assert (body["priceFeedIds"], body["channel"]) == ([45], "fixed_rate@1000ms")
    assert {"price", "exponent", "confidence"} <= set(body["properties"])


async def test_lazer__fails__hermes_answers_instead_under_the_same_name(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(answer(entry()))  # no answer of Lazer's, but one of Hermes'
    source = pyth(remote, session, clock, lazer_key=LAZER_KEY, lazer_url=remote.root, lazer_streams=())

    points = await source.prices([build.STX])

    assert [(point.source, point.asset) for point in points] == [("pyth", "STX")]
    assert [request.headers["Authorization"].split()[1] for request in remote.requests] == [LAZER_KEY, KEY]


async def test_lazer__answers__hermes_is_not_asked(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(lazer(feed()))

    await pyth(remote, session, clock, lazer_key=LAZER_KEY, lazer_url=remote.root, lazer_streams=()).prices([build.STX])

    assert [request.path for request in remote.requests] == ["/v1/latest_price"]


def test_lazer__feed_older_than_the_answer__counts_with_its_own_time() -> None:
    [point] = lazer_prices_from(lazer(feed(feedUpdateTimestamp=(NOW - 50) * US)), {"STX": 45}, WINDOW)

    assert isinstance(point, PricePoint)
    assert point.seen_at == NOW - 50


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"price": ...}, Fault.MISSING),
        ({"price": None}, Fault.MISSING),
        ({"price": "0"}, Fault.NOT_POSITIVE),
        ({"price": "-47240000"}, Fault.NOT_POSITIVE),
        ({"price": 4.7}, Fault.NOT_A_NUMBER),
        ({"price": "NaN"}, Fault.NOT_A_NUMBER),
        ({"price": "9" * 21}, Fault.ABSURD),
        ({"exponent": 6, "price": "9" * 18}, Fault.ABSURD),
        ({"exponent": ...}, Fault.NOT_A_NUMBER),
        ({"exponent": "-8"}, Fault.NOT_A_NUMBER),
        ({"confidence": ...}, Fault.UNSURE),
        ({"confidence": -1}, Fault.UNSURE),
        ({"confidence": 10**12}, Fault.UNSURE),
        ({"feedUpdateTimestamp": None}, Fault.NO_TIME),
        ({"priceFeedId": 1}, Fault.MISSING),
    ],
    ids=repr,
)
async def test_lazer__odd_field__is_refused_with_its_fault_and_the_other_feed_counts(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, changes: dict[str, Any], fault: Fault
) -> None:
    remote.says(lazer(feed(46), feed(**changes)))
    section = {
        "lazer_key": LAZER_KEY,
        "lazer_url": remote.root,
        "lazer_streams": (),
        "lazer_feeds": {"STX": 45, "ALEX": 46},
    }

    found = await pyth(remote, session, clock, api_key=None, **section).prices([build.STX, build.ALEX])

    assert [item.asset for item in found if isinstance(item, PricePoint)] == ["ALEX"]
    assert [(item.asset, item.fault) for item in found if isinstance(item, RefusedPrice)] == [("STX", fault)]


@pytest.mark.parametrize("at", [None, "x", -1, str((NOW + 200) * US)])
def test_lazer__answer_without_a_believable_time__is_source_unavailable(at: Any) -> None:
    with pytest.raises(SourceUnavailable):
        lazer_prices_from(lazer(feed(), at=at), {"STX": 45}, WINDOW)
