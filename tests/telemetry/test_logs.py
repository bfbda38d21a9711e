import io
import json
import logging
import warnings

import pytest
import structlog

from keeper.telemetry.logs import setup_logging
from keeper.telemetry.redact import STARS

KEY = "7287ba251d44a4d3fd9276c88ce34c5c52a038955511cccaf77e61068649c17801"


@pytest.fixture
def out():
    stream = io.StringIO()
    yield stream
    root = logging.getLogger()
    for handler in [one for one in root.handlers if one.get_name() == "keeper"]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def fail() -> None:
    message = f"could not sign with {KEY}"
    raise RuntimeError(message)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_json__an_event__is_one_object_a_line_with_its_facts(out):
    setup_logging(fmt="json", stream=out)

    structlog.get_logger("keeper.cycle").info("cycle_finished", pool=1, outcome="refused", note="two\nlines")

    (line,) = lines(out)
    assert line["event"] == "cycle_finished"
    assert (line["level"], line["logger"], line["pool"]) == ("info", "keeper.cycle", 1)
    assert str(line["timestamp"]).endswith("Z")


def test_level__below_the_one_set__is_not_written(out):
    setup_logging(level="warning", fmt="json", stream=out)

    structlog.get_logger().info("quiet_thing")
    structlog.get_logger().warning("loud_thing")

    assert [line["event"] for line in lines(out)] == ["loud_thing"]


def test_secrets__anywhere_in_a_line_or_traceback__never_appear(out):
    setup_logging(fmt="json", secrets=[KEY], stream=out)
    log = structlog.get_logger()

    try:
        fail()
    except RuntimeError:
        log.exception("sign_failed", detail={"deep": [f"0x{KEY}"]}, api_key="abc", headers={"Authorization": "xyz123"})
    logging.getLogger("somebody.else").error("posting to %s", f"https://example.org/{KEY}")

    text = out.getvalue()
    assert KEY not in text
    assert "xyz123" not in text
    first, second = lines(out)
    assert first["api_key"] == STARS
    assert "RuntimeError" in str(first["exception"])
    assert second["event"] == f"posting to https://example.org/{STARS}"


def test_setup__called_twice__writes_each_line_once(out):
    setup_logging(fmt="json", stream=io.StringIO())
    setup_logging(fmt="json", stream=out)

    structlog.get_logger().info("once")

    assert len(lines(out)) == 1


def test_console__not_a_terminal__has_no_colour_codes_and_no_secret(out):
    setup_logging(fmt="console", secrets=[KEY], stream=out)

    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("went_wrong", pool=2)

    assert "went_wrong" in out.getvalue()
    assert "pool=2" in out.getvalue()
    assert "Traceback" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert KEY not in out.getvalue()


def test_python_warning__becomes_a_log_line(out):
    setup_logging(fmt="json", stream=out)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", UserWarning, stacklevel=1)

    assert "old thing" in out.getvalue()
