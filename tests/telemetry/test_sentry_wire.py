"""A real report over real HTTP to a sink on loopback: what leaves the process holds no secret."""

import json

import pytest
import sentry_sdk

from keeper.errors import NodeUnavailable, UnknownContractError
from keeper.telemetry.redact import STARS, Redactor
from keeper.telemetry.sentry import flush, init_sentry, report
from tests.alerts.sink import serving

KEY = "7287ba251d44a4d3fd9276c88ce34c5c52a038955511cccaf77e61068649c17801"
API_KEY = "hiro-0123456789abcdef"
WEBHOOK = "https://hooks.slack.com/services/T000/B000/token"


@pytest.fixture
def taken():
    """Return what was posted, as (path, body)."""
    posts = []

    def answer(path, body):
        posts.append((path, body))
        return 200, b"{}", {}

    with serving(answer) as server:
        init_sentry(
            f"http://public@{server.host}/7",
            redactor=Redactor([KEY, API_KEY]),
            release="1",
            environment="mainnet",
        )
        yield posts
        sentry_sdk.get_client().close(timeout=2.0)
        sentry_sdk.get_global_scope().set_client(None)


def events(taken):
    return [json.loads(body.splitlines()[-1]) for _, body in taken]


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


def test_report__error_with_secrets_everywhere__arrives_without_any(taken):
    try:
        fail()
    except UnknownContractError as exc:
        report(exc, pool=1)
    flush(5.0)

    [(path, body)] = taken
    [event] = events(taken)
    text = body.decode()
    assert path == "/api/7/envelope/"
    assert [one["type"] for one in event["exception"]["values"]] == ["NodeUnavailable", "UnknownContractError"]
    assert event["contexts"]["facts"] == {"code": 99, "passphrase": STARS, "nested": {"list": [STARS]}, "pool": 1}
    for secret in (KEY, API_KEY, "user:pass", "T000/B000", "correct horse", "abcdefgh12"):
        assert secret not in text


def test_report__every_frame__has_no_values_of_variables_and_no_source(taken):
    try:
        fail()
    except UnknownContractError as exc:
        report(exc)
    flush(5.0)

    [event] = events(taken)
    frames = [frame for one in event["exception"]["values"] for frame in one["stacktrace"]["frames"]]
    assert frames
    assert not [frame for frame in frames if {"vars", "context_line", "pre_context"} & set(frame)]
    assert not {"server_name", "request", "user", "breadcrumbs", "modules"} & set(event)
