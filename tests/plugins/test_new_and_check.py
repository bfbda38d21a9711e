"""`keeper plugins`: a generated project passes its kit as generated, and what is wrong with one is said with its remedy."""

import json

import pytest
from typer.testing import CliRunner

from keeper.cli import app
from keeper.cli.plugin_check import KITS, check_plugin, kit_tests
from keeper.cli.plugin_new import TEMPLATES, make
from keeper.errors import BadInput
from keeper.registry import KINDS

SECONDS = 300.0


def failed(findings):
    return {finding.name: finding for finding in findings if not finding.ok}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_new__project_as_generated__passes_its_kit(tmp_path, kind):
    folder = tmp_path / "made"
    make("acme_one", kind, folder)

    findings = check_plugin(str(folder), seconds=SECONDS)

    assert failed(findings) == {}
    assert [finding.name for finding in findings] == ["project", "hooks", "kit"]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_new__files__have_nothing_of_the_template_left(tmp_path, kind):
    texts = [path.read_text() + path.name for path in make("acme", kind, tmp_path / "made")]

    words = [word for one in TEMPLATES.values() for word in (one.word, one.type_name)]
    assert texts
    assert [word for word in words for text in texts if word in text] == []


@pytest.mark.parametrize("name", ["", "Acme", "a b", "a-b", "../acme", "1acme", "a" * 33])
def test_new__name_that_is_none__is_refused_and_writes_nothing(tmp_path, name):
    with pytest.raises(BadInput, match="is no name for a plugin"):
        make(name, "venue", tmp_path / "made")

    assert list(tmp_path.iterdir()) == []


def test_new__folder_in_use__is_refused(tmp_path):
    (tmp_path / "mine").touch()

    with pytest.raises(BadInput, match="is not empty"):
        make("acme", "venue", tmp_path)


def test_check__misspelt_hook__is_named_with_the_hooks_there_are(tmp_path):
    make("acme", "notifier", tmp_path / "made")
    module = tmp_path / "made/keeper_acme/__init__.py"
    module.write_text(module.read_text().replace("def keeper_notifiers(", "def keeper_notifier("))

    found = failed(check_plugin(str(tmp_path / "made"), seconds=SECONDS))

    assert "keeper_notifier" in found["hooks"].detail
    assert "keeper_notifiers" in found["hooks"].remedy


def test_check__channel_that_shouts_its_address__is_named_with_the_kits_reason(tmp_path):
    make("acme", "notifier", tmp_path / "made")
    adapter = tmp_path / "made/keeper_acme/adapter.py"
    adapter.write_text(adapter.read_text().replace('why = answer.trouble or f"answered {answer.status}"', "why = url"))

    found = failed(check_plugin(str(tmp_path / "made"), seconds=SECONDS))

    assert set(found) == {"test_send__outage__is_notifier_unavailable"}
    assert "without the address" in found["test_send__outage__is_notifier_unavailable"].remedy


def test_check__tests_without_the_kit__are_not_enough(tmp_path):
    make("acme", "notifier", tmp_path / "made")
    (tmp_path / "made/tests/test_acme.py").write_text("def test_nothing():\n    assert True\n")

    found = failed(check_plugin(str(tmp_path / "made"), seconds=SECONDS))

    assert "NotifierConformance" in found["kit"].remedy


@pytest.mark.parametrize("text", [None, "", "[project\n", "[project]\nentry-points = 5\n"])
def test_check__project_file_that_names_no_plugin__is_said_with_a_remedy(tmp_path, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)

    [finding] = check_plugin(str(tmp_path), seconds=SECONDS)

    assert (finding.name, finding.ok) == ("project", False)
    assert finding.remedy


def test_list__json__has_every_plugin_with_its_hooks_and_state():
    done = CliRunner().invoke(app, ["plugins", "list", "--json"])

    rows = {row["name"]: row for row in json.loads(done.stdout)["plugins"]}
    assert (rows["alex"]["hooks"], rows["alex"]["distribution"]) == (["keeper_dexes"], "whale-keeper-alex")
    assert rows["alex"]["state"] == "installed"


@pytest.mark.parametrize("plugin", ["slack", "alex", "pyth"])
def test_check__installed_without_its_tests__is_sound_and_says_that_the_kit_was_not_run(plugin):
    findings = check_plugin(plugin, seconds=SECONDS)

    assert [(finding.name, finding.ok) for finding in findings] == [("installed", True), ("hooks", True), ("kit", True)]
    assert findings[-1].detail.startswith("not run")


def test_check__not_installed__fails_with_a_remedy():
    done = CliRunner().invoke(app, ["plugins", "check", "nosuch", "--json"])

    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is False


@pytest.mark.parametrize("command", ["list", "new", "check"])
def test_help__every_command__has_an_example(command):
    assert f"Example: keeper plugins {command}" in CliRunner().invoke(app, ["plugins", command, "--help"]).stdout


def test_kits__every_hook__has_one_with_tests_in_it():
    assert set(KITS) == set(KINDS)
    assert all(len(kit_tests(kit)) > 3 for kit in KITS.values())
