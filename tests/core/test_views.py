"""The body that page, API and status show."""

import json
from fractions import Fraction

import pytest
from core_kit import agreed, book
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.allocation import TargetAllocation
from keeper.core.mandates import Mandate, NextStep, Proposal
from keeper.core.pauses import RUNNING, Pauses
from keeper.core.policy import PoolRule
from keeper.core.prices import AgreedPrice, PricePoint
from keeper.core.records import Decision, Outcome
from keeper.core.slicing import MandateBudget
from keeper.core.units import BaseUnits, Bps, MicroStx, PriceE12, Seconds
from keeper.core.valuation import value_portfolio
from keeper.core.views import PoolFacts, QueuedWithdrawal, Votes, decimal, pool_body, whale_rows
from keeper.core.whales import Whale, WhaleRule

AT = Seconds(1_800_000_000)
RULE = PoolRule(1, "DeFi Whale Index", "SP.pool-share-1", ("STX", "ALEX"), Bps(1_000), Bps(200), WhaleRule("defi", 3))
HOLDINGS = {"STX": 6_000_000, "ALEX": 40 * 10**8, "WELSH": 0}
WHALE = Whale("SPW", "defi", 8_750, None, MicroStx(5), {"STX": 6_000, "ALEX": 4_000}, AT)


def price(asset, value) -> AgreedPrice:
    point = PricePoint("pyth", asset, "USD", PriceE12(value // 2), AT, Bps(12))
    return AgreedPrice(asset, PriceE12(value), AT, Bps(30), (point,))


def full() -> PoolFacts:
    portfolio = value_portfolio(HOLDINGS, agreed({"ALEX": 10**11}), book(), pending_shares=1, total_shares=10)
    return PoolFacts(
        rule=RULE,
        holdings=HOLDINGS,
        pauses=RUNNING,
        step=NextStep.EXECUTE,
        portfolio=portfolio,
        target=TargetAllocation({"STX": 5_000, "ALEX": 5_000}, Bps(9_500), {"SBTC": 500}, {"SPW": 10_000}),
        drift=portfolio.drift({"STX": 5_000, "ALEX": 5_000}),
        prices={"ALEX": price("ALEX", 10**11)},
        whale_rows=whale_rows((WHALE,), {"SPW": 10_000}),
        proposal=Proposal(4, "passed", AT, Seconds(AT + 3_600), {"STX": 10_000}),
        votes=Votes(2_500_000, 0, 4_000_000),
        mandate=Mandate(4, AT, {"STX": 10_000}, Bps(777)),
        budget=MandateBudget(Bps(10_000), Bps(200), Bps(100), MicroStx(10_000_000), MicroStx(4_000_000), MicroStx(1)),
        slices=2,
        queue=(QueuedWithdrawal("SPU", 1, BaseUnits(5), AT),),
        total_shares=10,
        decision=Decision("d1", 1, AT, 99, Outcome.SLICE_EXECUTED, "one slice", Bps(10)),
    )


def bare(**known) -> PoolFacts:
    return PoolFacts(**({"rule": RULE, "holdings": {"STX": 5}, "pauses": RUNNING} | known))


def leaves(body):
    if isinstance(body, dict):
        for value in body.values():
            yield from leaves(value)
    elif isinstance(body, list):
        for value in body:
            yield from leaves(value)
    else:
        yield body


def test_body__full_facts__says_everything_a_reader_asks() -> None:
    body = pool_body(full(), book())

    assert (body["name"], body["state"]) == ("DeFi Whale Index", "rebalancing")
    assert (body["value_stx"], body["pending_ustx"], body["share_price_stx"]) == ("10", "1000000", "1000000")
    assert (body["drift_bps"], body["threshold_bps"], body["tolerance_bps"]) == (555, 1_000, 200)
    assert (body["coverage_bps"], body["dropped_bps"]) == (9_500, {"SBTC": 500})
    assert body["proposal"]["votes_for"] == "2.5"
    assert (body["mandate"]["turnover_left_stx"], body["mandate"]["slices"]) == ("6", 2)
    assert body["queue"] == [{"user": "SPU", "shares": "0.000001", "min_out_stx": "0.000005", "asked_at": AT}]
    assert body["last_decision"]["outcome"] == "slice_executed"
    assert body["whales"][0]["weight_bps"] == 10_000
    assert body["whales"][0]["score"] == "87.5"


def test_body__asset_rows__show_amount_value_share_target_gap_and_price() -> None:
    rows = {row["symbol"]: row for row in pool_body(full(), book())["assets"]}

    alex = rows["ALEX"]
    assert list(rows) == ["STX", "ALEX", "WELSH"]
    assert (alex["amount"], alex["amount_human"], alex["value_stx"]) == ("4000000000", "40", "4")
    assert (alex["share_bps"], alex["target_bps"], alex["gap_ustx"], alex["gap_bps"]) == (4_000, 5_000, "-500000", -556)
    assert alex["price"]["stx"] == "0.1"
    assert alex["price"]["sources"] == [
        {"source": "pyth", "quote": "USD", "price": "0.05", "seen_at": AT, "confidence_bps": 12}
    ]


def test_body__nothing_known__is_missing_and_never_zero() -> None:
    body = pool_body(bare(), book())

    unknown = {"value_ustx", "free_ustx", "pending_ustx", "share_price_stx", "total_shares", "drift_bps", "worst_bps",
               "coverage_bps", "dropped_bps", "whales", "proposal", "mandate", "queue", "last_decision"}  # fmt: skip
    assert {key for key, value in body.items() if value is None} >= unknown
    assert body["state"] == "unknown"
    row = body["assets"][0]
    assert (row["amount"], row["value_ustx"], row["share_bps"], row["gap_bps"], row["price"]["stx"]) == (
        "5", None, None, None, None,
    )  # fmt: skip


def test_body__partly_known__leaves_only_the_rest_missing() -> None:
    known = bare(
        whale_rows=whale_rows((WHALE,), {}), proposal=Proposal(4, "voting", AT, AT, {}), mandate=Mandate(4, AT, {}, Bps(1)),
        prices={"STX": agreed({})["STX"]}, holdings={"STX": 5, "GONE": 1},
    )  # fmt: skip

    body = pool_body(known, book())

    assert body["whales"][0]["weight_bps"] is None
    assert body["proposal"]["votes_for"] is None
    assert body["mandate"]["turnover_left_stx"] is None
    assert body["assets"][0]["price"]["sources"] == []
    assert body["assets"][-1]["amount_human"] is None


def test_body__empty_pool__has_no_shares_to_divide() -> None:
    empty = value_portfolio({"STX": 0}, agreed({}), book())

    body = pool_body(bare(portfolio=empty, holdings={"STX": 0}), book())

    assert (body["assets"][0]["share_bps"], body["share_price_stx"], body["value_stx"]) == (None, None, "0")


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"pauses": Pauses(deposits=True, withdrawals=True, rebalances=True), "step": NextStep.EXECUTE}, "paused"),
        ({"pauses": Pauses(rebalances=True), "step": NextStep.EXECUTE}, "rebalances paused"),
        ({"pauses": Pauses(deposits=True, withdrawals=True)}, "deposits and withdrawals paused"),
        ({"price_trouble": {"ALEX": "old"}, "step": NextStep.EXECUTE}, "no agreed price"),
        ({"step": NextStep.HOLD}, "on target"),
        ({"step": NextStep.WAIT_VOTE}, "in vote"),
        ({}, "unknown"),
    ],
)
def test_state__is_a_word__and_trouble_comes_first(known, word) -> None:
    assert pool_body(bare(**known), book())["state"] == word


def test_state__every_step__has_a_word() -> None:
    words = {pool_body(bare(step=step), book())["state"] for step in NextStep}

    assert len(words) == len(NextStep)


def test_body__price_trouble__is_shown_beside_the_asset() -> None:
    body = pool_body(bare(price_trouble={"ALEX": "sources disagree"}), book())

    assert body["assets"][1]["price"]["trouble"] == "sources disagree"


@pytest.mark.parametrize("facts", [full(), bare()])
def test_body__any_facts__is_json_without_floats(facts) -> None:
    body = pool_body(facts, book())

    assert json.loads(json.dumps(body)) == body
    assert {type(leaf) for leaf in leaves(body)} <= {str, int, bool, type(None)}


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_decimal__any_amount__is_exact(amount, decimals) -> None:
    written = decimal(amount, decimals)

    assert Fraction(written) * 10**decimals == amount
    assert not ("." in written and written.endswith("0"))
