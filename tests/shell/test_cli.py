"""The command line as a shell sees it: what is printed where, and the exit status."""

import json

import pytest
from typer.testing import CliRunner

from keeper.cli import app
from keeper.whale_file import MAX_BYTES
from tests.cli.kit import CONFIG, shell
from tests.shell.test_whale_file import ROW, file_of

DONE, FAILED, MISUSED, PERSON_NEEDED = 0, 1, 2, 78


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins="[]"))
    return str(file)


@pytest.fixture
def keeper(capsys):
    return shell(capsys)


def test_command__unknown__is_misuse(keeper):
    status, _, err = keeper("dance")

    assert (status, "No such command" in err) == (MISUSED, True)


@pytest.mark.parametrize("command", ["run", "check", "plan", "status"])
def test_command__settings_file_missing__needs_a_person(keeper, tmp_path, command):
    status, out, err = keeper(command, "--config", tmp_path / "none.toml")

    assert (status, out) == (PERSON_NEEDED, "")
    assert "none.toml" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_command__key_file_missing__needs_a_person(keeper, config, command):
    status, _, err = keeper(command, "--config", config)

    assert status == PERSON_NEEDED
    assert "keeper.key" in err


def test_check__plugin_not_installed__needs_a_person_and_names_it(keeper, tmp_path):
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins='["newdex"]'))
    (tmp_path / "keeper.key").touch(mode=0o600)
    (tmp_path / "keeper.key").write_text("00" * 31 + "01")

    status, _, err = keeper("check", "--config", file)

    assert (status, "newdex" in err) == (PERSON_NEEDED, True)


def test_whales__loaded__are_listed(keeper, config, tmp_path):
    loaded = keeper("whales", "load", file_of(tmp_path, ROW), "--config", config)
    again = keeper("whales", "load", tmp_path / "whales.json", "--config", config, "--json")
    listed = keeper("whales", "list", "defi", "--config", config, "--json")

    assert json.loads(again[1]) == {"file": str(tmp_path / "whales.json"), "whales": 1}
    assert (loaded[0], loaded[1].strip()) == (DONE, "1 whales are in the store")
    assert [whale["address"] for whale in json.loads(listed[1])["whales"]] == [ROW["address"]]


def test_whales__removed__are_listed_no_more(keeper, config, tmp_path):
    keeper("whales", "load", file_of(tmp_path, ROW, ROW | {"category": "meme"}), "--config", config)

    one = keeper("whales", "remove", ROW["address"], "--category", "meme", "--config", config)
    left = json.loads(keeper("whales", "list", "defi", "--config", config, "--json")[1])["whales"]
    rest = keeper("whales", "remove", ROW["address"], "--config", config, "--json")
    again = keeper("whales", "remove", ROW["address"], "--config", config)

    assert (one[0], len(left)) == (DONE, 1)
    assert one[1].split() == f"{ROW['address']} is no longer followed in the category meme".split()
    assert (rest[0], json.loads(rest[1])["removed"]) == (DONE, 1)
    assert (again[0], "is not in the store" in again[1]) == (FAILED, True)


def test_whales__from_standard_input__are_loaded_or_refused_like_a_file(keeper, config):
    given = [json.dumps([ROW]), json.dumps([ROW | {"score": -1}]), " " * (MAX_BYTES + 1)]

    done = [CliRunner().invoke(app, ["whales", "load", "-", "-c", config], input=text) for text in given]

    assert done[0].output.strip() == "1 whales are in the store"
    assert [
        "standard input, whale 0.score" in str(done[1].exception),
        "standard input is larger than" in str(done[2].exception),
    ] == [True, True]
    listed = json.loads(keeper("whales", "list", "defi", "-c", config, "--json")[1])
    assert [whale["address"] for whale in listed["whales"]] == [ROW["address"]]


def test_whales__bad_file__fails_with_one_sentence(keeper, config, tmp_path):
    status, out, err = keeper("whales", "load", file_of(tmp_path, ROW | {"score": -1}), "--config", config)

    assert (status, out) == (FAILED, "")
    assert "whale 0.score" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("fault", ["nonsense", "[]"])
def test_demo__fault_that_is_no_rule__fails_before_anything_starts(keeper, fault):
    status, _, err = keeper("demo", "--once", "--fault", fault)

    assert (status, "--fault takes a JSON object" in err) == (FAILED, True)
