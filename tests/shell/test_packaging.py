"""What is shipped: installs are locked by hash, the container runs as nobody, and nothing lying about gets into it."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from keeper.settings import CONFIG_ENV, STATE_ENV, Settings

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def steps():
    """Return the container file's instructions as (word, rest), continued lines joined."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage():
    found = steps()
    start = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    return dict(found[start:])


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_container__runs__as_a_number_without_a_name_or_rights():
    stage = last_stage()

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", stage["USER"])
    assert (stage["ENTRYPOINT"], stage["CMD"], stage["STOPSIGNAL"]) == ('["keeper"]', '["run"]', "SIGTERM")
    assert stage["HEALTHCHECK"].endswith('CMD ["keeper", "health"]')


def test_container__all_it_writes__is_under_its_volume():
    stage = last_stage()
    volume = "/var/lib/keeper"

    assert stage["VOLUME"] == f'["{volume}"]'
    assert stage["WORKDIR"] == volume
    assert f"{STATE_ENV}={volume}" in stage["ENV"].split()
    assert "PYTHONDONTWRITEBYTECODE=1" in stage["ENV"].split()


def test_container__its_environment__has_no_key_and_only_known_names():
    names = set(re.findall(r"\bKEEPER_([A-Z_]+)=", last_stage()["ENV"]))
    names -= {name.removeprefix("KEEPER_") for name in (CONFIG_ENV, STATE_ENV)}

    assert {name.lower() for name in names} <= set(Settings.model_fields)
    assert "KEEPER_SIGNER_KEY_FILE=/run/secrets/signer_key" in last_stage()["ENV"]


def test_container__installs__by_the_script_alone():
    runs = [rest for word, rest in steps() if word == "RUN"]

    assert [run for run in runs if "pip" in run] == []
    assert "/src/packaging/install.sh /opt/keeper" in runs


def test_install_script__every_install__is_locked_by_hash_or_of_our_own_wheels():
    text = (ROOT / "packaging/install.sh").read_text()
    installs = re.findall(r"pip\" (install .*|wheel .*)", text)

    assert len(installs) == 4
    assert [
        line
        for line in installs
        if "--require-hashes -r" not in line
        and "--no-deps --no-index" not in line
        and "--no-build-isolation" not in line
    ] == []


def test_install_script__folder_is_there__touches_nothing(tmp_path):
    done = subprocess.run(
        ["sh", str(ROOT / "packaging/install.sh"), str(tmp_path)],  # noqa: S607 - the machine's own shell
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, "is there already" in done.stderr, list(tmp_path.iterdir())) == (1, True, [])


def test_install_script__what_it_reads__gets_into_the_image():
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    script = (ROOT / "packaging/install.sh").read_text()

    assert ignored[1] == "*"
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert set(re.findall(r'"\$here"?/(\w+)', script)) <= kept
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {name for name in built["force-include"] if not name.startswith("plugins/")} <= kept
    assert {"keeper", "pyproject.toml", "README.md", "LICENSE"} <= kept
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


def test_run_lock__every_dependency__is_pinned_as_the_tests_have_it():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    run, dev = (
        {canonical(name): version for name, version in PINNED.findall((ROOT / f"requirements/{lock}.txt").read_text())}
        for lock in ("run", "dev")
    )

    assert {canonical(re.split(r"[><=\[; ]", line)[0]) for line in wanted} <= set(run)
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize("lock", ["run", "build"])
def test_lock__every_package__has_a_hash(lock):
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    packages = re.findall(r"^[\w.-]+==.*(?:\n    .*)*", text, re.MULTILINE)

    assert packages
    assert [package for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in text
