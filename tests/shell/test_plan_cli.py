"""`keeper plan --problem` as a shell sees it: a process of its own, what it prints where, and the exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keeper.cli import main
from tests.core.test_problems import PROBLEM, changed

KEEPER = Path(sys.executable).with_name("keeper")
DONE, FAILED = 0, 1
KEYS = ["id", "legs", "holdings_after", "value_before", "value_after", "cost_bps", "reason", "elapsed_ms"]
LEG_KEYS = ["venue", "from", "to", "amount_in", "expected_out", "min_out"]
TEXT = json.dumps(PROBLEM)


def keeper_process(*arguments, cwd):
    return subprocess.run(
        [str(KEEPER), *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False, env={}
    )


@pytest.fixture
def plan(tmp_path, capsys):
    """Run `keeper plan --problem` on a text, without a process: (exit status, standard output, standard error)."""

    def run(text, *arguments):
        file = tmp_path / "problem.json"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        before, sys.argv = sys.argv, ["keeper", "plan", "--problem", str(file), *arguments]
        try:
            with pytest.raises(SystemExit) as left:
                main()
        finally:
            sys.argv = before
        printed = capsys.readouterr()
        return left.value.code or 0, printed.out, printed.err

    return run


def test_plan__lines_in_a_process__prints_one_document_a_line_and_needs_no_settings(tmp_path):
    (tmp_path / "two.jsonl").write_text(TEXT + "\n\n" + TEXT + "\n")

    done = keeper_process("plan", "--problem", "two.jsonl", "--json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (DONE, "")
    plans = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(plan) for plan in plans] == [KEYS] * 2
    assert all(list(leg) == LEG_KEYS for plan in plans for leg in plan["legs"])
    assert plans[0] | {"elapsed_ms": 0} == plans[1] | {"elapsed_ms": 0}
    assert list(tmp_path.iterdir()) == [tmp_path / "two.jsonl"]


def test_plan__malformed_line_in_a_process__keeps_what_came_before_and_fails_with_one_sentence(tmp_path):
    (tmp_path / "two.jsonl").write_text(TEXT + "\n" + TEXT[: len(TEXT) // 2] + "\n")

    done = keeper_process("plan", "--problem", "two.jsonl", "--json", cwd=tmp_path)

    assert done.returncode == FAILED
    assert json.loads(done.stdout)["id"] == PROBLEM["id"]
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_plan__for_people__names_cost_and_reason(plan):
    status, out, _ = plan(TEXT)

    assert status == DONE
    assert out.startswith(f"{PROBLEM['id']}: costs ")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "neither a JSON document nor JSON lines"),
        (TEXT[:-20], "neither a JSON document nor JSON lines"),
        ("[" * 100_000, "neither a JSON document nor JSON lines"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("null", "problem must be an object"),
        ('"text"', "problem must be an object"),
        ("17", "problem must be an object"),
        ("[[]]", "problem must be an object"),
        ("{}", "assets is missing"),
        ("1" * 5_000, "neither a JSON document nor JSON lines"),
    ],
)
def test_plan__no_problem_in_the_file__fails_and_says_what_is_wrong(plan, text, named):
    status, out, err = plan(text, "--json")

    assert (status, out) == (FAILED, "")
    assert named in " ".join(err.split())


NO_NUMBERS = ("NaN", "-Infinity", "-1", "null", "true", '""', '"-1"', '"٩"', "[]", "1" + "0" * 60, "1e400")
EVERYWHERE = ("NaN", "-1", "1" + "0" * 60)
FIELDS = {
    "holdings.STX": ("holdings", "STX"),
    "target_bps.STX": ("target_bps", "STX"),
    "venues[0].reserve_x": ("venues", 0, "reserve_x"),
    "venues[0].fee_bps": ("venues", 0, "fee_bps"),
    "limits.tolerance_bps": ("limits", "tolerance_bps"),
    "assets.ALEX.decimals": ("assets", "ALEX", "decimals"),
    "assets.ALEX.price": ("assets", "ALEX", "price"),
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("holdings.STX", value) for value in (*NO_NUMBERS, "1.5", '"1e3"')),
        *(("assets.ALEX.price", value) for value in (*NO_NUMBERS, '"1_0"', '"0"')),
        *((field, value) for field in FIELDS for value in EVERYWHERE),
    ],
)
def test_plan__number_that_is_none__is_refused_by_its_field(plan, field, value):
    body = changed(*FIELDS[field], to="HERE")

    status, out, err = plan(json.dumps(body).replace('"HERE"', value), "--json")

    assert (status, out) == (FAILED, "")
    assert field in " ".join(err.split())
