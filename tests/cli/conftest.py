"""The command line as a shell sees it, with a settings file of its own."""

import asyncio

import pytest

from keeper.store.opening import SqlitePlace, open_store
from tests.cli.kit import CONFIG, shell


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins="[]"))
    return file


@pytest.fixture
def new_store(config):
    """Make the store of `config`, with nothing in it."""

    async def make():
        async with open_store(SqlitePlace(config.parent / "keeper.sqlite3")):
            pass

    asyncio.run(make())


@pytest.fixture
def keeper(capsys):
    return shell(capsys)
