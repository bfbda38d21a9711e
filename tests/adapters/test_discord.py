from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from keeper.core.records import Severity
from keeper.testing import build
from keeper.testing.conformance import NotifierConformance
from keeper.testing.fakes import ManualClock
from keeper.webhook import Webhook
from keeper_discord import keeper_notifiers
from keeper_discord.adapter import discord as channel_to
from keeper_discord.message import message_for
from keeper_discord.settings import settings_from

HIDDEN = "1234567890/a-token-that-must-stay-hidden"


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def is_valid(body: Any) -> bool:
    """Whether Discord would take a message."""
    embed = body["embeds"][0]
    fields = [(field["name"], field["value"]) for field in embed["fields"]]
    sized = [
        (embed["title"], 256),
        (embed["description"], 4_096),
        (embed["footer"]["text"], 2_048),
        *((name, 256) for name, _ in fields),
        *((value, 1_024) for _, value in fields),
    ]
    total = sum(size(text) for text, _ in sized)
    return all(0 < size(text) <= limit for text, limit in sized) and len(fields) <= 25 and total <= 6_000


@pytest.fixture
def discord(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Webhook:
    async def take(_: web.Request) -> web.StreamResponse:
        return web.Response(status=204 if is_valid(remote.bodies[-1]) else 400)

    remote.answer = take
    return channel_to(SecretStr(f"{remote.root}/api/webhooks/{HIDDEN}"), session, monotonic=lambda: clock.at)


class TestDiscordConformance(NotifierConformance):
    @pytest.fixture
    def notifier(self, discord: Webhook) -> Webhook:
        return discord

    @pytest.fixture
    def delivered(self, remote: Any) -> Callable[[], str]:
        return lambda: repr(remote.bodies)

    @pytest.fixture
    def secret(self) -> str:
        return HIDDEN


@pytest.mark.parametrize(
    ("severity", "colour"),
    [(Severity.INFO, 0x3498DB), (Severity.WARNING, 0xF1C40F), (Severity.CRITICAL, 0xE74C3C)],
)
async def test_send__alert__is_one_embed_in_the_colour_of_its_severity(
    discord: Webhook, remote: Any, severity: Severity, colour: int
) -> None:
    await discord.send(build.alert(severity, title="Ledger mismatch", pool_id=2, facts={"drift": "12 bps"}))

    assert [request.path for request in remote.requests] == [f"/api/webhooks/{HIDDEN}"]
    embed = remote.bodies[0]["embeds"][0]
    assert embed["title"] == f"{severity.value.upper()}: Ledger mismatch"
    assert embed["color"] == colour
    assert [field["name"] for field in embed["fields"]] == ["What the keeper did", "What you can do", "Facts"]
    assert embed["fields"][-1]["value"] == "drift: 12 bps"
    assert embed["timestamp"] == "2026-11-18T11:06:40+00:00"
    assert embed["footer"]["text"].startswith("pool 2")


def test_message__mentions_and_mark_up_in_data__are_text() -> None:
    body = message_for(build.alert(title="@everyone", what="<@1> **bold** [click](https://evil.example) ||x||"))

    embed = body["embeds"][0]
    assert body["allowed_mentions"] == {"parse": []}
    assert embed["title"] == "WARNING: @\u200beveryone"
    assert embed["description"] == (
        "\\<@\u200b1\\> \\*\\*bold\\*\\* \\[click\\]\\(https://evil.example\\) \\|\\|x\\|\\|"
    )


def test_message__long_text__is_cut_at_whole_escapes_and_says_so() -> None:
    body = message_for(build.alert(done="*" * 3_000))

    value = body["embeds"][0]["fields"][0]["value"]
    assert size(value) <= 1_024
    assert value == "\\*" * 511 + "…"


@pytest.mark.parametrize(
    "alert",
    [
        build.alert(title="*" * 9_000, what="*" * 9_000, done="@" * 9_000, remedy="_" * 9_000),
        build.alert(facts={f"k{n}": "\U0001f40b" * 2_000 for n in range(50)}, what="\U0001f40b" * 9_000),
        build.alert(title=" ", what="\n\n", done="\x00", remedy=""),
    ],
)
def test_message__worst_case__stays_inside_every_limit(alert: Any) -> None:
    assert is_valid(message_for(alert))


async def test_hook__without_an_address__adds_no_channel(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    assert list(keeper_notifiers(build.toolbox(session, clock))) == []


async def test_hook__with_an_address__adds_discord(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    section = {"webhook_url": f"https://discord.com/api/webhooks/{HIDDEN}"}
    toolbox = build.toolbox(session, clock, settings={"discord": section})

    channels = list(keeper_notifiers(toolbox))

    assert [channel.name for channel in channels] == ["discord"]
    assert HIDDEN not in repr(channels) + repr(toolbox)


@pytest.mark.parametrize(
    "section",
    [
        {"webhook_url": f"http://discord.com/{HIDDEN}"},
        {"webhook_url": f"discord.com/{HIDDEN}"},
        {"webhook_url": f"https://discord.com/{HIDDEN} "},
        {"webhook": f"https://discord.com/{HIDDEN}"},
        {"webhook_url": [HIDDEN]},
    ],
    ids=["plain http", "no scheme", "space", "typo", "list"],
)
def test_settings__odd_address__is_refused_without_showing_it(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_from(section)

    assert HIDDEN not in str(caught.value)


def test_message__runbook__is_where_the_title_leads_or_a_field() -> None:
    address = message_for(replace(build.alert(), link="https://runbook.example/refused.md"))["embeds"][0]
    path = message_for(replace(build.alert(), link="docs/runbook/refused.md"))["embeds"][0]

    assert address["url"] == "https://runbook.example/refused.md"
    assert "Runbook" not in [part["name"] for part in address["fields"]]
    assert "url" not in path
    assert path["fields"][-1] == {"name": "Runbook", "value": "docs/runbook/refused.md", "inline": False}


def test_message__trouble_is_over__is_green_and_says_resolved() -> None:
    embed = message_for(replace(build.alert(Severity.INFO, title="Over: prices disagree"), resolved=True))["embeds"][0]

    assert embed["title"] == "RESOLVED: Over: prices disagree"
    assert embed["color"] == 0x2ECC71
