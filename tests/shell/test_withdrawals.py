"""Queued withdrawals: paid together as far as idle STX and the day's outflow go, before anything is traded."""

from keeper.core.pauses import Pauses
from keeper.core.records import Outcome
from tests.shell.world import ADRIFT, AT_HOME, WHALE

OTHER = "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"
THIRD = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1"
PAY = "process-withdrawals"
DAY = 86_400


def request(user=WHALE, stx=10_000, min_out=0):
    """Return a queue row; a share of this pool is worth one STX."""
    return {"user": user, "shares": stx * 10**6, "min-out": min_out, "asked-at": 1_794_999_000}


def waiting(world):
    return {row["user"]: row["shares"] // 10**6 for row in world.pool.queue}


def expected(decision):
    return [(payment["user"], payment["whole"]) for payment in decision.facts["expected"]]


def leave_idle(world, stx):
    """Move the pool's STX into ALEX until this much is idle; the pool's worth stays."""
    held, alex = world.pool.holdings, world.assets["ALEX"].principal
    principal = world.assets["STX"].principal
    held[alex] += (held[principal] - stx * 10**6) * 1_000  # ALEX has 8 decimals and costs a tenth of an STX
    held[principal] = stx * 10**6


async def test_run__queued_withdrawal_and_idle_stx__is_paid(world):
    world.pool.queue.append(request())

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert decision.reason == "10,000.00 STX were paid to 1 queued withdrawal(s)"
    assert expected(decision) == [(WHALE, True)]
    assert (decision.facts["requests"], decision.facts["paid_ustx"]) == (1, "10000000000")
    assert world.pool.queue == []
    assert world.chain.called() == [PAY]
    assert world.titles() == ["DeFi Whale Index: withdrawal paid"]


async def test_run__payment__may_move_only_idle_stx_and_burn_only_what_is_in_escrow(world):
    world.pool.queue += [request(min_out=9_000_000_000), request(OTHER, stx=500)]

    await world.run()

    [transaction] = world.chain.sent
    assert transaction.mode.name == "DENY"
    assert [(type(c).__name__, c.compare.name, c.amount) for c in transaction.conditions] == [
        ("StxSent", "GE", 1),
        ("StxSent", "LE", 60_000_000_000),
        ("FtSent", "GE", 1),
        ("FtSent", "LE", 10_500_000_000),
    ]


async def test_run__two_are_queued__are_paid_in_one_transaction(world):
    world.pool.queue += [request(), request(OTHER)]

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert expected(decision) == [(WHALE, True), (OTHER, True)]
    assert (decision.facts["requests"], decision.facts["paid_ustx"]) == (2, "20000000000")
    assert world.chain.called() == [PAY]
    assert world.titles() == ["DeFi Whale Index: 2 withdrawals paid"]
    [record] = await world.store.alerts()
    assert WHALE in record.alert.what
    assert OTHER in record.alert.what


async def test_run__more_than_may_leave_in_a_day__is_paid_in_parts_one_a_day(world):
    world.pool.queue.append(request(stx=40_000))

    first = await world.run()
    rest = waiting(world)
    same_day = await world.run_times(3)
    called = world.chain.called()
    world.chain.pass_time(DAY)
    await world.follow(AT_HOME)
    next_day = await world.run()

    assert expected(first) == [(WHALE, False)]
    assert first.facts["paid_ustx"] == "25000000000"
    assert rest == {WHALE: 15_000}
    assert Outcome.WITHDRAWAL_PAID not in {d.outcome for d in same_day}
    assert called.count(PAY) == 1
    assert (next_day.outcome, next_day.facts["paid_ustx"]) == (Outcome.WITHDRAWAL_PAID, "15000000000")
    assert world.pool.queue == []


async def test_run__too_little_is_idle_for_a_part_worth_a_transaction__sends_no_payment(world):
    world.pool.queue.append(request(stx=1_000))
    leave_idle(world, 99)

    await world.run()

    assert PAY not in world.chain.called()
    assert waiting(world) == {WHALE: 1_000}


async def test_run__a_tenth_of_it_is_idle__is_paid_in_part(world):
    world.pool.queue.append(request(stx=1_000))
    leave_idle(world, 101)

    decision = await world.run()

    assert (decision.outcome, decision.facts["paid_ustx"]) == (Outcome.WITHDRAWAL_PAID, "101000000")
    assert waiting(world) == {WHALE: 899}


async def test_run__small_request_in_front__is_paid_in_full_and_the_rest_goes_to_the_next(world):
    world.pool.queue += [request(stx=2), request(OTHER, stx=1_000), request(THIRD, stx=1_000)]
    leave_idle(world, 5)

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert waiting(world) == {OTHER: 997, THIRD: 1_000}


async def test_run__slice_brings_the_stx__pays_the_rest_in_a_later_cycle(world):
    world.pool.queue.append(request(stx=20_000))
    leave_idle(world, 1_000)
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


async def test_run__first_asks_for_more_than_it_is_worth__the_next_is_paid(world):
    world.pool.queue += [request(min_out=10_000_100_000), request(OTHER)]

    decision = await world.run()

    assert expected(decision) == [(OTHER, True)]
    assert waiting(world) == {WHALE: 10_000}


async def test_run__payment_comes_before_a_slice__when_both_are_due(world):
    await world.with_mandate()
    world.pool.queue.append(request())

    decision = await world.run()

    assert decision.outcome is Outcome.WITHDRAWAL_PAID
    assert world.chain.called() == [PAY]


async def test_run__withdrawals_are_paused__pays_nobody_and_goes_on_trading(world):
    await world.with_mandate()
    world.pool.queue.append(request())
    world.pool.pauses = Pauses(withdrawals=True)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert PAY not in world.chain.called()


async def test_run__rebalances_are_paused__pays_the_queue_and_trades_nothing(world):
    await world.with_mandate()
    world.pool.queue.append(request())
    world.pool.pauses = Pauses(rebalances=True)

    paid, refused = await world.run_times(2)

    assert paid.outcome is Outcome.WITHDRAWAL_PAID
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, "the pool is stopped: rebalances paused")
    assert world.chain.called() == [PAY]


async def test_run__payment_waits_for_a_block__is_not_sent_twice(world):
    await world.follow(ADRIFT)
    world.pool.queue.append(request())
    world.chain.mines_at_once = False

    decisions = await world.run_times(2)

    assert [d.outcome for d in decisions] == [Outcome.WAITING_FOR_TRANSACTION] * 2
    assert world.chain.called() == [PAY]


async def test_run__queue_changed_meanwhile__is_another_order(world):
    world.pool.queue.append(request())
    await world.run()
    world.pool.queue.append(request(OTHER))
    await world.run()

    keys = {intent.key for intent in await world.store.intents()}
    assert len(keys) == 2
    assert world.chain.called() == [PAY, PAY]
