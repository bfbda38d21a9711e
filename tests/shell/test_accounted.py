"""Every transaction that did something has one decision record, whatever fails between its block and the record."""

import pytest

from keeper.accounted import ACCOUNTED_NOTE
from keeper.core.records import IntentState, Outcome
from keeper.errors import StoreUnavailable
from tests.shell.world import ADRIFT, open_world

OVER = (IntentState.MINED, IntentState.SETTLED)


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


class Away:
    """Takes the store's writes of records away once a transaction is over, until it is back."""

    def __init__(self, store, *, raises=StoreUnavailable):
        self.now, self._is_over = False, False
        self._put, self._record, self._alert, self._raises = store.put_intent, store.record, store.add_alert, raises
        store.put_intent, store.record, store.add_alert = self.put_intent, self.record, self.add_alert

    async def put_intent(self, intent, **more):
        await self._put(intent, **more)
        self.now = not self._is_over and (self.now or intent.state in OVER)

    def back(self):
        self.now, self._is_over = False, True

    async def record(self, turns, notes=None):
        await self._ready()
        await self._record(turns, notes)

    async def add_alert(self, record):
        await self._ready()
        await self._alert(record)

    async def _ready(self):
        if self.now:
            message = "disk full"
            raise self._raises(message)


async def outcomes(world):
    return [decision.outcome for decision in reversed(await world.store.decisions())]


async def test_outage__after_a_slice_was_mined__its_decision_is_written_first_thing_and_once(world):
    await world.with_mandate()
    before = len(await outcomes(world))
    away = Away(world.store)
    with pytest.raises(StoreUnavailable):
        await world.cycle.run()
    with pytest.raises(StoreUnavailable):
        await world.cycle.run()
    sent = len(world.chain.sent)
    away.back()
    await world.run_times(2)

    [first, *rest] = (await outcomes(world))[before:]
    assert sent == 1
    assert first is Outcome.SLICE_EXECUTED
    decisions = [d for d in await world.store.decisions() if d.outcome is Outcome.SLICE_EXECUTED]
    assert (
        len({d.facts["slice"]["txid"] for d in decisions}) == len(decisions) == 1 + rest.count(Outcome.SLICE_EXECUTED)
    )
    assert decisions[-1].facts["plan"]["legs"]  # as its own turn saw it


async def test_outage__alerts_of_it__are_delivered_at_once_and_written_when_it_is_over(world):
    await world.follow(ADRIFT)
    away = Away(world.store)
    with pytest.raises(StoreUnavailable):
        await world.cycle.run()
    await world.alerts.flush(10.0)
    told, written = world.titles(), [record.alert.title for record in await world.store.alerts()]
    away.back()
    await world.run()

    assert told == ["DeFi Whale Index: rebalance proposed"]
    assert (written, [record.alert.title for record in await world.store.alerts()]) == ([], told)


class Killed(BaseException):
    """The end of the process."""


async def test_crash__between_a_block_and_its_record__the_next_life_records_it_from_the_journal(world):
    await world.with_mandate()
    away = Away(world.store, raises=Killed)
    with pytest.raises(Killed):
        await world.cycle.run()
    away.back()
    assert Outcome.SLICE_EXECUTED not in await outcomes(world)

    world.vote(1, passes=True)  # time passes
    cycle, _ = world.rebuild()
    await cycle.run(())
    await cycle.run(())
    again, _ = world.rebuild()
    await again.run(())

    [decision] = [d for d in await world.store.decisions() if d.outcome is Outcome.SLICE_EXECUTED]
    assert "found out after its turn had ended" in decision.reason
    assert decision.facts["slice"]["slice"] == 1
    assert len(world.chain.sent) == 1


async def test_slice__mined_only_after_its_turn_gave_up__has_its_record(world):
    await world.with_mandate()
    world.chain.mines_at_once = False
    waiting = await world.run()
    world.chain.mine()
    world.chain.pass_time(61)
    await world.cycle.run(())

    assert waiting.outcome is Outcome.WAITING_FOR_TRANSACTION
    assert (await outcomes(world))[-1] is Outcome.SLICE_EXECUTED


async def test_lease__went_through_another_keeper__what_was_kept_is_found_in_the_journal(world):
    await world.with_mandate()
    away = Away(world.store)
    with pytest.raises(StoreUnavailable):
        await world.cycle.run()
    away.back()
    world.cycle.new_term()
    await world.cycle.run(())

    [decision] = [d for d in await world.store.decisions() if d.outcome is Outcome.SLICE_EXECUTED]
    assert "found out after its turn had ended" in decision.reason


async def test_store__of_a_keeper_that_noted_nothing__is_not_recorded_anew(world):
    await world.with_mandate()
    await world.run()
    before = await outcomes(world)
    real = world.store.note

    async def unknown(key):
        return None if key == ACCOUNTED_NOTE else await real(key)

    world.store.note = unknown
    cycle, _ = world.rebuild()
    await cycle.run(())
    world.store.note = real

    assert await outcomes(world) == before
    assert len((await world.store.note(ACCOUNTED_NOTE))["keys"]) == 3
