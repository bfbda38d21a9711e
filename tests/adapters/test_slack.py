from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from keeper.clock import ChainClock
from keeper.core.records import Severity
from keeper.errors import NotifierUnavailable
from keeper.testing import build
from keeper.testing.conformance import NotifierConformance
from keeper.testing.fakes import ManualClock
from keeper.webhook import Webhook
from keeper_slack import keeper_notifiers
from keeper_slack.adapter import slack as channel_to
from keeper_slack.message import message_for
from keeper_slack.settings import settings_from

HIDDEN = "T000/B000/a-token-that-must-stay-hidden"


def fault_in(body: Any) -> str:
    """What Slack would find wrong with a message."""
    texts = [b["text"] for b in body["blocks"] if "text" in b]
    texts += [e for b in body["blocks"] if b["type"] == "context" for e in b["elements"]]
    limits = {"header": 150, "section": 3_000}
    if not 1 <= len(body["blocks"]) <= 50 or not body["text"]:
        return "no_text"
    if any(t["type"] not in ("plain_text", "mrkdwn") or not t["text"] for t in texts):
        return "invalid_blocks"
    long = [b for b in body["blocks"] if b["type"] in limits and size(b["text"]["text"]) > limits[b["type"]]]
    return "invalid_blocks_format" if long else ""


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.fixture
def slack(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Webhook:
    async def take(_: web.Request) -> web.StreamResponse:
        fault = fault_in(remote.bodies[-1])
        return web.Response(text=fault or "ok", status=400 if fault else 200)

    remote.answer = take
    return channel_to(SecretStr(f"{remote.root}/services/{HIDDEN}"), session, monotonic=lambda: clock.at)


class TestSlackConformance(NotifierConformance):
    @pytest.fixture
    def notifier(self, slack: Webhook) -> Webhook:
        return slack

    @pytest.fixture
    def delivered(self, remote: Any) -> Callable[[], str]:
        return lambda: repr(remote.bodies)

    @pytest.fixture
    def secret(self) -> str:
        return HIDDEN


async def test_send__alert__is_one_post_with_the_severity_first(slack: Webhook, remote: Any) -> None:
    await slack.send(build.alert(Severity.CRITICAL, title="Ledger mismatch", pool_id=2, facts={"drift": "12 bps"}))

    assert [request.path for request in remote.requests] == [f"/services/{HIDDEN}"]
    body = remote.bodies[0]
    assert body["text"] == "CRITICAL: Ledger mismatch"
    assert [block["type"] for block in body["blocks"]] == ["header", *["section"] * 4, "context"]
    texts = [block["text"]["text"] for block in body["blocks"][:-1]]
    assert [text.split("\n")[0] for text in texts[1:]] == [
        "What happened",
        "What the keeper did",
        "What you can do",
        "Facts",
    ]
    assert texts[-1].endswith("drift: 12 bps")
    assert "pool 2" in body["blocks"][-1]["elements"][0]["text"]


def test_message__mentions_and_mark_up_in_data__are_text() -> None:
    body = message_for(build.alert(title="<!channel>", what="<@U012> & <https://evil.example|click> *bold*"))

    assert "<" not in repr(body).replace("\\n", "")
    assert body["text"] == "WARNING: &lt;!channel&gt;"
    assert body["mrkdwn"] is False
    assert "&lt;@U012&gt; &amp; &lt;https://evil.example|click&gt; *bold*" in body["blocks"][1]["text"]["text"]


def test_message__long_text__is_cut_at_whole_entities_and_says_so() -> None:
    body = message_for(build.alert(what="<" * 5_000))

    text = body["blocks"][1]["text"]["text"].removeprefix("What happened\n")
    assert size(text) <= 3_000
    assert text.endswith("…")
    assert text[:-1] == "&lt;" * ((len(text) - 1) // 4)


def test_message__runbook__is_a_link_only_where_it_is_an_address() -> None:
    def last(link: str) -> list[Any]:
        context = message_for(replace(build.alert(), link=link))["blocks"][-1]
        return [(part["type"], part["text"]) for part in context["elements"][1:]]

    assert last("https://runbook.example/refused.md") == [("mrkdwn", "<https://runbook.example/refused.md|Runbook>")]
    assert last("docs/runbook/refused.md") == [("plain_text", "Runbook: docs/runbook/refused.md")]
    assert last("https://x.example/|<!channel>") == [("plain_text", "Runbook: https://x.example/|&lt;!channel&gt;")]
    assert last("") == []


def test_message__trouble_is_over__says_resolved() -> None:
    body = message_for(replace(build.alert(Severity.INFO, title="Over: prices disagree"), resolved=True))

    assert body["text"] == "RESOLVED: Over: prices disagree"


async def test_send__before_any_block_was_seen__goes_out(remote: Any, session: aiohttp.ClientSession) -> None:
    remote.says("ok")
    toolbox = build.toolbox(session, ChainClock(), settings={"slack": {"webhook_url": f"{remote.root}/x"}})
    [channel] = keeper_notifiers(toolbox)

    await channel.send(build.alert())

    assert len(remote.requests) == 1


async def test_send__body_that_does_not_say_ok__is_not_taken_for_delivery(slack: Webhook, remote: Any) -> None:
    remote.says("no_service")

    with pytest.raises(NotifierUnavailable, match="did not confirm"):
        await slack.send(build.alert())


async def test_hook__without_an_address__adds_no_channel(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    assert list(keeper_notifiers(build.toolbox(session, clock))) == []


async def test_hook__with_an_address__adds_slack(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    toolbox = build.toolbox(session, clock, settings={"slack": {"webhook_url": f"https://hooks.slack.com/{HIDDEN}"}})

    channels = list(keeper_notifiers(toolbox))

    assert [channel.name for channel in channels] == ["slack"]
    assert HIDDEN not in repr(channels) + repr(toolbox)


@pytest.mark.parametrize(
    "section",
    [
        {"webhook_url": f"http://hooks.slack.com/{HIDDEN}"},
        {"webhook_url": f"hooks.slack.com/{HIDDEN}"},
        {"webhook_url": f"https://hooks.slack.com/{HIDDEN}\n"},
        {"webhook": f"https://hooks.slack.com/{HIDDEN}"},
        {"webhook_url": [HIDDEN]},
    ],
    ids=["plain http", "no scheme", "line break", "typo", "list"],
)
def test_settings__odd_address__is_refused_without_showing_it(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_from(section)

    assert HIDDEN not in str(caught.value)
