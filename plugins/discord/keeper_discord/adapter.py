"""Discord as a Notifier: one post to a webhook for each alert."""

import time
from collections.abc import Callable
from typing import Final

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import Answer
from keeper.webhook import Webhook
from keeper_discord.message import message_for
from keeper_discord.settings import NAME

OK: Final = (200, 204)


def discord(
    url: SecretStr, session: aiohttp.ClientSession, *, monotonic: Callable[[], float] = time.monotonic
) -> Webhook:
    """Return the channel that posts to this webhook."""
    return Webhook(NAME, url, session, message=message_for, trouble=trouble_in, monotonic=monotonic)


def trouble_in(answer: Answer) -> str:
    """Say why Discord did not take a message; empty when it did."""
    return "" if answer.status in OK else f"answered HTTP {answer.status}"
