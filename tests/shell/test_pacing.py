"""A trade that is large for its venues: slice by slice, at the venues' pace, and only while the price stays."""

from dataclasses import replace

import pytest

from keeper.core.pacing import PaceRule
from keeper.core.records import Outcome
from keeper.core.units import Bps
from tests.shell.world import POLICY, open_world, say

HOUR = 3_600


@pytest.fixture
async def slow_world(tmp_path):
    policy = replace(POLICY, pace=PaceRule(calm_bps=Bps(1), most_bps=Bps(12), stop_bps=Bps(200)))
    async with open_world(tmp_path, policy=policy) as world:
        yield world


async def test_run__slice_that_moved_its_venues__waits_for_them_and_says_how_long(slow_world):
    world = slow_world
    await world.with_mandate()

    decisions = await world.run_times(2)

    assert [d.outcome for d in decisions] == [Outcome.SLICE_EXECUTED, Outcome.WAITING_FOR_VENUES]
    pace = decisions[-1].facts["pace"]
    assert pace["due_at"] > world.clock.at
    assert pace["left_bps"] == pytest.approx(pace["moved_bps"], rel=0.01)
    assert "the next one is due in" in decisions[-1].reason
    say(decisions[-1])


async def test_run__venues_came_back__goes_on_at_once(slow_world):
    world = slow_world
    before = [dict(dex.pools) for dex in world.dexes]
    await world.with_mandate()
    await world.run_times(2)
    for dex, pools in zip(world.dexes, before, strict=True):
        dex.pools.update(pools)
    world.chain.pass_time(120)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED


async def test_run__venues_never_come_back__goes_on_when_its_share_of_the_day_is_over(slow_world):
    world = slow_world
    await world.with_mandate()
    _, waiting = await world.run_times(2)
    world.chain.pass_time(HOUR)

    later = await world.run()
    assert later.outcome is Outcome.WAITING_FOR_VENUES
    assert later.facts["pace"]["due_at"] > waiting.facts["pace"]["due_at"]
    world.chain.pass_time(later.facts["pace"]["due_at"] - world.clock.at)
    assert (await world.run()).outcome is Outcome.SLICE_EXECUTED


async def test_run__restart_between_slices__waits_as_before(slow_world):
    world = slow_world
    await world.with_mandate()
    _, waiting = await world.run_times(2)
    world.cycle, _ = world.rebuild()

    decision = await world.run()

    assert decision.outcome is Outcome.WAITING_FOR_VENUES
    assert decision.facts["pace"]["due_at"] == waiting.facts["pace"]["due_at"]


async def test_run__price_left_the_mandate__stops_names_it_and_alerts(slow_world):
    world = slow_world
    await world.with_mandate()
    for source in world.sources:
        source.usd_e12["ALEX"] = source.usd_e12["ALEX"] * 105 // 100

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "PriceLeftMandate")
    assert decision.facts["moved_bps"]["ALEX"] in range(200, 501)
    assert "since mandate 1 was voted" in decision.reason
    assert "rebalance-pool" not in world.chain.called()
    assert len(world.titles()) >= 1
    say(decision)


async def test_run__price_came_back__goes_on(slow_world):
    world = slow_world
    await world.with_mandate()
    price = world.sources[0].usd_e12["ALEX"]
    for source in world.sources:
        source.usd_e12["ALEX"] = price * 105 // 100
    await world.run()
    for source in world.sources:
        source.usd_e12["ALEX"] = price

    assert (await world.run()).outcome is Outcome.SLICE_EXECUTED
