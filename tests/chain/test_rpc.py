"""StacksNode reads: the tip, accounts, nonces, contracts and fees, in the documented shapes."""

import json
from typing import Any

import pytest
from scripted_node import BLOCK, OTHER, TIP, WHO, Reply, ScriptedNode

from keeper.chain import clarity
from keeper.chain.rpc import StacksNode
from keeper.core.chain_types import Account, Tip
from keeper.errors import BadInput, KeeperError, MarketRefused, NodeUnavailable, TipMoved


def tenure(height: int = 100, block_id: str = BLOCK) -> dict[str, Any]:
    return {"consensus_hash": "00" * 20, "reward_cycle": 8, "tip_block_id": block_id, "tip_height": height}


def block(height: int = 100, block_id: str = BLOCK, time: int = 1_790_000_000) -> dict[str, Any]:
    return {
        "canonical": True,
        "height": height,
        "hash": "0x" + "11" * 32,
        "index_block_hash": "0x" + block_id,
        "block_time": time,
        "burn_block_height": 7,
    }


# --- the tip ------------------------------------------------------------------------------------------------


async def test_tip__node_and_api_at_one_block__has_its_time(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted["/v3/tenures/info"] = tenure()
    scripted["/extended/v2/blocks/latest"] = block()

    assert await chain.tip() == TIP


async def test_tip__api_one_block_ahead__asks_for_the_nodes_block(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted["/v3/tenures/info"] = tenure()
    scripted["/extended/v2/blocks/latest"] = block(101, OTHER, 1_790_000_006)
    scripted["/extended/v2/blocks/100"] = block()

    assert await chain.tip() == TIP


async def test_tip__api_a_little_behind__is_the_older_block(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted["/v3/tenures/info"] = tenure(103, OTHER)
    scripted["/extended/v2/blocks/latest"] = block()

    assert await chain.tip() == TIP


async def test_tip__node_stays_at_a_block_both_were_at__api_is_asked_once(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    scripted["/v3/tenures/info"] = tenure()
    scripted["/extended/v2/blocks/latest"] = block()

    assert [await chain.tip(), await chain.tip()] == [TIP, TIP]
    scripted["/v3/tenures/info"] = tenure(101, OTHER)
    scripted["/extended/v2/blocks/latest"] = block(101, OTHER, 1_790_000_006)
    newer = await chain.tip()

    assert (newer.height, newer.block_id) == (101, OTHER)
    assert scripted.paths.count("/extended/v2/blocks/latest") == 2


async def test_tip__api_catches_up_with_a_node_that_stays__is_the_newer_block(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    scripted["/v3/tenures/info"] = tenure(103, OTHER)
    scripted["/extended/v2/blocks/latest"] = block()
    behind = await chain.tip()
    scripted["/extended/v2/blocks/latest"] = block(103, OTHER, 1_790_000_018)

    assert (behind.height, (await chain.tip()).height) == (100, 103)


@pytest.mark.parametrize(
    ("node", "api", "why"),
    [
        (tenure(121, OTHER), block(), "21 blocks behind"),
        (tenure(100, OTHER), block(), "different forks at height 100"),
        (tenure(), block() | {"block_time": "soon"}, "block_time"),
        (tenure(), block() | {"block_time": -1}, "block_time"),
        (tenure(), block() | {"block_time": 0}, "block_time"),
        (tenure(), block() | {"block_time": 2**40}, "block_time"),
        (tenure(), block() | {"block_time": 2**63}, "block_time"),
        (tenure(), block() | {"height": True}, "height"),
        (tenure() | {"tip_block_id": "latest"}, block(), "tip_block_id"),
        (tenure() | {"tip_height": 2**64}, block(), "tip_height"),
    ],
)
async def test_tip__not_to_be_trusted__is_unavailable_and_says_why(
    scripted: ScriptedNode, chain: StacksNode, node: Any, api: Any, why: str
) -> None:
    scripted["/v3/tenures/info"] = node
    scripted["/extended/v2/blocks/latest"] = api

    with pytest.raises(NodeUnavailable, match=why):
        await chain.tip()


# --- accounts and nonces ------------------------------------------------------------------------------------


async def test_account__known__has_balance_and_nonce(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[f"/v2/accounts/{WHO}"] = {"balance": "0x0000000000000000000000000007a120", "locked": "0x0f", "nonce": 2867}

    assert await chain.account(WHO) == Account(500_000, 2867, 15)


@pytest.mark.parametrize("balance", [None, 5, "500000", "0x", "0x" + "f" * 33, "0xzz"])
async def test_account__balance_is_no_amount__is_unavailable(
    scripted: ScriptedNode, chain: StacksNode, balance: Any
) -> None:
    scripted[f"/v2/accounts/{WHO}"] = {"balance": balance, "nonce": 1}

    with pytest.raises(NodeUnavailable, match="balance"):
        await chain.account(WHO)


NONCES_V3 = f"/extended/v3/principals/{WHO}/nonces"
NONCES_V1 = f"/extended/v1/address/{WHO}/nonces"


async def test_nonce__v3_answers__v1_is_not_asked(scripted: ScriptedNode, chain: StacksNode) -> None:
    mempool = {"last_nonce": None, "pending_nonces": [], "missing_nonces": []}
    scripted[NONCES_V3] = {"next_nonce": 9, "last_confirmed_nonce": None, "mempool": mempool}

    assert (await chain.mempool_nonces(WHO)).next_nonce == 9
    assert scripted.paths == [NONCES_V3]


@pytest.mark.parametrize("status", [404, 410])
async def test_nonce__v3_is_not_there__v1_answers(scripted: ScriptedNode, chain: StacksNode, status: int) -> None:
    scripted[NONCES_V3] = Reply({"error": "Gone"}, status=status)
    rest = {"last_mempool_tx_nonce": None, "detected_missing_nonces": [], "detected_mempool_nonces": []}
    scripted[NONCES_V1] = {"possible_next_nonce": 4, "last_executed_tx_nonce": 3, **rest}

    assert (await chain.mempool_nonces(WHO)).next_nonce == 4


async def test_nonce__both_gone__is_unavailable_not_zero(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[NONCES_V3] = Reply({"error": "Gone"}, status=410)
    scripted[NONCES_V1] = Reply({"error": "Gone"}, status=410)

    with pytest.raises(NodeUnavailable, match="410"):
        await chain.mempool_nonces(WHO)


async def test_nonce__v3_fails__v1_is_no_substitute(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[NONCES_V3] = Reply({"error": "busy"}, status=503)
    scripted[NONCES_V1] = {"possible_next_nonce": 4}

    with pytest.raises(NodeUnavailable, match="503"):
        await chain.mempool_nonces(WHO)
    assert scripted.paths == [NONCES_V3]


# --- reading contracts --------------------------------------------------------------------------------------

CALL = f"/v2/contracts/call-read/{WHO}/pool/get-it"


async def test_read__answered__is_asked_at_the_tip_and_decoded(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[CALL] = {"okay": True, "result": "0x" + clarity.ok(clarity.uint(7)).hex()}

    assert await chain.read(f"{WHO}.pool", "get-it", [clarity.uint(1), clarity.none()], TIP) == clarity.Ok(7)
    [(_, query, body, _)] = scripted.asked
    assert query == f"tip={BLOCK}"
    assert json.loads(body) == {"sender": WHO, "arguments": ["0x01" + "00" * 15 + "01", "0x09"]}


async def test_read__function_with_a_question_mark__reaches_its_path(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[f"/v2/contracts/call-read/{WHO}/pool/is-it?"] = {"okay": True, "result": "0x03"}

    assert await chain.read(f"{WHO}.pool", "is-it?", [], TIP) is True


async def test_read__tip_not_kept__says_that_the_tip_moved(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[CALL] = Reply(b"No such chain tip", status=404)

    with pytest.raises(TipMoved, match="block 100"):
        await chain.read(f"{WHO}.pool", "get-it", [], TIP)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"okay": False, "cause": "NotReadOnly"}, MarketRefused),
        ({"okay": False, "cause": 'Unchecked(UndefinedFunction("get-it"))'}, MarketRefused),
        ({"okay": False, "cause": "Unchecked(CostBalanceExceeded(…))"}, NodeUnavailable),
        ({"okay": False}, NodeUnavailable),
        ({"okay": "yes", "result": "0x03"}, NodeUnavailable),
        ({"okay": True}, NodeUnavailable),
        ({"okay": True, "result": "0x0303"}, NodeUnavailable),
        ({"okay": True, "result": "0x0"}, NodeUnavailable),
        ({"okay": True, "result": ["0x03"]}, NodeUnavailable),
    ],
)
async def test_read__failed_or_malformed__is_typed(
    scripted: ScriptedNode, chain: StacksNode, body: Any, error: type[KeeperError]
) -> None:
    scripted[CALL] = body

    with pytest.raises(error):
        await chain.read(f"{WHO}.pool", "get-it", [], TIP)


async def test_read__block_id_malformed__is_refused_before_the_node_takes_it_for_latest(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    with pytest.raises(BadInput):
        await chain.read(f"{WHO}.pool", "get-it", [], Tip(1, "latest", 1))
    assert scripted.asked == []


# --- fees ---------------------------------------------------------------------------------------------------


def estimate(*fees: Any) -> dict[str, Any]:
    return {"estimated_cost_scalar": 14, "estimations": [{"fee": fee, "fee_rate": 1.25} for fee in fees]}


@pytest.mark.parametrize(
    ("reply", "fee"),
    [
        (Reply(estimate(17, 1250, 140_000)), 1250),
        (Reply(estimate(17, 125, 140)), 300),
        (Reply(estimate(999)), 999),
        (Reply(estimate()), 300),
        (Reply({"error": "Estimation could not be performed", "reason": "NoEstimateAvailable"}, status=400), 300),
        (Reply({"error": "Estimation could not be performed", "reason": "CostEstimationDisabled"}, status=400), 300),
        (Reply({"error": "Estimation could not be performed", "reason": "DatabaseError"}, status=400), 300),
    ],
)
async def test_fee__estimated_or_not__is_never_below_a_microstx_per_byte(
    scripted: ScriptedNode, chain: StacksNode, reply: Reply, fee: int
) -> None:
    scripted["/v2/fees/transaction"] = reply

    assert await chain.estimate_fee(b"\x02\xff", 300) == fee
    assert json.loads(scripted.asked[0][2]) == {"transaction_payload": "02ff", "estimated_len": 300}


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"estimations": {}}),
        Reply({"estimations": [1]}),
        Reply(estimate(1.5)),
        Reply(estimate(-1)),
        Reply({"error": "bad", "reason": "Other"}, status=400),
        Reply(b"bad payload", status=400),
    ],
)
async def test_fee__malformed__is_unavailable(scripted: ScriptedNode, chain: StacksNode, reply: Reply) -> None:
    scripted["/v2/fees/transaction"] = reply

    with pytest.raises(NodeUnavailable):
        await chain.estimate_fee(b"\x02", 300)
