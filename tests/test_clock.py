import pytest

from keeper.clock import ChainClock
from keeper.core.chain_types import Tip
from keeper.core.units import Seconds
from keeper.errors import NodeUnavailable


def tip(time, height=1):
    return Tip(height, "00" * 32, Seconds(time))


def test_now__before_any_block__is_not_known():
    with pytest.raises(NodeUnavailable):
        ChainClock().now()


def test_started__is_set_by_the_first_block():
    clock = ChainClock()
    before = clock.started.is_set()

    clock.note(tip(5_000))

    assert (before, clock.started.is_set()) == (False, True)


def test_now__between_blocks__goes_on_with_the_machines_timer():
    ticks = [100.0]
    clock = ChainClock(lambda: ticks[0])
    clock.note(tip(5_000))
    ticks[0] = 107.9

    assert clock.now() == 5_007


def test_note__older_block__never_turns_time_back():
    ticks = [100.0]
    clock = ChainClock(lambda: ticks[0])
    clock.note(tip(5_000))
    ticks[0] = 130.0

    clock.note(tip(5_010))

    assert clock.now() == 5_030


def test_note__higher_block_behind_the_machines_timer__does_not_turn_time_back():
    ticks = [100.0]
    clock = ChainClock(lambda: ticks[0])
    clock.note(tip(5_000))
    ticks[0] = 130.0

    clock.note(tip(5_010, height=2))

    assert clock.now() == 5_030


def test_note__one_false_date__is_taken_back_by_the_next_block():
    clock = ChainClock(lambda: 0.0)
    clock.note(tip(5_000))
    clock.note(tip(900_000, height=2))
    clock.note(tip(5_005, height=2))
    before = clock.now()

    clock.note(tip(5_010, height=3))

    assert (before, clock.now()) == (900_000, 5_010)


@pytest.mark.parametrize("dated", [1, 4_999])
def test_note__false_date_of_long_ago__never_turns_time_back(dated):
    clock = ChainClock(lambda: 0.0)
    clock.note(tip(5_000))
    clock.note(tip(5_005, height=2))

    clock.note(tip(dated, height=3))

    assert clock.now() == 5_005


def test_note__day_jump__is_followed():
    clock = ChainClock(lambda: 0.0)
    clock.note(tip(5_000))

    clock.note(tip(91_400))

    assert clock.now() == 91_400


def test_told_at__before_and_after_the_first_block__is_the_machines_time_then_the_chains():
    clock = ChainClock(lambda: 0.0, machine=lambda: 9_000.7)
    before = clock.told_at()

    clock.note(tip(5_000))

    assert (before, clock.told_at()) == (9_000, 5_000)
