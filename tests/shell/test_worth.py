"""A rebalance that costs more than it brings is not proposed, and the record says by how much."""

from dataclasses import replace

import pytest

from keeper.core.benefit import BenefitRule
from keeper.core.records import Outcome
from keeper.core.units import Bps, Seconds
from tests.shell.world import ADRIFT, POLICY, open_world, say


@pytest.fixture
async def careless_world(tmp_path):
    """Being off target costs next to nothing here."""
    policy = replace(POLICY, benefit=BenefitRule(Bps(20), 1), price_heartbeat=Seconds(600))
    async with open_world(tmp_path, policy=policy) as world:
        yield world


async def test_run__rebalance_dearer_than_its_benefit__is_not_proposed_and_says_by_how_much(careless_world):
    world = careless_world
    world.chain.pass_time(1)
    await world.follow(ADRIFT)

    decision = (await world.run_times(2))[-1]

    assert decision.outcome is Outcome.NOT_WORTH_IT
    worth = {name: int(ustx) for name, ustx in decision.facts["worth"].items()}
    assert worth["moved_ustx"] == pytest.approx(30_000 * 10**6, rel=0.01)
    assert worth["benefit_ustx"] == worth["moved_ustx"] * 20 // (10_000 * 365)
    assert worth["excess_ustx"] == worth["cost_ustx"] - worth["benefit_ustx"] > 0
    assert f"{worth['excess_ustx'] / 10**6:,.6f} STX too much" in decision.reason
    assert "propose-mandate" not in world.chain.called()
    say(decision)


async def test_run__not_worth_a_rebalance__still_reports_prices_for_depositors(careless_world):
    world = careless_world
    await world.follow(ADRIFT)
    world.chain.pass_time(700)

    assert Outcome.PRICES_POSTED in {decision.outcome for decision in await world.run_times(2)}


async def test_run__worth_its_cost__is_proposed_with_both_sides_in_the_record(world):
    await world.follow(ADRIFT)

    decision = await world.run()

    assert decision.outcome is Outcome.PROPOSED
    worth = {name: int(ustx) for name, ustx in decision.facts["worth"].items()}
    assert 0 < worth["cost_ustx"] < worth["benefit_ustx"]
    assert worth["excess_ustx"] == worth["cost_ustx"] - worth["benefit_ustx"]


async def test_run__no_venue_answers__is_proposed_all_the_same_with_the_cost_unknown(world):
    await world.follow(ADRIFT)
    for dex in world.dexes:
        dex.pools.clear()

    decision = await world.run()

    assert (decision.outcome, decision.facts["worth"]) == (Outcome.PROPOSED, None)
