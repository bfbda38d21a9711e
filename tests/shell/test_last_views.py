"""What is shown of a pool that cannot be read now: how it was seen last, and the newest decision on it."""

import pytest

from keeper.core.records import Outcome
from tests.shell.world import RULE, open_world


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


async def unreadable(world):
    """Run a round in which the node tells the newest block and then nothing more."""
    world.chain.down_after = 1
    try:
        return await world.run()
    finally:
        world.chain.down_after = None


async def test_run__pool_cannot_be_read_any_more__its_last_view_stays_under_the_newest_decision(world):
    before = await world.run()
    [seen] = await world.store.views()
    world.chain.pass_time(4_000)

    decision = await unreadable(world)

    [view] = await world.store.views()
    last = view.body["last_decision"]
    assert decision.outcome is Outcome.UNAVAILABLE
    assert (last["id"], last["outcome"], last["at"]) == (decision.decision_id, "unavailable", before.at + 4_000)
    assert (view.at, view.tip_height) == (seen.at, seen.tip_height)
    assert {**view.body, "last_decision": None} == {**seen.body, "last_decision": None}
    assert len(await world.store.history(1)) == 1


async def test_run__pool_was_never_read__is_shown_as_such_until_it_is(world):
    await world.cycle.run((), await world.observer.tip())  # the books are checked before the first turn
    await unreadable(world)
    [never] = await world.store.views()

    await world.run()

    [view] = await world.store.views()
    assert (never.name, never.tip_height, never.body["state"]) == (RULE.name, 0, "not read yet")
    assert (never.body["last_decision"]["outcome"], never.body["drift_bps"]) == ("unavailable", None)
    assert (view.tip_height > 0, view.body["state"]) == (True, "on target")
    assert [point.height for point in await world.store.history(1)] == [view.tip_height]
