"""From drift to settlement, and what happens when something is wrong. Each demo starts its own local chain."""

import json

import pytest

from tests.e2e.conftest import demo_once, keeper

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("e2e")]


def pools(report, number=1):
    return {pool["pool_id"]: pool for pool in report["rounds"][number - 1]["pools"]}


def sent(report, number):
    return [tx for pool in report["rounds"][number - 1]["pools"] for tx in pool["transactions"]]


def test_demo__first_round__brings_every_pool_back(two_rounds):
    status, report, _ = two_rounds

    assert (status, report["failures"]) == (0, [])
    for pool in pools(report).values():
        assert pool["drift_before_bps"] > 1_000
        assert pool["drift_after_bps"] <= 200
        assert pool["worst_after_bps"] <= pool["tolerance_bps"] == 200
        assert pool["within_tolerance"] is True


def test_demo__books__equal_the_chains_balances(two_rounds):
    _, report, _ = two_rounds

    assert set(report["books"]) == {"STX", "ALEX", "DIKO", "WELSH", "stSTX"}
    assert all(side["booked"] == side["chain"] and int(side["chain"]) > 0 for side in report["books"].values())


def test_demo__every_pool__was_voted_on_before_it_traded(two_rounds):
    _, report, _ = two_rounds

    for pool in pools(report).values():
        proposal = pool["proposal"]
        assert proposal["result"] == "passed"
        assert int(proposal["votes"]["votes_for"]) * 100 >= int(proposal["votes"]["stake_total"]) * 51
        kinds = [tx["kind"] for tx in pool["transactions"]]
        assert kinds.index("propose") < kinds.index("conclude") < kinds.index("rebalance")


def test_demo__every_slice__paid_at_least_its_minimum(two_rounds):
    _, report, _ = two_rounds

    for pool in pools(report).values():
        assert len(pool["slices"]) >= 2
        for piece in pool["slices"]:
            assert len(piece["txid"]) == 64
            assert piece["drift_after_bps"] < piece["drift_before_bps"]
            for leg in piece["legs"]:
                assert int(leg["actual_out"]) >= int(leg["min_out"]) > 0
        assert 0 < pool["cost_bps"] < 200


def test_demo__quotes__are_what_the_venue_pays_to_the_unit(two_rounds):
    _, report, _ = two_rounds
    legs = [leg for pool in pools(report).values() for piece in pool["slices"] for leg in piece["legs"]]

    exact = [leg for leg in legs if leg["actual_out"] == leg["expected_out"]]

    # Somebody else may trade between the plan and its block; mostly nobody does.
    assert len(exact) * 2 > len(legs)


def test_demo__defi_pool__reaches_diko_through_alex(two_rounds):
    _, report, _ = two_rounds
    legs = [leg for piece in pools(report)[1]["slices"] for leg in piece["legs"] if leg["buy"] == "DIKO"]

    assert legs
    assert all(leg["sell"] == "ALEX" or leg["hops"] == 2 for leg in legs)


def test_demo__meme_pool__splits_over_both_venues(two_rounds):
    _, report, _ = two_rounds
    venues = {leg["venue"] for piece in pools(report)[2]["slices"] for leg in piece["legs"]}

    assert venues == {"alex", "velar"}


def test_demo__meme_pool__has_the_other_venue_to_fall_back_on(two_rounds):
    _, report, _ = two_rounds
    legs = [leg for piece in pools(report)[2]["slices"] for leg in piece["legs"]]

    assert {(leg["venue"], leg["fallback"]) for leg in legs if leg["fallback"]} == {("alex", "velar")}


def test_demo__queued_withdrawal__is_paid(two_rounds):
    _, report, _ = two_rounds
    paid = pools(report)[3]["withdrawals"]

    # What is idle is paid at once, the rest as soon as a slice has brought it.
    assert [payment["whole"] for part in paid for payment in part["expected"]] == [False, True]
    assert len({payment["user"] for part in paid for payment in part["expected"]}) == 1
    assert all(int(part["paid_ustx"]) > 10_000_000 for part in paid)


def test_demo__alerts__reach_slack_and_discord(two_rounds):
    _, report, _ = two_rounds
    alerts = [alert for pool in pools(report).values() for alert in pool["alerts"]]

    assert {"slack", "discord"} == set(alerts[0]["delivered_to"])
    assert any("back on target" in alert["title"] for alert in alerts)
    assert "back on target" in json.dumps(report["webhooks"])


def test_demo__every_turn__left_a_decision_with_a_reason(two_rounds):
    _, report, _ = two_rounds

    for pool in pools(report).values():
        outcomes = [decision["outcome"] for decision in pool["decisions"]]
        assert {"proposed", "vote_passed", "slice_executed", "rebalanced"} <= set(outcomes)
        assert all(decision["reason"] for decision in pool["decisions"])


def test_demo__second_round_without_drift__sends_nothing_and_says_why(two_rounds):
    _, report, _ = two_rounds

    assert sent(report, 2) == []
    for pool in pools(report, 2).values():
        assert pool["within_tolerance"] is True
        assert "is carried out" in pool["decisions"][-1]["reason"]


def test_demo__first_venue_down__the_second_takes_over():
    status, report, _ = demo_once("--fault", '{"kind": "venue-pause", "venue": "alex"}')
    meme = pools(report)[2]

    assert {leg["venue"] for piece in meme["slices"] for leg in piece["legs"]} == {"velar"}
    assert meme["within_tolerance"] is True
    assert status == 1, "the other two pools have no second venue, and the exit status says so"
    assert any(failure.startswith("DeFi Whale Index ended outside") for failure in report["failures"])


def test_demo__sources_disagree__trades_nothing_and_alerts():
    fault = {"kind": "price", "source": "coingecko", "asset": "WELSH", "factor": 1.2}
    status, report, _ = demo_once("--fault", json.dumps(fault))
    meme = pools(report)[2]

    assert status == 1
    assert meme["slices"] == []
    assert meme["transactions"] == []
    assert meme["decisions"][-1]["facts"]["error"] == "PriceDisagreement"
    alert = next(alert for alert in meme["alerts"] if "nothing was traded" in alert["title"])
    assert "WELSH" in alert["what"]
    assert alert["delivered_to"]
    assert pools(report)[1]["within_tolerance"] is True


def test_run__setting_out_of_bounds__exits_78_with_one_sentence():
    done = keeper("demo", "--once", env={"KEEPER_POLICY__MAX_SLIPPAGE_BPS": "500"}, seconds=60)

    assert done.returncode == 78
    [sentence] = [line for line in done.stderr.splitlines() if "max_slippage_bps" in line]
    assert "must be at most 200" in sentence


def test_run__no_configuration__exits_78_and_names_a_setting(tmp_path):
    done = keeper("run", cwd=tmp_path, seconds=60)

    assert done.returncode == 78
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "network" in done.stderr
