"""Slack as a Notifier: one post to a webhook for each alert."""

import time
from collections.abc import Callable
from typing import Final

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import Answer
from keeper.webhook import Webhook
from keeper_slack.message import message_for
from keeper_slack.settings import NAME

OK: Final = 200
TAKEN: Final = b"ok"
"""What Slack says when it took a message."""


def slack(
    url: SecretStr, session: aiohttp.ClientSession, *, monotonic: Callable[[], float] = time.monotonic
) -> Webhook:
    """Return the channel that posts to this webhook."""
    return Webhook(NAME, url, session, message=message_for, trouble=trouble_in, monotonic=monotonic)


def trouble_in(answer: Answer) -> str:
    """Say why Slack did not take a message; empty when it did."""
    if answer.status != OK:
        return f"answered HTTP {answer.status}"
    return "" if answer.body.strip() == TAKEN else "did not confirm the message"
