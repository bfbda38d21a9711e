import pytest

from keeper.clock import ChainClock
from keeper.core.chain_types import Tip
from keeper.core.units import Seconds
from keeper.errors import NodeUnavailable


def tip(time):
    return Tip(1, "00" * 32, Seconds(time))


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
