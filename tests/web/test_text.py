import pytest

from keeper.web import text


@pytest.mark.parametrize(
    ("ustx", "said"),
    [
        (None, "—"),
        (0, "0.00 STX"),
        (1, "0.000001 STX"),
        (12_000, "0.012000 STX"),
        (1_234_567_899, "1,234.56 STX"),
        (-1_999_999, "-1.99 STX"),
        (10**18, "1,000,000,000,000.00 STX"),
    ],
)
def test_stx__any_amount__is_rounded_down_and_never_zero_when_missing(ustx, said):
    assert text.stx(ustx) == said


@pytest.mark.parametrize(("bps", "said"), [(None, "—"), (0, "±0.00 %"), (1_812, "+18.12 %"), (-5, "−0.05 %")])  # noqa: RUF001
def test_gap__either_way__has_its_sign(bps, said):
    assert text.gap(bps) == said


@pytest.mark.parametrize(
    ("decimal", "places", "said"),
    [
        (None, 2, "—"),
        ("", 2, "—"),
        ("nan", 2, "—"),
        ("1e5", 2, "—"),
        ("0", 2, "0.00"),
        ("0.000001", 2, "0.000001"),
        ("0.00012345", 2, "0.000123"),
        ("0.019", 2, "0.01"),
        ("1234567.899", 2, "1,234,567.89"),
        ("-12.5", 2, "-12.50"),
        ("31200000.9", 0, "31,200,000"),
        ("340282366920938463463374607431768211455", 2, "340,282,366,920,938,463,463,374,607,431,768,211,455.00"),
    ],
)
def test_number__any_decimal__is_cut_and_never_zero_when_it_is_not(decimal, places, said):
    assert text.number(decimal, places) == said


@pytest.mark.parametrize(
    ("decimal", "said"),
    [
        (None, "—"),
        ("0.000000000001", "0.000000000001 STX"),
        ("0.0002258", "0.000225800 STX"),
        ("0.0013069", "0.00130690 STX"),
        ("1.01822", "1.01822 STX"),
        ("12.3456789", "12.3456 STX"),
        ("1234567.5", "1,234,567.50 STX"),
    ],
)
def test_price__any_size__keeps_six_digits(decimal, said):
    assert text.price(decimal, "STX") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "—"), (-3, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h 0 min"), (172_800, "2 d 0 h")],
)
def test_span__any_length__is_its_two_largest_units(seconds, said):
    assert text.span(seconds) == said


def test_until__before_and_after__says_which():
    assert text.until(160, 100, "ends", "ended") == "ends in 60 s"
    assert text.until(100, 100, "ends", "ended") == "ended 0 s ago"
    assert text.until(None, 100, "ends", "ended") == text.until(100, None, "ends", "ended") == "—"


def test_instant__impossible__is_unknown():
    assert text.instant(1_795_255_200) == "2026-11-21 10:00:00 UTC"
    assert text.instant(-1) == text.instant(10**15) == text.instant(None) == "—"


def test_short__long_and_missing__are_readable():
    assert text.short("0x" + "ab" * 32) == "0xabab…abab"
    assert text.short("SP1") == "SP1"
    assert text.short(None) == text.short("") == "—"


def test_percent_and_amount__missing__are_dashes():
    assert text.percent(None) == text.amount(None, "STX") == text.price("x", "STX") == "—"
    assert (text.percent(1), text.amount("4950.129", "FLOW")) == ("0.01 %", "4,950.12 FLOW")
