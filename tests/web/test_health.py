import pytest
from samples import Hands

from keeper.core.records import Outcome
from keeper.telemetry.pulse import Pulse
from keeper.web.health import check_health


def test_health__no_cycle_yet__is_starting():
    health = check_health(Pulse([1], Hands(0)), 60)

    assert (health.state, health.age_seconds, health.limit_seconds) == ("starting", None, 180)


@pytest.mark.parametrize(("cycle_seconds", "limit"), [(1, 60), (20, 60), (21, 63), (600, 1_800)])
def test_health__around_the_limit__turns_stale_exactly_there(cycle_seconds, limit):
    hands = Hands(1_000)
    pulse = Pulse([1], hands)
    pulse.cycle_finished(1, Outcome.REFUSED)

    hands.at = 1_000 + limit - 1
    before = check_health(pulse, cycle_seconds)
    hands.at = 1_000 + limit
    after = check_health(pulse, cycle_seconds)

    assert (before.state, before.limit_seconds) == ("ok", limit)
    assert (after.state, after.pools[0].stale) == ("stale", True)


def test_health__one_pool_hangs_while_another_goes_on__is_stale_and_names_it():
    hands = Hands(1_000)
    pulse = Pulse([1, 2], hands)
    pulse.cycle_finished(1, Outcome.PROPOSED)
    pulse.cycle_finished(2, Outcome.PROPOSED)
    hands.at = 1_300
    pulse.cycle_finished(1, Outcome.WAITING_FOR_VOTE)

    health = check_health(pulse, 60)

    assert health.state == "stale"
    assert [(pool.pool_id, pool.age_seconds, pool.stale) for pool in health.pools] == [(1, 0, False), (2, 300, True)]
    assert health.pools[1].last_outcome == "proposed"


def test_health__a_pool_that_never_had_a_cycle__has_its_time_too():
    hands = Hands(1_000)
    pulse = Pulse([1, 2], hands)
    pulse.cycle_finished(1, Outcome.PROPOSED)

    early = check_health(pulse, 60)
    hands.at = 1_180
    pulse.cycle_finished(1, Outcome.PROPOSED)
    late = check_health(pulse, 60)

    assert early.state == "ok"
    assert (late.state, late.pools[1].age_seconds) == ("stale", None)


def test_health__loop_stands_still__is_stale_long_before_a_pool_is():
    hands = Hands(0)
    pulse = Pulse([1], hands, tick_seconds=60)
    pulse.cycle_finished(1, Outcome.WITHIN_THRESHOLD)
    pulse.round_ended()
    hands.at = 299
    before = check_health(pulse, 21_600)
    hands.at = 300
    after = check_health(pulse, 21_600)

    assert (before.state, before.useful, before.loop_limit_seconds) == ("ok", True, 300)
    assert (after.state, after.useful, after.loop_age_seconds) == ("stale", False, 300)


def test_health__long_round_that_makes_progress__is_not_still():
    hands = Hands(0)
    pulse = Pulse([1], hands, tick_seconds=60)
    pulse.cycle_finished(1, Outcome.WITHIN_THRESHOLD)
    pulse.round_ended()
    with pulse.at_work():
        hands.at = 1_000
        pulse.moved()
        hands.at = 1_010

        assert check_health(pulse, 21_600).loop_age_seconds == 10


def test_health__every_pool_refused__is_alive_and_not_useful():
    pulse = Pulse([1, 2], Hands(0), tick_seconds=60)
    for pool_id in (1, 2):
        pulse.cycle_finished(pool_id, Outcome.REFUSED)
    pulse.round_ended()

    health = check_health(pulse, 60)

    assert (health.state, health.useful) == ("ok", False)


@pytest.mark.parametrize("standing_by", [False, True])
def test_health__store_is_away__is_stale_at_once_whoever_has_the_lease(standing_by):
    pulse = Pulse([1], Hands(0), tick_seconds=60)
    pulse.cycle_finished(1, Outcome.WITHIN_THRESHOLD)
    pulse.round_ended()
    pulse.standing_by, pulse.store_up = standing_by, False

    health = check_health(pulse, 60)

    assert (health.state, health.useful, health.store_up) == ("stale", False, False)
