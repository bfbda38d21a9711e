import asyncio

import pytest

from keeper.chain.clarity import uint
from keeper.chain.contracts import ContractCall
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import Network, decode_transaction
from keeper.core.records import IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import FeeTooHigh, NodeUnavailable, TransactionRefused
from keeper.execution.journal import FAILURE_MEMORY, MAX_FAILURES, Journal
from keeper.execution.orders import Order
from keeper.execution.sender import SPENT_GRACE, FeeRule, Sender
from keeper.signers.local import KeySigner
from keeper.store.sqlite import open_store
from keeper.testing.fakes import ManualClock
from tests.execution.node import ModelNode

VAULT = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.whale-pool-vault"


def order(purpose="pay:1:2"):
    call = ContractCall(VAULT, "collect-fees", (uint(1),))
    return Order(purpose, IntentKind.PAY_WITHDRAWAL, 1, call, Mode.DENY)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "keeper.sqlite3") as opened:
        yield opened


@pytest.fixture
def stop():
    event = asyncio.Event()
    event.set()  # never wait between questions
    return event


def make_sender(store, node, stop, cap=200_000, now=1_000):
    signer = KeySigner(bytes(31) + b"\x01", Network.TESTNET)
    clock = ManualClock(Seconds(now))
    fees = FeeRule(MicroStx(1_000), MicroStx(cap))
    return Sender(node, Journal(store, clock), signer, Network.TESTNET, fees, clock, stop)


async def test_execute__quiet_node__is_settled_and_offered_once(store, stop):
    node = ModelNode()

    intent = await make_sender(store, node, stop).execute(order())

    assert intent.state is IntentState.SETTLED
    assert (intent.nonce, intent.fee_ustx) == (7, 3_000)
    assert [decode_transaction(raw).txid for raw in node.offered] == [intent.txid]


async def test_execute__same_purpose_again__finds_the_old_one_and_sends_nothing(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop)
    first = await sender.execute(order())

    second = await sender.execute(order())

    assert second == first
    assert len(node.offered) == 1


async def test_execute__answer_lost_but_mined__is_settled_without_a_second_offer(store, stop):
    node = ModelNode(lose_answers=1)

    intent = await make_sender(store, node, stop).execute(order())

    assert intent.state is IntentState.SETTLED
    assert len(node.offered) == 1


async def test_recover__request_lost__offers_the_very_same_bytes(store, stop):
    node = ModelNode(lose_requests=1)
    sender = make_sender(store, node, stop)
    left_open = await sender.execute(order())
    assert left_open.state is IntentState.SIGNED

    await sender.recover()
    [intent] = await sender.recover()

    assert intent.state is IntentState.SETTLED
    assert node.offered[0] == node.offered[1]
    assert node.nonce == 8


async def test_recover__nonce_spent_by_another__is_dropped_and_the_next_attempt_gets_a_new_key(store, stop):
    node = ModelNode(lose_requests=1)
    sender = make_sender(store, node, stop)
    await sender.execute(order())
    node.nonce = 8

    [waiting] = await sender.recover()
    later = make_sender(store, node, stop, now=1_000 + SPENT_GRACE)
    [dropped] = await later.recover()
    again = await later.execute(order())

    assert (waiting.state, dropped.state) == (IntentState.SIGNED, IntentState.DROPPED)
    assert (again.key, again.state, again.nonce) == ("pay:1:2#2", IntentState.SETTLED, 8)


async def test_recover__planned_only__is_dropped_because_nothing_was_signed(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop)
    journal = Journal(store, ManualClock(Seconds(1_000)))
    await journal.planned("x#1", IntentKind.CONCLUDE, 1, sender.address, {})

    [intent] = await sender.recover()

    assert intent.state is IntentState.DROPPED
    assert node.offered == []


async def test_recover__still_in_the_mempool__waits_and_offers_nothing(store, stop):
    node = ModelNode(auto_mine=False)
    sender = make_sender(store, node, stop)
    await sender.execute(order())

    [waiting] = await sender.recover()
    node.mine()
    [settled] = await sender.recover()

    assert (waiting.state, settled.state) == (IntentState.SENT, IntentState.SETTLED)
    assert len(node.offered) == 1


async def test_execute__contract_says_no__is_refused_with_its_answer(store, stop):
    node = ModelNode(result="abort_by_response", result_hex="0801" + "00" * 15 + "05")

    intent = await make_sender(store, node, stop).execute(order())

    assert intent.state is IntentState.REFUSED
    assert intent.result["why"] == "the contract answered Err(value=5)"


async def test_execute__fee_above_the_cap__signs_nothing(store, stop):
    node = ModelNode(fee=200_001)
    sender = make_sender(store, node, stop)

    with pytest.raises(FeeTooHigh, match=r"fees\.max_fee_ustx"):
        await sender.execute(order())

    assert node.offered == []
    assert [i.state for i in await store.intents()] == [IntentState.DROPPED]


async def test_execute__node_refuses_for_a_while__costs_nothing_and_goes_on_when_it_takes_it(store, stop):
    node = ModelNode(refuse="NotEnoughFunds")
    sender = make_sender(store, node, stop)
    for _ in range(3 * MAX_FAILURES):
        assert (await sender.execute(order())).state is IntentState.REFUSED
    node.refuse = None

    assert (await sender.execute(order())).state is IntentState.SETTLED


async def test_execute__contract_refuses_every_time__rests_for_an_hour_and_says_so(store, stop):
    node = ModelNode(result="abort_by_response", result_hex="0801" + "00" * 15 + "05")
    sender = make_sender(store, node, stop)
    for _ in range(MAX_FAILURES):
        assert (await sender.execute(order())).state is IntentState.REFUSED

    with pytest.raises(TransactionRefused, match="pay:1:2 failed 5 times"):
        await sender.execute(order())
    node.result, node.result_hex = "success", "0703"
    later = make_sender(store, node, stop, now=1_000 + FAILURE_MEMORY)

    assert (await later.execute(order())).state is IntentState.SETTLED
    assert len(node.offered) == MAX_FAILURES + 1


async def test_execute__declined_for_now__stays_open_and_the_same_bytes_are_offered_later(store, stop):
    node = ModelNode(refuse="TooMuchChaining")
    sender = make_sender(store, node, stop)

    declined = await sender.execute(order())
    node.refuse = None
    await sender.recover()
    [settled] = await sender.recover()

    assert (declined.state, settled.state) == (IntentState.SIGNED, IntentState.SETTLED)
    assert node.offered[0] == node.offered[1]


async def test_recover__second_offer_refused__stays_open_because_the_first_may_have_been_taken(store, stop):
    node = ModelNode(lose_requests=1)
    sender = make_sender(store, node, stop)
    await sender.execute(order())
    node.refuse = "ServerFailureDatabase"

    [intent] = await sender.recover()

    assert intent.state is IntentState.SIGNED


async def test_execute__settled_transaction_lost_in_a_reorganisation__is_offered_again(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop)
    first = await sender.execute(order())
    node.mined.clear()
    node.nonce = 7

    await sender.execute(order())
    again = await sender.execute(order())

    assert (again.key, again.txid, again.state) == (first.key, first.txid, IntentState.SETTLED)
    assert node.offered[0] == node.offered[1]


async def test_execute__node_does_not_know_our_open_transaction_yet__takes_the_nonce_after_it(store, stop):
    node = ModelNode(lose_requests=1)
    sender = make_sender(store, node, stop)
    first = await sender.execute(order("pay:1:2"))

    second = await sender.execute(order("pay:1:3"))

    assert (first.nonce, second.nonce) == (7, 8)


async def test_execute__success_without_a_result__is_not_believed(store, stop):
    node = ModelNode(result_hex=None)

    with pytest.raises(NodeUnavailable, match="without a result"):
        await make_sender(store, node, stop).execute(order())


async def test_execute__killed_after_signing__the_next_life_finishes_it(store, stop):
    node = ModelNode(lose_requests=1)
    await make_sender(store, node, stop).execute(order())

    reborn = make_sender(store, node, stop)
    intents = [await reborn.recover(), await reborn.recover()]

    assert intents[1][0].state is IntentState.SETTLED
    assert len(node.mined) == 1


async def test_execute__mined_later__is_followed_until_then(store):
    node = ModelNode(auto_mine=False)
    sender = make_sender(store, node, asyncio.Event())

    task = asyncio.create_task(sender.execute(order()))
    while not node.waiting and not task.done():
        await asyncio.wait({task}, timeout=0.01)
    node.mine()

    assert (await task).state is IntentState.SETTLED
