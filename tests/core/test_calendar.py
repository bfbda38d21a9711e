"""When what is due: periods, dates, no burst, and what a look leaves behind."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.calendar import (
    Looked,
    Periods,
    after,
    as_due,
    chosen,
    next_date,
    next_due,
    upcoming,
)
from keeper.core.policy import PoolRule
from keeper.core.records import POSTED_BESIDE, Decision, Outcome
from keeper.core.units import Bps, Seconds
from keeper.core.whales import WhaleRule

HOUR, DAY = 3_600, 86_400
NOW = Seconds(int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()))
PERIODS = Periods()
SEED = "ST1"
RULE = PoolRule(1, "DeFi", "ST1.pool-share-1", ("STX",), Bps(1_000), Bps(200), WhaleRule(category="defi", top=3))
MONTHLY = replace(RULE, cadence="monthly")
TIMES = st.integers(min_value=1_600_000_000, max_value=2_500_000_000).map(Seconds)
CADENCES = st.sampled_from(["two-weekly", "monthly", "quarterly"])


def seen(ago=0, **more):
    """Return a pool at rest, just looked at `ago` seconds before NOW."""
    at = Seconds(NOW - ago)
    return replace(Looked(at, 100, resting=True, drift_bps=Bps(300), proposals_at=at, date_at=at), **more)


def due(looked, rule=RULE, *, now=NOW, height=101, periods=PERIODS):
    return as_due(rule, looked, now, height, SEED, periods)


def decision(outcome=Outcome.WITHIN_THRESHOLD, at=NOW):
    return Decision("d", 1, at, 101, outcome, "because", Bps(300))


def day(year, month, date):
    return datetime(year, month, date, tzinfo=UTC).timestamp()


@given(last=TIMES, down=st.integers(min_value=0, max_value=400 * DAY))
def test_next_due__after_any_silence__is_due_once_and_then_rests_a_period(last, down):
    now = Seconds(last + down)
    when = next_due("analysis", last, now, SEED, PERIODS)

    assert 6 * HOUR <= when - last <= 6 * HOUR + 6 * HOUR // 20
    assert next_due("analysis", now, now, SEED, PERIODS) - now >= 6 * HOUR


def test_next_due__never_done__is_due_now():
    assert next_due("health", None, NOW, SEED, PERIODS) == NOW


@given(ahead=st.integers(min_value=1, max_value=400 * DAY))
def test_next_due__last_time_lies_ahead__is_due_within_two_periods(ahead):
    last = Seconds(NOW + ahead)
    later = Seconds(NOW + 2 * HOUR + HOUR // 20)

    assert min(next_due("proposals", last, now, SEED, PERIODS) - now for now in (NOW, later)) <= 0


def test_next_due__last_time_lies_a_little_ahead__is_not_due_at_once():
    assert next_due("proposals", Seconds(NOW + 60), NOW, SEED, PERIODS) >= NOW + HOUR


def test_next_due__many_pools_done_at_once__do_not_come_back_at_once():
    whens = {next_due("analysis", NOW, NOW, f"{SEED}:{pool}", PERIODS) for pool in range(100)}

    assert len(whens) > 50


@given(cadence=CADENCES, last=TIMES)
def test_next_date__any_time__lies_ahead_and_no_date_is_passed_over(cadence, last):
    found = next_date(cadence, last, SEED)
    longest = {"two-weekly": 14, "monthly": 31, "quarterly": 92}[cadence]

    assert last < found <= last + longest * DAY + HOUR


@pytest.mark.parametrize(
    ("cadence", "date"),
    [("two-weekly", (2026, 11, 23)), ("monthly", (2026, 12, 1)), ("quarterly", (2027, 1, 1))],
)
def test_next_date__from_a_day_in_november__is_that_date(cadence, date):
    assert 0 <= next_date(cadence, NOW, SEED) - day(*date) <= HOUR


def test_next_date__two_weekly__is_a_fortnight_apart():
    first = next_date("two-weekly", NOW, SEED)

    assert datetime.fromtimestamp(first, UTC).isoweekday() == 1
    assert abs(next_date("two-weekly", first, SEED) - first - 14 * DAY) <= HOUR


def test_due__never_seen__is_and_may_propose():
    assert due(None) == RULE


def test_due__just_seen__is_not():
    assert due(seen()) is None


def test_due__new_block_long_enough_after__is_but_may_not_propose():
    assert due(seen(ago=299)) is None
    assert due(seen(ago=316)) == replace(RULE, proposals_open=False)


def test_due__many_pools_seen_at_once__do_not_all_come_back_with_the_same_block():
    pools = [replace(RULE, pool_id=pool) for pool in range(100)]
    back = [sum(due(seen(ago=ago), rule) is not None for rule in pools) for ago in (299, 307, 315)]

    assert back[0] == 0
    assert 20 < back[1] < 80
    assert back[2] == 100


def test_due__no_new_block__is_not():
    assert due(seen(ago=316), height=100) is None


def test_due__looks_after_blocks_off__waits_for_the_analysis():
    periods = Periods(after_block=Seconds(0))

    assert due(seen(ago=6 * HOUR - 1, proposals_at=NOW), periods=periods) is None
    assert due(seen(ago=7 * HOUR, proposals_at=NOW), periods=periods) is not None


def test_due__something_under_way__is_at_every_tick():
    assert due(seen(resting=False), height=100) == replace(RULE, proposals_open=False)


def test_due__adrift_and_an_hour_after_the_last_proposals__is():
    looked = seen(proposals_at=Seconds(NOW - 2 * HOUR))

    assert due(looked) is None
    assert due(replace(looked, drift_bps=Bps(1_001))) == RULE


def test_due__on_its_own_date__any_drift_beyond_the_tolerance_counts():
    now = Seconds(int(day(2026, 12, 1)) + HOUR)
    looked = seen(date_at=NOW, proposals_at=Seconds(now - 2 * HOUR), at=now)

    assert due(looked, MONTHLY, now=now).drift_threshold_bps == 200
    assert due(looked, RULE, now=now) is None


def test_after__every_time_lay_ahead__all_is_due_again_as_ever():
    ahead = Seconds(NOW + 365 * DAY)
    looked = seen(at=ahead, proposals_at=ahead, date_at=ahead)
    rule = due(looked, MONTHLY)
    then = after(looked, rule, decision(), SEED)

    assert rule == MONTHLY
    assert (then.at, then.proposals_at, then.date_at) == (NOW, NOW, NOW)
    assert 0 <= upcoming(MONTHLY, then, NOW, SEED, PERIODS)["date"] - day(2026, 12, 1) <= HOUR


def test_due__date_passed_during_downtime__is_kept_once():
    now = Seconds(int(day(2027, 4, 17)))
    looked = seen(date_at=NOW, proposals_at=NOW)
    rule = due(looked, MONTHLY, now=now)
    then = after(looked, rule, decision(at=now), SEED)

    assert rule.drift_threshold_bps == 200
    assert due(replace(then, proposals_at=None), MONTHLY, now=now) is None
    assert 0 <= upcoming(MONTHLY, then, now, SEED, PERIODS)["date"] - day(2027, 5, 1) <= HOUR


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.WAITING_FOR_VOTE])
def test_after__date_could_not_be_kept__it_stays_due(outcome):
    now = Seconds(int(day(2026, 12, 2)))
    looked = seen(date_at=NOW, proposals_at=NOW)
    then = after(looked, due(looked, MONTHLY, now=now), decision(outcome, at=now), SEED)

    assert then.date_at == NOW


@pytest.mark.parametrize(("beside", "kept"), [("within_threshold", True), ("not_worth_it", True), ("refused", False)])
def test_after__prices_posted_on_its_date__is_kept_by_what_the_pool_came_to(beside, kept):
    now = Seconds(int(day(2026, 12, 2)))
    looked = seen(date_at=NOW, proposals_at=NOW)
    posted = replace(decision(Outcome.PRICES_POSTED, at=now), facts={POSTED_BESIDE: beside})
    then = after(looked, due(looked, MONTHLY, now=now), posted, SEED)

    assert (then.date_at == now) is kept


def test_after__prices_posted_while_the_venues_refill__is_still_under_way():
    posted = replace(decision(Outcome.PRICES_POSTED), facts={POSTED_BESIDE: "waiting_for_venues"})

    assert not after(None, RULE, posted, SEED).resting


def test_after__first_look__counts_its_dates_from_there():
    assert after(None, MONTHLY, decision(), SEED).date_at == NOW


@pytest.mark.parametrize(
    ("outcome", "resting"),
    [(Outcome.WAITING_FOR_VOTE, True), (Outcome.SLICE_EXECUTED, False), (Outcome.REFUSED, True)],
)
def test_after__each_outcome__says_whether_something_is_under_way(outcome, resting):
    assert after(None, RULE, decision(outcome), SEED).resting is resting


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNAVAILABLE])
def test_after__look_came_to_nothing__leaves_the_next_one_free_to_propose(outcome):
    looked = seen(proposals_at=Seconds(NOW - 2 * HOUR))
    then = after(looked, RULE, decision(outcome), SEED)

    assert then.troubled
    assert then.proposals_at == looked.proposals_at
    assert due(then, now=Seconds(NOW + 70)) == RULE


def test_due__last_look_came_to_nothing__is_tried_again_after_a_minute_and_not_before():
    troubled = seen(ago=59, troubled=True, drift_bps=Bps(9_000), proposals_at=None)

    assert due(troubled, height=100) is None
    assert due(replace(troubled, at=Seconds(NOW - 63)), height=100) is not None


def test_due__looks_follow_faster_than_a_minute__so_do_tries():
    assert due(seen(ago=1, troubled=True), periods=Periods(after_block=Seconds(1))) is not None


def test_after__look_between_proposals__keeps_the_time_of_the_last_ones():
    looked = seen(ago=400)

    assert after(looked, replace(RULE, proposals_open=False), decision(), SEED).proposals_at == looked.at
    assert after(looked, RULE, decision(), SEED).proposals_at == NOW


def test_chosen__all_due_after_downtime__takes_a_few_and_the_longest_unseen_first():
    rules = {pool: replace(RULE, pool_id=pool) for pool in range(1, 101)}
    looked = {pool: seen(ago=pool) for pool in rules} | {7: seen(ago=1, resting=False)}

    found = [rule.pool_id for rule in chosen(rules, looked, NOW, Periods(looks_at_once=3))]

    assert found == [7, 98, 99, 100]


def test_chosen__last_look_lies_ahead__does_not_come_last():
    rules = {pool: replace(RULE, pool_id=pool) for pool in (1, 2)}
    looked = {1: seen(ago=HOUR), 2: seen(ago=-HOUR)}

    assert [rule.pool_id for rule in chosen(rules, looked, NOW, Periods(looks_at_once=1))] == [2]


@pytest.mark.parametrize("troubled", [True, False])
def test_looked__written_and_read__is_the_same(troubled):
    looked = seen(ago=5, proposals_at=None, troubled=troubled)

    assert Looked.of(looked.body()) == looked


@pytest.mark.parametrize(
    ("looked", "periods", "first", "last"),
    [
        (seen(), PERIODS, 300, 315),
        (seen(), Periods(after_block=Seconds(0)), 6 * HOUR, 6 * HOUR + 1_080),
        (seen(troubled=True), PERIODS, 60, 63),
        (seen(resting=False), PERIODS, 0, 0),
        (seen(drift_bps=Bps(2_000)), Periods(after_block=Seconds(0)), HOUR, HOUR + 180),
        (
            seen(drift_bps=None),
            Periods(after_block=Seconds(0), analysis=Seconds(DAY * 30)),
            9.5 * DAY,
            9.5 * DAY + HOUR,
        ),
    ],
)
def test_upcoming__look__is_the_earliest_of_what_applies(looked, periods, first, last):
    found = upcoming(MONTHLY, looked, NOW, SEED, periods)["look"]

    assert first <= found - NOW <= last
    assert due(looked, MONTHLY, now=found, periods=periods) is not None
    assert found == NOW or due(looked, MONTHLY, now=Seconds(found - 1), periods=periods) is None


def test_looked__written_by_an_older_keeper__is_read():
    body = seen().body()
    del body["troubled"]

    assert Looked.of(body) == seen()


def test_longest_rest__many_pools__grows_with_the_rounds_it_takes():
    assert Periods().longest_rest(3, 60) == 315 + 60
    assert Periods(looks_at_once=10).longest_rest(100, 60) == 315 + 600
    assert Periods(after_block=Seconds(0)).longest_rest(3, 60) == 22_680 + 60
