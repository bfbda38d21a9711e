"""The sender with its key in another process: the whole way over real HTTP, the signer's own policy and ledger included."""

import asyncio

import aiohttp
import pytest

from keeper.chain.auth import signer_hash
from keeper.chain.clarity import list_
from keeper.chain.contracts import ContractCall
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import Network, decode_transaction
from keeper.core.records import IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import SignerRefused, SignerUnavailable
from keeper.execution.fees import FeeRule
from keeper.execution.orders import Order
from keeper.execution.sender import Sender, SendRule
from keeper.retry import Retry
from keeper.store.sqlite import open_store
from keeper.testing.fakes import ManualClock
from tests.execution.node import ModelNode
from tests.signers.kit import ORACLE, SIGNER, desk, policy, remote

ONCE = Retry(attempts=1, budget=1, first_wait=0.01)
SIGNER_HASH = signer_hash(SIGNER.public_key)
GENEROUS = policy(max_fee_ustx=200_000)


def order(function="observe"):
    call = ContractCall(ORACLE, function, (list_([]),))
    return Order("observe:1", IntentKind.POST_PRICES, None, call, Mode.DENY)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "keeper.sqlite3") as opened:
        yield opened


def sender_with(signer, store, node, now=1_000):
    stop = asyncio.Event()
    stop.set()  # never wait between questions
    fees = FeeRule(MicroStx(1_000), MicroStx(200_000), MicroStx(5_000_000))
    clock = ManualClock(Seconds(now))
    return Sender(node, store, signer, Network.TESTNET, fees, clock, stop, rule=SendRule(1), filler=None)


async def test_execute__key_elsewhere__is_settled_with_that_keys_signature(tmp_path, store):
    node = ModelNode()
    async with desk(tmp_path, rules=GENEROUS) as (url, session):
        intent = await sender_with(remote(session, url), store, node).execute(order())

    assert intent.state is IntentState.SETTLED
    [raw] = node.offered
    assert decode_transaction(raw).txid == intent.txid
    assert decode_transaction(raw).origin.signer == SIGNER_HASH


async def test_recover__waits_too_long__the_signer_signs_the_same_again_for_more(tmp_path, store):
    node = ModelNode(auto_mine=False)
    async with desk(tmp_path, rules=GENEROUS) as (url, session):
        await sender_with(remote(session, url), store, node).execute(order())
        await sender_with(remote(session, url), store, node, now=1_300).recover()
        node.mine()
        [settled] = await sender_with(remote(session, url), store, node, now=1_300).recover()

    assert settled.state is IntentState.SETTLED
    assert [decode_transaction(raw).origin.fee for raw in node.offered] == [3_000, 3_750]
    assert node.nonce == 8


async def test_execute__against_the_signers_policy__nothing_is_offered_and_the_rule_is_named(tmp_path, store):
    node = ModelNode()
    async with desk(tmp_path, rules=GENEROUS) as (url, session):
        with pytest.raises(SignerRefused, match="policy") as caught:
            await sender_with(remote(session, url), store, node).execute(order(function="set-asset"))

    assert caught.value.facts["rule"] == "call"
    assert node.offered == []


async def test_execute__signer_away_and_back__is_offered_once(tmp_path, store):
    node = ModelNode()
    async with desk(tmp_path, rules=GENEROUS) as (url, session):
        pass
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SignerUnavailable):
            await sender_with(remote(session, url, retry=ONCE), store, node).execute(order())
    assert node.offered == []

    async with desk(tmp_path, rules=GENEROUS) as (url, session):
        sender = sender_with(remote(session, url), store, node)
        await sender.recover()
        intent = await sender.execute(order())

    assert intent.state is IntentState.SETTLED
    assert len(node.offered) == 1
