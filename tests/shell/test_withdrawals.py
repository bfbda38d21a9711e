"""Queued withdrawals: paid as soon as idle STX covers them, before anything is traded."""

from keeper.core.records import Outcome
from tests.shell.world import ADRIFT, WHALE

OTHER = "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"


def request(user=WHALE, stx=10_000, min_out=0):
    """Return a queue row; a share of this pool is worth one STX."""
    return {"user": user, "shares": stx * 10**6, "min-out": min_out, "asked-at": 1_794_999_000}


async def test_run__queued_withdrawal_and_idle_stx__is_paid(world):
    world.pool.queue.append(request())

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert decision.facts["user"] == WHALE
    assert decision.facts["paid_ustx"] == "10000000000"
    assert world.pool.queue == []
    assert world.chain.called() == ["process-pending-withdrawal"]
    assert world.titles() == ["DeFi Whale Index: withdrawal paid"]


async def test_run__payment__may_move_only_the_vaults_stx_and_exactly_those_shares(world):
    world.pool.queue.append(request(min_out=9_000_000_000))

    await world.run()

    [transaction] = world.chain.sent
    assert transaction.mode.name == "DENY"
    assert [(c.compare.name, c.amount) for c in transaction.conditions] == [
        ("GE", 9_000_000_000),
        ("EQ", 10_000_000_000),
    ]


async def test_run__two_are_queued__are_paid_one_a_cycle_oldest_first(world):
    world.pool.queue += [request(), request(OTHER)]

    decisions = await world.run_times(3)

    assert [d.facts.get("user") for d in decisions] == [WHALE, OTHER, None]
    assert decisions[-1].outcome is not Outcome.WITHDRAWAL_PAID


async def test_run__idle_stx_does_not_cover_it__sends_no_payment(world):
    world.pool.queue.append(request(stx=60_001))

    decision = await world.run()

    assert decision.outcome is not Outcome.WITHDRAWAL_PAID
    assert "process-pending-withdrawal" not in world.chain.called()


async def test_run__slice_brings_the_stx__pays_in_the_next_cycle(world):
    world.pool.queue.append(request(stx=70_000))
    await world.run()
    world.vote(1, passes=True)

    decisions = await world.run_times(4)

    outcomes = [d.outcome for d in decisions]
    assert Outcome.SLICE_EXECUTED in outcomes
    assert Outcome.WITHDRAWAL_PAID in outcomes
    assert outcomes.index(Outcome.WITHDRAWAL_PAID) > outcomes.index(Outcome.SLICE_EXECUTED)
    assert world.pool.queue == []


async def test_run__user_asks_for_more_than_it_is_worth__waits_without_a_transaction(world):
    world.pool.queue.append(request(min_out=10_000_100_000))

    await world.run()

    assert world.chain.sent == []


async def test_run__payment_comes_before_a_slice__when_both_are_due(world):
    await world.with_mandate()
    world.pool.queue.append(request())

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert world.chain.called() == ["process-pending-withdrawal"]


async def test_run__payment_waits_for_a_block__is_not_sent_twice(world):
    await world.follow(ADRIFT)
    world.pool.queue.append(request())
    world.chain.mines_at_once = False

    decisions = await world.run_times(2)

    assert [d.outcome for d in decisions] == [Outcome.WAITING_FOR_TRANSACTION] * 2
    assert world.chain.called() == ["process-pending-withdrawal"]
