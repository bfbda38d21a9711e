"""HTTP to a node, with every way it can go wrong turned into NodeUnavailable with the reason.

Bodies are bounded, redirects are not followed (they would carry the API key to another host), and
nothing here retries.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlsplit

import aiohttp

from keeper.bounded_http import asked_wait
from keeper.chain.budget import Budget
from keeper.errors import NodeUnavailable

MAX_BODY: Final = 4 * 1024 * 1024
MAX_PATIENCE: Final = 120.0
"""Seconds; however long a server asks us to stay away, we come back after that."""
_EXCERPT: Final = 200
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer of at most 4 MiB."""

    asked: str
    """Method and path, for messages."""
    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    patience: float | None = None
    """Seconds that the server asks us to stay away, at most MAX_PATIENCE."""

    def text(self) -> str:
        """Return the start of the body, for people."""
        return self.body[:_EXCERPT].decode("utf-8", "replace").strip()

    def json(self) -> Any:
        """Return the parsed body. Raises NodeUnavailable when it is not JSON."""
        try:
            return json.loads(self.body, parse_constant=_no_such_number)
        except (ValueError, RecursionError) as exc:
            self.reject(f"not JSON ({type(exc).__name__})")

    def object(self) -> Mapping[str, Any]:
        """Return the parsed body, which has to be an object. Raises NodeUnavailable."""
        parsed = self.json()
        if not isinstance(parsed, dict):
            self.reject("not a JSON object")
        return parsed

    def reject(self, why: str) -> NoReturn:
        """Raise NodeUnavailable for an answer that is not an answer."""
        raise self._error(why)

    def failed(self) -> NodeUnavailable:
        """Return the error for a status that is not a success."""
        limited = f", retry after {self.retry_after[:_EXCERPT]}" if self.retry_after else ""
        return self._error(f"HTTP {self.status}{limited} {self.text()}".rstrip())

    def _error(self, why: str) -> NodeUnavailable:
        message = f"{self.asked}: {why}"
        told = {"retry_after": self.retry_after, "patience": self.patience}
        return NodeUnavailable(message, status=self.status, reason=why, **told)


def _no_such_number(name: str) -> None:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def patience(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, from 0 to MAX_PATIENCE; None when it says nothing usable."""
    wait = asked_wait(headers)
    return None if wait is None else min(wait, MAX_PATIENCE)


def host_of(url: str) -> str:
    """Return host and port of an address, as logs and errors may show them; a path or a user's part may be a secret."""
    return urlsplit(url).netloc.rpartition("@")[2]


class Endpoint:
    """One base URL, its headers, its time-out in seconds, and how often it may be asked."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        budget: Budget | None = None,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._host = host_of(url)
        self._headers = headers
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._budget = budget

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return the answer, whatever its status. Raises NodeUnavailable."""
        await self._turn(urgent=False)
        return await self._ask("GET", path, query, None)

    async def post(
        self, *path: str, query: Mapping[str, str] | None = None, body: object, urgent: bool = False
    ) -> Answer:
        """Return the answer, whatever its status; bytes go as octets, the rest as JSON. Raises NodeUnavailable.

        An `urgent` request may use the reserve of the budget.
        """
        await self._turn(urgent=urgent)
        return await self._ask("POST", path, query, body)

    async def _turn(self, *, urgent: bool) -> None:
        if self._budget is not None:
            await self._budget.take(urgent=urgent)

    async def _ask(self, method: str, path: tuple[str, ...], query: Mapping[str, str] | None, body: object) -> Answer:
        asked = "/".join((f"{method} ", *path)).replace(" /", " /", 1)
        where = "/".join((self._url, *(quote(part, safe="") for part in path)))
        sends: dict[str, Any] = {} if body is None else {"json": body}
        if isinstance(body, bytes):
            sends = {"data": body, "headers": {**self._headers, "Content-Type": "application/octet-stream"}}
        try:
            async with self._session.request(
                method,
                where,
                params=query,
                allow_redirects=False,
                timeout=self._timeout,
                **{"headers": self._headers, **sends},
            ) as response:
                read = await _bounded(response, asked)
                headers = response.headers
                return Answer(asked, response.status, read, headers.get("Retry-After"), patience(headers))
        except TimeoutError:
            message = f"{asked}: no answer from {self._host} within {self._timeout.total} s"
            raise NodeUnavailable(message, reason="time-out", reached=True) from None
        except (aiohttp.ClientError, OSError) as exc:
            # Without the cause: aiohttp's errors hold the request headers, and the API key with them.
            reached = not isinstance(exc, aiohttp.ClientConnectorError)
            message = f"{asked}: {self._host} cannot be reached ({type(exc).__name__})"
            raise NodeUnavailable(message, reason=type(exc).__name__, reached=reached) from None


async def _bounded(response: aiohttp.ClientResponse, asked: str) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > MAX_BODY:
            message = f"{asked}: more than {MAX_BODY} bytes"
            raise NodeUnavailable(message, reason="too large", status=response.status, reached=True)
        chunks.append(chunk)
    return b"".join(chunks)
