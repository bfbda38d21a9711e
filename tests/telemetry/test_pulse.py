from keeper.core.records import Outcome
from keeper.telemetry.pulse import Beat, Pulse


class Hands:
    """A timer that is set by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_pulse__before_the_first_cycle__knows_no_age():
    pulse = Pulse([1, 2])

    assert pulse.last_age_seconds() is None
    assert pulse.beat(1) is None


def test_pulse__two_pools__each_has_its_age_and_the_newest_counts():
    hands = Hands()
    pulse = Pulse([1, 2], hands)
    pulse.cycle_finished(1, Outcome.REFUSED)
    hands.at += 30
    pulse.cycle_finished(2, Outcome.PROPOSED)
    hands.at += 5.9

    assert pulse.beat(1) == Beat(35, Outcome.REFUSED)
    assert pulse.beat(2) == Beat(5, Outcome.PROPOSED)
    assert pulse.last_age_seconds() == 5


def test_pulse__cycle_that_goes_on_for_long__is_stuck_only_while_nothing_moves():
    hands = Hands()
    pulse = Pulse([1], hands)

    with pulse.at_work():
        hands.at += 200
        slow = pulse.stuck_seconds()
        pulse.moved()
        moved = pulse.stuck_seconds()
    hands.at += 86_400

    assert (slow, moved, pulse.stuck_seconds()) == (200, 0, 0)
