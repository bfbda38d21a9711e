"""One HTTP request with every bound that an answer from outside needs; for plugins.

What goes wrong comes back as words, never as the client's own exception: that would carry the request,
and with it the key or the webhook's address, into logs and reports.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

_CHUNK: Final = 65_536
_LONGEST_WAIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `trouble` is empty when the body is complete; `status` is 0 when none arrived."""

    status: int
    body: bytes = b""
    retry_after: int | None = None
    """Whole seconds from the Retry-After header, rounded up; None when it says nothing usable."""
    trouble: str = ""


async def ask(session: aiohttp.ClientSession, method: str, url: str, *, most: int, **options: Any) -> Answer:
    """Make one request and read at most `most` bytes of its answer. Follows no redirect and never raises for the network.

    `options` are those of aiohttp's request: params, headers, json.
    """
    status, retry_after, body = 0, None, bytearray()
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            status, retry_after = response.status, _seconds(response.headers.get("Retry-After", ""))
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > most:
                    return Answer(status, b"", retry_after, "answered far more than was asked")
    except TimeoutError:
        return Answer(status, b"", retry_after, "did not answer in time")
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        return Answer(status, b"", retry_after, f"could not be reached ({type(exc).__name__})")
    return Answer(status, bytes(body), retry_after)


def _seconds(header: str) -> int | None:
    try:
        wait = float(header)
    except ValueError:
        return None
    return math.ceil(wait) if math.isfinite(wait) and 0 <= wait < _LONGEST_WAIT else None
