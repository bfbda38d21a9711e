"""Rules for log lines: an event's name is one word in snake_case, facts are fields, and a round's lines belong together."""

import ast
import re

import pytest
import structlog
from structlog.testing import capture_logs

from keeper.telemetry.redact import is_secret_name
from tests.house.code import files, name_of, tree_of
from tests.shell.world import open_world

METHODS = {"debug", "info", "warning", "error", "critical", "exception"}
NAME = re.compile(r"[a-z]+(_[a-z]+)*")
DYNAMIC = {"write", "told"}
"""Names that stand for a method chosen by how loud the line is."""


def log_calls():
    """Yield (place, call) of every line that the keeper's code logs."""
    for path in [*files(".py", under="keeper"), *files(".py", under="plugins")]:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            is_log = (
                isinstance(called, ast.Attribute)
                and called.attr in METHODS
                and isinstance(called.value, ast.Name)
                and called.value.id in {"log", "_log"}
            )
            if is_log or (isinstance(called, ast.Name) and called.id in DYNAMIC and len(node.args) == 1):
                yield f"{name_of(path)}:{node.lineno}", node


def names_in(node):
    """Return the names an event may have: one, or one of two."""
    both = (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)
    return [str(each.value) if isinstance(each, ast.Constant) else "" for each in both]


def test_lines__every_one__has_one_constant_name_and_facts_as_fields():
    odd = [
        place
        for place, call in log_calls()
        if len(call.args) != 1 or not all(NAME.fullmatch(name) for name in names_in(call.args[0]))
    ]

    assert odd == []


def test_lines__no_field__is_called_like_a_secret():
    named = {(place, field.arg) for place, call in log_calls() for field in call.keywords if field.arg}

    # They would be starred: an intent's key is called `intent` in log lines, an alert's `alert`.
    assert {found for found in named if is_secret_name(found[1])} == set()


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


async def test_round__its_lines__carry_one_id_and_the_next_rounds_another(world):
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await world.with_mandate()
        await world.run()

    decided = [line["cycle"] for line in lines if line["event"] == "decided"]
    assert len(decided) == len(set(decided)) == 3
    mined = [line["cycle"] for line in lines if line["event"] == "transaction_mined"]
    assert mined
    assert set(mined) <= set(decided)
    assert structlog.contextvars.get_contextvars() == {}
