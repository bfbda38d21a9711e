"""One post to a webhook for each alert, and patience when it asks for it; for plugins that are alert channels."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, NoReturn

import aiohttp
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from keeper.bounded_http import Answer, ask
from keeper.core.records import Alert
from keeper.errors import NotifierUnavailable

TOO_MANY_REQUESTS: Final = 429
MOST_QUIET: Final = 300
"""Longest patience in seconds, whatever Retry-After says: an alert must not wait for a day."""
MAX_ANSWER: Final = 10_000
_ADDRESS: Final = re.compile(r"https://[!-~]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/[!-~]*)?")


def _is_address(url: SecretStr) -> SecretStr:
    if not _ADDRESS.fullmatch(url.get_secret_value()):
        msg = "a webhook address starts with https:// (plain http only on this machine)"
        raise ValueError(msg)
    return url


def fitted(pieces: Iterable[str], limit: int) -> str:
    """Join pieces that are kept whole or not at all; `limit` is in UTF-16 units, as services count. A mark says what was cut."""
    kept: list[str] = []
    room = limit - 1  # for the mark that says something was cut
    for piece in pieces:
        room -= len(piece.encode("utf-16-le")) // 2
        if room < 0:
            return "".join(kept) + "…"
        kept.append(piece)
    return "".join(kept)


class WebhookSettings(BaseModel):
    """The section of a channel that is a webhook."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook_url: Annotated[SecretStr, AfterValidator(_is_address)] | None = None
    """Whoever knows it can post, so it is a secret; without one the plugin adds no channel."""


class Webhook:
    """The `Notifier` of a webhook. Its address is a password and is shown nowhere.

    `message` makes the JSON to post, `trouble` says what is wrong with an answer that is not 429 and came
    whole (empty: the message was taken). Patience is counted by a timer that nobody sets, not by the
    chain's clock: an alert must go out before the first block is seen, too.
    """

    def __init__(
        self,
        name: str,
        url: SecretStr,
        session: aiohttp.ClientSession,
        *,
        message: Callable[[Alert], Mapping[str, Any]],
        trouble: Callable[[Answer], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._url = url
        self._session = session
        self._message = message
        self._trouble = trouble
        self._monotonic = monotonic
        self._quiet_until = monotonic()

    @property
    def name(self) -> str:
        """The name used in settings, logs and records."""
        return self._name

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable, with `retry_after` seconds when patience was asked for."""
        quiet = self._quiet_until - self._monotonic()
        if quiet > 0:
            left = max(round(quiet), 1)
            self._fail(f"asked for patience, for {left} s more", retry_after=left)
        url = self._url.get_secret_value()
        answer = await ask(self._session, "POST", url, most=MAX_ANSWER, json=self._message(alert))
        if answer.status == TOO_MANY_REQUESTS:
            retry_after = min(max(answer.retry_after or 1, 1), MOST_QUIET)
            self._quiet_until = self._monotonic() + retry_after
            self._fail(
                f"says too many messages; it takes none for {retry_after} s",
                status=answer.status,
                retry_after=retry_after,
            )
        if trouble := answer.trouble or self._trouble(answer):
            self._fail(trouble, status=answer.status)

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"{self._name} {why}"
        raise NotifierUnavailable(msg, notifier=self._name, **facts)
