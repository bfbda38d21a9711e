"""One price from several sources, or a named refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.consensus import (
    STX_USD,
    LastPrice,
    PriceBounds,
    agree_each,
    agree_usd_and_stx,
)
from keeper.core.prices import MAX_PRICE, Fault, PricePoint
from keeper.core.units import PRICE_ONE, Bps, PriceE12, Seconds
from keeper.errors import BadInput, PriceDisagreement, PriceJump, Refused, StalePrice, TooFewSources

NOW = Seconds(1_800_000_000)
BOUNDS = PriceBounds()


def usd(source, asset, price, *, age=0, confidence=None) -> PricePoint:
    band = None if confidence is None else Bps(confidence)
    return PricePoint(source, asset, "USD", PriceE12(price), Seconds(NOW - age), band)


def stx(source, asset, price, *, age=0) -> PricePoint:
    return PricePoint(source, asset, "STX", PriceE12(price), Seconds(NOW - age))


RATE = (usd("pyth", "STX", PRICE_ONE // 2), usd("coingecko", "STX", PRICE_ONE // 2))


def agree(asset, *points, bounds=BOUNDS, last=None):
    return agree_usd_and_stx(points, [asset], now=NOW, bounds=bounds, last=last)[asset]


def refusal(asset, *points, bounds=BOUNDS, last=None) -> Refused:
    with pytest.raises(Refused) as caught:
        agree(asset, *points, bounds=bounds, last=last)
    return caught.value


def test_agree__usd_and_stx_sources__meet_in_stx() -> None:
    agreed = agree("ALEX", *RATE, usd("coingecko", "ALEX", 1_000), stx("alex:13", "ALEX", 2_020))

    assert agreed.price_e12 == 2_010
    assert agreed.spread_bps == 100
    assert [point.source for point in agreed.points] == ["alex:13", "coingecko"]


@pytest.mark.parametrize(("prices", "middle"), [((100, 103), 101), ((100, 101, 109), 101), ((100, 101, 104, 105), 102)])
def test_agree__odd_and_even_counts__take_the_middle_rounded_down(prices, middle) -> None:
    points = [stx(f"s{i}", "ALEX", price) for i, price in enumerate(prices)]

    assert agree("ALEX", *points).price_e12 == middle


def test_agree__stx_itself__is_one_without_any_source() -> None:
    assert agree("STX").price_e12 == PRICE_ONE


def test_agree__usd_points_used__age_counts_the_rate_too() -> None:
    old_rate = usd("pyth", "STX", PRICE_ONE, age=800), usd("coingecko", "STX", PRICE_ONE, age=5)

    in_usd = agree("ALEX", *old_rate, usd("a", "ALEX", 100, age=20), usd("b", "ALEX", 100))
    in_stx = agree("ALEX", *old_rate, stx("a", "ALEX", 100, age=20), stx("b", "ALEX", 100))

    assert (in_usd.oldest_at, in_stx.oldest_at) == (NOW - 800, NOW - 20)


def test_agree__old_point_among_enough_others__is_dropped_and_listed() -> None:
    points = stx("a", "ALEX", 100), stx("b", "ALEX", 101), stx("c", "ALEX", 900, age=901)

    agreement = agree_each(points, ["ALEX"], now=NOW, bounds=BOUNDS)

    assert agreement.agreed["ALEX"].price_e12 == 100
    assert [(item.point.source, item.why) for item in agreement.set_aside] == [
        ("c", "it is 901 s old and may be 900 s")
    ]


def test_agree__too_few_because_old__is_stale() -> None:
    error = refusal("ALEX", stx("a", "ALEX", 100), stx("b", "ALEX", 101, age=901))

    assert isinstance(error, StalePrice)
    assert error.facts["asset"] == "ALEX"
    assert error.facts["sources"] == {"a": 100}
    assert "b: it is 901 s old" in str(error)


@pytest.mark.parametrize("age", [900, 0, -300])
def test_agree__stamp_on_the_bound__counts(age) -> None:
    assert agree("ALEX", stx("a", "ALEX", 7), stx("b", "ALEX", 7, age=age)).price_e12 == 7


def test_agree__stamp_too_far_ahead__does_not_count() -> None:
    error = refusal("ALEX", stx("a", "ALEX", 7), stx("b", "ALEX", 7, age=-301))

    assert isinstance(error, TooFewSources)
    assert error.facts["set_aside"] == {"b": "its stamp is 301 s in the future"}


@pytest.mark.parametrize(
    ("price", "fault"),
    [
        (0, Fault.NOT_POSITIVE),
        (-1, Fault.NOT_POSITIVE),
        (MAX_PRICE + 1, Fault.ABSURD),
        (10**9_000, Fault.ABSURD),
        (float("nan"), Fault.NOT_A_NUMBER),
        ("9", Fault.NOT_A_NUMBER),
        (True, Fault.NOT_A_NUMBER),
        (None, Fault.NOT_A_NUMBER),
    ],
    ids=["zero", "negative", "absurd", "too long to write", "NaN", "text", "bool", "missing"],
)
def test_agree__impossible_price__is_refused_named_and_classed(price, fault) -> None:
    points = stx("a", "ALEX", 7), stx("b", "ALEX", 7), stx("odd", "ALEX", price)

    agreement = agree_each(points, ["ALEX"], now=NOW, bounds=BOUNDS)

    assert agreement.agreed["ALEX"].price_e12 == 7
    assert [(item.source, item.asset, item.fault) for item in agreement.refused] == [("odd", "ALEX", fault)]


def test_agree__usd_price_that_is_nothing_in_stx__does_not_count() -> None:
    dear = usd("a", "STX", 10 * PRICE_ONE), usd("b", "STX", 10 * PRICE_ONE)

    error = refusal("WELSH", *dear, usd("a", "WELSH", 1), stx("v", "WELSH", 1))

    assert error.facts["set_aside"] == {"a": "it is nothing in STX"}


def test_agree__wide_confidence__does_not_count() -> None:
    error = refusal("ALEX", *RATE, usd("pyth", "ALEX", 9, confidence=201), usd("b", "ALEX", 9, confidence=200))

    assert error.facts["set_aside"] == {"pyth": "its own confidence interval is 2.01 % wide"}


def test_agree__same_source_twice__has_one_voice_the_newest() -> None:
    error = refusal("ALEX", stx("a", "ALEX", 100), stx("a", "ALEX", 101, age=5))

    assert error.facts["sources"] == {"a": 100}


def test_agree__same_source_once_old__is_not_called_stale() -> None:
    assert type(refusal("ALEX", stx("a", "ALEX", 1), stx("a", "ALEX", 1, age=901))) is TooFewSources


def test_agree__stx_quoted_in_stx__says_nothing_about_usd() -> None:
    agreement = agree_each([stx("a", "STX", PRICE_ONE), RATE[0]], [], now=NOW, bounds=BOUNDS)

    assert agreement.stx_usd is None


def test_agree__one_source__is_enough_only_when_the_bound_says_so() -> None:
    single = PriceBounds(min_sources=1)

    assert agree("ALEX", RATE[0], usd("a", "ALEX", 50), bounds=single).price_e12 == 100
    assert isinstance(refusal("ALEX", bounds=PriceBounds(min_sources=0)), TooFewSources)


def test_agree__exactly_ten_percent_apart__agrees_and_a_hair_more_does_not() -> None:
    assert agree("ALEX", stx("a", "ALEX", 950), stx("b", "ALEX", 1_050)).spread_bps == 1_000

    error = refusal("ALEX", stx("a", "ALEX", 950), stx("b", "ALEX", 1_052))

    assert isinstance(error, PriceDisagreement)
    assert error.facts == {"asset": "ALEX", "sources": {"a": 950, "b": 1_052}, "spread_bps": 1_019}


def test_agree__no_rate__uses_stx_quotes_and_says_why_usd_did_not_count() -> None:
    apart = usd("pyth", "STX", 100), usd("coingecko", "STX", 200)

    fine = agree("ALEX", *apart, stx("a", "ALEX", 9), stx("b", "ALEX", 9), usd("coingecko", "ALEX", 500))
    error = refusal("ALEX", *apart, stx("a", "ALEX", 9), usd("coingecko", "ALEX", 500))

    assert fine.price_e12 == 9
    assert error.facts["set_aside"] == {"coingecko": "USD per STX is not agreed"}
    assert "STX/USD are 66.67 % apart" in str(error.facts["stx_usd"])


@pytest.mark.parametrize(("before", "fine"), [(1_000, True), (909, False), (910, True), (1_111, True), (1_112, False)])
def test_agree__jump__is_measured_from_the_last_agreed_price(before, fine) -> None:
    last = {"ALEX": LastPrice(PriceE12(before), Seconds(NOW - 60))}
    points = stx("a", "ALEX", 1_000), stx("b", "ALEX", 1_000)

    if fine:
        assert agree("ALEX", *points, last=last).price_e12 == 1_000
    else:
        error = refusal("ALEX", *points, last=last)
        assert isinstance(error, PriceJump)
        assert error.facts["sources"] == {"a": 1_000, "b": 1_000}
        assert error.facts["last_e12"] == before


def test_agree__last_price_older_than_a_day__holds_nothing_back() -> None:
    last = {"ALEX": LastPrice(PriceE12(1), Seconds(NOW - 86_401))}

    assert agree("ALEX", stx("a", "ALEX", 9), stx("b", "ALEX", 9), last=last).price_e12 == 9


def test_agree__rate_jumped__usd_points_do_not_count() -> None:
    last = {STX_USD: LastPrice(PriceE12(PRICE_ONE), Seconds(NOW - 60))}

    error = refusal("ALEX", *RATE, usd("a", "ALEX", 9), usd("b", "ALEX", 9), last=last)

    assert "STX/USD moved 50.00 %" in str(error.facts["stx_usd"])


def test_agree_each__one_bad_asset__leaves_the_others() -> None:
    points = stx("a", "ALEX", 9), stx("b", "ALEX", 9), stx("a", "DIKO", 9)

    agreement = agree_each(points, ["STX", "ALEX", "DIKO"], now=NOW, bounds=BOUNDS)

    assert set(agreement.agreed) == {"STX", "ALEX"}
    assert set(agreement.failed) == {"DIKO"}
    assert list(agreement.require(["ALEX"])) == ["ALEX"]
    with pytest.raises(TooFewSources):
        agreement.require(["ALEX", "DIKO"])
    with pytest.raises(BadInput, match="no agreement was sought for WELSH"):
        agreement.require(["WELSH"])


def test_bounds__age__goes_by_source_then_class_then_default() -> None:
    bounds = PriceBounds(max_age_of={"alex": Seconds(60), "alex:13": Seconds(30)})

    assert [bounds.age_limit(s) for s in ("alex:13", "alex:14", "pyth")] == [30, 60, 900]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**15), st.integers(-400, 1_000)), max_size=7))
def test_agree__whatever_it_returns__lies_between_the_usable_sources(drawn) -> None:
    make = {True: stx, False: usd}
    points = [make[in_stx](f"s{i}", "ALEX", price, age=age) for i, (in_stx, price, age) in enumerate(drawn)]

    agreement = agree_each([*RATE, *points], ["ALEX"], now=NOW, bounds=BOUNDS)

    ages = [i for i, (_, _, age) in enumerate(drawn) if -300 <= age <= 900]
    values = [drawn[i][1] * (1 if drawn[i][0] else 2) for i in ages]
    assert ("ALEX" in agreement.agreed) != ("ALEX" in agreement.failed)
    if "ALEX" in agreement.agreed:
        agreed = agreement.agreed["ALEX"]
        assert min(values) <= agreed.price_e12 <= max(values)
        used = [point.price_e12 * (1 if point.quote == "STX" else 2) for point in agreed.points]
        assert len(used) >= 2
        assert 2 * len(used) > len(values)
        assert (max(used) - min(used)) * 10_000 <= 1_000 * agreed.price_e12
        assert len(used) + len([item for item in agreement.set_aside if item.point.asset == "ALEX"]) == len(points)


@given(st.permutations([1_000, 1_010, 1_020, 1_030]))
def test_agree__order_of_the_sources__changes_nothing(prices) -> None:
    points = [stx(f"s{price}", "ALEX", price) for price in prices]

    agreed = agree("ALEX", *points)

    assert (agreed.price_e12, agreed.points) == (1_015, agree("ALEX", *sorted(points, key=str)).points)


def venue(name, asset, price, *, gap=30) -> PricePoint:
    return PricePoint(name, asset, "STX", PriceE12(price), NOW, Bps(gap), "venue")


def test_agree__one_of_three_by_other_decimals__is_left_out_and_named() -> None:
    points = stx("dia", "ALEX", 1_000), stx("pyth", "ALEX", 1_004), stx("coingecko", "ALEX", 100_000_000_000)

    agreement = agree_each(points, ["ALEX"], now=NOW, bounds=BOUNDS)

    assert agreement.agreed["ALEX"].price_e12 == 1_002
    assert [(item.source, item.fault) for item in agreement.refused] == [("coingecko", Fault.DEVIATES)]


def test_agree__usd_per_stx_by_other_decimals__is_left_out_and_named() -> None:
    agreement = agree_each([*RATE, usd("dia", "STX", 7)], ["STX"], now=NOW, bounds=BOUNDS)

    assert agreement.stx_usd is not None
    assert agreement.stx_usd.price_e12 == PRICE_ONE // 2
    assert [(item.source, item.fault) for item in agreement.refused] == [("dia", Fault.DEVIATES)]


def test_agree__two_venues_against_the_web__never_outvote_it() -> None:
    error = refusal(
        "ALEX", venue("alex", "ALEX", 9_000), venue("velar", "ALEX", 9_001), stx("coingecko", "ALEX", 1_000)
    )

    assert isinstance(error, PriceDisagreement)


def test_agree__one_of_three_a_fifth_off__stops_everything() -> None:
    error = refusal("ALEX", stx("pyth", "ALEX", 1_200), stx("dia", "ALEX", 1_000), stx("coingecko", "ALEX", 1_000))

    assert isinstance(error, PriceDisagreement)


@pytest.mark.parametrize(("price", "left_out"), [(3_000, False), (3_001, True), (334, False), (333, True)])
def test_agree__one_of_three_off_by_a_multiple__is_left_out_beyond_the_factor(price, left_out) -> None:
    points = stx("odd", "ALEX", price), stx("dia", "ALEX", 1_000), stx("coingecko", "ALEX", 1_000)

    agreement = agree_each(points, ["ALEX"], now=NOW, bounds=BOUNDS)

    assert ("ALEX" in agreement.agreed) is left_out


def test_agree__two_against_two__is_a_disagreement() -> None:
    prices = {"a": 1_000, "b": 1_001, "c": 9_000, "d": 9_001}

    assert isinstance(refusal("ALEX", *(stx(name, "ALEX", price) for name, price in prices.items())), PriceDisagreement)


def test_agree__venue_with_a_wide_gap__does_not_count() -> None:
    error = refusal("ALEX", venue("alex", "ALEX", 9, gap=501), venue("velar", "ALEX", 9, gap=500))

    assert error.facts["set_aside"] == {"alex": "its own confidence interval is 5.01 % wide"}


LED = {
    "pyth": stx("pyth", "ALEX", 1_000),
    "alex": venue("alex", "ALEX", 1_010),
    "velar": venue("velar", "ALEX", 1_030),
    "dia": stx("dia", "ALEX", 1_040),
    "coingecko": stx("coingecko", "ALEX", 1_050),
    "other": stx("other", "ALEX", 1_060),
}


@pytest.mark.parametrize(
    ("there", "lead", "price"),
    [
        (("coingecko", "alex", "velar", "pyth"), "pyth", 1_000),
        (("coingecko", "alex", "velar"), "venues", 1_020),
        (("coingecko", "alex"), "venues", 1_010),
        (("coingecko", "dia"), "dia", 1_040),
        (("coingecko", "other"), "coingecko", 1_050),
    ],
)
def test_agree__basis_first__falls_back_from_pyth_to_the_venues_average_to_coingecko(there, lead, price) -> None:
    agreed = agree("ALEX", *(LED[name] for name in there), bounds=PriceBounds(basis="first"))

    assert (agreed.lead, agreed.price_e12) == (lead, price)


def test_agree__basis_first__an_old_leader_hands_over() -> None:
    old = stx("pyth", "ALEX", 1_000, age=901)

    agreed = agree("ALEX", old, LED["alex"], LED["coingecko"], bounds=PriceBounds(basis="first"))

    assert (agreed.lead, agreed.price_e12) == ("venues", 1_010)


def test_agree__basis_first__a_leader_alone_against_the_others_does_not_lead() -> None:
    wild = stx("pyth", "ALEX", 9_000)

    agreed = agree("ALEX", wild, LED["alex"], LED["coingecko"], bounds=PriceBounds(basis="first"))

    assert (agreed.lead, agreed.price_e12) == ("venues", 1_010)
