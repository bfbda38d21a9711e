"""`keeper db`: a store carried to another one by the commands as a shell runs them, and what they say."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from sqlite3 import connect

import pytest

from keeper.core.leases import SENDER
from keeper.core.records import IntentState
from keeper.core.units import Seconds
from keeper.store.opening import SqlitePlace, open_store
from tests.cli.kit import CONFIG
from tests.store.conformance import DAY, NOON, alert, decided, intent, valued, whale

DONE, FAILED = 0, 1
COUNTS = {"whale": 1, "decision": 5, "intent": 2, "alert": 1, "view": 1, "point": 1, "note": 1, "lease": 1}


def shell(*arguments):
    """Run one command in a process of its own; gives (status, standard output, standard error)."""
    command = [sys.executable, "-m", "keeper", "db", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def full(config, tmp_path):
    """Give the settings of a keeper that has something of every kind: three decisions of one old day, two new ones."""

    async def fill():
        async with open_store(SqlitePlace(tmp_path / "keeper.sqlite3")) as store:
            for number in range(3):
                await store.add_decision(decided(number, NOON - 40 * DAY + number))
            await store.add_decision(decided(8, NOON - 60))
            await store.add_decision(decided(9, NOON))
            await store.put_intent(intent("open", IntentState.SENT))
            await store.put_intent(intent("over", IntentState.SETTLED))
            await store.add_alert(replace(alert(1), alert=replace(alert(1).alert, at=Seconds(NOON))))
            await store.put_view(valued(NOON, 5))
            await store.put_whales([whale("SP1")])
            await store.put_note("n", {"a": 1})
            await store.take_lease(SENDER, "me", seen=None)

    asyncio.run(fill())
    return config


@pytest.fixture
def other(tmp_path):
    """Give the settings of a keeper that has nothing yet."""
    (tmp_path / "other").mkdir()
    file = tmp_path / "other" / "keeper.toml"
    file.write_text(CONFIG.format(folder=file.parent, plugins="[]"))
    return file


def damage(config, *more):
    with closing(connect(config.parent / "keeper.sqlite3")) as db:
        for statement in ("UPDATE decisions SET body = replace(body, 'within', 'without') WHERE seq = 2", *more):
            db.execute(statement)
        db.commit()


def test_store__carried_by_the_shell__is_there_once_and_whole(keeper, full, other, tmp_path):
    file, back = tmp_path / "keeper.jsonl", tmp_path / "back.jsonl"

    exported = shell("export", file, "-c", full, "--json")
    imported = shell("import", file, "-c", other, "--json")
    checked = shell("check", "-c", other, "--json")

    told = {"file": str(file), "records": sum(COUNTS.values()), "counts": COUNTS}
    assert (exported[0], json.loads(exported[1])) == (DONE, {**told, "left_out": []}), exported
    assert (imported[0], json.loads(imported[1])) == (DONE, {**told, "new": True}), imported
    assert (checked[0], json.loads(checked[1])["ok"], json.loads(checked[1])["counts"]) == (DONE, True, COUNTS)
    assert exported[2] == imported[2] == checked[2] == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert keeper("db", "export", back, "-c", other)[0] == DONE
    assert back.read_bytes() == file.read_bytes()


def test_import__of_a_cut_file__is_refused_and_leaves_the_store_empty(keeper, full, other, tmp_path):
    file = tmp_path / "keeper.jsonl"
    assert keeper("db", "export", file, "-c", full)[0] == DONE
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])

    status, out, err = shell("import", file, "-c", other)

    assert (status, out) == (FAILED, "")
    assert "was cut or changed since it was written" in err
    assert "export it again" in err
    assert "Traceback" not in err
    file.write_bytes(whole)
    assert keeper("db", "import", file, "-c", other)[0] == DONE


def test_import__twice_or_over_something__changes_nothing(keeper, full, other, tmp_path):
    file = tmp_path / "keeper.jsonl"
    keeper("db", "export", file, "-c", full)
    keeper("db", "import", file, "-c", other)

    again = keeper("db", "import", file, "-c", other)
    over = keeper("db", "import", file, "-c", full)

    assert (again[0], "they were there already, nothing was changed" in again[1]) == (DONE, True)
    assert (over[0], "has something in it already; name an empty one" in over[2]) == (FAILED, True)


@pytest.mark.parametrize(("file", "said"), [("nowhere/x.jsonl", "choose another place"), (".", "choose another place")])
def test_export__to_where_nothing_can_be__says_so(keeper, full, tmp_path, file, said):
    status, _, err = keeper("db", "export", tmp_path / file, "-c", full)

    assert (status, said in err) == (FAILED, True)


def test_export__over_anything_that_is_there__is_refused_and_leaves_it_as_it_was(keeper, full, tmp_path):
    key, link, store = tmp_path / "signer_key", tmp_path / "link", tmp_path / "keeper.sqlite3"
    key.write_text("a key")
    link.symlink_to(tmp_path / "nowhere")

    for target in (store, key, link, tmp_path, "/dev/null"):
        status, out, err = keeper("db", "export", target, "-c", full)
        assert (status, out) == (FAILED, "")
        assert f"{target} is there already and is not overwritten; choose another place" in err

    assert (key.read_text(), link.is_symlink(), link.exists()) == ("a key", True, False)
    assert json.loads(keeper("db", "check", "-c", full, "--json")[1])["counts"] == COUNTS
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_export__to_standard_output__says_that_it_takes_a_file(keeper, full, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    status, out, err = keeper("db", "export", "-", "-c", full)

    assert (status, out, "not to standard output" in err) == (FAILED, "", True)
    assert not (tmp_path / "-").exists()


def test_check__a_damaged_record__is_named_and_the_status_is_one(keeper, full):
    assert keeper("db", "check", "-c", full)[0] == DONE
    damage(full)

    status, out, _ = keeper("db", "check", "-c", full)
    body = json.loads(keeper("db", "check", "-c", full, "--json")[1])

    assert (status, "damaged: decision 2: the store holds a damaged decision: outcome" in out) == (FAILED, True)
    assert (body["ok"], body["damaged_count"], body["counts"]) == (False, 1, COUNTS)


def test_check__records_that_are_no_json__are_named_too(keeper, full):
    damage(full, "UPDATE whales SET body = 'nonsense'", "UPDATE notes SET body = CAST(x'7b22ff' AS TEXT)")

    status, out, _ = keeper("db", "check", "-c", full)
    again = keeper("db", "check", "-c", full, "--json")
    body = json.loads(again[1])

    no_json = "the store holds a document that is not a JSON object"
    assert (status, again[0]) == (FAILED, FAILED)
    assert (body["ok"], body["damaged_count"], body["counts"]) == (False, 3, COUNTS)
    assert [body["damaged"][0], body["damaged"][2]] == [f"whale defi SP1: {no_json}", f"note n: {no_json}"]
    assert " ".join(out.split()).startswith(f"damaged: whale defi SP1: {no_json}")


def test_export__with_damaged_records__names_the_first_or_leaves_them_out(keeper, full, other, tmp_path):
    damage(full, "UPDATE whales SET body = 'nonsense'")
    file = tmp_path / "keeper.jsonl"

    refused = keeper("db", "export", file, "-c", full)
    exported = keeper("db", "export", file, "-c", full, "--leave-out-damaged", "--json")
    told = keeper("db", "export", tmp_path / "again.jsonl", "-c", full, "--leave-out-damaged")
    imported = keeper("db", "import", file, "-c", other)
    checked = json.loads(keeper("db", "check", "-c", other, "--json")[1])

    assert (refused[0], "whale defi SP1: the store holds a document" in refused[2]) == (FAILED, True)
    assert "--leave-out-damaged exports everything else" in refused[2]
    assert [row.split(":")[0] for row in json.loads(exported[1])["left_out"]] == ["whale defi SP1", "decision 2"]
    assert "2 damaged were left out" in told[1]
    assert "left out: decision 2: the store holds a damaged decision" in " ".join(told[1].split())
    assert (imported[0], checked["ok"]) == (DONE, True)
    assert checked["counts"] == COUNTS | {"whale": 0, "decision": 4}


def test_prune__dry_run_first__says_what_goes_and_only_then_does_it_go(keeper, full):
    would = json.loads(keeper("db", "prune", "-c", full, "--dry-run", "--json")[1])
    did = json.loads(keeper("db", "prune", "-c", full, "--json")[1])
    nothing = keeper("db", "prune", "-c", full)

    gone = {"decisions": 2, "history": 0, "alerts": 0, "intents": 0}
    assert (would, did) == ({"dry_run": True, **gone}, {"dry_run": False, **gone})
    assert (nothing[0], "removed:" in nothing[1]) == (DONE, True)
    assert json.loads(keeper("db", "check", "-c", full, "--json")[1])["counts"]["decision"] == 3


@pytest.mark.usefixtures("new_store")
def test_prune__store_with_nothing_in_it__removes_nothing(keeper, config):
    status, out, _ = keeper("db", "prune", "-c", config, "--json")

    assert (status, sum(json.loads(out).values())) == (DONE, 0)
