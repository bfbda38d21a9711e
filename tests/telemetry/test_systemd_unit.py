import re
from pathlib import Path

from keeper.settings import CONFIG_ENV, Settings

UNITS = Path(__file__).parents[2] / "systemd"


def directives() -> list[tuple[str, str]]:
    lines = (UNITS / "keeper.service").read_text().splitlines()
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


def test_unit_and_example__every_keeper_name__is_a_setting():
    names = names_in((UNITS / "keeper.service").read_text()) | names_in((UNITS / "keeper.env.example").read_text())

    fields = {name.removeprefix("KEEPER_").split("__")[0].lower() for name in names - {CONFIG_ENV}}

    assert "signer_key_file" in fields
    assert fields <= set(Settings.model_fields)


def test_example__as_shipped__sets_nothing():
    lines = (UNITS / "keeper.env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []
