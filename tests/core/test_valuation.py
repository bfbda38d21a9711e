"""What a pool is worth and what of it is owed."""

from fractions import Fraction

import pytest
from core_kit import agreed, book
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.valuation import share_price_down, value_portfolio
from keeper.errors import BadInput, TooFewSources

PRICES = agreed({"ALEX": 123_456_789_012, "WELSH": 1})


def test_value__decimals_of_each_asset__are_respected() -> None:
    portfolio = value_portfolio({"STX": 1_500_000, "ALEX": 10**8}, PRICES, book())

    assert portfolio.values_ustx == {"STX": 1_500_000, "ALEX": 123_456}
    assert (portfolio.total_ustx, portfolio.free_ustx, portfolio.share_price_e12) == (1_623_456, 1_623_456, None)


def test_value__pending_shares__are_their_part_rounded_down() -> None:
    portfolio = value_portfolio({"STX": 100}, PRICES, book(), pending_shares=1, total_shares=3)

    assert (portfolio.pending_ustx, portfolio.free_ustx) == (33, 67)
    assert portfolio.share_price_e12 == 33_333_333_333_333


def test_value__nothing_held__needs_no_price() -> None:
    assert value_portfolio({"STX": 5, "DIKO": 0}, PRICES, book()).values_ustx == {"STX": 5, "DIKO": 0}


def test_value__held_without_a_price__is_unknown_and_not_zero() -> None:
    with pytest.raises(TooFewSources) as caught:
        value_portfolio({"STX": 5, "DIKO": 1}, PRICES, book())

    assert caught.value.facts == {"asset": "DIKO"}


@pytest.mark.parametrize(
    ("holdings", "shares", "says"),
    [
        ({"LEO": 1}, (0, 0), "LEO is held but not a configured asset"),
        ({"STX": -1}, (0, 0), "a holding of -1 STX cannot be"),
        ({"STX": 1}, (2, 1), "2 pending of 1 shares"),
        ({"STX": 1}, (-1, 1), "-1 pending of 1 shares"),
    ],
)
def test_value__impossible_numbers__are_named(holdings, shares, says) -> None:
    with pytest.raises(BadInput, match=says):
        value_portfolio(holdings, PRICES, book(), pending_shares=shares[0], total_shares=shares[1])


def test_drift__of_a_portfolio__counts_what_is_owed() -> None:
    portfolio = value_portfolio({"STX": 100}, PRICES, book(), pending_shares=1, total_shares=2)

    assert portfolio.drift({"STX": 10_000}).free_ustx == 50


@given(st.integers(0, 10**18), st.integers(1, 10**18))
def test_share_price__any_pool__never_promises_more_than_there_is(total, shares) -> None:
    price = share_price_down(total, shares)

    assert price is not None
    assert price == Fraction(total * 10**12, shares).__floor__()
    assert price * shares // 10**12 <= total


@given(st.integers(0, 10**16), st.integers(0, 10**9), st.integers(0, 10**9))
def test_value__any_queue__splits_the_whole_in_favour_of_the_pool(amount, pending, others) -> None:
    portfolio = value_portfolio({"STX": amount}, PRICES, book(), pending_shares=pending, total_shares=pending + others)

    assert portfolio.pending_ustx + portfolio.free_ustx == amount
    assert portfolio.pending_ustx * (pending + others) <= amount * pending
