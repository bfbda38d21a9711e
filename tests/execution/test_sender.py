import asyncio
from dataclasses import replace

import pytest

from keeper.chain.clarity import uint
from keeper.chain.contracts import ContractCall
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import Network, decode_transaction
from keeper.core.records import IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import FeeTooHigh, LeaseLost, NodeUnavailable, SignerRefused, SignerUnavailable, TransactionRefused
from keeper.execution.fees import FeeRule
from keeper.execution.fenced import Fenced
from keeper.execution.inquiry import SPENT_GRACE
from keeper.execution.journal import FAILURE_MEMORY, MAX_FAILURES, Journal
from keeper.execution.orders import Order
from keeper.execution.sender import Sender, SendRule
from keeper.points import listen
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


def filler(nonce):
    return Order(f"fill:{nonce}", IntentKind.FILL_GAP, None, ContractCall(VAULT, "get-pool-count", ()), Mode.DENY)


def make_sender(store, node, stop, cap=200_000, now=1_000, day_cap=5_000_000, confirmations=1):
    signer = KeySigner(bytes(31) + b"\x01", Network.TESTNET)
    fees = FeeRule(MicroStx(1_000), MicroStx(cap), MicroStx(day_cap))
    rule = SendRule(confirmations)
    return Sender(node, store, signer, Network.TESTNET, fees, ManualClock(Seconds(now)), stop, rule=rule, filler=filler)


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
    [still] = await make_sender(store, node, stop, now=999 + SPENT_GRACE).recover()
    later = make_sender(store, node, stop, now=1_000 + SPENT_GRACE)
    [dropped] = await later.recover()
    again = await later.execute(order())

    assert [i.state for i in (waiting, still, dropped)] == [IntentState.SIGNED] * 2 + [IntentState.DROPPED]
    assert (again.key, again.state, again.nonce) == ("pay:1:2#2", IntentState.SETTLED, 8)


async def test_recover__planned_only__is_dropped_because_nothing_was_signed(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop)
    journal = Journal(Fenced(store), ManualClock(Seconds(1_000)))
    await journal.planned("x#1", order(), sender.address)

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
    node.reorganise(1, lose=True)

    reopened = await sender.execute(order())
    await sender.recover()
    again = await sender.execute(order())

    assert reopened.state is IntentState.SENT

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


RAISE, FILL = 300, 120


def fees_of(node):
    return [decode_transaction(raw).origin.fee for raw in node.offered]


async def test_recover__waits_too_long__the_same_is_offered_under_its_nonce_for_more(store, stop):
    node = ModelNode(auto_mine=False)
    first = await make_sender(store, node, stop).execute(order())

    [early] = await make_sender(store, node, stop, now=1_000 + RAISE - 1).recover()
    await make_sender(store, node, stop, now=1_000 + RAISE).recover()
    [raised] = await store.intents(open_only=True)
    node.mine()
    [settled] = await make_sender(store, node, stop, now=1_000 + RAISE).recover()

    assert early.txid == first.txid
    assert (raised.nonce, raised.fee_ustx, raised.txids[1:]) == (7, 3_750, (first.txid,))
    assert (settled.state, settled.txid, node.nonce) == (IntentState.SETTLED, raised.txid, 8)
    before, after = (decode_transaction(raw) for raw in node.offered)
    assert (before.payload, before.conditions, before.mode) == (after.payload, after.conditions, after.mode)


async def test_recover__the_earlier_version_is_the_one_mined__it_counts_and_is_not_sent_again(store, stop):
    node = ModelNode(auto_mine=False)
    first = await make_sender(store, node, stop).execute(order())
    node.lose_requests = 1
    await make_sender(store, node, stop, now=1_000 + RAISE).recover()
    node.mine()

    [settled] = await make_sender(store, node, stop, now=1_000 + RAISE).recover()

    assert (settled.state, settled.txid, settled.fee_ustx) == (IntentState.SETTLED, first.txid, 3_000)
    assert (await make_sender(store, node, stop).execute(order())).txid == first.txid
    assert node.nonce == 8


async def test_recover__waits_at_the_cap__goes_no_further_and_says_so(store, stop):
    node = ModelNode(auto_mine=False)
    await make_sender(store, node, stop, cap=3_500).execute(order())
    for age in (1, 2, 3):
        sender = make_sender(store, node, stop, cap=3_500, now=1_000 + age * RAISE)
        await sender.recover()

    assert fees_of(node) == [3_000, 3_500]
    assert sender.key_state.stuck == (node.mempool[7].txid,)


async def test_execute__urgent__takes_the_place_of_what_can_wait(store, stop):
    node = ModelNode(auto_mine=False)
    sender = make_sender(store, node, stop)
    first = await sender.execute(order("pay:1:2"))
    second = await sender.execute(order("pay:1:3"))

    urgent = await sender.execute(replace(order("pause:1"), urgent=True))
    node.mine()
    found = await make_sender(store, node, stop).recover()
    later = make_sender(store, node, stop, now=1_000 + SPENT_GRACE)
    states = {intent.key: intent.state for intent in [*found, *await later.recover()]}

    assert (first.nonce, second.nonce, urgent.nonce) == (7, 8, 7)
    assert urgent.fee_ustx > first.fee_ustx
    assert states == {
        "pay:1:2#1": IntentState.DROPPED,
        "pay:1:3#1": IntentState.SETTLED,
        "pause:1#1": IntentState.SETTLED,
    }


async def test_execute__urgent_and_another_urgent_in_front__queues_behind_it(store, stop):
    node = ModelNode(auto_mine=False)
    sender = make_sender(store, node, stop)

    nonces = [(await sender.execute(replace(order(f"pause:{n}"), urgent=True))).nonce for n in (1, 2)]

    assert nonces == [7, 8]


async def test_execute__the_day_has_cost_enough__nothing_is_signed_but_the_urgent(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop, day_cap=10_000)
    for n in range(3):
        await sender.execute(order(f"pay:1:{n}"))

    with pytest.raises(FeeTooHigh, match=r"fees\.max_day_ustx of 10000, less the 1000 kept for what is urgent$"):
        await sender.execute(order("pay:1:9"))
    with pytest.raises(FeeTooHigh, match=r"fees\.max_day_ustx of 10000$"):
        await sender.execute(replace(order("pause:1"), urgent=True))
    tomorrow = make_sender(store, node, stop, day_cap=10_000, now=86_400)

    assert (len(node.offered), await sender.fees_today()) == (3, 9_000)
    assert (await tomorrow.execute(order("pay:1:9"))).state is IntentState.SETTLED


async def test_execute__node_refuses_for_good__the_next_try_at_that_nonce_costs_only_what_it_pays_more(store, stop):
    node = ModelNode(refuse="NoSuchContract")
    sender = make_sender(store, node, stop)
    counted = []
    for fee in (3_000, 3_000, 5_000, 2_000, 5_000):
        node.fee = fee
        assert (await sender.execute(order())).state is IntentState.REFUSED
        counted.append(await sender.fees_today())
    node.refuse = None

    settled = await sender.execute(order())
    await sender.execute(order("pay:1:3"))

    assert (counted, settled.state) == ([3_000, 3_000, 5_000, 5_000, 5_000], IntentState.SETTLED)
    assert await sender.fees_today() == 10_000


async def test_execute__node_keeps_what_it_refuses_and_counts_on__gets_no_more_bytes_than_the_day_may_cost(store, stop):
    node = ModelNode(refuse="FeeTooLow")
    sender = make_sender(store, node, stop, day_cap=100_000)

    for _ in range(30):
        await sender.execute(order())
        node.nonce += 1  # as if something had spent it

    with pytest.raises(FeeTooHigh, match=r"fees\.max_day_ustx"):
        await sender.execute(order())
    assert sum(fees_of(node)) == await sender.fees_today() == 90_000


async def test_execute__somebody_else_uses_the_key__goes_behind_and_says_so(store, stop):
    node = ModelNode(auto_mine=False)
    node.foreign(7)
    sender = make_sender(store, node, stop)

    intent = await sender.execute(order())
    node.mine()

    assert intent.nonce == 8
    assert sender.key_state.nonces.foreign == (7,)
    assert (await sender.execute(order())).state is IntentState.SETTLED


async def test_execute__somebody_else_and_the_api_is_blind__one_refusal_then_behind(store, stop):
    node = ModelNode(auto_mine=False, blind=True)
    node.foreign(7, fee=9_000)
    sender = make_sender(store, node, stop)

    refused = await sender.execute(order())
    behind = await sender.execute(order())

    assert (refused.state, refused.result["reason"]) == (IntentState.REFUSED, "ConflictingNonceInMempool")
    assert (behind.nonce, behind.state) == (8, IntentState.SENT)


async def test_recover__api_believes_in_a_ghost__its_nonce_is_used_up(store, stop):
    node = ModelNode(auto_mine=False, ghosts=frozenset({7}))
    behind = await make_sender(store, node, stop).execute(order())
    assert behind.nonce == 8

    await make_sender(store, node, stop, now=1_000 + FILL).recover()
    node.mine()
    done = await make_sender(store, node, stop, now=1_000 + FILL).recover()

    assert {i.key: (i.nonce, i.state) for i in done} == {
        "fill:7#1": (7, IntentState.SETTLED),
        "pay:1:2#1": (8, IntentState.SETTLED),
    }


async def test_execute__false_nonce_told_once__nothing_is_signed_there(store, stop):
    node = ModelNode(told=7 + 1_000)
    sender = make_sender(store, node, stop)

    with pytest.raises(NodeUnavailable, match="next nonce is 1007"):
        await sender.execute(order())
    node.told = None

    assert (await sender.execute(order())).nonce == 7
    assert len(node.offered) == 1


async def test_recover__signed_far_ahead_because_all_told_a_false_nonce__nothing_is_filled_or_offered_for_it(
    store, stop
):
    node = ModelNode(told=7 + 1_000, ghosts=frozenset({7 + 999}))
    far = await make_sender(store, node, stop).execute(order())
    node.told, node.ghosts = None, frozenset()

    for age in range(1, 6):
        await make_sender(store, node, stop, now=1_000 + age * RAISE).recover()
    later = make_sender(store, node, stop, now=1_000 + 6 * RAISE)
    [again, other] = [await later.execute(order("pay:1:2")), await later.execute(order("pay:1:3"))]

    assert (far.nonce, again.key, again.state) == (1_007, far.key, IntentState.SIGNED)
    assert (other.nonce, other.state) == (7, IntentState.SETTLED)
    assert [decode_transaction(raw).txid for raw in node.offered] == [far.txid, other.txid]


async def test_recover__no_node_takes_the_front_any_more__its_nonce_is_used_up_and_it_is_given_up(store, stop):
    node = ModelNode(auto_mine=False, lose_requests=1)
    await make_sender(store, node, stop).execute(order())
    node.refuse, node.refuse_only = "NoSuchContract", "collect-fees"

    await make_sender(store, node, stop).recover()
    node.mine()
    filled = await make_sender(store, node, stop).recover()
    later = [*filled, *await make_sender(store, node, stop, now=1_000 + SPENT_GRACE).recover()]

    assert {i.key: (i.nonce, i.state) for i in later} == {
        "pay:1:2#1": (7, IntentState.DROPPED),
        "fill:7#1": (7, IntentState.SETTLED),
    }


async def test_recover__dropped_by_the_node__the_very_same_bytes_are_offered_again(store, stop):
    node = ModelNode(auto_mine=False)
    sender = make_sender(store, node, stop)
    await sender.execute(order())
    node.drop(7)

    await sender.recover()
    node.mine()
    [settled] = await sender.recover()

    assert settled.state is IntentState.SETTLED
    assert node.offered[0] == node.offered[1]


async def test_recover__not_deep_enough__is_mined_first_and_settled_when_blocks_lie_on_it(store, stop):
    node = ModelNode()
    sender = make_sender(store, node, stop, confirmations=3)

    mined = await sender.execute(order())
    again = await sender.execute(order())
    node.mine()
    [still] = await sender.recover()
    node.mine()
    [settled] = await sender.recover()

    states = [mined.state, again.state, still.state, settled.state]
    assert states == [IntentState.MINED] * 3 + [IntentState.SETTLED]
    assert mined.succeeded


@pytest.mark.parametrize("lose", [True, False])
async def test_recover__block_undone_before_it_is_settled__waits_again_and_happens_once(store, stop, lose):
    node = ModelNode()
    sender = make_sender(store, node, stop, confirmations=3)
    first = await sender.execute(order())
    node.reorganise(1, lose=lose)
    node.auto_mine = False

    [reopened] = await sender.recover()
    await sender.recover()
    for _ in range(3):
        node.mine()
    await sender.recover()
    [settled] = await sender.recover()

    assert (reopened.state, settled.state, settled.txid) == (IntentState.SENT, IntentState.SETTLED, first.txid)
    assert node.nonce == 8


async def test_recover__refused_in_a_block_that_is_undone__may_still_succeed(store, stop):
    node = ModelNode(result="abort_by_response", result_hex="0801" + "00" * 15 + "05")
    sender = make_sender(store, node, stop, confirmations=2)
    failed = await sender.execute(order())
    node.reorganise(1, lose=False)
    node.result, node.result_hex = "success", "0703"
    node.mine()

    [mined] = await sender.recover()
    node.mine()
    [settled] = await sender.recover()

    assert (failed.failed, mined.succeeded, settled.state) == (True, True, IntentState.SETTLED)


async def test_execute__lease_lost__nothing_is_signed_or_offered(store, stop):
    node = ModelNode()
    signer = KeySigner(bytes(31) + b"\x01", Network.TESTNET)

    def lost():
        raise LeaseLost("another keeper took over")

    fees = FeeRule(MicroStx(1_000), MicroStx(200_000))
    sender = Sender(node, store, signer, Network.TESTNET, fees, ManualClock(Seconds(1_000)), stop, term=lost)

    with pytest.raises(LeaseLost):
        await sender.execute(order())

    assert (node.offered, list(await store.intents())) == ([], [])


async def test_execute__lease_lost_between_signing_and_sending__the_bytes_stay_in_the_drawer(store, stop):
    node = ModelNode()
    signer = KeySigner(bytes(31) + b"\x01", Network.TESTNET)
    gone = []

    def term():
        if gone:
            raise LeaseLost("another keeper took over")

    listen(lambda point: gone.append(point) if point == "journal.signed.after" else None)
    fees = FeeRule(MicroStx(1_000), MicroStx(200_000))
    sender = Sender(node, store, signer, Network.TESTNET, fees, ManualClock(Seconds(1_000)), stop, term=term)
    try:
        with pytest.raises(LeaseLost):
            await sender.execute(order())
    finally:
        listen(None)

    assert node.offered == []
    assert [intent.state for intent in await store.intents()] == [IntentState.SIGNED]
    await make_sender(store, node, stop).recover()
    [settled] = await make_sender(store, node, stop).recover()
    assert settled.state is IntentState.SETTLED


class Promising(KeySigner):
    """A signer elsewhere that has given nonce 7 away at 5,000 µSTX, in an answer that got lost."""

    async def sign(self, transaction):
        if transaction.origin.fee <= 5_000:
            raise SignerRefused("the nonce belongs to another transaction", rule="nonce", least_fee_ustx=5_001)
        return await super().sign(transaction)


async def test_execute__signer_gave_the_nonce_away__takes_its_place_for_more(store, stop):
    node = ModelNode()
    signer, fees = Promising(bytes(31) + b"\x01", Network.TESTNET), FeeRule(MicroStx(1_000), MicroStx(200_000))
    sender = Sender(node, store, signer, Network.TESTNET, fees, ManualClock(Seconds(1_000)), stop)

    intent = await sender.execute(order())

    assert (intent.state, intent.fee_ustx, await sender.fees_today()) == (IntentState.SETTLED, 5_001, 5_001)


class Refusing(KeySigner):
    """A signer that signs up to `most` µSTX and then says what `refusal` says."""

    def __init__(self, most, refusal):
        super().__init__(bytes(31) + b"\x01", Network.TESTNET)
        self.most, self.refusal = most, refusal

    async def sign(self, transaction):
        if transaction.origin.fee > self.most:
            raise self.refusal
        return await super().sign(transaction)


NOT_SIGNED = [
    SignerUnavailable("no answer"),
    SignerRefused("above the policy's max_fee_ustx", rule="fee"),
    SignerRefused("the nonce belongs to another transaction", rule="nonce", least_fee_ustx=5_001),
    SignerRefused("the nonce belongs to another transaction", rule="nonce", least_fee_ustx=300_000),
]


@pytest.mark.parametrize("refusal", NOT_SIGNED)
async def test_recover__higher_fee_is_not_signed__nothing_stays_set_aside_for_it(store, stop, refusal):
    node, clock = ModelNode(auto_mine=False), ManualClock(Seconds(1_000))
    fees = FeeRule(MicroStx(1_000), MicroStx(200_000))
    sender = Sender(node, store, Refusing(3_000, refusal), Network.TESTNET, fees, clock, stop)
    await sender.execute(order())

    clock.advance(RAISE)
    for _ in range(3):
        await sender.recover()

    assert (fees_of(node), await sender.fees_today()) == ([3_000], 3_000)


@pytest.mark.parametrize("refusal", NOT_SIGNED)
async def test_execute__not_signed_at_any_fee__nothing_stays_set_aside(store, stop, refusal):
    fees = FeeRule(MicroStx(1_000), MicroStx(200_000))
    signer, clock = Refusing(0, refusal), ManualClock(Seconds(1_000))
    sender = Sender(ModelNode(), store, signer, Network.TESTNET, fees, clock, stop)

    with pytest.raises((type(refusal), FeeTooHigh)):
        await sender.execute(order())

    assert await sender.fees_today() == 0


async def test_recover__mined_after_a_long_wait_and_the_api_is_late__is_not_given_up(store, stop):
    node = ModelNode(auto_mine=False)
    await make_sender(store, node, stop).execute(order())
    node.mine()
    node.late = True

    [unsure] = await make_sender(store, node, stop, now=1_000 + 10 * SPENT_GRACE).recover()
    node.late = False
    [settled] = await make_sender(store, node, stop, now=1_000 + 10 * SPENT_GRACE).recover()

    assert (unsure.state, settled.state) == (IntentState.SENT, IntentState.SETTLED)
