"""`keeper alerts test | list` against channels on loopback and a real store."""

import asyncio
import json

import pytest

from keeper.alerts.router import AlertRouter
from keeper.core.records import Alert, Severity
from keeper.core.units import Seconds
from keeper.settings import load_settings
from keeper.store.sqlite import open_store
from keeper.testing.fakes import FakeNotifier, ManualClock
from tests.alerts.sink import serving
from tests.cli.kit import CONFIG

DONE, FAILED = 0, 1
AT = Seconds(1_795_262_400)


class Channels:
    """Takes what is posted to /slack and /discord, and knows nothing else."""

    def __init__(self):
        self.taken = []

    def answer(self, path, body):
        self.taken.append((path, json.loads(body)))
        status, text = {"/slack": (200, b"ok"), "/discord": (204, b"")}.get(path, (404, b"no_service"))
        return status, text, {}


@pytest.fixture
def channels():
    there = Channels()
    with serving(there.answer) as server:
        there.root = f"http://{server.host}"
        yield there


def configured(folder, channels, *, discord="/discord"):
    root = channels.root
    text = CONFIG.format(folder=folder, plugins='["slack", "discord"]')
    text += f'\n[plugin.slack]\nwebhook_url = "{root}/slack"\n[plugin.discord]\nwebhook_url = "{root}{discord}"\n'
    file = folder / "keeper.toml"
    file.write_text(text + '[alerts.channels]\ndiscord = "critical"\n')
    return file


def test_test__every_channel__gets_one_message(keeper, channels, tmp_path):
    status, printed, _ = keeper("alerts", "test", "-c", configured(tmp_path, channels), "--json")

    rows = {row["channel"]: row for row in json.loads(printed)["channels"]}
    assert status == DONE
    assert sorted(path for path, _ in channels.taken) == ["/discord", "/slack"]
    assert [rows[name]["taken"] for name in ("slack", "discord")] == [True, True]
    assert (rows["slack"]["gets"], rows["discord"]["gets"]) == ("everything", "critical only")


def test_test__one_channel_fails__says_which_and_why_without_its_address(keeper, channels, tmp_path):
    config = configured(tmp_path, channels, discord="/a-secret-path")

    status, printed, said = keeper("alerts", "test", "-c", config)

    assert status == FAILED
    assert "failed: discord answered HTTP 404" in printed
    assert "a-secret-path" not in printed + said


def test_test__one_channel_named__leaves_the_others_alone(keeper, channels, tmp_path):
    config = configured(tmp_path, channels)

    known = keeper("alerts", "test", "-c", config, "--channel", "slack")
    unknown = keeper("alerts", "test", "-c", config, "--channel", "pager")

    assert known[0] == DONE
    assert [path for path, _ in channels.taken] == ["/slack"]
    assert unknown[0] == FAILED
    assert "there is slack, discord" in unknown[2]


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ("webhook_uri", "webhook_uri: Extra inputs"),
        ("#webhook_url", "adds no channel: complete its section [plugin.slack]"),
    ],
)
def test_test__a_channel_that_does_not_come_about__has_failed(keeper, channels, tmp_path, section, why):
    config = configured(tmp_path, channels)
    config.write_text(config.read_text().replace("webhook_url", section, 1))

    status, printed, _ = keeper("alerts", "test", "-c", config, "--json")
    alone = keeper("alerts", "test", "-c", config, "--json", "--channel", "slack")

    rows = {row["channel"]: row for row in json.loads(printed)["channels"]}
    assert (status, rows["discord"]["taken"], rows["slack"]["taken"]) == (FAILED, True, False)
    assert why in rows["slack"]["trouble"]
    assert (alone[0], json.loads(alone[1])["channels"]) == (FAILED, [rows["slack"]])


def test_test__a_channel_that_takes_no_more_now__says_for_how_long(keeper, tmp_path, channels):
    with serving(lambda _path, _body: (429, b"", {"Retry-After": "37"})) as server:
        channels.root = f"http://{server.host}"
        status, printed, _ = keeper("alerts", "test", "-c", configured(tmp_path, channels), "--channel", "discord")

    assert (status, "it takes none for 37 s" in printed) == (FAILED, True)


def test_test__no_channels__says_what_to_do_and_fails(keeper, config):
    status, printed, _ = keeper("alerts", "test", "-c", config)

    assert status == FAILED
    assert "No alert channel is configured" in printed


def told(config):
    """Let people be told of a trouble and of an event."""

    async def tell():
        clock = ManualClock()
        clock.at = AT
        settings = load_settings(config, {})
        async with open_store(settings.store_path) as store:
            router = AlertRouter([FakeNotifier()], store, clock)
            words = {"what": "what", "done": "done", "remedy": "remedy", "at": AT}
            await router.send(Alert("low-balance:ST1", Severity.WARNING, "Runs out of STX", **words))
            await router.send(Alert("rebalanced:1:4", Severity.INFO, "Back on target", **words))
            await router.flush(5)

    asyncio.run(tell())


def test_list__told_of_two__shows_both_and_only_the_trouble_is_open(keeper, config):
    told(config)

    everything = json.loads(keeper("alerts", "list", "-c", config, "--json")[1])["alerts"]
    still_there = json.loads(keeper("alerts", "list", "-c", config, "--open", "--json")[1])["open"]

    assert {row["title"]: row["sent_to"] for row in everything} == {
        "Runs out of STX": "fake",
        "Back on target": "fake",
    }
    assert {row["link"] for row in everything} == {"docs/runbook/low-balance.md", "docs/runbook/rebalanced.md"}
    assert [(row["kind"], row["since_at"]) for row in still_there] == [("low-balance", AT)]


@pytest.mark.usefixtures("new_store")
def test_list__for_people__is_a_table(keeper, config):
    empty = keeper("alerts", "list", "-c", config)[1], keeper("alerts", "list", "-c", config, "--open")[1]
    told(config)

    assert "Nobody was told anything yet." in empty[0]
    assert "Nothing is open." in empty[1]
    assert "2026-11-21 12:00:00 UTC" in keeper("alerts", "list", "-c", config)[1]
    assert "Runs out of STX" in keeper("alerts", "list", "-c", config, "--open")[1]
