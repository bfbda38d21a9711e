"""What the keeper worked out is asked of the adapters before it is signed: what they would not pay is not sent."""

from keeper.core.records import IntentState, Outcome
from tests.shell.world import say


def adapters(world):
    return {adapter for dex in world.dexes for adapter in dex.adapters}


def quotes_of(decision):
    return [leg["venue"] for leg in decision.facts["requoted"]]


async def test_run__adapters_pay_as_planned__is_sent_and_no_difference_is_recorded(world):
    await world.with_mandate()

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert "requoted" not in decision.facts


async def test_run__a_block_came_since_the_pools_were_read__asks_as_of_that_block(world):
    await world.with_mandate()
    world.chain.moves_before = ["get-consensus-price"]
    before = world.chain.height

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert set(world.chain.asked_at["get-quote"]) == {before + 1}


async def test_run__no_adapter_would_pay_the_minimum__signs_nothing_and_goes_on_once_they_do(world):
    await world.with_mandate()
    world.chain.thin_adapters = adapters(world)

    short = await world.run_times(2)
    world.chain.thin_adapters = set()
    done = await world.run()

    for decision in short:
        assert decision.outcome is Outcome.WAITING_FOR_VENUES
        assert "would no longer pay a leg's minimum" in decision.reason
        assert all(int(leg["paid"]) < int(leg["least"]) < int(leg["planned"]) for leg in decision.facts["requoted"])
        say(decision)
    assert done.outcome is Outcome.SLICE_EXECUTED
    kinds = [intent for intent in await world.store.intents() if intent.key.startswith("rebalance:")]
    assert [(intent.key, intent.state) for intent in kinds] == [("rebalance:1:1:1#1", IntentState.SETTLED)]


async def test_run__one_venue_would_not_pay__the_next_look_goes_to_the_other(world):
    await world.with_mandate()
    world.chain.thin_adapters = set(world.dexes[0].adapters)

    decisions = await world.run_times(2)

    executed = next(each for each in decisions if each.outcome is Outcome.SLICE_EXECUTED)
    traded = {leg["venue"] for leg in executed.facts["plan"]["legs"]}
    assert traded & {"velar"}
    assert IntentState.REFUSED not in {intent.state for intent in await world.store.intents()}
