"""A scripted node on a loopback port, and a StacksNode that talks to it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.chain.rpc import StacksNode

sys.path.insert(0, str(Path(__file__).parent))

from scripted_node import KEY, ScriptedNode


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
