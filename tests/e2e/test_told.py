"""A real keeper whose node never answers: people are told, before any block was seen, and the process still ends at once."""

import json
import signal
import subprocess
import threading
import time

import pytest

from keeper.demo.local_chain import free_port
from tests.alerts.sink import serving
from tests.cli.kit import CONFIG
from tests.e2e.conftest import KEEPER, ROOT, clean_env, keeper

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("e2e")]
TOLD_SECONDS = 120


class Slack:
    """Says that it is too busy the first time, then takes everything."""

    def __init__(self):
        self.posts, self.told = [], threading.Event()

    def answer(self, _, body):
        self.posts.append((time.monotonic(), json.loads(body)))
        if len(self.posts) == 1:
            return 429, b"no", {"Retry-After": "2"}
        self.told.set()
        return 200, b"ok", {}


@pytest.fixture
def slack():
    there = Slack()
    with serving(there.answer) as server:
        there.root = f"http://{server.host}"
        yield there


def start(folder, slack):
    config, port = folder / "keeper.toml", free_port()
    settings = CONFIG.format(folder=folder, plugins='["slack"]').replace(
        "[[assets]]", "cycle_seconds = 1\n[[assets]]", 1
    )
    address = f"{slack.root}/services/a-secret-path"
    config.write_text(f'web_port = {port}\nlog_format = "json"\n{settings}[plugin.slack]\nwebhook_url = "{address}"\n')
    (folder / "keeper.key").write_text("01".rjust(64, "0"))
    (folder / "keeper.key").chmod(0o600)
    with (folder / "keeper.log").open("wb") as out:
        command = [str(KEEPER), "run", "-c", str(config)]
        return config, subprocess.Popen(command, cwd=ROOT, env=clean_env(), stdout=out, stderr=out)


def test_run__node_never_answers__slack_hears_it_after_its_patience(tmp_path, slack):
    config, process = start(tmp_path, slack)
    try:
        told = slack.told.wait(TOLD_SECONDS)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
    log = (tmp_path / "keeper.log").read_text()
    listed = json.loads(keeper("alerts", "list", "-c", str(config), "--open", "--json").stdout)["open"]

    assert told, log[-2_000:]
    (asked_at, _), (told_at, message) = slack.posts[:2]
    assert told_at - asked_at >= 1.9
    assert message["text"] == "CRITICAL: The keeper cannot work"
    assert "docs/runbook/cycles-skipped.md" in json.dumps(message)
    assert status == 0
    assert "a-secret-path" not in log
    assert [row["kind"] for row in listed] == ["cycles-skipped"]
    assert listed[0]["since_at"] > 1_700_000_000
