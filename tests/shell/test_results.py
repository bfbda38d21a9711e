"""A transaction that was mined as a success, and whose answer nobody can read, is put on record and ends nothing else."""

from dataclasses import replace

import pytest

from keeper.chain import clarity as c
from keeper.core.records import Outcome
from keeper.core.units import Seconds
from tests.shell.test_withdrawals import request
from tests.shell.world import ADRIFT, POLICY, open_world, say

ODD = {
    "none": c.ok(c.none()),
    "text": c.ok(c.ascii_("x")),
    "other fields": c.ok(c.tuple_({"a": c.uint(1)})),
    "no answer": c.ascii_("x"),
    "other legs": c.ok(
        c.tuple_(
            {
                "outs": c.list_([]),
                **{name: c.uint(1) for name in ("sold-ustx", "bought-ustx", "drift-before", "drift-after")},
            }
        )
    ),
}


async def propose(world):
    await world.follow(ADRIFT)


async def conclude(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)
    world.chain.oracle = {asset: (price, world.clock.at) for asset, (price, _) in world.chain.oracle.items()}


async def run_slice(world):
    await world.with_mandate()


async def post_prices(world):
    world.chain.pass_time(120)


async def pay(world):
    world.pool.queue.append(request())


STEPS = {
    "propose-mandate": propose,
    "conclude": conclude,
    "rebalance-pool": run_slice,
    "post-prices": post_prices,
    "process-withdrawals": pay,
}


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path, policy=replace(POLICY, price_heartbeat=Seconds(60))) as opened:
        yield opened


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("function", STEPS)
async def test_run__success_with_a_result_of_another_shape__is_a_refusal_with_its_txid(world, function, odd):
    await STEPS[function](world)
    world.chain.sent.clear()
    world.chain.says_of_success = ODD[odd]

    decision = await world.run()

    [sent] = world.chain.sent
    assert world.chain.called() == [function]
    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "ResultUnreadable")
    assert decision.facts["txid"] == sent.txid
    assert decision.reason.startswith(f"{function} was mined as a success, but its result cannot be read: ")
    assert say(decision)
    assert world.titles()[-1] == "DeFi Whale Index: a transaction's result cannot be read"
    world.chain.says_of_success = None
    assert (await world.run()).outcome is not Outcome.UNAVAILABLE
    assert world.chain.called().count(function) == 1


async def test_found_out__result_of_another_shape__is_recorded_once(world):
    await world.with_mandate()
    world.chain.mines_at_once = False
    await world.run()
    world.chain.says_of_success = ODD["text"]
    world.chain.mine()
    world.chain.pass_time(61)

    await world.cycle.run(())
    await world.cycle.run(())

    [found] = [each for each in await world.store.decisions() if each.facts.get("error") == "ResultUnreadable"]
    assert found.reason.endswith("found out after its turn had ended")
    assert found.facts["txid"] == world.chain.sent[0].txid
