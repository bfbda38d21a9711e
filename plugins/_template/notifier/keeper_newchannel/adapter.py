"""The channel as a Notifier: one text per alert, sent to a webhook. Its address is a password and is never shown."""

from typing import Final

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import ask
from keeper.core.records import Alert
from keeper.errors import NotifierUnavailable

NAME: Final = "newchannel"
LONGEST: Final = 900
"""Characters that the channel takes of each part."""
MOST_BYTES: Final = 10_000


class NewChannel:
    """A `Notifier` over HTTP."""

    def __init__(self, webhook_url: SecretStr, session: aiohttp.ClientSession) -> None:
        self._webhook_url = webhook_url
        self._session = session

    @property
    def name(self) -> str:
        """Always `newchannel`."""
        return NAME

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable."""
        url = self._webhook_url.get_secret_value()
        answer = await ask(self._session, "POST", url, most=MOST_BYTES, json={"text": text_of(alert)})
        if answer.trouble or answer.status != 200:  # noqa: PLR2004
            why = answer.trouble or f"answered {answer.status}"
            message = f"{NAME} {why}"
            raise NotifierUnavailable(message, notifier=NAME, retry_after=answer.retry_after)


def text_of(alert: Alert) -> str:
    """Return the alert as plain text: severity first, what happened, what was done, what a person can do, and its page."""
    parts = (f"{alert.severity.value}: {alert.title}", alert.what, alert.done, alert.remedy, alert.link)
    return "\n".join(_cut(part) for part in parts)


def _cut(text: str) -> str:
    """Make any text one that can be sent: within the limit, without what is no character, mentions taken apart."""
    clean = text.encode("utf-8", "replace").decode().replace("\x00", " ").replace("@", "@\u200b")
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
