"""What the sender may leave unasked while it alone may write."""

import pytest

from keeper.core.leases import SENDER
from keeper.core.records import IntentKind, IntentState
from keeper.errors import LeaseLost
from keeper.execution.fenced import Fenced
from keeper.store.sqlite import SqliteStore, open_store
from tests.web.samples import intent

PLANNED = intent("rebalance:1:1:1#1", IntentKind.REBALANCE, IntentState.PLANNED)


class Counting(SqliteStore):
    """Counts how often it is asked for what is open."""

    asked = 0

    async def intents(self, *args, **options):
        self.asked += 1
        return await super().intents(*args, **options)


class Holder:
    """A lease that tests take and lose."""

    term: int | None = None

    def __call__(self):
        if self.term is None:
            raise LeaseLost
        return self.term


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "keeper.sqlite3") as opened:
        yield Counting(opened._db)  # noqa: SLF001 - the same file, counted


async def held(store, holder):
    lease = await store.take_lease(SENDER, "somebody", seen=await store.lease(SENDER))
    holder.term = lease.term


async def test_open_intents__nothing_was_open_under_this_lease__asks_the_store_once(store):
    holder = Holder()
    await held(store, holder)
    fenced = Fenced(store, holder)

    assert [list(await fenced.open_intents()) for _ in range(3)] == [[], [], []]
    assert store.asked == 1


async def test_open_intents__one_was_written_since__is_found(store):
    holder = Holder()
    await held(store, holder)
    fenced = Fenced(store, holder)
    await fenced.open_intents()

    await fenced.put_intent(PLANNED)

    assert [found.key for found in await fenced.open_intents()] == [PLANNED.key]
    assert [found.key for found in await fenced.open_intents()] == [PLANNED.key]


async def test_open_intents__another_wrote_under_a_lease_in_between__is_found(store):
    holder, other = Holder(), Holder()
    await held(store, holder)
    fenced = Fenced(store, holder)
    await fenced.open_intents()
    holder.term = None
    await held(store, other)
    await Fenced(store, other).put_intent(PLANNED)
    await held(store, holder)

    assert [found.key for found in await fenced.open_intents()] == [PLANNED.key]


async def test_open_intents__without_a_lease__asks_every_time(store):
    fenced = Fenced(store, Holder())

    assert [list(await fenced.open_intents()) for _ in range(2)] == [[], []]
    assert store.asked == 2
    assert list(await Fenced(store).open_intents()) == []
