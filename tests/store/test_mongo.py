import asyncio
import itertools
import re
import signal
import time

import pymongo
import pytest
from conformance import StoreConformance, alert, decision, intent, view, whale
from mongod import eventually, running

from keeper.core.archive import KINDS
from keeper.core.leases import SENDER
from keeper.core.records import IntentState
from keeper.errors import BadSettings, LeaseLost, SourceUnavailable, StoreUnavailable
from keeper.store import mongo_shape
from keeper.store.checking import check_store
from keeper.store.mongo import open_mongo_store
from keeper.store.mongo_link import CALL_SECONDS, LOOK_SECONDS, open_link
from keeper.whale_mapping import WhaleMapping
from keeper.whale_mongo import WhalePlace, open_whale_feeds

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("mongod")]
DATABASE = "keeper_tests"


@pytest.fixture
async def store(mongod):
    mongod.clean(DATABASE)
    async with open_mongo_store(mongod.url, DATABASE) as opened:
        yield opened


@pytest.fixture
async def link(mongod):
    async with open_link(mongod.url, DATABASE, setting="store.url") as opened:
        yield opened


@pytest.fixture(scope="module")
def fragile():
    """Give a server that tests may kill."""
    with running() as server:
        yield server


class TestMongo(StoreConformance):
    """MongoDB passes the common cases."""


async def test_database__opened__has_every_index_and_says_its_form(store, link):
    for collection, keys, options in itertools.chain(*mongo_shape.STEPS):
        there = (await link[collection].index_information()).values()
        assert any(
            index["key"] == list(keys) and all(index.get(name) == value for name, value in options.items())
            for index in there
        ), (collection, keys)
    assert (await link["meta"].find_one({"_id": "schema"}))["form"] == len(mongo_shape.STEPS)


async def test_view_heads__of_views_an_earlier_keeper_wrote__are_read_from_them(store, link):
    await store.put_view(view(1))
    await store.put_view(view(2))
    await link["views"].update_one({"_id": 1}, {"$unset": {"name": True}})

    assert [head.name for head in await store.view_heads()] == ["Pool 1", "Pool 2"]


async def test_open_intents__as_mongodb_plans_to_read_them__never_walk_what_is_over(store, link):
    plan = await link["intents"].find({"open": True}).sort([("seq", -1)]).explain()

    assert "open_1_seq_-1" in str(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
    assert "'stage': 'SORT'" not in str(plan["queryPlanner"]["winningPlan"])


async def test_database__of_a_newer_keeper__is_refused_and_names_the_setting(mongod, store, link):
    await link["meta"].update_one({"_id": "schema"}, {"$set": {"form": 99}})
    try:
        with pytest.raises(BadSettings, match=re.escape("store.url (KEEPER_STORE__URL)") + ".*newer keeper"):
            async with open_mongo_store(mongod.url, DATABASE):
                pass
    finally:
        await link["meta"].update_one({"_id": "schema"}, {"$set": {"form": len(mongo_shape.STEPS)}})


async def test_database__of_the_newest_form__is_opened_without_writing(mongod, store):
    await store.put_note("anything", {"n": 1})
    with pymongo.MongoClient(mongod.url) as client:
        client.admin.command("fsync", lock=True)
        try:
            async with open_mongo_store(mongod.url, DATABASE) as other:
                assert await other.note("anything") == {"n": 1}
        finally:
            client.admin.command("fsyncUnlock")


async def test_database__opened_by_eight_at_once_when_new__all_work(mongod):
    async def write(number: int) -> None:
        async with open_mongo_store(mongod.url, "keeper_tests_new") as store:
            await store.add_decision(decision(number))

    mongod.clean("keeper_tests_new")
    await asyncio.gather(*(write(number) for number in range(8)))

    async with open_mongo_store(mongod.url, "keeper_tests_new") as store:
        assert len(await store.decisions()) == 8


async def test_server__that_stands_alone__is_refused_with_the_remedy():
    with running(replica_set=False) as server, pytest.raises(BadSettings, match="stands alone; make it a replica set"):
        async with open_mongo_store(server.url, DATABASE):
            pass


@pytest.mark.parametrize(
    "url",
    ["mongodb://me:s3cr3tword@127.0.0.1:99999/", "mongodb://me:s3cr3t/word@127.0.0.1/", "mongodb://", "nonsense"],
)
async def test_address__that_is_none__is_refused_without_repeating_it(url):
    with pytest.raises(BadSettings, match="is not an address of MongoDB") as caught:
        async with open_mongo_store(url, DATABASE):
            pass

    assert "s3cr3t" not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_address__where_nobody_is__is_unavailable_within_the_bound_and_keeps_the_password():
    away = "mongodb://me:s3cr3tword@127.0.0.1:1/?replicaSet=rs0"
    rule = WhaleMapping("indexer", address="who", holdings="what", holdings_unit="percent", observed_at="when")

    async def store():
        async with open_mongo_store(away, DATABASE):
            pass

    async def whales():
        async with open_whale_feeds([WhalePlace(away, DATABASE, "whales", rule, "whale_mappings[0].url")]) as [feed]:
            await feed.whales("defi")

    start = time.monotonic()
    opened, read = await asyncio.gather(store(), whales(), return_exceptions=True)

    assert time.monotonic() - start < LOOK_SECONDS + 1
    assert isinstance(opened, StoreUnavailable)
    assert isinstance(read, SourceUnavailable)
    assert "indexer: the database of whales could not be read" in str(read)
    for trouble in (opened, read):
        assert "s3cr3tword" not in repr(trouble) + repr(trouble.__cause__)


async def test_fenced_write__lease_taken_while_it_runs__is_lost_or_came_first(mongod, store):
    """Many rounds: whichever way it goes, what is written under a term was written before the next one began."""
    lease = await store.take_lease(SENDER, "me", seen=None)
    async with open_mongo_store(mongod.url, DATABASE) as other:
        for number in range(30):

            async def write(term=lease.term, key=f"k-{number}"):
                try:
                    await store.put_intent(intent(key), term=term)
                except LeaseLost:
                    return False
                return True

            taken, wrote = await asyncio.gather(other.take_lease(SENDER, "you", seen=lease), write())
            assert taken is not None
            assert (await store.intent(f"k-{number}") is not None) == wrote
            with pytest.raises(LeaseLost):
                await store.put_intent(intent("late"), term=lease.term)
            lease = taken
    assert await store.intent("late") is None


async def test_intent__written_late_under_a_lower_number__does_not_replace_the_newer(store, link):
    await store.put_intent(intent("k", IntentState.SENT))
    await link["intents"].update_one({"_id": "k"}, {"$set": {"wrote": 10**9}})

    await store.put_intent(intent("k", IntentState.PLANNED))
    first = await store.take_lease(SENDER, "me", seen=None)
    await store.put_intent(intent("k", IntentState.PLANNED), term=first.term)

    assert (await store.intent("k")).state is IntentState.SENT


async def test_server__killed_while_writing_and_started_again__has_everything_acknowledged(fragile):
    async with open_mongo_store(fragile.url, "killed") as store:
        lease = await store.take_lease(SENDER, "me", seen=None)
        acknowledged, refused = [], 0

        async def write(number):
            nonlocal refused
            try:
                await store.put_intent(intent(f"k-{number}", IntentState.SIGNED), term=lease.term)
                await store.add_decision(decision(number))
            except StoreUnavailable:
                refused += 1
            else:
                acknowledged.append(number)

        writers = [asyncio.create_task(write(number)) for number in range(150)]
        while len(acknowledged) < 40:
            await asyncio.wait(writers, timeout=0.01)
        fragile.kill()
        start = time.monotonic()
        await asyncio.gather(*writers)
        silent = time.monotonic() - start
        await asyncio.to_thread(fragile.start)
        kept, _ = await eventually(lambda: store.decisions(limit=1_000))
        opened = {item.key for item in await store.intents(open_only=True)}

        assert refused > 0
        assert silent < 2 * CALL_SECONDS + 1
        assert {f"d-1-{number}" for number in acknowledged} <= {item.decision_id for item in kept}
        assert {f"k-{number}" for number in acknowledged} <= opened
        assert await store.renew_lease(lease) is not None


async def test_server__that_hangs__is_unavailable_within_the_bound_and_heals_by_itself(fragile):
    async with open_mongo_store(fragile.url, "hung") as store:
        await store.put_intent(intent("k", IntentState.SIGNED))
        fragile.tell(signal.SIGSTOP)
        start = time.monotonic()
        try:
            wrote, read = await asyncio.gather(
                store.put_intent(intent("k", IntentState.SENT)), store.intents(open_only=True), return_exceptions=True
            )
        finally:
            fragile.tell(signal.SIGCONT)
        assert time.monotonic() - start < CALL_SECONDS + 1
        assert isinstance(wrote, StoreUnavailable)
        assert isinstance(read, StoreUnavailable)
        assert ("could not be written" in str(wrote), "could not be read" in str(read)) == (True, True)

        _, healed = await eventually(lambda: store.put_intent(intent("k", IntentState.MINED)))

        assert healed < 5
        assert (await store.intent("k")).state is IntentState.MINED


async def test_check__damaged_documents__are_named_by_kind_and_place(store, link):
    await store.put_whales([whale("SP1")])
    await store.add_decision(decision(1))
    await store.put_note("n", {})
    await store.take_lease(SENDER, "me", seen=None)
    await link["whales"].update_many({}, {"$set": {"body": "nonsense"}})
    await link["notes"].update_many({}, {"$unset": {"body": True}})
    await link["decisions"].update_many({}, {"$unset": {"seq": True}})
    await link["leases"].update_many({}, {"$unset": {"term": True}})

    health = await check_store(store, lambda done, of: None)

    names = [damaged.split(":")[0] for damaged in health.damaged]
    assert names == ["whale defi SP1", "decision None (_id d-1-1)", "note n", "lease sender"]


async def test_dump__put_back__gives_the_same_again(store, link):
    await store.put_whales([whale("SP1"), whale("SP2", "meme")])
    await store.add_decision(decision(1))
    await store.put_intent(intent("k"))
    await store.add_alert(alert(1))
    await store.put_view(view(1))
    await store.put_note("n", {"a": [1, None]})
    await store.take_lease(SENDER, "me", seen=None)
    rows = [row async for row in store.dump()]
    assert [row.kind for row in rows] == sorted((row.kind for row in rows), key=KINDS.index)

    for name in set(mongo_shape.COLLECTIONS) - {"meta"}:
        await link[name].delete_many({})
    await store.restore(rows)
    await store.restore(rows)

    assert [row async for row in store.dump()] == rows
    assert {row.kind for row in rows} == set(KINDS)
    await store.add_decision(decision(2))
    assert [item.decision_id for item in await store.decisions()] == ["d-1-2", "d-1-1"]
