"""The daily thinning as the daemon does it, on a real file."""

import asyncio

import pytest
from conformance import DAY, NOON, decided

from keeper.core.retention import Retention, Thinned
from keeper.core.units import Seconds
from keeper.housekeeping import BATCH, thin_when_due
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

    assert await thin_when_due(store, Retention(), clock, stop) == Thinned(decisions=2)
    assert await thin_when_due(store, Retention(), clock, stop) is None
    clock.time += DAY
    assert await thin_when_due(store, Retention(), clock, stop) == Thinned(decisions=1)


async def test_thinning__told_to_stop__ends_after_a_step_and_is_due_again(store):
    stop = asyncio.Event()
    rows = [decided(number, NOON - 40 * DAY) for number in range(2 * BATCH)]
    await asyncio.gather(*(store.add_decision(row) for row in rows))
    stop.set()

    assert await thin_when_due(store, Retention(), At(NOON), stop) == Thinned(decisions=BATCH)
    stop.clear()
    assert await thin_when_due(store, Retention(), At(NOON), stop) == Thinned(decisions=BATCH - 1)
