"""An HTTP server that answers each path with what a test wrote down for it, or breaks as it was told to."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from keeper.chain.hashing import sha512_256
from keeper.core.chain_types import Tip

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
