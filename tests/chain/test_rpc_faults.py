"""Every read of StacksNode against every way an answer can break."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from scripted_node import KEY, TIP, TXID, WHO, Reply, ScriptedNode

from keeper.chain.rpc import StacksNode
from keeper.errors import NodeUnavailable

CALL = f"/v2/contracts/call-read/{WHO}/pool/get-it"
NONCES_V3 = f"/extended/v3/principals/{WHO}/nonces"
TX_V3 = f"/extended/v3/transactions/0x{TXID}"


# --- every read against every fault -------------------------------------------------------------------------

READS: dict[str, Callable[[StacksNode], Awaitable[Any]]] = {
    "/v3/tenures/info": lambda chain: chain.tip(),
    f"/v2/accounts/{WHO}": lambda chain: chain.account(WHO),
    CALL: lambda chain: chain.read(f"{WHO}.pool", "get-it", [], TIP),
    NONCES_V3: lambda chain: chain.mempool_nonces(WHO),
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
    assert (limited.value.facts["retry_after"], limited.value.facts["patience"]) == ("30", 30.0)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("121", 120.0), ("9" * 400, 120.0), ("٣", None), ("1.5", 1.5), ("-1", None), ("soon", None)]
)
async def test_retry_after__odd_or_endless__is_bounded_or_left_out(
    scripted: ScriptedNode, chain: StacksNode, asked: str, seconds: float | None
) -> None:
    scripted["/v3/tenures/info"] = Reply({}, status=429, headers={"Retry-After": asked})

    with pytest.raises(NodeUnavailable) as limited:
        await chain.tip()
    assert limited.value.facts["patience"] == seconds


async def test_api_key__api_apart_from_the_node__goes_to_the_api_only(
    scripted: ScriptedNode, session: aiohttp.ClientSession
) -> None:
    scripted[f"/v2/accounts/{WHO}"] = {"balance": "0x00", "nonce": 0}
    mempool = {"last_nonce": None, "pending_nonces": [], "missing_nonces": []}
    scripted[f"/api{NONCES_V3}"] = {"next_nonce": 0, "last_confirmed_nonce": None, "mempool": mempool}
    chain = StacksNode(session, scripted.url, api_url=f"{scripted.url}api", api_key=KEY)

    await chain.account(WHO)
    await chain.mempool_nonces(WHO)

    assert [headers.get("x-api-key") for *_, headers in scripted.asked] == [None, KEY]
