"""What StacksNode says of an account's mempool, from the API's two shapes."""

from typing import Any

import pytest
from scripted_node import WHO, Reply, ScriptedNode

from keeper.chain.rpc import StacksNode
from keeper.core.chain_types import MempoolNonces
from keeper.errors import NodeUnavailable

V3 = f"/extended/v3/principals/{WHO}/nonces"
V1 = f"/extended/v1/address/{WHO}/nonces"


def v3(next_nonce: Any, confirmed: Any, last: Any, pending: Any, missing: Any) -> dict[str, Any]:
    mempool = {"last_nonce": last, "pending_nonces": pending, "missing_nonces": missing}
    return {"next_nonce": next_nonce, "last_confirmed_nonce": confirmed, "mempool": mempool}


def v1(next_nonce: Any, confirmed: Any, last: Any, pending: Any, missing: Any) -> dict[str, Any]:
    return {
        "last_mempool_tx_nonce": last,
        "last_executed_tx_nonce": confirmed,
        "possible_next_nonce": next_nonce,
        "detected_missing_nonces": missing,
        "detected_mempool_nonces": pending,
    }


CASES = {
    "nothing waits": ((8, 7, None, [], []), MempoolNonces(8, (), ())),
    "never used": ((0, None, None, [], []), MempoolNonces(0, (), ())),
    "one waits, which only the last tells": ((9, 7, 8, [], []), MempoolNonces(9, (8,), ())),
    "gaps, listed downwards": ((13, 7, 12, [11, 9], [10, 8]), MempoolNonces(13, (9, 11, 12), (8, 10))),
    "the last is mined, the mempool is behind": ((8, 7, 7, [], []), MempoolNonces(8, (), ())),
}


@pytest.mark.parametrize("case", CASES)
async def test_mempool_nonces__v3__names_all_that_waits(scripted: ScriptedNode, chain: StacksNode, case: str) -> None:
    given, found = CASES[case]
    scripted[V3] = v3(*given)

    assert await chain.mempool_nonces(WHO) == found
    assert scripted.paths == [V3]


@pytest.mark.parametrize("gone", [404, 410])
@pytest.mark.parametrize("case", CASES)
async def test_mempool_nonces__v3_is_gone__v1_says_the_same(
    scripted: ScriptedNode, chain: StacksNode, case: str, gone: int
) -> None:
    given, found = CASES[case]
    scripted[V3] = Reply({"error": "Gone"}, status=gone)
    scripted[V1] = v1(*given)

    assert await chain.mempool_nonces(WHO) == found


async def test_mempool_nonces__very_many__keeps_the_lowest_hundred(scripted: ScriptedNode, chain: StacksNode) -> None:
    scripted[V3] = v3(5_000, 0, 4_999, list(range(4_998, 2_000, -1)), list(range(2_000, 0, -1)))

    found = await chain.mempool_nonces(WHO)

    assert found.pending == tuple(range(2_001, 2_101))
    assert found.missing == tuple(range(1, 101))


@pytest.mark.parametrize(
    "body",
    [
        {"next_nonce": 1},
        {"next_nonce": 1, "last_confirmed_nonce": 0, "mempool": {}},
        v3(None, 7, None, [], []),
        v3(8, "7", None, [], []),
        v3(8, 7, None, None, []),
        v3(8, 7, None, [], {}),
        v3(8, 7, 9, [-1], []),
        v3(8, 7, 9, [True], []),
        v3(8, 7, 9, [8.5], []),
        v3(8, 7, 9, [], ["8"]),
        v3(8, 7, 2**64, [], []),
    ],
)
async def test_mempool_nonces__malformed__is_unavailable_not_empty(
    scripted: ScriptedNode, chain: StacksNode, body: Any
) -> None:
    scripted[V3] = body

    with pytest.raises(NodeUnavailable):
        await chain.mempool_nonces(WHO)
