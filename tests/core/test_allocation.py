"""Whale selection and the target that follows from it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.allocation import largest_remainder, select_whales, target_from_whales
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import Whale, WhaleRule
from keeper.errors import BadInput

NOW = Seconds(1_800_000_000)
DAY = 86_400


def whale(address="a", *, category="defi", score=100, win=None, stacked=0, age=0, **allocation) -> Whale:
    return Whale(
        address=address,
        category=category,
        score=score,
        win_rate_bps=None if win is None else Bps(win),
        stacked_ustx=MicroStx(stacked),
        allocation_bps=allocation or {"STX": 10_000},
        observed_at=Seconds(NOW - age),
    )


def chosen(*whales, **rule) -> list[str]:
    return [w.address for w in select_whales(whales, WhaleRule(**({"category": "defi", "top": 3} | rule)), NOW)]


def test_select__more_than_top__keeps_the_best_by_score() -> None:
    assert chosen(whale("a", score=1), whale("b", score=3), whale("c", score=2), top=2) == ["b", "c"]


def test_select__equal_scores__go_by_address_whatever_the_order() -> None:
    assert chosen(whale("c"), whale("a"), whale("b"), top=2) == ["a", "b"]


def test_select__rank_by_stacked__ignores_the_score() -> None:
    whales = whale("a", score=9, stacked=1), whale("b", score=1, stacked=2)

    assert chosen(*whales, rank_by="stacked") == ["b", "a"]


def test_select__another_category__is_left_out() -> None:
    assert chosen(whale("a", category="meme"), whale("b")) == ["b"]


@pytest.mark.parametrize(("win", "kept"), [(None, False), (5_999, False), (6_000, False), (6_001, True)])
def test_select__win_rate__must_be_strictly_above_the_rule(win, kept) -> None:
    assert bool(chosen(whale(win=win), min_win_rate_bps=Bps(6_000))) is kept


@pytest.mark.parametrize(
    ("age", "kept"), [(-301, False), (-300, True), (0, True), (7 * DAY, True), (7 * DAY + 1, False)]
)
def test_select__observation_age__has_both_bounds(age, kept) -> None:
    assert bool(chosen(whale(age=age))) is kept


@pytest.mark.parametrize("order", [1, -1])
def test_select__same_address_twice__counts_the_newest_once(order) -> None:
    both = [whale("a", score=9, age=DAY), whale("a", score=1, age=0)][::order]

    [kept] = select_whales(both, WhaleRule(category="defi", top=3), NOW)

    assert kept.score == 1


def test_select__top_below_one__is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        chosen(whale(), top=0)

    assert caught.value.facts == {"field": "top", "value": 0}


def test_target__two_whales__weighs_by_score_after_normalising_each() -> None:
    whales = [whale("a", score=300, STX=40, ALEX=40), whale("b", score=100, STX=9_000, ALEX=0)]

    target = target_from_whales(whales, ["STX", "ALEX"])

    assert target.target_bps == {"STX": 6_250, "ALEX": 3_750}
    assert target.weights == {"a": 7_500, "b": 2_500}
    assert (target.coverage_bps, target.dropped) == (10_000, {})


def test_target__asset_outside_the_pool__is_dropped_and_reported() -> None:
    target = target_from_whales([whale(STX=4_500, ALEX=4_500, SBTC=1_000)], ["STX", "ALEX", "DIKO"])

    assert target.target_bps == {"STX": 5_000, "ALEX": 5_000, "DIKO": 0}
    assert target.coverage_bps == 9_000
    assert target.dropped == {"SBTC": 1_000}


def test_target__rank_by_stacked__weighs_by_what_is_stacked() -> None:
    whales = [whale("a", score=1, stacked=3, STX=1), whale("b", score=9, stacked=1, STSTX=1)]

    assert target_from_whales(whales, ["STX", "STSTX"], "stacked").target_bps == {"STX": 7_500, "STSTX": 2_500}


@pytest.mark.parametrize(
    ("whales", "says"),
    [
        ([], "no whale passes"),
        ([whale(score=0)], "score of 0"),
        ([whale(score=-5)], "score of -5"),
        ([whale("a"), whale("a")], "listed twice"),
        ([whale(SBTC=1)], "hold nothing that this pool may hold"),
        ([whale(STX=0)], "empty allocation"),
        ([whale(STX=5, SBTC=-5)], "negative share of SBTC"),
    ],
)
def test_target__nothing_to_follow__says_why(whales, says) -> None:
    with pytest.raises(BadInput, match=says):
        target_from_whales(whales, ["STX", "ALEX"])


def test_largest_remainder__equal_thirds__gives_the_odd_one_by_name() -> None:
    assert largest_remainder({"c": 1, "a": 1, "b": 1}) == {"c": 3_333, "a": 3_334, "b": 3_333}


shares = st.dictionaries(st.sampled_from("VWXYZ"), st.integers(0, 10**6), min_size=1).filter(lambda d: sum(d.values()))


@given(shares, st.integers(1, 10**5))
def test_largest_remainder__any_parts__sums_exactly_and_stays_within_one(parts, whole) -> None:
    result = largest_remainder(parts, whole)

    assert sum(result.values()) == whole
    total = sum(parts.values())
    assert all(abs(result[n] - Fraction(p * whole, total)) < 1 for n, p in parts.items())


@given(st.lists(st.tuples(shares, st.integers(1, 10**6)), min_size=1, max_size=5), st.sets(st.sampled_from("VWXYZ")))
def test_target__any_whales__equals_the_fraction_oracle_within_one_bps(drawn, allowed) -> None:
    whales = [whale(f"w{i}", score=score, **own) for i, (own, score) in enumerate(drawn)]
    held = {symbol: sum(Fraction(s * own.get(symbol, 0), sum(own.values())) for own, s in drawn) for symbol in "VWXYZ"}
    kept = {s: v for s, v in held.items() if s in allowed}
    if not sum(kept.values()):
        with pytest.raises(BadInput):
            target_from_whales(whales, sorted(allowed))
        return

    target = target_from_whales(whales, sorted(allowed))

    covered, whole = sum(kept.values()), sum(held.values())
    assert sum(target.target_bps.values()) == sum(target.weights.values()) == 10_000
    assert all(abs(target.target_bps[s] - kept[s] * 10_000 / covered) < 1 for s in allowed)
    assert target.coverage_bps == covered * 10_000 // whole
    assert target.dropped == {s: v * 10_000 // whole for s, v in held.items() if v and s not in allowed}
