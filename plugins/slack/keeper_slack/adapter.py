"""Slack as a Notifier: one post to a webhook for each alert."""

from typing import Final, NoReturn

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import Answer, ask
from keeper.core.records import Alert
from keeper.core.units import Seconds
from keeper.errors import NotifierUnavailable
from keeper.ports import Clock
from keeper_slack.message import message_for
from keeper_slack.settings import NAME

OK: Final = 200
TAKEN: Final = b"ok"
"""What Slack says when it took a message."""
TOO_MANY_REQUESTS: Final = 429
MOST_QUIET: Final = 300
"""Longest patience in seconds, whatever Retry-After says: an alert must not wait for a day."""
MAX_ANSWER: Final = 10_000


class Slack:
    """The `Notifier` of a Slack webhook. Its address is a password and is shown nowhere."""

    def __init__(self, webhook_url: SecretStr, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._url = webhook_url
        self._session = session
        self._clock = clock
        self._quiet_until = Seconds(0)

    @property
    def name(self) -> str:
        """Always `slack`."""
        return NAME

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable, with `retry_after` seconds when Slack asked for patience."""
        quiet = self._quiet_until - self._clock.now()
        if 0 < quiet <= MOST_QUIET:  # longer means that the clock was set back
            self._fail("asked for patience", retry_after=quiet)
        answer = await self._post(alert)
        status, trouble = answer.status, answer.trouble
        if status == TOO_MANY_REQUESTS:
            retry_after = min(max(answer.retry_after or 1, 1), MOST_QUIET)
            self._quiet_until = Seconds(self._clock.now() + retry_after)
            self._fail("says too many messages", status=status, retry_after=retry_after)
        if not trouble and status != OK:
            trouble = f"answered HTTP {status}"
        if not trouble and answer.body.strip() != TAKEN:
            trouble = "did not confirm the message"
        if trouble:
            self._fail(trouble, status=status)

    async def _post(self, alert: Alert) -> Answer:
        url = self._url.get_secret_value()
        return await ask(self._session, "POST", url, most=MAX_ANSWER, json=message_for(alert))

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"slack {why}"
        raise NotifierUnavailable(msg, notifier=NAME, **facts)
