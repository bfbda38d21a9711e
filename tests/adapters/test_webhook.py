"""What every alert channel that is a webhook does alike, whatever its messages look like."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from keeper.errors import NotifierUnavailable
from keeper.testing import build
from keeper.testing.conformance import text_of
from keeper.testing.fakes import ManualClock
from keeper.webhook import Webhook, fitted
from keeper_discord import adapter as discord
from keeper_slack import adapter as slack

HIDDEN = "1234567890/a-token-that-must-stay-hidden"
TAKES = {slack.slack: web.Response(text="ok"), discord.discord: web.Response(status=204)}
"""What makes each channel, and its service's yes."""


@pytest.fixture(params=TAKES, ids=lambda channel_to: channel_to.__name__)
def channel_to(request: pytest.FixtureRequest) -> Callable[..., Webhook]:
    return request.param


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7), ("0.3", 1), (None, 1), ("86400", 300), ("soon", 1), ("inf", 1), ("nan", 1)]
)
async def test_send__too_many_messages__waits_as_told_within_bounds(
    channel_to: Callable[..., Webhook],
    remote: Any,
    session: aiohttp.ClientSession,
    clock: ManualClock,
    header: str | None,
    wait: int,
) -> None:
    channel = channel_to(SecretStr(f"{remote.root}/{HIDDEN}"), session, monotonic=lambda: clock.at)
    yes = TAKES[channel_to]
    remote.says({"retry_after": 0.3}, status=429, headers={} if header is None else {"Retry-After": header})
    with pytest.raises(NotifierUnavailable) as first:
        await channel.send(build.alert())
    remote.says(yes.text or "", status=yes.status)

    with pytest.raises(NotifierUnavailable) as second:
        await channel.send(build.alert())
    clock.advance(wait)
    await channel.send(build.alert())

    assert first.value.facts["retry_after"] == second.value.facts["retry_after"] == wait
    assert len(remote.requests) == 2


async def test_send__address_that_cannot_be_one__is_unavailable_without_showing_it(
    channel_to: Callable[..., Webhook], session: aiohttp.ClientSession
) -> None:
    channel = channel_to(SecretStr(f"https://a..b/{HIDDEN}"), session)

    with pytest.raises(NotifierUnavailable, match="could not be reached") as caught:
        await channel.send(build.alert())

    assert HIDDEN not in text_of(caught.value)


@pytest.mark.parametrize(
    ("pieces", "limit", "kept"),
    [
        (["ab", "cd"], 5, "abcd"),
        (["ab", "cd"], 4, "ab…"),
        (["\U0001f40b", "\U0001f40b"], 5, "\U0001f40b\U0001f40b"),
        (["\U0001f40b", "\U0001f40b"], 4, "\U0001f40b…"),
        (["\\*", "\\*"], 4, "\\*…"),
        ([], 1, ""),
    ],
)
def test_fitted__pieces__are_kept_whole_and_counted_as_the_services_count(
    pieces: list[str], limit: int, kept: str
) -> None:
    assert fitted(pieces, limit) == kept
