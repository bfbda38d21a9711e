"""The real keeper process against the real local chain. Nothing here replaces a part of either."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEEPER = Path(sys.executable).with_name("keeper")
ROUND_SECONDS = 240


def clean_env(extra=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPER_")}
    return {**kept, **(extra or {})}


def keeper(*arguments, env=None, cwd=ROOT, seconds=ROUND_SECONDS):
    """Run the keeper's command line and return the finished process."""
    return subprocess.run(
        [str(KEEPER), *arguments],
        cwd=cwd,
        env=clean_env(env),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def demo_once(*arguments, env=None):
    """Run one demo and return (exit status, report, standard error)."""
    done = keeper("demo", "--once", "--json", *arguments, env=env)
    assert done.stdout, f"no report was printed: {done.stderr[-2000:]}"
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="session")
def two_rounds():
    """One demo with two rounds, shared by the tests that only read its report."""
    return demo_once("--rounds", "2")
