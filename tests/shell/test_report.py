"""What the demo prints, built from real records: it may not call a bad round good, nor a missing number zero."""

import json

import pytest

from keeper.demo import report
from keeper.testing.build import STX
from tests.shell.world import ADRIFT

ERR_SLIPPAGE = 1338


async def reported(world, decisions):
    """Return the report of one round."""
    one = await report.round_facts(world, 1, {1: decisions})
    body = await report.build(world, [one], elapsed=1.23)
    json.dumps(body, allow_nan=False)
    return body, one["pools"][0]


async def whole_round(world):
    await world.follow(ADRIFT)
    decisions = await world.run_times(1)
    world.vote(1, passes=True)
    return decisions + await world.run_times(3)


async def test_report__good_round__is_ok_with_the_numbers_of_the_records(world):
    decisions = await whole_round(world)

    body, pool = await reported(world, decisions)

    assert (body["ok"], body["failures"]) == (True, [])
    assert pool["drift_before_bps"] == decisions[0].drift_bps
    assert pool["drift_after_bps"] == decisions[-1].drift_bps
    assert pool["proposal"]["result"] == "passed"
    assert pool["proposal"]["votes"]["votes_for"] == "900"
    assert [item["slice"] for item in pool["slices"]] == [1]
    assert pool["cost_bps"] == pool["slices"][0]["cost_bps"]
    assert [tx["kind"] for tx in pool["transactions"]] == ["propose", "conclude", "rebalance"]
    assert [alert["title"] for alert in pool["alerts"]] == world.titles()


async def test_report__books__equal_what_the_chain_has(world):
    body, _ = await reported(world, await world.run_times(1))

    assert body["books"]["STX"] == {"booked": "60000000000", "chain": "60000000000"}


async def test_report__prices_disagree__fails_and_says_why(world):
    await world.follow(ADRIFT)
    world.sources[0].usd_e12["ALEX"] = 60_000_000_000

    body, pool = await reported(world, await world.run_times(4))

    assert body["ok"] is False
    assert "the sources of ALEX are" in body["failures"][0]
    assert (pool["drift_before_bps"], pool["drift_after_bps"], pool["worst_after_bps"]) == (None, None, None)
    assert (pool["cost_bps"], pool["proposal"], pool["slices"]) == (None, None, [])


async def test_report__vote_failed__fails_and_shows_the_vote(world):
    await world.follow(ADRIFT)
    decisions = await world.run_times(1)
    world.vote(1, passes=False)

    body, pool = await reported(world, decisions + await world.run_times(1))

    assert body["ok"] is False
    assert "vote_failed" in body["failures"][0]
    assert pool["proposal"]["result"] == "rejected"


async def test_report__resting_after_a_failed_vote__is_not_on_target(world):
    await world.follow(ADRIFT)
    decisions = await world.run_times(1)
    world.vote(1, passes=False)

    body, pool = await reported(world, decisions + await world.run_times(2))

    assert (body["ok"], pool["within_tolerance"]) == (False, False)


async def test_report__round_ends_in_vote__fails(world):
    await world.follow(ADRIFT)

    body, pool = await reported(world, await world.run_times(2))

    assert body["ok"] is False
    assert pool["proposal"]["result"] == "in vote"


async def test_report__slice_refused_and_repeated__shows_both_transactions(world):
    await world.follow(ADRIFT)
    decisions = await world.run_times(1)
    world.vote(1, passes=True)
    world.chain.answers_next["rebalance-pool"] = [ERR_SLIPPAGE]

    body, pool = await reported(world, decisions + await world.run_times(4))

    assert body["ok"] is True
    states = [tx["state"] for tx in pool["transactions"] if tx["kind"] == "rebalance"]
    assert states == ["refused", "settled"]


async def test_report__no_cycle_ended__fails_and_says_so(world):
    body, pool = await reported(world, [])

    assert body["failures"] == ["DeFi Whale Index ended outside its tolerance of 200 bps: no cycle ended"]
    assert pool["decisions"] == []


async def test_report__vault_has_less_than_booked__fails_and_names_the_asset(world):
    decisions = await world.run_times(1)
    world.chain.gifts[STX.principal] = -1

    body, _ = await reported(world, decisions)

    assert body["ok"] is False
    assert "60000000000 STX" in body["failures"][0]


@pytest.mark.parametrize("outcome", ["good", "bad"])
async def test_show__any_round__prints_a_row_for_the_pool(world, outcome, capsys):
    if outcome == "bad":
        world.sources[0].usd_e12["ALEX"] = 60_000_000_000
        decisions = await world.run_times(1)
    else:
        decisions = await whole_round(world)
    body, _ = await reported(world, decisions)

    report.show(body)

    printed = capsys.readouterr()
    assert "DeFi Whale" in printed.out  # a narrow terminal wraps the rest
    assert ("on target" in printed.out) == (outcome == "good")
    assert ("ended outside its tolerance" in printed.err) == (outcome == "bad")
