import re
import shutil
import subprocess
from pathlib import Path

import pytest

from keeper.cli import EXIT_FAILED, EXIT_PERSON_NEEDED
from keeper.settings import CONFIG_ENV, STATE_ENV, Settings, load_settings
from keeper.store.opening import MongoPlace, SqlitePlace
from tests.settings.test_settings import BASE

UNITS = Path(__file__).parents[2] / "systemd"


def directives(unit: str = "keeper.service") -> list[tuple[str, str]]:
    """Return a unit's directives in order."""
    lines = (UNITS / unit).read_text().splitlines()
    return [(name, value) for name, _, value in (line.partition("=") for line in lines) if value and name[0] != "#"]


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bKEEPER_[A-Z_]+", text))


def test_unit__leaving_with_78__is_not_restarted():
    found = dict(directives())

    assert (found["Type"], found["Restart"], found["RestartPreventExitStatus"]) == ("notify", "on-failure", "78")
    assert int(found["WatchdogSec"]) >= 60


def test_unit__key__comes_as_a_credential_and_never_by_environment():
    text = (UNITS / "keeper.service").read_text()

    assert "LoadCredential=signer_key:/etc/keeper/signer_key" in text
    assert "Environment=KEEPER_SIGNER_KEY_FILE=%d/signer_key" in text
    assert ("DynamicUser", "yes") in directives()


def test_unit__every_place_a_signer_may_need__is_handed_over_and_none_has_to_be_there():
    named = re.findall(r'"credential:(\w+)"', (UNITS.parent / "docs/signers.md").read_text())
    for unit in ("keeper.service", "keeper-check.service"):
        loaded, absent = (
            {value.partition(":")[0] for name, value in directives(unit) if name == kind}
            for kind in ("LoadCredential", "SetCredential")
        )

        assert absent == loaded - {"keeper.toml"}
        assert absent == set(named) == {"signer_key", "keystore", "passphrase", "signer_token"}


@pytest.mark.parametrize(
    "section",
    [
        'kind = "keystore"\nfile = "credential:keystore"\npassphrase_file = "credential:passphrase"',
        f'kind = "remote"\nurl = "http://127.0.0.1:5183"\npublic_key = "02{"ab" * 32}"\ntoken_file = "credential:signer_token"',
    ],
)
def test_unit__another_signer_in_the_settings__wins_over_the_key_file_of_the_unit(tmp_path, section):
    file = tmp_path / "keeper.toml"
    file.write_text(
        'network = "testnet"\nnode_url = "http://127.0.0.1:1"\ndeployer = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"\n'
        f"[signer]\n{section}\n"
    )
    given = dict(value.split("=", 1) for name, value in directives() if name == "Environment")
    image = re.findall(r"(KEEPER_SIGNER_\w+)=(\S+)", (UNITS.parent / "Containerfile").read_text())

    for environment in (given, dict(image)):
        assert "KEEPER_SIGNER_KEY_FILE" in environment
        settings = load_settings(
            file, {k: v for k, v in environment.items() if k not in {"PYTHONUNBUFFERED", CONFIG_ENV}}
        )
        assert settings.signer_key_file is None
        assert settings.signer_source() == settings.signer.source()


def test_keeperctl__runs_a_command_as_the_unit_runs_the_keeper():
    script = (UNITS / "keeperctl").read_text()
    unit = directives()
    given = re.findall(r"--property=(\w+)=(\S+)", script)
    folder = "/run/credentials/$unit.service"
    set_env = [value.replace("%d", folder).replace("%S", "/var/lib") for name, value in unit if name == "Environment"]

    assert [pair for pair in given if pair not in unit and pair[0] != "WorkingDirectory"] == []
    for name in ("DynamicUser", "User", "StateDirectory", "LoadCredential", "SetCredential", "EnvironmentFile"):
        assert [value for key, value in unit if key == name] == [value for key, value in given if key == name]
    told = {name: value.strip('"') for name, value in re.findall(r"--setenv=(KEEPER_\w+)=(\S+)", script)}
    assert told.items() <= dict(pair.split("=", 1) for pair in set_env).items()
    assert {CONFIG_ENV, "KEEPER_SIGNER_KEY_FILE", STATE_ENV} == set(told)
    assert f'{dict(unit)["ExecStart"].removesuffix(" run")} "$@"' in script


def test_unit_and_example__every_keeper_name__is_a_setting():
    names = names_in((UNITS / "keeper.service").read_text()) | names_in((UNITS / "keeper.env.example").read_text())

    fields = {name.removeprefix("KEEPER_").split("__")[0].lower() for name in names - {CONFIG_ENV, STATE_ENV}}

    assert "signer_key_file" in fields
    assert fields <= set(Settings.model_fields)


def told_to(name: str) -> dict[str, str]:
    """Return what a unit, or keeperctl, tells the keeper by its environment."""
    text = (UNITS / name).read_text()
    pairs = re.findall(r"^Environment=(KEEPER_\w+)=(\S+)|--setenv=(KEEPER_\w+)=(\S+)", text, re.MULTILINE)
    told = {one or other: value or text.strip('"') for one, value, other, text in pairs}
    return {name: value.replace("%S", "/var/lib") for name, value in told.items()}


@pytest.mark.parametrize("name", ["keeper.service", "keeper-check.service", "keeperctl"])
def test_unit__store__is_the_file_of_its_state_or_the_mongodb_that_is_named(name, tmp_path):
    file, url = tmp_path / "keeper.toml", {"KEEPER_STORE__URL": "mongodb://db.example/?replicaSet=rs0"}
    file.write_text(f'store_path = "/etc/keeper/keeper.sqlite3"\n{BASE}')
    by_file = load_settings(file, told_to(name)).store_place()
    file.write_text(BASE)
    by_url = load_settings(file, told_to(name) | url).store_place()

    assert by_file == SqlitePlace(Path("/var/lib/keeper/keeper.sqlite3"))
    assert isinstance(by_url, MongoPlace)


def test_example__as_shipped__sets_nothing():
    lines = (UNITS / "keeper.env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("unit", ["keeper.service", "keeper-check.service"])
@pytest.mark.parametrize("tool", [found] if (found := shutil.which("systemd-analyze")) else [])
def test_unit__judged_by_systemd__is_exposed_by_no_more_than_1_5(tool, unit):
    """Runs where systemd is; elsewhere pytest says that there was nothing to run it with, and the next test stands in."""
    done = subprocess.run(
        [tool, "security", "--offline=true", "--threshold=15", "--no-pager", str(UNITS / unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)

    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    assert float(level[1]) <= 1.5


@pytest.mark.parametrize("unit", ["keeper.service", "keeper-check.service"])
@pytest.mark.parametrize("tool", [found] if (found := shutil.which("systemd-analyze")) else [])
def test_unit__read_by_systemd__has_no_word_it_does_not_know(tool, unit, tmp_path):
    # With a program that is there: systemd also looks whether what it would start can be started.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", (UNITS / unit).read_text(), flags=re.MULTILINE)
    (tmp_path / unit).write_text(text.replace("Documentation=", "#"))
    done = subprocess.run(
        [tool, "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False, timeout=60
    )

    assert [line for line in done.stderr.splitlines() if unit in line] == []


def test_unit__check__is_as_closed_as_the_keeper_and_has_the_same_eyes():
    own = {"Type", "ExecStart", "TimeoutStartSec", "Description", "Documentation", "After", "Wants", "StateDirectory"}
    keeper, check = set(directives()), set(directives("keeper-check.service"))

    assert {pair for pair in check - keeper if pair[0] not in own} == set()
    hardening = {pair for pair in keeper if pair[0].startswith(("Protect", "Private", "Restrict", "SystemCall", "Cap"))}
    assert len(hardening) > 20
    assert hardening <= check


def test_timer__check__is_daily_and_makes_up_for_a_missed_day():
    found = dict(directives("keeper-check.timer"))

    assert (found["OnCalendar"], found["Persistent"], found["WantedBy"]) == ("daily", "true", "timers.target")


def test_readme__exit_codes__are_those_of_the_command_line():
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", (UNITS / "README.md").read_text(), re.MULTILINE))

    assert set(rows) == {"0", str(EXIT_FAILED), "2", str(EXIT_PERSON_NEEDED)}
    assert "person" in rows["78"]
