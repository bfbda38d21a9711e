"""One HTTP request with every bound that an answer from outside needs; for plugins.

What goes wrong comes back as words, never as the client's own exception: that would carry the request,
and with it the key or the webhook's address, into logs and reports.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

_CHUNK: Final = 65_536
LONGEST_WAIT: Final = 86_400.0
"""Seconds; a server that asks for more than a day is not taken at its word."""
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `trouble` is empty when the body is complete; `status` is 0 when none arrived."""

    status: int
    body: bytes = b""
    retry_after: int | None = None
    """What `asked_wait` makes of the answer's headers, in whole seconds, rounded up."""
    trouble: str = ""


async def ask(session: aiohttp.ClientSession, method: str, url: str, *, most: int, **options: Any) -> Answer:
    """Make one request and read at most `most` bytes of its answer. Follows no redirect and never raises for the network.

    `options` are those of aiohttp's request: params, headers, json.
    """
    status, retry_after, body = 0, None, bytearray()
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            status, retry_after = response.status, _rounded_up(asked_wait(response.headers))
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > most:
                    return Answer(status, b"", retry_after, "answered far more than was asked")
    except TimeoutError:
        return Answer(status, b"", retry_after, "did not answer in time")
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        return Answer(status, b"", retry_after, f"could not be reached ({type(exc).__name__})")
    return Answer(status, bytes(body), retry_after)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, from 0 to LONGEST_WAIT; None when it says nothing usable.

    A date is taken by the server's own clock (`Date`), so that ours does not matter.
    """
    asked = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return min(float(asked), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST_WAIT)


def _rounded_up(seconds: float | None) -> int | None:
    return None if seconds is None else math.ceil(seconds)
