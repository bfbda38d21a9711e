"""A real report over real HTTP to a sink on loopback: what leaves the process holds no secret."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sentry_sdk

from keeper.errors import NodeUnavailable, UnknownContractError
from keeper.telemetry.redact import STARS, Redactor
from keeper.telemetry.sentry import flush, init_sentry, report

KEY = "7287ba251d44a4d3fd9276c88ce34c5c52a038955511cccaf77e61068649c17801"
API_KEY = "hiro-0123456789abcdef"
WEBHOOK = "https://hooks.slack.com/services/T000/B000/token"


class Sink(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        self.server.taken.append((self.path, gzip.decompress(body) if packed else body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads, server.taken = True, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    init_sentry(
        f"http://public@127.0.0.1:{server.server_port}/7",
        redactor=Redactor([KEY, API_KEY]),
        release="1",
        environment="mainnet",
    )
    yield server
    sentry_sdk.get_client().close(timeout=2.0)
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    thread.join()
    server.server_close()


def events(sink):
    return [json.loads(body.splitlines()[-1]) for _, body in sink.taken]


def ask():
    message = f"GET https://user:pass@node.example/v2/info?key={API_KEY} failed"
    raise NodeUnavailable(message, url=f"https://user:{API_KEY}@node.example", headers={"Authorization": "abcdefgh12"})


def fail():
    held_by_a_local = KEY
    try:
        ask()
    except NodeUnavailable as exc:
        message = f"ERR_99 while signing with {held_by_a_local}, told {WEBHOOK}"
        facts = {"passphrase": "correct horse", "nested": {"list": [KEY]}}
        raise UnknownContractError(message, code=99, **facts) from exc


def test_report__error_with_secrets_everywhere__arrives_without_any(sink):
    try:
        fail()
    except UnknownContractError as exc:
        report(exc, pool=1)
    flush(5.0)

    [(path, body)] = sink.taken
    [event] = events(sink)
    text = body.decode()
    assert path == "/api/7/envelope/"
    assert [one["type"] for one in event["exception"]["values"]] == ["NodeUnavailable", "UnknownContractError"]
    assert event["contexts"]["facts"] == {"code": 99, "passphrase": STARS, "nested": {"list": [STARS]}, "pool": 1}
    for secret in (KEY, API_KEY, "user:pass", "T000/B000", "correct horse", "abcdefgh12"):
        assert secret not in text


def test_report__every_frame__has_no_values_of_variables_and_no_source(sink):
    try:
        fail()
    except UnknownContractError as exc:
        report(exc)
    flush(5.0)

    [event] = events(sink)
    frames = [frame for one in event["exception"]["values"] for frame in one["stacktrace"]["frames"]]
    assert frames
    assert not [frame for frame in frames if {"vars", "context_line", "pre_context"} & set(frame)]
    assert not {"server_name", "request", "user", "breadcrumbs", "modules"} & set(event)
