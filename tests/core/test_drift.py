"""Drift over the union of held and wanted assets."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.drift import pool_drift, same_target, within_tolerance


@pytest.mark.parametrize(
    ("values", "target", "pending", "bps"),
    [
        ({"STX": 60, "ALEX": 40}, {"STX": 6_000, "ALEX": 4_000}, 0, 0),
        ({"STX": 100}, {"ALEX": 10_000}, 0, 10_000),
        ({"STX": 50, "WELSH": 50}, {"STX": 10_000}, 0, 5_000),
        ({"STX": 80, "ALEX": 20}, {"STX": 6_000, "ALEX": 4_000}, 0, 2_000),
        ({"STX": 80, "ALEX": 20}, {"STX": 6_000, "ALEX": 4_000}, 50, 0),
        ({"STX": 10, "ALEX": 90}, {"STX": 5_000, "ALEX": 5_000}, 50, 13_000),
        ({}, {"STX": 10_000}, 0, 0),
        ({"STX": 5}, {"STX": 10_000}, 5, 0),
        ({"STX": 5}, {"STX": 10_000}, 6, 0),
    ],
)
def test_drift__known_pools__is_what_the_vault_says(values, target, pending, bps) -> None:
    assert pool_drift(values, target, pending).drift_bps == bps


def test_drift__asset_held_but_not_wanted__has_a_gap_of_its_whole_value() -> None:
    drift = pool_drift({"STX": 70, "WELSH": 30}, {"STX": 9_000, "ALEX": 1_000}, 0)

    assert drift.gaps_ustx == {"STX": -20, "WELSH": 30, "ALEX": -10}
    assert drift.deviations_bps == {"STX": -2_000, "WELSH": 3_000, "ALEX": -1_000}
    assert (drift.value_ustx, drift.free_ustx, drift.worst_bps) == (100, 100, 3_000)


def test_drift__queued_withdrawals__are_owed_from_the_stx_side() -> None:
    drift = pool_drift({"STX": 10, "ALEX": 90}, {"STX": 5_000, "ALEX": 5_000}, 20)

    assert drift.free_ustx == 80
    assert drift.gaps_ustx == {"STX": -50, "ALEX": 50}


def test_tolerance__a_hair_above__is_outside() -> None:
    just_over = pool_drift({"STX": 510_001, "ALEX": 489_999}, {"STX": 5_000, "ALEX": 5_000}, 0)
    on_the_line = pool_drift({"STX": 510_000, "ALEX": 490_000}, {"STX": 5_000, "ALEX": 5_000}, 0)

    assert not within_tolerance(just_over, 100)
    assert within_tolerance(on_the_line, 100)


def test_tolerance__nothing_free__is_within() -> None:
    assert within_tolerance(pool_drift({"ALEX": 5}, {"ALEX": 10_000}, 5), 0)


@pytest.mark.parametrize(
    ("one", "other", "within", "same"),
    [
        ({"STX": 10_000}, {"STX": 10_000, "ALEX": 0}, 0, True),
        ({"STX": 9_950, "ALEX": 50}, {"STX": 10_000}, 50, True),
        ({"STX": 9_950, "ALEX": 50}, {"STX": 10_000}, 49, False),
    ],
)
def test_same_target__absent_means_zero(one, other, within, same) -> None:
    assert same_target(one, other, within) is same


assets = st.sampled_from(["STX", "ALEX", "DIKO", "WELSH"])


@given(
    st.dictionaries(assets, st.integers(0, 10**14)),
    st.dictionaries(assets, st.integers(0, 10_000)),
    st.integers(0, 10**14),
)
def test_drift__any_pool__equals_the_fraction_oracle(values, target, pending) -> None:
    drift = pool_drift(values, target, pending)

    free = sum(values.values()) - pending
    if free <= 0:
        assert drift.drift_bps == 0
        return
    total = Fraction(0)
    for symbol in {*values, *target, "STX"}:
        signed = values.get(symbol, 0) - (pending if symbol == "STX" else 0)
        gap = signed - int(Fraction(target.get(symbol, 0) * free, 10_000))
        assert drift.gaps_ustx[symbol] == gap
        assert abs(Fraction(gap * 10_000, free)) <= abs(drift.deviations_bps[symbol])
        total += abs(gap)
    assert drift.drift_bps == int(total / 2 * 10_000 / free)
