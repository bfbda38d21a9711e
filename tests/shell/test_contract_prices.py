"""The oracle contract has a price of its own, and judges every leg by it: no slice is sent that it would refuse."""

import pytest

from keeper.core.records import IntentState, Outcome
from tests.shell.world import ADRIFT, say

TARGETS = {"buy": ADRIFT, "sell": {"STX": 8_000, "ALEX": 1_000, "DIKO": 1_000}}
AGAINST = {("buy", -120), ("buy", -500), ("sell", 120), ("sell", 500)}
"""Where the contracts see less value in what is bought, or more in what is sold, than the venues pay."""
MINUTE = 61


async def with_mandate(world, target):
    await world.follow(target)
    await world.run()
    world.vote(1, passes=True)
    await world.run()
    world.chain.sent.clear()


async def run_by_the_minute(world, times):
    decisions = []
    for _ in range(times):
        decisions.append(await world.run())
        world.chain.pass_time(MINUTE)
    return decisions


async def slices(world):
    return [intent for intent in await world.store.intents() if intent.key.startswith("rebalance:")]


@pytest.mark.parametrize("apart_bps", [120, -120, 500, -500])
@pytest.mark.parametrize("way", ["buy", "sell"])
async def test_run__contracts_price_differs__no_slice_is_refused_and_all_is_done_once_it_is_back(world, way, apart_bps):
    alex = world.assets["ALEX"].principal
    await with_mandate(world, TARGETS[way])
    world.chain.believe(alex, apart_bps)

    apart = await run_by_the_minute(world, 4)
    world.chain.believe(alex, 0)
    back = await run_by_the_minute(world, 3)

    if (way, apart_bps) in AGAINST:
        assert apart[-1].outcome is Outcome.WAITING_FOR_VENUES
        assert f"the best way to {way} more ALEX pays" in apart[-1].reason
        assert "less than the price that the contracts accept, 1.50 % are allowed" in apart[-1].reason
        assert apart[-1].facts["plan"]["legs"] == []
        say(apart[-1])
    else:
        assert apart[0].outcome is Outcome.SLICE_EXECUTED
        assert apart[-1].outcome is Outcome.REBALANCED
    assert back[-1].outcome is Outcome.REBALANCED
    assert Outcome.REFUSED not in {decision.outcome for decision in (*apart, *back)}
    assert {intent.state for intent in await slices(world)} == {IntentState.SETTLED}


async def test_run__one_assets_price_differs__trades_the_others_and_says_why_not_that_one(world):
    await with_mandate(world, ADRIFT)
    world.chain.believe(world.assets["ALEX"].principal, -500)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert {leg["buy"] for leg in decision.facts["plan"]["legs"]} == {"DIKO"}
    assert "buy more ALEX pays" in decision.facts["plan"]["reason"]


async def test_run__waits_for_the_contracts_price__reports_once_a_minute_at_most_and_alerts_nobody(world):
    await with_mandate(world, TARGETS["sell"])
    world.chain.believe(world.assets["ALEX"].principal, 500)
    world.chain.pass_time(MINUTE)

    decisions = await world.run_times(5)

    assert {decision.outcome for decision in decisions} == {Outcome.WAITING_FOR_VENUES}
    assert world.chain.called() == ["post-prices"]
    assert "nothing was traded" not in " ".join(world.titles())


async def test_run__contracts_have_no_price_of_what_is_only_wanted__trades_the_rest(world):
    diko = world.assets["DIKO"].principal
    world.pool.holdings[diko] = 0
    await with_mandate(world, ADRIFT)
    world.chain.never_agrees.add(diko)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert {leg["buy"] for leg in decision.facts["plan"]["legs"]} == {"ALEX"}
    assert "the contracts have no price of DIKO now" in decision.facts["plan"]["reason"]


async def test_run__chain_moves_on_before_the_plan__reads_their_prices_at_the_newer_block(world):
    await with_mandate(world, ADRIFT)
    world.chain.moves_before = ["get-consensus-price"] * 2

    decision = await world.run()

    assert world.chain.moves_before == []
    assert decision.outcome is Outcome.SLICE_EXECUTED
