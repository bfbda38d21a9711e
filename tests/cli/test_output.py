"""What a command prints stays readable by programs, whatever goes wrong beside it."""

import json

import pytest
import structlog

from tests.cli.kit import CONFIG


@pytest.fixture
def broken(tmp_path):
    """Settings that list a plugin which is not there, and a log that nobody has set up yet, as in a new process."""
    structlog.reset_defaults()
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins='["alex", "nothere"]'))
    (tmp_path / "keeper.key").write_text("11" * 32)
    (tmp_path / "keeper.key").chmod(0o600)
    return file


def test_json__with_a_warning_beside_it__is_json_and_the_warning_is_on_standard_error(keeper, broken):
    _, printed, said = keeper("alerts", "test", "-c", broken, "--json")

    [row] = json.loads(printed)["channels"]
    assert (row["channel"], row["taken"]) == ("nothere", False)
    assert "plugin_left_out" in said


@pytest.mark.parametrize("command", [("plan",), ("estimate", "1")])
def test_json__of_a_command_that_fails__is_nothing_and_the_warnings_are_on_standard_error(keeper, broken, command):
    status, printed, said = keeper(*command, "-c", broken, "--json")

    assert (status, printed) == (1, "")
    assert "plugin_left_out" in said
