"""`keeper init`: a file that loads as it is and with every default written out, and a key nobody else can read."""

import json
import re
import stat

import pytest
from typer.testing import CliRunner

from keeper.cli import app
from keeper.settings import Settings, load_settings
from keeper.settings.template import commented

DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
PERSON_NEEDED = 78


def made(keeper, folder, *more):
    status, out, err = keeper("init", "--yes", "--deployer", DEPLOYER, "-c", folder / "keeper.toml", "--json", *more)
    assert status == 0, err
    return json.loads(out)


def test_init__answers_given__writes_settings_that_load_and_a_private_key(keeper, tmp_path):
    facts = made(keeper, tmp_path)
    settings = load_settings(tmp_path / "keeper.toml", {})

    assert (settings.network, settings.deployer, settings.pools) == ("testnet", DEPLOYER, ())
    assert str(settings.signer_key_file) == str(tmp_path / "signer_key")
    assert facts["key_made"] is True
    assert facts["address"].startswith("ST")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("signer_key", "keeper.toml")] == [0o600] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keeper.toml", "signer_key"]


def test_init__key__is_nowhere_but_in_its_file(keeper, tmp_path):
    status, out, err = keeper("init", "--yes", "--deployer", DEPLOYER, "-c", tmp_path / "keeper.toml")
    key = (tmp_path / "signer_key").read_text().strip()

    assert status == 0
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert key not in out + err + (tmp_path / "keeper.toml").read_text()


def test_init__again__overwrites_nothing(keeper, tmp_path):
    made(keeper, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    status, _, err = keeper("init", "--yes", "--deployer", DEPLOYER, "-c", tmp_path / "keeper.toml")

    assert (status, "is there already" in err) == (PERSON_NEEDED, True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_init__key_is_there__is_taken_and_not_touched(keeper, tmp_path):
    key = tmp_path / "signer_key"
    key.touch(mode=0o600)
    key.write_text("00" * 31 + "01")

    facts = made(keeper, tmp_path)

    assert (facts["key_made"], key.read_text()) == (False, "00" * 31 + "01")


def test_init__keystore__is_sealed_and_named_in_the_settings(keeper, tmp_path):
    word = tmp_path / "passphrase"
    word.touch(mode=0o600)
    word.write_text("correct horse battery staple")

    facts = made(keeper, tmp_path, "--keystore", tmp_path / "keystore.json", "--passphrase-file", word)
    settings = load_settings(tmp_path / "keeper.toml", {})

    assert json.loads((tmp_path / "keystore.json").read_text())["address"] == facts["address"]
    assert (settings.signer.kind, settings.signer.file) == ("keystore", str(tmp_path / "keystore.json"))


@pytest.mark.parametrize("credential", [False, True])
def test_init__passphrase_named_from_here__is_found_from_anywhere(keeper, tmp_path, monkeypatch, credential):
    word = tmp_path / "passphrase"
    word.touch(mode=0o600)
    word.write_text("correct horse battery staple")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    place = "credential:passphrase" if credential else "passphrase"

    made(keeper, tmp_path, "--keystore", "keystore.json", "--passphrase-file", place)

    signer = load_settings(tmp_path / "keeper.toml", {}).signer
    assert signer.passphrase_file == (place if credential else str(word))


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--deployer", "SP000000000000000000002Q6VF78"], "testnet"),
        (["--deployer", "nobody"], "deployer"),
        ([], "--deployer"),
        (["--deployer", DEPLOYER, "--node-url", "ftp://x"], "node_url"),
        (["--deployer", DEPLOYER, "--key-file", "a", "--keystore", "b"], "give one of them"),
    ],
)
def test_init__answer_that_cannot_be_right__needs_a_person_and_leaves_nothing(keeper, tmp_path, options, part):
    status, _, err = keeper("init", "--yes", "-c", tmp_path / "new" / "keeper.toml", *options)

    assert (status, part in err) == (PERSON_NEEDED, True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_init__without_yes__asks(tmp_path):
    answers = f"testnet\nhttp://127.0.0.1:20443\n{DEPLOYER}\n"

    done = CliRunner().invoke(app, ["init", "-c", str(tmp_path / "keeper.toml")], input=answers)

    assert done.exit_code == 0
    assert load_settings(tmp_path / "keeper.toml", {}).node_url == "http://127.0.0.1:20443"


CHOSEN = {"network": "testnet", "node_url": "http://127.0.0.1:1", "deployer": DEPLOYER, "signer_key_file": "/k"}


def test_template__every_default_uncommented__changes_nothing(tmp_path):
    bare, full = tmp_path / "bare.toml", tmp_path / "full.toml"
    bare.write_text(commented(CHOSEN))
    live, lines = True, []
    for line in commented(CHOSEN).splitlines():
        if re.match(r"#?\[", line):
            live = not line.startswith("#")
        lines.append(re.sub(r"^#(\w+ = )", r"\1", line) if live else line)
    full.write_text("\n".join(lines))

    assert len([line for line in lines if re.match(r"\w+ = ", line)]) > 40
    assert load_settings(full, {}) == load_settings(bare, {})


def test_template__every_setting__is_in_it_with_its_sentence():
    text = " ".join(commented(CHOSEN).replace("\n# ", " ").split())

    for name, field in Settings.model_fields.items():
        if name != "plugin":
            assert re.search(rf"\b{name}\b", text), name
            assert " ".join((field.description or "").split()) in text, name
