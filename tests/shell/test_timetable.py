"""Which pools a round looks at, over a real store: looks that a person asked for, and pools in trouble."""

from dataclasses import replace

import pytest

from keeper.core.calendar import Periods
from keeper.core.records import Decision, Outcome
from keeper.core.units import Bps, Seconds
from keeper.store.sqlite import open_store
from keeper.testing.build import DEPLOYER
from keeper.timetable import Timetable, upcoming_of
from tests.shell.world import RULE

NOON = Seconds(1_795_262_400)
DECEMBER = Seconds(NOON + 10 * 86_400)
"""The first of December at noon; the pools' own date was ten to twelve hours before."""
TWO_AT_ONCE = Periods(looks_at_once=2)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "keeper.sqlite3") as opened:
        yield opened


def pools(count, **more):
    return tuple(replace(RULE, pool_id=pool, **more) for pool in range(1, count + 1))


async def looked(table, now, outcome=Outcome.WITHIN_THRESHOLD, height=7):
    """Look at what is due and return the rules it was looked at by."""
    rules = await table.due(now, height)
    await table.done(rules, [Decision("d", r.pool_id, now, height, outcome, "because", Bps(0)) for r in rules])
    return rules


def ids(rules):
    return [rule.pool_id for rule in rules]


async def test_wanted__more_pools_than_are_looked_at_at_once__are_all_looked_at_once(store):
    table = Timetable(store, pools(3), TWO_AT_ONCE, DEPLOYER)
    for later in range(2):
        await looked(table, Seconds(NOON + later))

    table.want()

    assert [ids(await looked(table, Seconds(NOON + 10))) for _ in range(3)] == [[1, 2], [3], []]


async def test_wanted__on_the_pools_own_date__is_held_against_its_whales_and_the_date_is_kept(store):
    monthly = pools(1, cadence="monthly")
    table = Timetable(store, monthly, TWO_AT_ONCE, DEPLOYER)
    await looked(table, NOON)

    table.want()
    [rule] = await looked(table, DECEMBER)

    assert (rule.drift_threshold_bps, rule.proposals_open) == (RULE.tolerance_bps, True)
    due, _ = await upcoming_of(store, monthly, TWO_AT_ONCE, DEPLOYER)
    assert due[1]["date"] > DECEMBER + 20 * 86_400


async def test_wanted__just_after_a_look__opens_no_proposal_before_its_time(store):
    table = Timetable(store, pools(1), TWO_AT_ONCE, DEPLOYER)
    await looked(table, NOON)

    table.want()

    assert [rule.proposals_open for rule in await looked(table, Seconds(NOON + 60))] == [False]


async def test_due__every_pool_is_refused__takes_few_at_once_and_starves_nobody(store):
    table = Timetable(store, pools(6), TWO_AT_ONCE, DEPLOYER)
    turns = [ids(await looked(table, Seconds(NOON + 70 * number), Outcome.REFUSED)) for number in range(6)]

    assert turns == [[1, 2], [3, 4], [5, 6]] * 2


async def test_due__some_are_refused_and_some_at_rest__all_have_their_turn(store):
    table, at_rest = Timetable(store, pools(4), TWO_AT_ONCE, DEPLOYER), []
    for number in range(12):
        now = Seconds(NOON + 400 * number)
        rules = await table.due(now, number)
        outcomes = {1: Outcome.REFUSED, 2: Outcome.UNAVAILABLE, 3: Outcome.REFUSED, 4: Outcome.WITHIN_THRESHOLD}
        await table.done(rules, [Decision("d", r.pool_id, now, number, outcomes[r.pool_id], "so") for r in rules])
        at_rest.append(4 in ids(rules))

    assert at_rest == [False, True] * 6


async def test_due__looks_in_trouble__are_remembered_over_a_restart(store):
    await looked(Timetable(store, pools(1), TWO_AT_ONCE, DEPLOYER), NOON, Outcome.REFUSED)
    after_restart = Timetable(store, pools(1), TWO_AT_ONCE, DEPLOYER)

    assert await after_restart.due(Seconds(NOON + 30), 8) == ()
    assert await after_restart.due(Seconds(NOON + 70), 7) == pools(1)
