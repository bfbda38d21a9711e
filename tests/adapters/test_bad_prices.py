"""Everything a price must not be, through real HTTP, into every source there is: refused, named, never used."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.core.consensus import STX_USD, PriceBounds, agree_each
from keeper.core.prices import Fault, PricePoint, RefusedPrice, vetted
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.testing.fakes import ManualClock
from tests.adapters.price_kit import CASES, GONE, NOW, Case, coingecko, dia, hermes

MANY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Nd"]), max_size=20)

PRICES: dict[str, tuple[st.SearchStrategy[Any], set[Fault]]] = {
    "negative": (st.integers(-(10**38), -1), {Fault.NOT_POSITIVE, Fault.ABSURD}),
    "zero": (st.just(0), {Fault.NOT_POSITIVE}),
    "missing": (st.sampled_from([GONE, None]), {Fault.MISSING}),
    "string": (WORDS, {Fault.NOT_A_NUMBER, Fault.UNREADABLE}),
    "not finite": (
        st.sampled_from([float("nan"), float("inf"), float("-inf")]),
        {Fault.NOT_A_NUMBER, Fault.UNREADABLE},
    ),
    "absurd": (st.integers(10**20, 10**38), {Fault.ABSURD}),
    "another shape": (st.sampled_from([True, [], {}, [1], {"usd": 1}]), {Fault.NOT_A_NUMBER, Fault.UNREADABLE}),
}
TIMES: dict[str, tuple[st.SearchStrategy[Any], set[Fault]]] = {
    "future": (st.integers(NOW + 301, 10**13), {Fault.FUTURE, Fault.NO_TIME}),
    "milliseconds": (st.just(NOW * 1_000), {Fault.FUTURE, Fault.NO_TIME}),
    "before time": (st.integers(-(10**12), 0), {Fault.NO_TIME, Fault.MISSING}),
    "string": (WORDS, {Fault.NO_TIME, Fault.UNREADABLE}),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    return CASES[request.param](remote, session, clock)


async def answer_of(case: Case) -> tuple[tuple[PricePoint, ...], tuple[RefusedPrice, ...]]:
    """Ask the source as the keeper does, and return prices and refusals whichever way they came."""
    symbols = {asset.symbol for asset in case.assets}
    try:
        found = await case.source.prices(case.assets)
    except SourceUnavailable as exc:
        refused = exc.facts.get("refused")
        whole = RefusedPrice(case.source.name, case.spoiled, exc.facts.get("fault", Fault.NO_ANSWER), str(exc))
        return (), refused if isinstance(refused, tuple) else (whole,)
    return vetted(found, case.source.name, symbols, now=Seconds(NOW), ahead=300)


async def check_refused(case: Case, faults: set[Fault]) -> None:
    points, refused = await answer_of(case)
    other = {asset.symbol for asset in case.assets} - {case.spoiled, "STX"}

    assert case.spoiled not in {point.asset for point in points}
    assert {point.asset for point in points} == other  # the other asset's price is as good as before
    [found] = [row for row in refused if row.asset == case.spoiled]
    assert found.fault in faults
    assert (found.source, bool(found.why)) == (case.source.name, True)


async def test_source__good_answer__is_used(case: Case) -> None:
    case.say()

    points, refused = await answer_of(case)

    assert case.spoiled in {point.asset for point in points}
    assert refused == ()


@pytest.mark.parametrize("kind", PRICES)
@MANY
@given(data=st.data())
async def test_source__price_that_is_none__is_refused_and_named(case: Case, kind: str, data: st.DataObject) -> None:
    values, faults = PRICES[kind]
    if case.source.name == "stacking-dao" and kind in {"missing", "another shape"}:
        faults = faults | {Fault.UNREADABLE}
    if case.source.name == "dia":
        faults = faults | {Fault.UNREADABLE}
    case.say(price=data.draw(values))

    await check_refused(case, faults)


@pytest.mark.parametrize("kind", TIMES)
@MANY
@given(data=st.data())
async def test_source__time_that_is_none__is_refused_and_named(case: Case, kind: str, data: st.DataObject) -> None:
    values, faults = TIMES[kind]
    if case.source.name == "stacking-dao":
        return  # what the ratio's time is, its block says
    case.say(at=data.draw(values))

    await check_refused(case, faults)


@pytest.mark.parametrize("name", ["hermes", "lazer", "coingecko", "dia"])
async def test_source__answer_about_another_asset__is_not_taken_for_ours(
    name: str, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    case = CASES[name](remote, session, clock)
    case.say(whose={"hermes": "cd" * 32, "lazer": 1, "coingecko": "leo-token", "dia": "0x00"}[name])

    await check_refused(case, {Fault.MISSING})


FIELDS = ["parsed", "id", "price", "conf", "expo", "publish_time", "priceFeeds", "timestampUs", "blockstack", "usd"]
SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner),
    max_leaves=12,
)


@pytest.mark.parametrize("name", ["hermes", "lazer", "coingecko"])
@MANY
@given(body=SHAPES)
async def test_source__any_json_at_all__is_a_sane_price_or_a_named_refusal(
    name: str, body: Any, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    case = CASES[name](remote, session, clock)
    remote.says(body)

    points, refused = await answer_of(case)

    assert all(0 < point.price_e12 <= 10**21 and 0 < point.seen_at <= NOW + 300 for point in points)
    assert points or refused


@settings(MANY, max_examples=6)  # what cannot be decoded is asked for again, with a wait in between
@given(result=st.binary(max_size=40))
async def test_chain_sources__any_bytes_at_all__are_a_sane_price_or_a_named_refusal(
    result: bytes, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    for make in (CASES["dia"], CASES["ratio"]):
        case = make(remote, session, clock)
        case.say()
        for name in list(case_results(remote)):
            case_results(remote)[name] = lambda _: result
        try:
            points, refused = await answer_of(case)
        except SourceUnavailable as exc:
            points, refused = (), (str(exc),)
        assert points or refused


def case_results(remote: Any) -> dict[str, Any]:
    """Return what the node behind `remote` answers, by function."""
    return remote.answer.__self__.results


@pytest.mark.parametrize("off", [-9, -6, -4, -2, -1, 1, 2, 4, 6, 9])
@pytest.mark.parametrize("wrong", ["pyth", "coingecko", "dia"])
async def test_usd_per_stx__one_source_by_other_decimals__is_left_out_and_the_price_is_the_others(
    off: int, wrong: str, three: dict[str, Case]
) -> None:
    good = {"pyth": 47_240_000, "coingecko": 0.4724, "dia": 47_240_000}
    for name, case in three.items():
        price = good[name] * 10.0**off if name == wrong else good[name]
        case.say(price=price if name == "coingecko" else round(price))

    answers = [await answer_of(case) for case in three.values()]
    points = [point for found, _ in answers for point in found]
    agreement = agree_each(points, ["STX"], now=Seconds(NOW), bounds=PriceBounds())

    assert agreement.stx_usd is not None
    assert agreement.stx_usd.asset == STX_USD
    assert agreement.stx_usd.price_e12 == 472_400_000_000
    said = [row for _, refused in answers for row in refused]
    assert wrong in {row.source for row in (*agreement.refused, *said)}


@pytest.fixture
async def three(remotes: Iterator[Any], session: aiohttp.ClientSession, clock: ManualClock) -> dict[str, Case]:
    first, second, third = remotes
    return {
        "pyth": hermes(first, session, clock),
        "coingecko": coingecko(second, session, clock),
        "dia": dia(third, session, clock),
    }
