"""The small types that everything is made of."""

from core_kit import PoolRoute, book
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.market import EMPTY_MARKET, MarketView
from keeper.core.units import amount_for_value_down, mul_div_down, mul_div_up, ratio_bps, value_ustx_down

whole = st.integers(0, 10**24)
some = st.integers(1, 10**24)


def test_assets__are_found_by_symbol_and_by_principal() -> None:
    assets = book()

    assert assets.symbols() == ("STX", "ALEX", "DIKO", "WELSH", "STSTX")
    assert [asset.is_stx for asset in assets.all()] == [True, False, False, False, False]
    assert assets.by_principal("SP.alex") == assets["ALEX"]
    assert assets.by_principal("SP.unknown") is None
    assert "ALEX" in assets
    assert "LEO" not in assets


def test_market__between__keeps_the_configured_order() -> None:
    one, two = PoolRoute(("STX", "ALEX"), ("b:1",)), PoolRoute(("STX", "ALEX"), ("a:1",))
    view = MarketView({}, (one, PoolRoute(("ALEX", "STX"), ("b:1",)), two))

    assert view.between("STX", "ALEX") == (one, two)
    assert EMPTY_MARKET.between("STX", "ALEX") == ()


@given(whole, whole, some)
def test_rounding__down_and_up__differ_by_one_unless_exact(a, b, d) -> None:
    down, up = mul_div_down(a, b, d), mul_div_up(a, b, d)

    assert down * d <= a * b <= up * d
    assert up - down == (1 if a * b % d else 0)


@given(whole, some, st.integers(0, 18))
def test_value__there_and_back__never_gains(amount, price, decimals) -> None:
    value = value_ustx_down(amount, price, decimals)

    assert amount_for_value_down(value, price, decimals) <= amount


@given(whole, some)
def test_ratio__any_part__is_within_half_a_basis_point(part, total) -> None:
    assert abs(ratio_bps(part, total) * total * 2 - part * 20_000) <= total
