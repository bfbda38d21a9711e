"""Lazer's stream: a price every second over one websocket, so that an answer needs no request and outlives an outage of HTTP.

It is opened when somebody first asks, opened again at the next address when it ends, and left when nobody asks any
more or the session is closed. Nothing here waits for it: without a fresh price from it the next service is asked.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

import aiohttp
import structlog
from pydantic import SecretStr

from keeper.core.prices import Observation, PricePoint, RefusedPrice
from keeper.errors import SourceUnavailable
from keeper.pause import pause
from keeper.ports import Clock
from keeper_pyth.parse import NAME, Window, lazer_prices_from
from keeper_pyth.services import lazer_question
from keeper_pyth.settings import PythSettings

SUBSCRIPTION: Final = 1
MAX_MESSAGE: Final = 65_536
"""Bytes; some hundred feeds."""
HEARTBEAT: Final = 10.0
"""Seconds between pings; one that is not answered ends the connection."""
OLDEST: Final = 30
"""Seconds by the keeper's clock; older prices are left to the other services, whatever the stream repeats."""

log: Final = structlog.get_logger("keeper.pyth")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is waited for, in seconds."""

    fresh: float = 5.0
    """After this the last message is no answer any more; there should be one a second."""
    quiet: float = 10.0
    """A connection without an update for so long is given up."""
    idle: float = 900.0
    """Without a question for so long the stream is left."""
    first_wait: float = 1.0
    """Before a new connection; doubles while nothing is heard."""
    longest_wait: float = 60.0


class Stream:
    """The newest message of Lazer's stream, as one of Pyth's services."""

    def __init__(
        self,
        settings: PythSettings,
        key: SecretStr,
        session: aiohttp.ClientSession,
        clock: Clock,
        patience: Patience = Patience(),
    ) -> None:
        self.feeds: Mapping[str, int] = settings.lazer_feeds
        self._addresses = settings.lazer_streams
        self._ahead = settings.max_ahead_seconds
        self._key = key
        self._session = session
        self._clock = clock
        self._patience = patience
        self._task: asyncio.Task[None] | None = None
        self._last: object = None
        self._heard_at: float | None = None
        self._asked_at = 0.0
        self._told = ""

    async def prices(self, symbols: list[str]) -> list[Observation]:
        """Return what the last message says while it is fresh, else nothing. Raises SourceUnavailable for an odd one."""
        self._asked_at = asyncio.get_running_loop().time()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name="pyth-stream")
        if self._heard_at is None or self._asked_at - self._heard_at > self._patience.fresh:
            return []
        now = self._clock.now()
        try:
            found = lazer_prices_from(
                self._last, {name: self.feeds[name] for name in symbols}, Window(now, self._ahead)
            )
        except SourceUnavailable as exc:
            refused = exc.facts.get("refused")
            if not isinstance(refused, tuple):
                raise
            found = [item for item in refused if isinstance(item, RefusedPrice)]
        return [item for item in found if not isinstance(item, PricePoint) or now - item.seen_at <= OLDEST]

    async def _keep(self) -> None:
        """Keep a connection open while somebody asks; after one that brought nothing, wait twice as long."""
        first, longest, never = self._patience.first_wait, self._patience.longest_wait, asyncio.Event()
        wait = first
        for address in cycle(self._addresses):
            heard_before = self._heard_at
            self._tell(await self._listen(address))
            if self._session.closed or self._is_idle():
                return
            wait = first if self._heard_at != heard_before else min(2 * wait, longest)
            await pause(never, wait)

    async def _listen(self, address: str) -> str:
        """Listen on one connection; return in words why it ended. The client's own errors would show the key."""
        try:
            async with asyncio.timeout(self._patience.quiet) as limit:
                return await self._converse(address, limit)
        except TimeoutError:
            return f"no update for {self._patience.quiet:g} s"
        except aiohttp.WSServerHandshakeError as exc:
            return f"the connection was refused with HTTP {exc.status}"
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as exc:  # the last: the session is closed
            return f"could not be reached ({type(exc).__name__})"

    async def _converse(self, address: str, limit: asyncio.Timeout) -> str:
        question = {"type": "subscribe", "subscriptionId": SUBSCRIPTION, "deliveryFormat": "json"}
        question |= lazer_question(self.feeds.values(), formats=())
        loop = asyncio.get_running_loop()
        async with self._session.ws_connect(
            address,
            headers={"Authorization": f"Bearer {self._key.get_secret_value()}"},
            heartbeat=HEARTBEAT,
            max_msg_size=MAX_MESSAGE,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        ) as socket:
            await socket.send_json(question)
            async for message in socket:
                said = _said(message)
                match said.get("type"):
                    case "streamUpdated" if said.get("subscriptionId") == SUBSCRIPTION:
                        self._last, self._heard_at = said, loop.time()
                        limit.reschedule(self._heard_at + self._patience.quiet)
                        self._tell("")
                    case "subscribed" | "subscribedWithInvalidFeedIdsIgnored":
                        pass
                    case "error" | "subscriptionError":
                        return "the subscription was refused"
                    case _:
                        return "it said something that is no update"
                if self._is_idle():
                    return "nobody asks any more"
            return "the connection was ended"

    def _is_idle(self) -> bool:
        return asyncio.get_running_loop().time() - self._asked_at > self._patience.idle

    def _tell(self, trouble: str) -> None:
        """Log a change, not every second attempt."""
        if trouble and trouble != self._told:
            log.warning("pyth_stream_down", source=NAME, reason=trouble)
        elif self._told and not trouble:
            log.info("pyth_stream_up", source=NAME)
        self._told = trouble


def _said(message: aiohttp.WSMessage) -> dict[str, Any]:
    """Return a message as a table; an empty one for whatever is none."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        body = json.loads(message.data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
