"""A store carried to a file and back, between both back ends."""

import hashlib
import json

import pytest
from conformance import BIG, alert, decision, intent, valued, whale

from keeper.core.archive import INSTALLATION_NOTE, KINDS
from keeper.core.leases import SENDER
from keeper.core.records import IntentState
from keeper.errors import BadInput, BadSettings
from keeper.store.archive import check_archive, read_archive, write_archive
from keeper.store.checking import check_store
from keeper.store.mongo import open_mongo_store
from keeper.store.opening import MongoPlace, SqlitePlace, open_store

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("mongod")]
DATABASE = "keeper_tests_archive"


def quiet(done, of):
    """Say nothing of progress."""


@pytest.fixture
async def full(tmp_path):
    """Give an open store in a file with something of every kind, out of the order of its keys."""
    async with open_store(SqlitePlace(tmp_path / "full.sqlite3")) as store:
        await store.put_whales([whale("SP2"), whale("SP1", "meme"), whale("SP1")])
        for number in (3, 1, 2):
            await store.add_decision(decision(number))
            await store.put_intent(intent(f"k-{number}", IntentState.SENT))
            await store.add_alert(alert(number))
            await store.put_view(valued(1_790_000_000 + 900 * number, BIG, pool_id=number))
        await store.put_intent(intent("k-1", IntentState.SETTLED))
        await store.put_note("é", {"big": BIG, "float": 0.1, "none": None})
        await store.take_lease(SENDER, "me", seen=None)
        yield store


@pytest.fixture
async def mongo(mongod):
    mongod.clean(DATABASE)
    async with open_mongo_store(mongod.url, DATABASE) as store:
        yield store


async def test_archive__from_sqlite_to_mongodb_and_back__is_the_same_to_the_byte(full, mongo, tmp_path):
    first, second, third = (tmp_path / f"{number}.jsonl" for number in range(3))
    header = await write_archive(full, first, quiet)
    await read_archive(mongo, first, quiet)
    await write_archive(mongo, second, quiet)
    async with open_store(SqlitePlace(tmp_path / "back.sqlite3")) as back:
        await read_archive(back, second, quiet)
        await write_archive(back, third, quiet)
        assert list(await back.intents()) == list(await full.intents())

    assert header.records == 3 + 3 * 5 + 2
    assert all(header.counts[kind] for kind in KINDS)
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()
    assert list(await mongo.decisions()) == list(await full.decisions())
    assert list(await mongo.intents(open_only=True)) == list(await full.intents(open_only=True))
    assert await mongo.lease(SENDER) == await full.lease(SENDER)
    assert list(await mongo.history(1)) == list(await full.history(1))


async def test_archive__read_again_after_more_was_written__changes_nothing(full, mongo, tmp_path):
    file = tmp_path / "a.jsonl"
    await write_archive(full, file, quiet)
    assert await read_archive(mongo, file, quiet) is not None
    await mongo.put_intent(intent("k-2", IntentState.SETTLED))

    assert await read_archive(mongo, file, quiet) is None
    assert (await mongo.intent("k-2")).state is IntentState.SETTLED


async def test_archive__into_a_store_with_something_in_it__is_refused(full, tmp_path):
    file = tmp_path / "a.jsonl"
    await write_archive(full, file, quiet)
    async with open_store(SqlitePlace(tmp_path / "other.sqlite3")) as other:
        await other.put_note("x", {})

        with pytest.raises(BadInput, match="has something in it already"):
            await read_archive(other, file, quiet)
        assert list(await other.decisions()) == []


async def test_archive__into_a_store_that_was_only_looked_at__is_carried_out_with_its_own_note(full, tmp_path):
    file, here = tmp_path / "a.jsonl", {"network": "testnet", "deployer": "ST1"}
    await full.put_note(INSTALLATION_NOTE, here)
    await write_archive(full, file, quiet)
    async with open_store(SqlitePlace(tmp_path / "other.sqlite3")) as other:
        await other.put_note(INSTALLATION_NOTE, {"network": "mainnet", "deployer": "SP1"})

        assert await read_archive(other, file, quiet) is not None
        assert await other.note(INSTALLATION_NOTE) == here


@pytest.mark.parametrize("mongodb", [False, True])
async def test_store__filled_by_half__is_not_opened_until_the_rest_is_there(full, mongod, mongo, tmp_path, mongodb):
    file = tmp_path / "a.jsonl"
    await write_archive(full, file, quiet)
    place = MongoPlace(mongod.url, DATABASE) if mongodb else SqlitePlace(tmp_path / "half.sqlite3")

    def cut_off(done, of):
        raise InterruptedError

    async with open_store(place) as store:
        with pytest.raises(InterruptedError):
            await read_archive(store, file, cut_off)
    with pytest.raises(BadSettings, match="filled by half; run `keeper db import` with the same file again"):
        async with open_store(place):
            pass
    async with open_store(place, half_filled=True) as store:
        await read_archive(store, file, quiet)
    async with open_store(place) as store:
        assert list(await store.decisions()) == list(await full.decisions())


def cut_line(raw):
    return raw[: raw.rindex(b"\n", 0, -1) + 1]


def change_digit(raw):
    place = raw.index(b'"nonce":7')
    return raw[: place + 8] + b"8" + raw[place + 9 :]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut_line, "cut or changed"),
        (change_digit, "cut or changed"),
        (lambda raw: raw[:-20], "line 21: not a record"),
        (lambda raw: raw + raw.splitlines(keepends=True)[-1], "cut or changed"),
        (lambda raw: raw.split(b"\n", 1)[1], "lacks the header"),
        (lambda raw: b"", "lacks the header"),
        (lambda raw: b"[" * 100_000, "lacks the header"),
        (lambda raw: raw.replace(b'"keeper_export":1', b'"keeper_export":2', 1), "newer keeper"),
    ],
)
async def test_archive__damaged__is_refused_before_anything_is_used(full, tmp_path, damage, said):
    file = tmp_path / "a.jsonl"
    await write_archive(full, file, quiet)
    file.write_bytes(damage(file.read_bytes()))
    async with open_store(SqlitePlace(tmp_path / "new.sqlite3")) as new:
        with pytest.raises(BadInput, match=said):
            await read_archive(new, file, quiet)

        assert [row async for row in new.dump()] == []


async def test_archive__of_an_older_keeper_with_a_damaged_record__is_refused_by_line_and_nothing_is_written(
    full, tmp_path
):
    file = tmp_path / "a.jsonl"
    await write_archive(full, file, quiet)
    header, *lines = file.read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace("within_threshold", "without_threshold")
    sha256 = hashlib.sha256("".join(lines).encode()).hexdigest()
    file.write_text("".join([json.dumps({**json.loads(header), "sha256": sha256}) + "\n", *lines]))
    async with open_store(SqlitePlace(tmp_path / "new.sqlite3")) as new:
        with pytest.raises(
            BadInput, match=r"a\.jsonl, line 6: it holds a damaged decision: outcome.*leave-out-damaged"
        ):
            await read_archive(new, file, quiet)

        assert [row async for row in new.dump()] == []
    async with open_store(SqlitePlace(tmp_path / "new.sqlite3")):
        pass  # not filled by half either


async def test_archive__written__is_private_and_leaves_nothing_beside_it(full, tmp_path):
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / "a.jsonl"
    await write_archive(full, file, quiet)

    assert [path.name for path in file.parent.iterdir()] == ["a.jsonl"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert check_archive(file).records == len(file.read_text().splitlines()) - 1
    assert json.loads(file.read_text().splitlines()[0])["counts"]["decision"] == 3


async def test_check__a_damaged_record__is_named_and_the_rest_counted(full):
    assert (await check_store(full, quiet)).ok
    await full._change("UPDATE decisions SET body = replace(body, 'within', 'without') WHERE seq = 2", ())  # noqa: SLF001 - nothing public damages

    health = await check_store(full, quiet)

    assert (health.ok, health.damaged_count, health.counts["decision"]) == (False, 1, 3)
    assert health.damaged[0].startswith("decision 2: the store holds a damaged decision: outcome")


async def test_archive__a_name_taken_while_it_is_written__is_left_to_who_took_it(full, tmp_path):
    file = tmp_path / "a.jsonl"

    def take(_done, _of):
        file.write_text("mine")

    with pytest.raises(BadInput, match="there already"):
        await write_archive(full, file, take)

    assert file.read_text() == "mine"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".a")] == []
