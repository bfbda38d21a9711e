"""StacksNode against a scripted HTTP server: the documented shapes, and every way they can break."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.chain import clarity
from keeper.chain.hashing import sha512_256
from keeper.chain.rpc import StacksNode
from keeper.core.chain_types import Account, Tip
from keeper.errors import BadInput, KeeperError, MarketRefused, NodeUnavailable, TipMoved, TransactionRefused

KEY = "secret-api-key-0123456789"
WHO = "ST000000000000000000002AMW42H"
BLOCK = "ab" * 32
OTHER = "cd" * 32
TIP = Tip(height=100, block_id=BLOCK, time=1_790_000_000)
RAW = b"\x80 signed bytes"
TXID = sha512_256(RAW).hex()


@dataclass
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silent: bool = False

    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class ScriptedNode:
    """Answers each path with its reply, 404 where none was written down, and remembers what was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def __setitem__(self, path: str, reply: Reply | Any) -> None:
        self.replies[path] = reply if isinstance(reply, Reply) else Reply(reply)

    @property
    def paths(self) -> list[str]:
        return [path for path, *_ in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.query_string, await request.read(), dict(request.headers)))
        reply = self.replies.get(request.path, Reply({"error": "not found"}, status=404))
        if reply.silent:
            await self.over.wait()
        if reply.cut:
            return await self._cut(request, reply)
        return web.Response(body=reply.data(), status=reply.status, headers=reply.headers)

    async def _cut(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status)
        response.content_length = len(reply.data())
        await response.prepare(request)
        await response.write(reply.data()[:-1])
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedNode]:
    node = ScriptedNode()
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", node.handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    node.url = str(server.make_url("/"))
    yield node
    node.over.set()
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def chain(scripted: ScriptedNode, session: aiohttp.ClientSession) -> StacksNode:
    return StacksNode(session, scripted.url, api_key=KEY, timeout=0.5)


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


@pytest.mark.parametrize(
    ("node", "api", "why"),
    [
        (tenure(121, OTHER), block(), "21 blocks behind"),
        (tenure(100, OTHER), block(), "different forks at height 100"),
        (tenure(), block() | {"block_time": "soon"}, "block_time"),
        (tenure(), block() | {"block_time": -1}, "block_time"),
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
    scripted[f"/v2/accounts/{WHO}"] = {"balance": "0x0000000000000000000000000007a120", "locked": "0x00", "nonce": 2867}

    assert await chain.account(WHO) == Account(500_000, 2867)


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
    scripted[NONCES_V3] = {"next_nonce": 9, "last_confirmed_nonce": None, "mempool": {"missing_nonces": []}}

    assert await chain.next_nonce(WHO) == 9
    assert scripted.paths == [NONCES_V3]


@pytest.mark.parametrize("status", [404, 410])
async def test_nonce__v3_is_not_there__v1_answers(scripted: ScriptedNode, chain: StacksNode, status: int) -> None:
    scripted[NONCES_V3] = Reply({"error": "Gone"}, status=status)
    scripted[NONCES_V1] = {"possible_next_nonce": 4, "last_executed_tx_nonce": 3, "detected_missing_nonces": []}

    assert await chain.next_nonce(WHO) == 4


async def test_nonce__both_gone__is_unavailable_not_zero(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[NONCES_V3] = Reply({"error": "Gone"}, status=410)
    scripted[NONCES_V1] = Reply({"error": "Gone"}, status=410)

    with pytest.raises(NodeUnavailable, match="410"):
        await chain.next_nonce(WHO)


async def test_nonce__v3_fails__v1_is_no_substitute(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[NONCES_V3] = Reply({"error": "busy"}, status=503)
    scripted[NONCES_V1] = {"possible_next_nonce": 4}

    with pytest.raises(NodeUnavailable, match="503"):
        await chain.next_nonce(WHO)
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


# --- broadcast ----------------------------------------------------------------------------------------------


async def test_broadcast__taken__sends_the_bytes_once_and_returns_the_txid(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    scripted["/v2/transactions"] = TXID

    assert await chain.broadcast(RAW) == TXID
    [(_, _, body, headers)] = scripted.asked
    assert (body, headers["Content-Type"]) == (RAW, "application/octet-stream")


@pytest.mark.parametrize(
    ("reason", "data", "later"),
    [
        ("BadNonce", {"expected": 0, "actual": 4, "is_origin": True, "principal": WHO}, False),
        ("TooMuchChaining", {"expected": 25, "actual": 26}, True),
        ("ConflictingNonceInMempool", None, True),
        ("ServerFailureDatabase", {"message": "locked"}, True),
        ("FeeTooLow", {"expected": 300, "actual": 1}, False),
    ],
)
async def test_broadcast__refused__carries_the_reason(
    scripted: ScriptedNode, chain: StacksNode, reason: str, data: Any, *, later: bool
) -> None:
    body = {"error": "transaction rejected", "reason": reason, "reason_data": data, "txid": TXID}
    scripted["/v2/transactions"] = Reply(body, status=400)

    with pytest.raises(TransactionRefused) as refused:
        await chain.broadcast(RAW)

    assert refused.value.facts == {"reason": reason, "reason_data": data, "txid": TXID, "try_later": later}


async def test_broadcast__refused_in_plain_text__keeps_the_text(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted["/v2/transactions"] = Reply(b"Failed to parse transaction", status=400)

    with pytest.raises(TransactionRefused, match="Failed to parse") as refused:
        await chain.broadcast(RAW)
    assert refused.value.facts["reason"] == "text"


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


# --- every read against every fault -------------------------------------------------------------------------

READS: dict[str, Callable[[StacksNode], Awaitable[Any]]] = {
    "/v3/tenures/info": lambda chain: chain.tip(),
    f"/v2/accounts/{WHO}": lambda chain: chain.account(WHO),
    CALL: lambda chain: chain.read(f"{WHO}.pool", "get-it", [], TIP),
    NONCES_V3: lambda chain: chain.next_nonce(WHO),
    "/v2/fees/transaction": lambda chain: chain.estimate_fee(b"\x02", 300),
    TX_V3: lambda chain: chain.transaction(TXID),
}
FAULTS = {
    "cut": Reply({"okay": True, "result": "0x03"}, cut=True),
    "not json": Reply(b"{'okay': true}"),
    "not utf-8": Reply(b'{"okay": "\xff"}'),
    "not a number": Reply(b'{"nonce": NaN}'),
    "empty": Reply(b""),
    "an array": Reply([1, 2, 3]),
    "too deep": Reply(b"[" * 100_000),
    "too large": Reply(b'{"a": "' + b"a" * (4 << 20) + b'"}'),
    "rate limit": Reply({"error": "slow down"}, status=429, headers={"Retry-After": "30"}),
    "server error": Reply(b"<html>502</html>", status=502),
    "redirect": Reply(b"", status=301, headers={"Location": "/"}),
    "silence": Reply({}, silent=True),
}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_any_read__any_fault__is_unavailable_and_keeps_the_key_to_itself(
    scripted: ScriptedNode, chain: StacksNode, path: str, fault: str
) -> None:
    scripted[path] = FAULTS[fault]

    with pytest.raises(NodeUnavailable) as unavailable:
        await READS[path](chain)

    assert path.rsplit("/", 1)[-1] in str(unavailable.value)
    assert KEY not in f"{unavailable.value!r}{unavailable.value.facts}{unavailable.value.__cause__!r}{chain!r}"


async def test_rate_limit__with_a_retry_after__says_when(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted["/v3/tenures/info"] = FAULTS["rate limit"]

    with pytest.raises(NodeUnavailable, match="retry after 30") as limited:
        await chain.tip()
    assert limited.value.facts["retry_after"] == "30"


async def test_api_key__api_apart_from_the_node__goes_to_the_api_only(
    scripted: ScriptedNode, session: aiohttp.ClientSession
) -> None:
    scripted[f"/v2/accounts/{WHO}"] = {"balance": "0x00", "nonce": 0}
    scripted[f"/api{NONCES_V3}"] = {"next_nonce": 0}
    chain = StacksNode(session, scripted.url, api_url=f"{scripted.url}api", api_key=KEY)

    await chain.account(WHO)
    await chain.next_nonce(WHO)

    assert [headers.get("x-api-key") for *_, headers in scripted.asked] == [None, KEY]
