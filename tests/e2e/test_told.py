"""A real keeper whose node never answers: people are told, before any block was seen, and the process still ends at once."""

import json
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from keeper.demo.local_chain import free_port
from tests.cli.kit import CONFIG
from tests.e2e.conftest import KEEPER, ROOT, clean_env, keeper

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("e2e")]
TOLD_SECONDS = 120


class Slack(BaseHTTPRequestHandler):
    """Says that it is too busy the first time, then takes everything."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append((time.monotonic(), body))
        busy = len(self.server.posts) == 1
        self.send_response(429 if busy else 200)
        self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no" if busy else b"ok")
        if not busy:
            self.server.told.set()

    def log_message(self, *_):
        pass


@pytest.fixture
def slack():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slack)
    server.daemon_threads, server.posts, server.told = True, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def start(folder, slack):
    config, port = folder / "keeper.toml", free_port()
    settings = CONFIG.format(folder=folder, plugins='["slack"]').replace(
        "[[assets]]", "cycle_seconds = 1\n[[assets]]", 1
    )
    address = f"http://127.0.0.1:{slack.server_port}/services/a-secret-path"
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
