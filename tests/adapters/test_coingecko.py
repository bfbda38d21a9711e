import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from keeper.core.assets import Asset, AssetBook
from keeper.core.prices import Fault, PricePoint, RefusedPrice
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.ports import PriceSource
from keeper.testing import build
from keeper.testing.conformance import PriceSourceConformance
from keeper.testing.fakes import ManualClock
from keeper_coingecko import keeper_price_sources
from keeper_coingecko.adapter import CoinGecko
from keeper_coingecko.parse import decoded, prices_from
from keeper_coingecko.settings import CoinGeckoSettings, settings_from

KEY = "a-key-that-must-stay-hidden"
NOW = 1_795_000_000


def coin(usd: Any, at: Any = NOW - 40) -> dict[str, Any]:
    return {"usd": usd, "last_updated_at": at}


ALL = {
    "blockstack": coin(0.4724),
    "alexgo": coin(0.0011),
    "arkadiko-protocol": coin(0.0021),
    "welsh-corgi-coin": coin(0.00031),
    "stacking-dao": coin(0.52),
}


def coingecko(remote: Any, session: aiohttp.ClientSession, clock: ManualClock, **section: Any) -> CoinGecko:
    settings = settings_from({"api_key": KEY, "base_url": remote.root, **section})
    return CoinGecko(settings, AssetBook(build.LAUNCH_ASSETS), session, clock)


class TestCoinGeckoConformance(PriceSourceConformance):
    @pytest.fixture
    def source(self, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> PriceSource:
        remote.says(ALL)
        return coingecko(remote, session, clock)

    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return build.LAUNCH_ASSETS

    @pytest.fixture
    def outage(self, no_answer: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return no_answer

    @pytest.fixture
    def secret(self) -> str:
        return KEY


async def test_prices__one_request__asks_for_every_id_of_the_configured_assets(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(ALL)

    points = await coingecko(remote, session, clock).prices([build.STX])

    assert points == [build.price_point("STX", 472_400_000_000, source="coingecko", seen_at=NOW - 40)]
    query = remote.requests[0].query
    assert set(query["ids"].split(",")) == {*ALL, "welshcorgicoin"}
    assert (query["vs_currencies"], query["include_last_updated_at"]) == ("usd", "true")
    assert remote.requests[0].path == "/simple/price"


@pytest.mark.parametrize(("plan", "header"), [("demo", "x-cg-demo-api-key"), ("pro", "x-cg-pro-api-key")])
async def test_prices__key__goes_into_the_header_of_its_plan_only(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, plan: str, header: str
) -> None:
    remote.says(ALL)

    await coingecko(remote, session, clock, plan=plan).prices([build.STX])

    request = remote.requests[0]
    assert {name.lower(): value for name, value in request.headers.items() if KEY in value} == {header: KEY}
    assert KEY not in str(request.url)


async def test_prices__address_that_cannot_be_one__is_source_unavailable(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    with pytest.raises(SourceUnavailable, match="could not be reached"):
        await coingecko(remote, session, clock, base_url="https://a..b").prices([build.STX])


async def test_prices__no_key__sends_none(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> None:
    remote.says(ALL)

    await coingecko(remote, session, clock, api_key=None).prices([build.STX])

    assert not [name for name in remote.requests[0].headers if name.lower().startswith("x-cg")]


def test_settings__root__belongs_to_the_plan() -> None:
    assert CoinGeckoSettings().root == "https://api.coingecko.com/api/v3"
    assert CoinGeckoSettings(plan="pro").root == "https://pro-api.coingecko.com/api/v3"


async def test_prices__asked_by_many_pools_at_once__are_fetched_once(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says(ALL)
    source = coingecko(remote, session, clock)

    answers = await asyncio.gather(*(source.prices([asset]) for asset in build.LAUNCH_ASSETS))

    assert [len(points) for points in answers] == [1, 1, 1, 1, 1]
    assert len(remote.requests) == 1


@pytest.mark.parametrize(("moved", "requests"), [(29, 1), (30, 2), (-1, 2)])
async def test_prices__asked_again__serves_the_kept_answer_for_the_interval_only(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, moved: int, requests: int
) -> None:
    remote.says(ALL)
    source = coingecko(remote, session, clock)

    first = await source.prices([build.STX])
    clock.advance(moved)
    second = await source.prices([build.STX])

    assert first == second
    assert len(remote.requests) == requests


async def test_prices__failure__is_not_kept(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> None:
    source = coingecko(remote, session, clock)
    remote.says("oops", status=500)
    with pytest.raises(SourceUnavailable, match="500"):
        await source.prices([build.STX])
    remote.says(ALL)

    points = await source.prices([build.STX])

    assert len(points) == 1


@pytest.mark.parametrize(
    ("header", "quiet"),
    [(None, 60), ("5", 60), ("90", 90), ("86400", 600), ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("²", 60)],
)
async def test_prices__too_many_requests__keeps_quiet_within_bounds_and_says_how_long(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, header: str | None, quiet: int
) -> None:
    source = coingecko(remote, session, clock)
    remote.says("", status=429, headers={} if header is None else {"Retry-After": header})
    with pytest.raises(SourceUnavailable) as first:
        await source.prices([build.STX])
    remote.says(ALL)

    clock.advance(quiet - 1)
    with pytest.raises(SourceUnavailable):
        await source.prices([build.STX])
    clock.advance(1)
    points = await source.prices([build.STX])

    assert first.value.facts["retry_after"] == quiet
    assert (len(points), len(remote.requests)) == (1, 2)


async def test_prices__key_of_the_wrong_plan__tells_the_error_number(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says({"status": {"error_code": 10011, "error_message": f"bad key {KEY}"}}, status=400)

    with pytest.raises(SourceUnavailable, match="HTTP 400, error 10011") as caught:
        await coingecko(remote, session, clock).prices([build.STX])

    assert KEY not in str(caught.value)


async def test_prices__id_left_out_of_the_answer__is_named_and_the_others_count(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    remote.says({name: entry for name, entry in ALL.items() if name != "alexgo"})

    found = await coingecko(remote, session, clock).prices(build.LAUNCH_ASSETS)

    assert {item.asset for item in found if isinstance(item, PricePoint)} == {"STX", "DIKO", "WELSH", "stSTX"}
    [refused] = [item for item in found if isinstance(item, RefusedPrice)]
    assert (refused.asset, refused.fault) == ("ALEX", Fault.MISSING)
    assert "alexgo" in refused.why


@pytest.mark.parametrize(
    ("usd", "fault"),
    [
        (-1, Fault.NOT_POSITIVE),
        (0, Fault.NOT_POSITIVE),
        ("0.5", Fault.NOT_A_NUMBER),
        (None, Fault.MISSING),
        (float("nan"), Fault.NOT_A_NUMBER),
        (float("inf"), Fault.NOT_A_NUMBER),
        (10**12, Fault.ABSURD),
        (1e300, Fault.ABSURD),
        (1e-300, Fault.NOT_POSITIVE),
    ],
)
async def test_prices__one_odd_price__is_refused_with_its_fault_and_the_others_count(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, usd: Any, fault: Fault
) -> None:
    remote.says(ALL | {"alexgo": coin(usd)})

    found = await coingecko(remote, session, clock).prices([build.STX, build.ALEX])

    assert [item.asset for item in found if isinstance(item, PricePoint)] == ["STX"]
    assert [(item.asset, item.fault) for item in found if isinstance(item, RefusedPrice)] == [("ALEX", fault)]


@pytest.mark.parametrize(("key", "says"), [(KEY, None), (None, "no CoinGecko key is set")])
async def test_hint__without_a_key__says_what_one_would_add(
    remote: Any, session: aiohttp.ClientSession, clock: ManualClock, key: str | None, says: str | None
) -> None:
    hint = coingecko(remote, session, clock, api_key=key).hint

    assert hint is None if says is None else says in str(hint)


@pytest.mark.parametrize(
    ("body", "e12"),
    [
        ({"welsh-corgi-coin": coin(1), "welshcorgicoin": coin(2)}, 10**12),
        ({"welshcorgicoin": coin(2)}, 2 * 10**12),
        ({"welsh-corgi-coin": {}, "welshcorgicoin": coin(2)}, 2 * 10**12),
        ({"welsh-corgi-coin": coin(None), "welshcorgicoin": coin(2)}, 2 * 10**12),
    ],
)
def test_parse__several_ids__the_first_with_a_price_counts(body: dict[str, Any], e12: int) -> None:
    points = prices_from(body, {"WELSH": ("welsh-corgi-coin", "welshcorgicoin")}, now=Seconds(NOW), ahead=120)

    assert [(point.asset, point.price_e12) for point in points] == [("WELSH", e12)]


@pytest.mark.parametrize(
    ("written", "e12"),
    [
        ("0.1", 100_000_000_000),
        ("0.472413371337133713", 472_413_371_337),
        ("2.4e-5", 24_000_000),
        ("1E+3", 10**15),
        ("3", 3 * 10**12),
        ("123456789.123456789012999", 123456789123456789012),
    ],
)
def test_parse__number__is_read_exactly_and_cut(written: str, e12: int) -> None:
    body = decoded(f'{{"blockstack":{{"usd":{written},"last_updated_at":{NOW}}}}}'.encode())

    points = prices_from(body, {"STX": ("blockstack",)}, now=Seconds(NOW), ahead=120)

    assert points[0].price_e12 == e12


@pytest.mark.parametrize(
    "written",
    [
        "0",
        "-0.5",
        "-1",
        "0.0000000000001",
        "NaN",
        "Infinity",
        "-Infinity",
        '"0.5"',
        "true",
        "[]",
        "{}",
        "1e400",
        "1e-400",
        "1e999999999999999999999",
        "9" * 200,
    ],
)
def test_parse__price_that_is_not_a_positive_number__is_refused_and_named(written: str) -> None:
    body = decoded(f'{{"blockstack":{{"usd":{written},"last_updated_at":{NOW}}}}}'.encode())

    with pytest.raises(SourceUnavailable, match=r"STX: (.*blockstack|its price is)"):
        prices_from(body, {"STX": ("blockstack",)}, now=Seconds(NOW), ahead=120)


@pytest.mark.parametrize("at", [None, 0, -1, "1795000000", 1.5, True, NOW + 121, NOW * 1000])
def test_parse__update_time_missing_or_odd__is_refused_and_named(at: Any) -> None:
    with pytest.raises(SourceUnavailable, match="STX: "):
        prices_from(
            {"blockstack": {"usd": 1} if at is None else coin(1, at)},
            {"STX": ("blockstack",)},
            now=Seconds(NOW),
            ahead=120,
        )


@pytest.mark.parametrize("body", [None, [], "text", {}, {"blockstack": None}, {"blockstack": 5}, {"other": coin(1)}])
def test_parse__body_without_a_price_of_anything_asked__is_source_unavailable(body: object) -> None:
    with pytest.raises(SourceUnavailable):
        prices_from(body, {"STX": ("blockstack",)}, now=Seconds(NOW), ahead=120)


async def test_hook__no_settings__adds_coingecko(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    sources = list(keeper_price_sources(build.toolbox(session, clock)))

    assert [source.name for source in sources] == ["coingecko"]


@pytest.mark.parametrize(
    "section",
    [
        {"api_key": f"{KEY}\r\nX: y"},
        {"api_key": KEY, "plan": "free"},
        {"api_key": KEY, "base_url": f"http://example.org/{KEY}"},
        {"ids": {"STX": []}},
        {"ids": {"STX": ["block stack"]}},
        {"min_interval": -1},
        {"typo": KEY},
    ],
    ids=["key with a line break", "plan", "plain http", "no id", "id with a space", "negative", "typo"],
)
def test_settings__out_of_bounds__are_refused_without_showing_the_key(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_from(section)

    assert KEY not in str(caught.value)
