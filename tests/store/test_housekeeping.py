"""The daily thinning as the daemon does it, on a real file."""

import asyncio

import pytest
from conformance import DAY, NOON, decided

from keeper.core.retention import Retention, Thinned
from keeper.core.units import Seconds
from keeper.housekeeping import BATCH, THINNED_NOTE, thin_when_due
from keeper.store.sqlite import open_store


class At:
    """A clock that stands where it is put."""

    def __init__(self, now):
        self.time = now

    def now(self):
        return Seconds(self.time)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "keeper.sqlite3") as opened:
        yield opened


async def test_thinning__asked_often__is_done_once_a_day(store):
    clock, stop = At(NOON), asyncio.Event()
    for number in range(3):
        await store.add_decision(decided(number, NOON - 30 * DAY - DAY + number))
    await store.add_decision(decided(9, NOON - 30 * DAY))
    await store.add_decision(decided(10, NOON - 30 * DAY + 1))
    await store.add_decision(decided(11, NOON + DAY))

    assert await thin_when_due(store, Retention(), clock, stop) == Thinned(decisions=2)
    assert await thin_when_due(store, Retention(), clock, stop) is None
    clock.time += DAY
    assert await thin_when_due(store, Retention(), clock, stop) == Thinned(decisions=1)


async def test_thinning__told_to_stop__ends_after_a_step_and_is_due_again(store):
    stop = asyncio.Event()
    rows = [decided(number, NOON - 40 * DAY) for number in range(2 * BATCH)]
    await asyncio.gather(*(store.add_decision(row) for row in rows))
    await store.add_decision(decided(2 * BATCH, NOON))
    stop.set()

    assert await thin_when_due(store, Retention(), At(NOON), stop) == Thinned(decisions=BATCH)
    stop.clear()
    assert await thin_when_due(store, Retention(), At(NOON), stop) == Thinned(decisions=BATCH - 1)


async def test_thinning__clock_runs_years_ahead__counts_from_the_newest_decision(store):
    for number, at in enumerate((NOON - 20 * DAY, NOON - 20 * DAY + 1, NOON)):
        await store.add_decision(decided(number, at))
    clock, stop = At(NOON + 1_500 * DAY), asyncio.Event()

    assert await thin_when_due(store, Retention(), clock, stop) == Thinned()
    assert await store.note(THINNED_NOTE) == {"at": NOON}


async def test_thinning__last_one_was_dated_ahead__is_due(store):
    await store.put_note(THINNED_NOTE, {"at": NOON + 1_500 * DAY})
    for number in range(2):
        await store.add_decision(decided(number, NOON - 40 * DAY))
    await store.add_decision(decided(2, NOON))

    assert await thin_when_due(store, Retention(), At(NOON), asyncio.Event()) == Thinned(decisions=1)


async def test_thinning__nothing_was_ever_decided__waits(store):
    assert await thin_when_due(store, Retention(), At(NOON), asyncio.Event()) is None
