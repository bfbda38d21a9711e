"""What stands beside the pools: nodes, troubles that are not over, where alerts lead, whether the loop is useful."""

import json
from dataclasses import replace

import aiohttp
import pytest
from api_kit import ROOT, api, ask
from samples import NOW, Hands, alert, fill, web_state

from keeper.alerts.open_troubles import NOTE, OpenTrouble
from keeper.chain.members import NodeHealth, Standing
from keeper.core.records import Alert, AlertRecord, Outcome, Severity
from keeper.core.units import Seconds
from keeper.store.sqlite import open_store
from keeper.web.asides import node_line, runbook_link
from keeper.web.health import check_health
from keeper.web.lines import alert_lines
from keeper.web.pages import Records, build_page
from keeper.web.render import Renderer
from keeper.web.server import make_app, serve

RENDERER = Renderer()
LEADS = NodeHealth("node.example", Standing.IN_LINE, True, 0, 0.0, None, 4_381_221, 17.9)  # noqa: FBT003
RESTS = NodeHealth("api.example", Standing.IN_LINE, False, 3, 42.4, "503 from <b>it</b>", 4_381_100, 0.2)  # noqa: FBT003
BEHIND = NodeHealth("far.example", Standing.BEHIND, False, 0, 0.0, None, None, None)  # noqa: FBT003
RUNBOOK = "https://wiki.example/runbook/"


def told(key, *, resolved=False, link="https://wiki.example/runbook/refused.md"):
    record = alert("Pool 1 is refused", Severity.WARNING)
    return replace(record, alert=replace(record.alert, key=key, resolved=resolved, link=link))


def trouble(title="Pool 1 is refused", since=NOW - 900):
    return OpenTrouble(Severity.WARNING, title, 1, Seconds(since), Seconds(NOW))


def page_with(records, **changes):
    state = replace(web_state(None), **changes)
    return RENDERER.page(build_page(records, state, check_health(state.pulse, state.cycle_seconds)))


@pytest.mark.parametrize(
    ("health", "use", "tone", "detail"),
    [
        (LEADS, "used", "good", "block 4,381,221, 17 requests left now"),
        (replace(LEADS, failures=1, last_error="slow"), "used", "warn", "block 4,381,221, 17 requests left now, slow"),
        (RESTS, "resting", "warn", "block 4,381,100, 0 requests left now, rests 42 s more, 503 from <b>it</b>"),
        (BEHIND, "behind", "warn", "no block yet"),
        (replace(LEADS, leads=False), "spare", "none", "block 4,381,221, 17 requests left now"),
    ],
)
def test_node__each_standing__says_what_it_is_good_for(health, use, tone, detail):
    line = node_line(health)

    assert (line.use, line.tone, line.detail) == (use, tone, detail)


def test_page__several_nodes__are_shown_and_what_they_say_is_escaped():
    html = page_with(Records((), (), (), ()), nodes=lambda: (LEADS, RESTS))

    assert all(word in html for word in ("Stacks nodes", "node.example", ">used<", "api.example", ">resting<"))
    assert "503 from &lt;b&gt;it" in html


def test_alerts__open_over_and_come_back__are_told_apart_by_what_was_said_since():
    again, over, first = told("refused:1"), told("refused:1", resolved=True), told("refused:1")
    news, gone = told("rebalanced:1"), told("stuck:1")

    lines = alert_lines((again, over, first, news, gone), {"refused:1"}, NOW)

    assert [line.state for line in lines] == ["open", "over", "over", "event", "over"]


@pytest.mark.parametrize(
    ("key", "runbook", "link"),
    [
        ("refused:1", RUNBOOK, "https://wiki.example/runbook/refused.md"),
        ("halted:BadSettings", "docs/runbook", "docs/runbook/halted-bad-settings.md"),
        ("refused:1", "", ""),
    ],
)
def test_runbook_link__kind_of_alert__is_a_page_of_it(key, runbook, link):
    assert runbook_link(key, runbook) == link


def test_page__open_trouble__stands_above_everything_and_leads_to_its_page():
    records = Records((), (), (told("refused:1"),), (), None, {"refused:1": trouble("<i>Pool 1</i> is refused")})

    html = page_with(records, runbook=RUNBOOK)

    assert html.index("1 alert is not over") < html.index("Recent decisions")
    assert html.count('<a href="https://wiki.example/runbook/refused.md" rel="noreferrer">') == 2
    assert "&lt;i&gt;Pool 1&lt;/i&gt; is refused" in html


@pytest.mark.parametrize(
    "link", ["elsewhere/refused.md", "docs/runbook/../x.md", "javascript:alert(1)", "//evil.example/x"]
)
def test_page__link_that_is_no_web_address__is_text_and_not_a_link(link):
    html = page_with(Records((), (), (told("refused:1", link=link),), ()))

    assert f"what to do: {link}" in html
    assert f'href="{link}' not in html


def test_page__runbook_of_the_keeper_itself__is_a_link_to_it():
    html = page_with(Records((), (), (told("refused:1", link="docs/runbook/refused.md"),), ()))

    assert '<a href="/runbook/refused.md" rel="noreferrer">what to do</a>' in html


def test_page__every_pool_refused__says_that_it_runs_and_is_of_no_use():
    state = web_state(None, Hands(), pools=(1,), beats=False)
    state.pulse.cycle_finished(1, Outcome.REFUSED)
    page = build_page(Records((), (), (), ()), state, check_health(state.pulse, state.cycle_seconds))

    assert page.header.health_text.startswith("It runs, but every pool was refused")
    assert '<p class="banner warn">It runs, but' in RENDERER.page(page)


def test_page__loop_has_an_age__says_it():
    hands = Hands()
    state = web_state(None, hands)
    state.pulse.round_ended()
    hands.at = NOW + 30

    page = build_page(Records((), (), (), ()), state, check_health(state.pulse, state.cycle_seconds))

    assert page.header.health_text == "Last cycle ended 30 s ago; the loop last moved 30 s ago."


async def test_api__nodes_health_and_troubles__are_exact(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        await fill(store)
        await store.add_alert(AlertRecord(_resolved(), ("slack",), ()))
        note = {
            "severity": "warning",
            "title": "Stuck",
            "pool_id": 1,
            "since": NOW - 900,
            "seen_at": NOW,
            "gone_at": None,
        }
        await store.put_note(NOTE, {"stuck:1": note, "broken": {"severity": "?"}})
        async with api(store, nodes=lambda: (LEADS, RESTS), runbook=RUNBOOK) as session:
            _, status, _ = await ask(session, f"{ROOT}/status")
            _, alerts, _ = await ask(session, f"{ROOT}/alerts")
            _, page, _ = await ask(session, "/api/status")

    assert [(node["name"], node["leads"], node["resting_seconds"]) for node in status["nodes"]] == [
        ("node.example", True, 0),
        ("api.example", False, 42),
    ]
    assert (status["nodes"][0]["requests_left"], status["nodes"][1]["last_error"]) == (17, "503 from <b>it</b>")
    health = status["health"]
    assert (health["useful"], health["loop_age_seconds"], health["loop_limit_seconds"]) == (True, None, None)
    assert [(row["key"], row["since"]["unix"], row["link"]) for row in alerts["open"]] == [
        ("stuck:1", NOW - 900, f"{RUNBOOK}stuck.md"),
    ]
    by_key = {row["key"]: row for row in alerts["alerts"]}
    assert (by_key["stuck:1"]["resolved"], by_key["stuck:1"]["kind"], by_key["stuck:1"]["link"]) == (
        True,
        "stuck",
        f"{RUNBOOK}stuck.md",
    )
    assert [node["use"] for node in page["nodes"]] == ["used", "resting"]


async def test_page__served__reads_the_note_of_what_is_open(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        note = {
            "severity": "critical",
            "title": "Halted",
            "pool_id": None,
            "since": NOW,
            "seen_at": NOW,
            "gone_at": None,
        }
        await store.put_note(NOTE, {"halted:BadSettings": note})
        async with (
            serve(make_app(web_state(store)), "127.0.0.1", 0) as address,
            aiohttp.ClientSession(address) as session,
        ):
            text = await (await session.get("/")).text()
            lines = json.loads(await (await session.get("/api/alerts")).text())

    assert ("1 alert is not over" in text, lines) == (True, {"alerts": []})


def _resolved():
    return Alert(
        key="stuck:1",
        severity=Severity.INFO,
        title="Over: stuck",
        what="It was stuck.",
        done="Nothing.",
        remedy="Nothing to do.",
        at=Seconds(NOW - 5),
        link=f"{RUNBOOK}stuck.md",
        resolved=True,
    )
