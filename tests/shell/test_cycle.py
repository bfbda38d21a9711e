"""From drift to settlement, one cycle at a time."""

from keeper.core.records import Outcome
from tests.shell.world import ADRIFT


async def test_run__quiet_day__does_nothing_and_says_so(world):
    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD, decision
    assert decision.reason == "drift is 0 bps, within the threshold of 1000"
    assert (world.chain.sent, world.titles()) == ([], [])


async def test_run__whales_moved__proposes_once_and_then_waits(world):
    await world.follow(ADRIFT)

    first, second = await world.run_times(2)

    assert (first.outcome, second.outcome) == (Outcome.PROPOSED, Outcome.WAITING_FOR_VOTE)
    assert world.chain.called() == ["propose-mandate"]
    assert world.titles() == ["DeFi Whale Index: rebalance proposed"]


async def test_run__vote_passed__concludes_trades_and_is_back_on_target(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)

    decisions = await world.run_times(3)

    assert [d.outcome for d in decisions] == [Outcome.VOTE_PASSED, Outcome.SLICE_EXECUTED, Outcome.REBALANCED], (
        decisions
    )
    assert world.chain.called() == ["propose-mandate", "post-prices", "conclude", "rebalance-pool"]
    assert world.titles()[-1] == "DeFi Whale Index: back on target"
