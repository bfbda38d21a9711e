"""Lets the store tests share conformance.py (under importlib mode a test folder is not on the path), and one mongod."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def mongod():
    """Give a real MongoDB that every test of a process shares; each test takes a database of its own."""
    from mongod import program, running  # noqa: PLC0415 - found through the line above

    if program() is None:
        pytest.fail("there is no mongod for this machine: put one on the path; on Linux x86-64 `make setup` brings one")
    with running() as server:
        yield server
