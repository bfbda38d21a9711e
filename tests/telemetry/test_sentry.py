import json
import logging

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from keeper.errors import LedgerMismatch
from keeper.telemetry.redact import Redactor
from keeper.telemetry.sentry import flush, init_sentry, report

KEY = "7287ba251d44a4d3fd9276c88ce34c5c52a038955511cccaf77e61068649c17801"
SENT: list[str] = []


class Kept(Transport):
    """Keeps what would have been sent."""

    def capture_envelope(self, envelope: Envelope) -> None:
        SENT.append(envelope.serialize().decode())


@pytest.fixture
def sent():
    SENT.clear()
    init_sentry(
        "https://public@sentry.example/1",
        redactor=Redactor([KEY]),
        release="1",
        environment="testnet",
        transport=Kept,
    )
    yield SENT
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def fail() -> None:
    local_secret = KEY
    raise LedgerMismatch(f"books differ near {local_secret}", booked=5, api_key="abcdef")


def test_sentry__no_dsn__stays_off():
    assert init_sentry(None, redactor=Redactor(), release="1", environment="testnet") is False

    report(RuntimeError("nobody hears this"))

    assert not sentry_sdk.is_initialized()


def test_report__error_with_secrets__is_sent_without_them(sent):
    try:
        fail()
    except LedgerMismatch as exc:
        report(exc, pool=3)
    flush()

    (text,) = sent
    event = json.loads(text.splitlines()[-1])
    assert event["exception"]["values"][0]["type"] == "LedgerMismatch"
    assert event["contexts"]["facts"]["booked"] == 5
    assert event["contexts"]["facts"]["pool"] == 3
    assert KEY not in text
    assert "abcdef" not in text
    assert not {"server_name", "user", "request", "breadcrumbs", "modules"} & set(event)
    assert "vars" not in text


def test_log_line__of_level_error__is_not_reported(sent):
    logging.getLogger("keeper").error("cycle_failed")
    flush()

    assert sent == []
