"""A person says stop: nothing new is sent, everything else goes on."""

import pytest

from keeper.core.paused import LONGEST, PAUSED_NOTE, RESUMED, Paused, paused_from
from keeper.core.records import IntentState, Outcome
from keeper.core.units import Seconds
from tests.shell.world import ADRIFT

STOP = Paused("ops", "looking into prices", Seconds(1_795_000_000))


async def test_run__paused_while_a_proposal_is_due__sends_nothing_and_says_who_and_why(world):
    await world.follow(ADRIFT)
    await world.store.put_note(PAUSED_NOTE, STOP.note())

    decision = await world.run()

    assert decision.outcome is Outcome.PAUSED
    assert decision.reason == "paused by ops: looking into prices; nothing new is sent until `keeper resume`"
    assert decision.drift_bps > 2_900, "it still looks"
    assert (world.chain.sent, world.titles()) == ([], [])


async def test_run__paused_with_an_open_mandate__trades_nothing_and_goes_on_once_resumed(world):
    await world.with_mandate()
    await world.store.put_note(PAUSED_NOTE, STOP.note())
    held = await world.run()
    sent_while_paused = list(world.chain.sent)
    await world.store.put_note(PAUSED_NOTE, RESUMED)

    resumed = await world.run()

    assert (held.outcome, sent_while_paused) == (Outcome.PAUSED, [])
    assert resumed.outcome is Outcome.SLICE_EXECUTED


async def test_run__paused_and_nothing_to_send__says_what_it_would_say_anyway(world):
    await world.store.put_note(PAUSED_NOTE, STOP.note())

    assert (await world.run()).outcome is Outcome.WITHIN_THRESHOLD


async def test_run__paused_with_a_transaction_on_its_way__still_settles_it(world):
    await world.follow(ADRIFT)
    await world.run()
    await world.store.put_note(PAUSED_NOTE, STOP.note())

    decisions = await world.run_times(3)

    assert {intent.state for intent in await world.store.intents()} == {IntentState.SETTLED}
    assert {decision.outcome for decision in decisions} == {Outcome.WAITING_FOR_VOTE}
    assert world.chain.called() == ["propose-mandate"]


@pytest.mark.parametrize("note", [None, {}, RESUMED])
def test_paused_from__no_note_or_an_empty_one__is_no_pause(note):
    assert paused_from(note) is None


@pytest.mark.parametrize("note", [{"by": 5}, {"why": None, "at": "now"}, {"anything": True}, {"at": True}])
def test_paused_from__damaged_note__still_pauses(note):
    assert paused_from(note) == Paused("somebody", "", None)


def test_paused_from__its_own_note__is_the_same_pause_cut_to_bounds():
    long = Paused("b" * 999, "w" * 999, None)

    assert paused_from(STOP.note()) == STOP
    assert paused_from(long.note()) == Paused("b" * LONGEST, "w" * LONGEST, None)
