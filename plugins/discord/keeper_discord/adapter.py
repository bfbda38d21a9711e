"""Discord as a Notifier: one post to a webhook for each alert."""

from typing import Final, NoReturn

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import Answer, ask
from keeper.core.records import Alert
from keeper.core.units import Seconds
from keeper.errors import NotifierUnavailable
from keeper.ports import Clock
from keeper_discord.message import message_for
from keeper_discord.settings import NAME

OK: Final = (200, 204)
TOO_MANY_REQUESTS: Final = 429
MOST_QUIET: Final = 300
"""Longest patience in seconds, whatever Retry-After says: an alert must not wait for a day."""
MAX_ANSWER: Final = 10_000


class Discord:
    """The `Notifier` of a Discord webhook. Its address is a password and is shown nowhere."""

    def __init__(self, webhook_url: SecretStr, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._url = webhook_url
        self._session = session
        self._clock = clock
        self._quiet_until = Seconds(0)

    @property
    def name(self) -> str:
        """Always `discord`."""
        return NAME

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable, with `retry_after` seconds when Discord asked for patience."""
        quiet = self._quiet_until - self._clock.now()
        if 0 < quiet <= MOST_QUIET:  # longer means that the clock was set back
            self._fail("asked for patience", retry_after=quiet)
        answer = await self._post(alert)
        status, trouble = answer.status, answer.trouble
        if status == TOO_MANY_REQUESTS:
            retry_after = min(max(answer.retry_after or 1, 1), MOST_QUIET)
            self._quiet_until = Seconds(self._clock.now() + retry_after)
            self._fail("says too many messages", status=status, retry_after=retry_after)
        if not trouble and status not in OK:
            trouble = f"answered HTTP {status}"
        if trouble:
            self._fail(trouble, status=status)

    async def _post(self, alert: Alert) -> Answer:
        url = self._url.get_secret_value()
        return await ask(self._session, "POST", url, most=MAX_ANSWER, json=message_for(alert))

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"discord {why}"
        raise NotifierUnavailable(msg, notifier=NAME, **facts)
