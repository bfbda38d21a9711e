import asyncio
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from conformance import StoreConformance, alert, decision, intent, view

from keeper.core.leases import SENDER, Lease
from keeper.core.records import IntentState, Outcome, Turn
from keeper.errors import BadSettings, StoreUnavailable
from keeper.store import migrations
from keeper.store.records import VIEWS
from keeper.store.sqlite import _select, open_store

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "keeper.sqlite3"


@pytest.fixture
async def store(path):
    async with open_store(path) as opened:
        yield opened


class TestSqlite(StoreConformance):
    """The embedded back end passes the common cases."""


def write_until_killed(path: Path, start: int, acknowledged: int) -> int:
    """Let a child write, kill it in the middle, and return the last number it had acknowledged."""
    command = [sys.executable, str(HERE / "writer.py"), str(path), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) as child:
        assert child.stdout is not None
        for _ in range(acknowledged):
            assert child.stdout.readline()
        child.kill()
        rest = child.stdout.read().split()
        assert child.wait() == -9
    return int(rest[-1]) if rest else start + acknowledged - 1


async def test_store__writer_killed_again_and_again__has_everything_acknowledged(path):
    start = 0
    for acknowledged in (1, 7, 40):
        last = write_until_killed(path, start, acknowledged)
        async with open_store(path) as store:
            kept = {item.decision_id for item in await store.decisions(limit=10_000)}
            opened = {item.key for item in await store.intents(open_only=True, limit=10_000)}
        assert {f"d-1-{number}" for number in range(last + 1)} <= kept
        assert {f"k-{number}" for number in range(last + 1)} <= opened
        # At most the one record in flight may be there unacknowledged.
        assert len(kept) <= last + 2
        start = last + 1
        async with open_store(path) as store:
            await store.add_decision(decision(start))
            start += 1
            await store.put_intent(intent(f"k-{start - 1}", IntentState.SIGNED))


async def test_store__open__syncs_every_commit_and_uses_a_write_ahead_log(store):
    ((synchronous,),) = await store._read("PRAGMA synchronous")  # noqa: SLF001 - nothing public shows it
    ((journal,),) = await store._read("PRAGMA journal_mode")  # noqa: SLF001

    assert (synchronous, journal) == (2, "wal")


async def test_store__opened_again__keeps_everything(path):
    async with open_store(path) as store:
        await store.put_view(view(1))
        await store.add_alert(alert(1))
    async with open_store(path) as store:
        assert list(await store.views()) == [view(1)]
        assert list(await store.alerts()) == [alert(1)]


async def test_file__created__is_readable_by_its_owner_only(store, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_two_stores__opened_at_once_on_a_new_file__both_work(path):
    async def write(number: int) -> None:
        async with open_store(path) as store:
            await store.add_decision(decision(number))

    await asyncio.gather(*(write(number) for number in range(4)))

    async with open_store(path) as store:
        assert len(await store.decisions()) == 4


async def test_second_process__reading_while_another_writes__sees_what_was_acknowledged(store, path):
    async with open_store(path) as reader:
        await store.add_decision(decision(1))

        assert list(await reader.decisions()) == [decision(1)]


async def test_file__held_by_another_for_too_long__store_is_unavailable_then_works(path):
    async with open_store(path) as store:
        await store._read("PRAGMA busy_timeout = 50")  # noqa: SLF001 - five seconds would be a slow test
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match="could not be written: database is locked"):
            await store.add_decision(decision(1))
        holder.execute("ROLLBACK")
        holder.close()
        await store.add_decision(decision(1))

        assert len(await store.decisions()) == 1


async def test_file__of_a_newer_keeper__names_the_setting(path):
    async with open_store(path):
        pass
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()

    with pytest.raises(BadSettings, match=re.escape("(KEEPER_STORE_PATH)") + ".*newer keeper"):
        async with open_store(path):
            pass


async def test_file__not_a_database__names_the_setting(path):
    path.parent.mkdir()
    path.write_text("these are my notes, please do not overwrite them" * 40)

    with pytest.raises(BadSettings, match="store_path"):
        async with open_store(path):
            pass
    assert path.read_text().startswith("these are my notes")


async def test_path__that_is_a_folder__names_the_setting(tmp_path):
    with pytest.raises(BadSettings, match="store_path"):
        async with open_store(tmp_path):
            pass


async def test_migration__from_every_earlier_form__reaches_the_newest(path):
    path.parent.mkdir()
    for done in range(len(migrations.STEPS)):
        path.unlink(missing_ok=True)
        raw = sqlite3.connect(path, isolation_level=None)
        for step in migrations.STEPS[:done]:
            for statement in step:
                raw.execute(statement)
        raw.execute(f"PRAGMA user_version = {done}")
        raw.close()

        async with open_store(path) as store:
            await store.add_decision(decision(1))


async def test_migration__views_of_an_earlier_keeper__have_their_names(path):
    path.parent.mkdir()
    raw = sqlite3.connect(path, isolation_level=None)
    for statement in (statement for step in migrations.STEPS[:3] for statement in step):
        raw.execute(statement)
    raw.execute("INSERT INTO views VALUES (1, ?), (2, 'damaged'), (3, '{}')", (VIEWS.document(view(1)),))
    raw.execute("PRAGMA user_version = 3")
    raw.close()

    async with open_store(path) as store:
        assert [head.name for head in await store.view_heads()] == ["Pool 1", "", ""]


@pytest.mark.parametrize("missing", ["decisions", "history", "views", "notes"])
async def test_turn__one_of_its_tables_cannot_be_written__none_of_the_others_is(path, missing):
    async with open_store(path) as store:
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute(f"CREATE TRIGGER full BEFORE INSERT ON {missing} BEGIN SELECT raise(ABORT, 'full'); END")

        with pytest.raises(StoreUnavailable, match="full"):
            await store.record([Turn(decision(1), view(1))], {"n": {}})

        tables = ("decisions", "history", "views", "notes")
        assert [raw.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables] == [(0,)] * 4  # noqa: S608
        raw.execute("DROP TRIGGER full")
        raw.close()
        await store.record([Turn(decision(1), view(1))], {"n": {}})
        assert list(await store.decisions()) == [decision(1)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ('replace(body, \'"at":1790000001\', \'"at":"soon"\')', "damaged decision: at"),
        ("replace(body, '\"form\":1', '\"form\":9')", "form 9"),
        ("'[]'", "not a JSON object"),
        ("'{\"form\":1'", "not a JSON object"),
        ("replace(body, 'within_threshold', 'bored')", "damaged decision: outcome"),
    ],
)
async def test_document__damaged__is_unavailable_and_never_half_a_record(path, damage, said):
    async with open_store(path) as store:
        await store.add_decision(decision(1))
        raw = sqlite3.connect(path)
        with raw:
            raw.execute(f"UPDATE decisions SET body = {damage}")  # noqa: S608 - written above
        raw.close()

        with pytest.raises(StoreUnavailable, match=re.escape(said)):
            await store.decisions()


async def test_lease__taken_from_eight_connections_at_once__exactly_one_wins(path):
    async with AsyncExitStack() as opened:
        stores = [await opened.enter_async_context(open_store(path)) for _ in range(8)]
        for term in range(1, 21):
            seen = await stores[0].lease(SENDER)
            takers = [store.take_lease(SENDER, f"taker-{number}", seen=seen) for number, store in enumerate(stores)]
            won = [lease.term for lease in await asyncio.gather(*takers) if lease is not None]

            assert won == [term]


async def test_lease__file_closed_and_opened_again__goes_on_counting(path):
    async with open_store(path) as store:
        first = await store.take_lease(SENDER, "me", seen=None)
        await store.release_lease(first)
    async with open_store(path) as store:
        assert await store.take_lease(SENDER, "me", seen=await store.lease(SENDER)) == Lease(SENDER, 2, "me", 0)


async def test_leases__as_they_are_stored__have_no_time_in_them(store):
    columns = [name for _, name, *_ in await store._read("PRAGMA table_info(leases)")]  # noqa: SLF001 - nothing public shows it

    assert columns == ["name", "term", "holder", "beat"]


@pytest.mark.parametrize("pool_id", [None, 1])
async def test_open_intents__as_sqlite_plans_to_read_them__never_walk_what_is_over(store, pool_id):
    statement = _select("intents", pool_id, open_only=True)
    values = {"pool_id": pool_id, "before": 1, "size": 1}

    plan = [detail for *_, detail in await store._read(f"EXPLAIN QUERY PLAN {statement}", values)]  # noqa: SLF001

    assert plan == ["SEARCH intents USING INDEX intents_open (seq<?)"]


@pytest.mark.parametrize("pool_id", [None, 1])
async def test_decisions_of_an_outcome__as_sqlite_plans_to_read_them__walk_no_others(store, pool_id):
    statement = _select("decisions", pool_id, outcome=Outcome.PROPOSED)
    values = {"pool_id": pool_id, "outcome": Outcome.PROPOSED, "before": 1, "size": 1}

    plan = [detail for *_, detail in await store._read(f"EXPLAIN QUERY PLAN {statement}", values)]  # noqa: SLF001

    assert plan == ["SEARCH decisions USING INDEX decisions_lasting (outcome=? AND seq<?)"]


@pytest.mark.parametrize(
    ("table", "pool_id", "index"),
    [
        ("decisions", None, "COVERING INDEX decisions_by_at (at>? AND at<?)"),
        ("decisions", 1, "INDEX decisions_by_day (pool_id=? AND <expr>>? AND <expr><?)"),
        ("intents", None, "COVERING INDEX intents_by_at (at>? AND at<?)"),
        ("alerts", None, "COVERING INDEX alerts_by_at (at>? AND at<?)"),
    ],
)
async def test_lists_within_a_time__as_sqlite_plans_to_read_them__go_by_the_time(store, table, pool_id, index):
    values = {"pool_id": pool_id, "since": 0, "until": 1, "before": 1, "size": 1}

    plan = await store._read(f"EXPLAIN QUERY PLAN {_select(table, pool_id, timed=True)}", values)  # noqa: SLF001

    assert f"SEARCH {table} USING {index}" in [detail for *_, detail in plan]


@pytest.mark.parametrize("table", ["decisions", "intents"])
async def test_lists_of_a_pool__as_sqlite_plans_to_read_them__walk_no_other_pool(store, table):
    values = {"pool_id": 1, "before": 1, "size": 1}

    plan = [detail for *_, detail in await store._read(f"EXPLAIN QUERY PLAN {_select(table, 1)}", values)]  # noqa: SLF001

    assert plan == [f"SEARCH {table} USING INDEX {table}_by_pool (pool_id=? AND seq<?)"]


async def test_file__of_the_newest_form__is_opened_without_writing(path):
    async with open_store(path) as store:
        await store.add_decision(decision(1))
        # Another process holds the lock of those who write, as a full disk would: reading goes on.
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            async with open_store(path) as other:
                assert list(await other.decisions()) == [decision(1)]
