"""A Stacks node and its API behind the keeper's `Chain` port.

Endpoints and shapes: stacks-core docs/rpc (2026-08) and stacks-blockchain-api 9 (2026-08). The API's v1
routes are being switched off (410), its v3 routes are new: v3 is asked first, v1 where v3 is not there.
Nothing is retried here; reads may be wrapped in `keeper.retry.READ`, a broadcast never.
"""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import aiohttp

from keeper.chain import clarity, nonces, statuses
from keeper.chain.budget import Budget
from keeper.chain.hashing import sha512_256
from keeper.chain.http import Answer, Endpoint
from keeper.chain.rejections import refusal
from keeper.chain.routes import NOT_FOUND, Routes
from keeper.chain.shapes import Fields
from keeper.chain.statuses import TxInfo
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.units import MicroStx, Seconds
from keeper.errors import BadInput, MarketRefused, NodeUnavailable, TipMoved

OK: Final = 200
BAD_REQUEST: Final = 400
MAX_API_LAG: Final = 20
"""Blocks, about two minutes, that the API may be behind the node before it is of no use."""

MAX_SOURCE: Final = 1 << 20
"""Characters; a contract's source has to fit into a block of two megabytes, and ours are below 100 kB."""

_Reader = Callable[[Answer, str], TxInfo]
_BLOCK_ID: Final = re.compile(r"[0-9a-f]{64}")
_NO_ESTIMATE: Final = frozenset({"NoEstimateAvailable", "CostEstimationDisabled", "DatabaseError"})
_OVER_BUDGET: Final = re.compile(r"cost|budget|memory|execution ?time", re.IGNORECASE)


class StacksNode:
    """One node, and the API in front of it or beside it.

    `api_url` defaults to the node's own URL (Hiro serves both at one address). The API key, when there
    is one, goes to `api_url` only, as `x-api-key`. `budgets` are those of node and API.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        node_url: str,
        *,
        api_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 10.0,
        budgets: tuple[Budget | None, Budget | None] = (None, None),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        keyed = {} if api_key is None else {"x-api-key": api_key}
        shared = api_url is None or api_url.rstrip("/") == node_url.rstrip("/")
        node_headers, (node_budget, api_budget) = keyed if shared else {}, budgets
        self._node = Endpoint(session, node_url, headers=node_headers, timeout=timeout, budget=node_budget)
        self._api = Endpoint(session, api_url or node_url, headers=keyed, timeout=timeout, budget=api_budget)
        self._routes = Routes(monotonic)
        self._budgets = [budget for budget in budgets if budget is not None]
        self._agreed: Tip | None = None

    def requests_left(self) -> float | None:
        """Return how many requests the tighter budget would let through at once; None without one."""
        return min((budget.left() for budget in self._budgets), default=None)

    async def tip(self) -> Tip:
        """Return the newest block that node and API agree on. Raises NodeUnavailable.

        The node knows the id, only the API the time. An API that is a little behind gives an older block,
        which the node can still be read at; one that is far behind or on another fork gives none. While the node
        stays at a block that both were at, the API is not asked again.
        """
        tenure = Fields.of(_expect(await self._node.get("v3", "tenures", "info")))
        block_id, height = tenure.hash("tip_block_id"), tenure.whole("tip_height")
        if self._agreed is not None and (self._agreed.block_id, self._agreed.height) == (block_id, height):
            return self._agreed
        latest = await self._block("latest")
        if latest.height > height:
            latest = await self.block(height)
        if latest.height == height and latest.block_id != block_id:
            message = f"node and API are on different forks at height {height}"
            raise NodeUnavailable(message, node=block_id, api=latest.block_id)
        if height - latest.height > MAX_API_LAG:
            message = f"the API is {height - latest.height} blocks behind the node"
            raise NodeUnavailable(message, node=height, api=latest.height)
        self._agreed = latest if latest.height == height else None
        return latest

    async def block(self, height: int) -> Tip:
        """Return the block that the API has at `height`. Raises NodeUnavailable."""
        return await self._block(str(height))

    async def _block(self, which: str) -> Tip:
        block = Fields.of(_expect(await self._api.get("extended", "v2", "blocks", which)))
        return Tip(block.whole("height"), block.hash("index_block_hash"), Seconds(block.instant("block_time")))

    async def account(self, principal: str) -> Account:
        """Return unlocked and locked µSTX and the next nonce by confirmed transactions. Raises NodeUnavailable."""
        fields = Fields.of(_expect(await self._node.get("v2", "accounts", principal, query={"proof": "0"})))
        locked = MicroStx(fields.hex_amount("locked")) if fields.has("locked") else None
        return Account(MicroStx(fields.hex_amount("balance")), fields.whole("nonce"), locked)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        """Call a function at `tip` and return its value in plain form; see `keeper.ports.ContractReader`.

        Raises TipMoved when the node does not keep that block, MarketRefused when the call itself fails
        (no such function, a runtime error), NodeUnavailable for everything else.
        """
        address, _, name = contract.partition(".")
        if _BLOCK_ID.fullmatch(tip.block_id) is None:  # a node takes a malformed tip for "latest"
            message = f"{tip.block_id[:80]!r} is not a block id"
            raise BadInput(message)
        answer = await self._node.post(
            *("v2", "contracts", "call-read", address, name, function),
            query={"tip": tip.block_id},
            body={"sender": address, "arguments": [f"0x{arg.hex()}" for arg in args]},
        )
        if answer.status == NOT_FOUND:
            message = f"the node cannot be read at block {tip.height} any more (or yet): {answer.text()}"
            raise TipMoved(message, height=tip.height, block_id=tip.block_id)
        fields = Fields.of(_expect(answer))
        if fields.raw("okay") is not True:
            raise _call_failed(answer, fields, f"{contract} {function}")
        try:
            return clarity.decode(fields.hex_bytes("result"))
        except BadInput as exc:
            answer.reject(f"result is not a Clarity value: {exc}")

    async def network_id(self) -> int:
        """Return the chain id that the node's network has in transactions. Raises NodeUnavailable."""
        return Fields.of(_expect(await self._node.get("v2", "info"))).whole("network_id")

    async def source(self, contract: str) -> str | None:
        """Return a contract's source as it was deployed, None when there is no such contract. Raises NodeUnavailable."""
        address, _, name = contract.partition(".")
        answer = await self._node.get("v2", "contracts", "source", address, name, query={"proof": "0"})
        if answer.status == NOT_FOUND:
            return None
        return Fields.of(_expect(answer)).text("source", longest=MAX_SOURCE)

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        """Return what waits in the mempool, and the gaps that hold it up. Raises NodeUnavailable."""
        answer, is_v3 = await self._nonces(principal)
        return nonces.from_v3(answer) if is_v3 else nonces.from_v1(answer)

    async def _nonces(self, principal: str) -> tuple[Answer, bool]:
        if self._routes.has("v3 nonces"):
            answer = await self._api.get("extended", "v3", "principals", principal, "nonces")
            if not self._routes.is_missing("v3 nonces", answer) and answer.status != NOT_FOUND:
                return _expect(answer), True
        return _expect(await self._api.get("extended", "v1", "address", principal, "nonces")), False

    async def estimate_fee(self, payload: bytes, length: int) -> MicroStx:
        """Return the middle estimate in µSTX, and never less than the mempool's floor of 1 µSTX per byte.

        Raises NodeUnavailable; a node that answers but has no estimate gives the floor.
        """
        floor = MicroStx(max(length, 1))
        answer = await self._node.post(
            *("v2", "fees", "transaction"), body={"transaction_payload": payload.hex(), "estimated_len": length}
        )
        if answer.status == BAD_REQUEST:
            if Fields.of(answer).raw("reason") in _NO_ESTIMATE:
                return floor
            raise answer.failed()
        fields = Fields.of(_expect(answer))
        estimates = fields.raw("estimations")
        if not isinstance(estimates, list):
            answer.reject("estimations is not a list")
        if not estimates:
            return floor
        middle = estimates[len(estimates) // 2]
        if not isinstance(middle, dict):
            answer.reject("an estimate is not an object")
        return max(MicroStx(Fields(answer, middle).whole("fee")), floor)

    async def broadcast(self, raw: bytes) -> str:
        """Offer signed bytes once and return the txid, 64 hex digits.

        A txid is not proof of acceptance: look the transaction up. Raises TransactionRefused with facts
        `reason`, `reason_data`, `fate`, `try_later` and, where the reason has them, `expected` and `actual`;
        NodeUnavailable with fact `may_be_accepted`.
        """
        txid = sha512_256(raw).hex()
        try:
            answer = await self._node.post("v2", "transactions", body=raw, urgent=True)
        except NodeUnavailable as exc:
            raise _unclear(str(exc), txid, may_be_accepted=exc.facts.get("reached") is not False) from exc
        if answer.status == BAD_REQUEST:
            raise refusal(answer, txid)
        if answer.status != OK:
            # Turned away at the door (429, 401, a redirect): the node behind it has seen nothing.
            failed = answer.failed()
            raise _unclear(str(failed), txid, may_be_accepted=answer.status >= 500) from failed  # noqa: PLR2004
        if _stripped(answer) != txid:
            claim = f"{answer.asked}: answered {answer.text()!r}"
            raise _unclear(claim, txid, may_be_accepted=True)
        return txid

    async def transaction(self, txid: str) -> TxInfo | None:
        """Return what API or node know about a transaction; None when neither knows it (yet).

        Raises NodeUnavailable, also when only the node knows it and cannot tell how it ended.
        """
        known = txid.removeprefix("0x").lower()
        told = False
        for route, ask, read in self._indexes(known):
            if not self._routes.has(route):
                continue
            answer = await ask()
            if self._routes.is_missing(route, answer):
                continue
            if answer.status != NOT_FOUND:
                return read(_expect(answer), known)
            told = True
        if not told:
            message = "neither the API nor the node has an index of transactions; add an endpoint that has one"
            raise NodeUnavailable(message, reason="not indexed", txid=known)
        return None

    def _indexes(self, txid: str) -> Sequence[tuple[str, Callable[[], Awaitable[Answer]], _Reader]]:
        """Return where a transaction can be looked up, best first."""
        query = {"include": "result"}
        v3 = partial(self._api.get, "extended", "v3", "transactions", f"0x{txid}", query=query)
        v1 = partial(self._api.get, "extended", "v1", "tx", f"0x{txid}")
        node = partial(self._node.get, "v3", "transaction", txid)
        return (
            ("v3 transactions", v3, statuses.from_v3),
            ("v1 tx", v1, statuses.from_v1),
            ("node transaction", node, statuses.from_node),
        )


def _expect(answer: Answer) -> Answer:
    if answer.status != OK:
        raise answer.failed()
    return answer


def _call_failed(answer: Answer, fields: Fields, what: str) -> Exception:
    if fields.raw("okay") is not False:
        answer.reject("okay is neither true nor false")
    cause = fields.text("cause", longest=1 << 20)[:300]
    if _OVER_BUDGET.search(cause):
        message = f"{what}: over this node's budget for reads: {cause}"
        return NodeUnavailable(message, reason="over budget", cause=cause)
    message = f"{what}: {cause}"
    return MarketRefused(message, cause=cause)


def _unclear(why: str, txid: str, *, may_be_accepted: bool) -> NodeUnavailable:
    verdict = "it may have been accepted, look it up" if may_be_accepted else "it was not accepted"
    message = f"{why}; the transaction: {verdict}"
    return NodeUnavailable(message, txid=txid, may_be_accepted=may_be_accepted)


def _stripped(answer: Answer) -> str | None:
    try:
        text = answer.json()
    except NodeUnavailable:
        return None
    return text.removeprefix("0x").lower() if isinstance(text, str) else None
