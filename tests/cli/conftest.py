"""The command line as a shell sees it, with a settings file of its own."""

import sys

import pytest

from keeper.cli import main
from tests.shell.test_cli import CONFIG


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins="[]"))
    return file


@pytest.fixture
def keeper(capsys):
    """Return a function that runs the command line and gives (status, standard output, standard error)."""

    def run(*arguments):
        before, sys.argv = sys.argv, ["keeper", *map(str, arguments)]
        try:
            main()
        except SystemExit as exc:
            status = exc.code
        else:
            status = 0
        finally:
            sys.argv = before
        printed = capsys.readouterr()
        return status or 0, printed.out, printed.err

    return run
