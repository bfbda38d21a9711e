"""The command line as a shell sees it, with a settings file of its own."""

import pytest

from tests.cli.kit import CONFIG, shell


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins="[]"))
    return file


@pytest.fixture
def keeper(capsys):
    return shell(capsys)
