"""Several scripted nodes on loopback ports behind one `Nodes`, and a timer that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from scripted_node import WHO, Reply, ScriptedNode

from keeper.chain import clarity
from keeper.chain.nodes import NodeAddress, Nodes, open_nodes
from keeper.core.chain_types import Tip

CALL = f"/v2/contracts/call-read/{WHO}/pool/get-it"
NONCES = f"/extended/v3/principals/{WHO}/nonces"
ACCOUNT = f"/v2/accounts/{WHO}"
SEND = "/v2/transactions"
KEY = "a-key-nobody-may-see"
NOT_THERE = Reply({"error": "not found"}, status=404)
DOWN = Reply(b"<html>502</html>", status=502)


@dataclass
class Timer:
    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Several:
    """Scripted nodes, first to last, and what is in front of them."""

    scripts: list[ScriptedNode]
    nodes: Nodes
    timer: Timer
    servers: list[TestServer] = field(default_factory=list)

    def asked(self, path: str) -> list[int]:
        """Return how often each was asked for a path."""
        return [script.paths.count(path) for script in self.scripts]

    async def kill(self, number: int) -> None:
        self.scripts[number].over.set()
        await self.servers[number].close()


def block_id(height: int, fork: str = "a") -> str:
    return f"{fork}{height:063x}"


def stands_at(script: ScriptedNode, height: int, fork: str = "a", since: int = 0) -> None:
    """Let a node and its API stand at `height`; blocks from `since` on are those of the fork."""
    ids = {at: block_id(at, fork if at >= since else "a") for at in range(max(height - 30, 0), height + 1)}
    script["/v3/tenures/info"] = {"tip_block_id": ids[height], "tip_height": height}
    for at, name in [(at, str(at)) for at in ids] + [(height, "latest")]:
        script[f"/extended/v2/blocks/{name}"] = {
            "height": at,
            "index_block_hash": "0x" + ids[at],
            "block_time": 1_790_000_000 + 6 * at,
        }


def answers(script: ScriptedNode, number: int) -> None:
    """Let everything else answer too, with a number that tells the nodes apart."""
    script[CALL] = {"okay": True, "result": "0x" + clarity.uint(number).hex()}
    mempool = {"last_nonce": None, "pending_nonces": [], "missing_nonces": []}
    script[NONCES] = {"next_nonce": number, "last_confirmed_nonce": None, "mempool": mempool}
    script[ACCOUNT] = {"balance": hex(number), "nonce": 0}
    script["/v2/fees/transaction"] = {"estimations": [{"fee": 1_000 + number}]}


def breaks(script: ScriptedNode, reply: Reply) -> dict[str, Reply]:
    """Let every path of a node break the same way; return what was there before."""
    before = dict(script.replies)
    for path in [*before, SEND]:
        script[path] = reply
    return before


async def reads(nodes: Nodes, tip: Tip) -> Any:
    return await nodes.read(f"{WHO}.pool", "get-it", [], tip)


@asynccontextmanager
async def several(
    count: int, *, timeout: float = 10.0, grace: float = 5.0, wall: Callable[[], float] | None = None, **more: Any
) -> AsyncIterator[Several]:
    """Open this many nodes at height 100; `more` goes to every address."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        scripts, servers = [ScriptedNode() for _ in range(count)], []
        for number, script in enumerate(scripts):
            app = web.Application(client_max_size=8 << 20)
            app.router.add_route("*", "/{path:.*}", script.handle)
            server = TestServer(app)
            await server.start_server(shutdown_timeout=0.1)
            stack.push_async_callback(server.close)
            stack.callback(script.over.set)
            script.url = str(server.make_url("/"))
            servers.append(server)
            stands_at(script, 100)
            answers(script, number)
        timer = Timer()
        addresses = [NodeAddress(script.url, api_key=KEY, **more) for script in scripts]
        nodes = open_nodes(
            session, addresses, asyncio.Event(), monotonic=timer, timeout=timeout, grace=grace, wall=wall
        )
        yield Several(scripts, nodes, timer, servers)
