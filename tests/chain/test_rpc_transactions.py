"""StacksNode sends a transaction once, says what became of it, and never guesses."""

from typing import Any

import aiohttp
import pytest
from scripted_node import BLOCK, OTHER, RAW, TXID, WHO, Reply, ScriptedNode

from keeper.chain import clarity
from keeper.chain.rpc import StacksNode
from keeper.errors import NodeUnavailable

# --- broadcast ----------------------------------------------------------------------------------------------


async def test_broadcast__taken__sends_the_bytes_once_and_returns_the_txid(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    scripted["/v2/transactions"] = TXID

    assert await chain.broadcast(RAW) == TXID
    [(_, _, body, headers)] = scripted.asked
    assert (body, headers["Content-Type"]) == (RAW, "application/octet-stream")


@pytest.mark.parametrize(
    ("reply", "may"),
    [
        (Reply(TXID, cut=True), True),
        (Reply(TXID, silent=True), True),
        (Reply({"error": "oops"}, status=500), True),
        (Reply(b"bad gateway", status=502), True),
        (Reply("ff" * 32), True),
        (Reply({"txid": TXID}), True),
        (Reply(b"<html>"), True),
        (Reply({"error": "slow down"}, status=429), False),
        (Reply({"error": "who?"}, status=401), False),
        (Reply(b"", status=302, headers={"Location": "/v2/elsewhere"}), False),
    ],
)
async def test_broadcast__unclear__says_whether_it_may_have_been_accepted(
    scripted: ScriptedNode, chain: StacksNode, reply: Reply, *, may: bool
) -> None:
    scripted["/v2/transactions"] = reply

    with pytest.raises(NodeUnavailable, match="may have been accepted" if may else "was not accepted") as unclear:
        await chain.broadcast(RAW)

    assert unclear.value.facts == {"txid": TXID, "may_be_accepted": may}
    assert scripted.paths == ["/v2/transactions"]


async def test_broadcast__nobody_listens__was_not_accepted(session: aiohttp.ClientSession) -> None:
    with pytest.raises(NodeUnavailable, match="was not accepted"):
        await StacksNode(session, "http://127.0.0.1:1").broadcast(RAW)


# --- what became of a transaction ---------------------------------------------------------------------------

TX_V3 = f"/extended/v3/transactions/0x{TXID}"
TX_V1 = f"/extended/v1/tx/0x{TXID}"
TX_NODE = f"/v3/transaction/{TXID}"
GONE = Reply({"error": "Gone"}, status=410)


def v3(status: str, **more: Any) -> dict[str, Any]:
    return {"tx_id": f"0x{TXID}", "status": status, "sender": {"address": WHO, "nonce": 1}, **more}


async def test_transaction__mined__has_height_and_result(scripted: ScriptedNode, chain: StacksNode) -> None:
    result = {"hex": "0x0703", "repr": "(ok true)"}
    scripted[TX_V3] = v3("success", block={"height": 12, "time": 1}, result=result, vm_error=None)

    found = await chain.transaction(f"0x{TXID.upper()}")

    assert found is not None
    assert (found.txid, found.status, found.block_height, found.result_hex) == (TXID, "success", 12, "0x0703")
    assert scripted.asked[0][1] == "include=result"


@pytest.mark.parametrize("status", ["pending", "dropped_replace_by_fee", "dropped_stale_garbage_collect"])
async def test_transaction__not_mined__has_no_height(scripted: ScriptedNode, chain: StacksNode, status: str) -> None:
    scripted[TX_V3] = v3(status, receipt_time=5)

    found = await chain.transaction(TXID)

    assert found is not None
    assert (found.status, found.block_height, found.result_hex) == (status, None, None)


@pytest.mark.parametrize("gone", [GONE, Reply({"error": "not found"}, status=404)])
async def test_transaction__v3_does_not_know_it__v1_answers(
    scripted: ScriptedNode, chain: StacksNode, gone: Reply
) -> None:
    scripted[TX_V3] = gone
    scripted[TX_V1] = {
        "tx_id": f"0x{TXID}",
        "tx_status": "abort_by_response",
        "canonical": True,
        "block_height": 5,
        "tx_result": {"hex": "0x0801", "repr": "(err …)"},
    }

    found = await chain.transaction(TXID)

    assert found is not None
    assert (found.status, found.block_height, found.result_hex) == ("abort_by_response", 5, "0x0801")


async def test_transaction__block_was_orphaned__is_pending_again(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[TX_V1] = {"tx_id": f"0x{TXID}", "tx_status": "success", "canonical": False, "block_height": 5}

    found = await chain.transaction(TXID)

    assert found is not None
    assert (found.status, found.block_height) == ("pending", None)


@pytest.mark.parametrize("node", [404, 501])
async def test_transaction__nobody_knows_it__is_none(scripted: ScriptedNode, chain: StacksNode, node: int) -> None:
    scripted[TX_NODE] = Reply(b"", status=node)

    assert await chain.transaction(TXID) is None
    assert scripted.paths == [TX_V3, TX_V1, TX_NODE]


def indexed(**more: Any) -> dict[str, Any]:
    return {"index_block_hash": BLOCK, "tx": RAW.hex(), "block_height": 8, "is_canonical": True, **more}


U1401 = clarity.err(clarity.uint(1401)).hex()


@pytest.mark.parametrize(
    ("result", "result_hex"),
    [
        ("(err u1401)", f"0x{U1401}"),
        (U1401, f"0x{U1401}"),
        (f"0x{U1401}", f"0x{U1401}"),
        ('(err "why")', None),
        ("(err u" + "9" * 39 + ")", None),
    ],
)
async def test_transaction__only_the_node_knows_it_failed__is_aborted(
    scripted: ScriptedNode, chain: StacksNode, result: str, result_hex: str | None
) -> None:
    scripted[TX_NODE] = indexed(result=result)

    found = await chain.transaction(TXID)

    assert found is not None
    assert (found.status, found.block_height, found.result_hex) == ("abort_by_response", 8, result_hex)


async def test_transaction__only_the_node_says_ok__is_not_taken_for_success(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    scripted[TX_NODE] = indexed(result="(ok true)")

    with pytest.raises(NodeUnavailable, match="post-condition"):
        await chain.transaction(TXID)


async def test_transaction__node_index_of_an_orphan__is_pending(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[TX_NODE] = indexed(result="(ok true)", is_canonical=False)

    found = await chain.transaction(TXID)

    assert found is not None
    assert found.status == "pending"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TX_V3, v3("success")),
        (TX_V3, v3("success", block={"height": "12"})),
        (TX_V3, v3("success", block={"height": 12}, result={"hex": "ok"})),
        (TX_V3, v3("finished")),
        (TX_V3, v3("pending") | {"tx_id": "0x" + OTHER}),
        (TX_V1, {"tx_id": f"0x{TXID}", "tx_status": "success"}),
        (TX_V1, {"tx_id": f"0x{TXID}", "tx_status": 1}),
        (TX_NODE, indexed(result="(err u1)", tx="zz")),
        (TX_NODE, indexed(result="(err u1)", tx="00")),
        (TX_NODE, indexed(result=None)),
    ],
)
async def test_transaction__malformed__is_unavailable(
    scripted: ScriptedNode, chain: StacksNode, path: str, body: Any
) -> None:
    scripted[path] = body

    with pytest.raises(NodeUnavailable):
        await chain.transaction(TXID)
