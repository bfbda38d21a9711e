"""`keeper pause | resume`, and what `keeper status` says of it and of what is due."""

import asyncio
import json
from dataclasses import replace

import pytest

from keeper.core.leases import SENDER
from keeper.core.paused import LONGEST
from keeper.core.records import Decision, Outcome
from keeper.core.units import Seconds
from keeper.housekeeping import THINNED_NOTE
from keeper.settings import load_settings
from keeper.store.sqlite import open_store
from keeper.timetable import Timetable
from keeper.web.text import instant
from keeper.whale_watch import WATCHED_NOTE

DONE, FAILED = 0, 1
NOON = Seconds(1_795_262_400)


def look_once(config):
    """Let a look at the one pool be noted, at noon of 2026-11-21 UTC."""

    async def note():
        settings = load_settings(config, {})
        async with open_store(settings.store_path) as store:
            table = Timetable(store, settings.pool_rules(), settings.schedule.periods(), settings.deployer)
            rules = await table.due(NOON, 7)
            await table.done(rules, [Decision("d", 1, NOON, 7, Outcome.WITHIN_THRESHOLD, "at home")])
            assert await table.health_due(NOON) is False

    asyncio.run(note())


@pytest.fixture
def used(config):
    """Give settings whose store a keeper has used: it held the lease there."""

    async def hold():
        async with open_store(load_settings(config, {}).store_path) as store:
            await store.take_lease(SENDER, "a keeper", seen=None)

    asyncio.run(hold())
    return config


def status(keeper, config):
    return json.loads(keeper("status", "-c", config, "--json")[1])


def test_pause__with_a_reason__is_shown_until_resumed(keeper, used):
    paused = keeper("pause", "-c", used, "--why", "the prices of ALEX", "--by", "ops")
    shown = status(keeper, used)["paused"]
    printed = keeper("status", "-c", used)[1]
    resumed = keeper("resume", "-c", used)

    assert paused[0] == resumed[0] == DONE
    assert "governance" in paused[1]
    assert (shown["by"], shown["why"]) == ("ops", "the prices of ALEX")
    assert shown["at"] > 1_700_000_000
    assert f"(since {instant(shown['at'])})" in " ".join(printed.split())
    assert "paused by ops: the prices of ALEX" in resumed[1]
    assert status(keeper, used)["paused"] is None


def test_pause__no_name_given__is_the_users(keeper, used):
    body = json.loads(keeper("pause", "-c", used, "--json")[1])

    assert body["before"] is None
    assert body["paused"]["by"]


def test_resume__not_paused__says_so(keeper, used):
    assert "it was not paused" in keeper("resume", "-c", used)[1]


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_pause__store_that_is_not_there__is_refused_and_none_is_made(keeper, config, command):
    found, out, err = keeper(command, "-c", config)

    assert (found, out) == (FAILED, "")
    assert "no keeper has used this store" in err
    assert "keeperctl" in err
    assert not (config.parent / "keeper.sqlite3").exists()


@pytest.mark.usefixtures("new_store")
def test_pause__store_that_no_keeper_has_held__is_refused(keeper, config):

    assert keeper("pause", "-c", config)[0] == FAILED
    assert status(keeper, config)["paused"] is None


@pytest.mark.usefixtures("new_store")
@pytest.mark.parametrize("why", ["x" * (LONGEST + 1), "two\nlines"])
def test_pause__reason_too_long_or_of_two_lines__is_refused_and_changes_nothing(keeper, config, why):
    found, out, err = keeper("pause", "-c", config, "--why", why)

    assert (found, out) == (FAILED, "")
    assert "--why" in err
    assert status(keeper, config)["paused"] is None


def test_status__after_a_look__says_when_what_is_due(keeper, config):
    config.write_text(config.read_text() + 'cadence = "monthly"\n')
    look_once(config)

    body = status(keeper, config)
    [row] = body["due"]

    assert row["cadence"] == "monthly"
    assert row["look"]["at"] - NOON in range(300, 316)
    assert row["analysis"]["utc"].startswith("2026-11-21T")
    assert row["proposals"]["at"] - NOON in range(3_600, 3_600 + 181)
    assert row["date"]["utc"].startswith("2026-12-01T00:")
    assert body["health_due"]["utc"].startswith("2026-11-22T")


def test_status__store_was_thinned_and_whales_read__says_when_next(keeper, config):
    address = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
    config.write_text(
        f'{config.read_text()}\n[[watched_whales]]\ncategory = "defi"\nhours = 6\naddresses = ["{address}"]\n'
        f'[[watched_whales]]\ncategory = "nft"\naddresses = ["{address}"]\n'
    )

    async def note():
        async with open_store(load_settings(config, {}).store_path) as store:
            await store.put_note(WATCHED_NOTE, {"defi": {"at": NOON, "addresses": [address]}})
            await store.put_note(THINNED_NOTE, {"at": NOON})

    asyncio.run(note())
    body = status(keeper, config)
    text = keeper("status", "-c", config)[1]

    assert body["thinning_due"] == {"at": NOON + 43_200, "utc": "2026-11-22T00:00:00Z"}
    assert [(each["category"], each["reading"]) for each in body["whales_due"]] == [
        ("defi", {"at": NOON + 6 * 3_600, "utc": "2026-11-21T18:00:00Z"}),
        ("nft", None),
    ]
    assert "next thinning of the store: 2026-11-22 00:00 UTC" in text
    assert "next reading of the whales of defi: 2026-11-21 18:00 UTC" in text


@pytest.mark.usefixtures("new_store")
def test_status__never_looked__has_no_times(keeper, config):
    body = status(keeper, config)

    assert (body["due"], body["health_due"]) == (
        [{"pool_id": 1, "name": "DeFi Whale Index", "cadence": "none"}],
        None,
    )


async def test_timetable__after_a_restart__goes_on_where_it_was(config):
    settings = load_settings(config, {})
    async with open_store(settings.store_path) as store:

        def table():
            return Timetable(store, settings.pool_rules(), settings.schedule.periods(), settings.deployer)

        first = table()
        rules = await first.due(NOON, 7)
        await first.done(rules, [Decision("d", 1, NOON, 7, Outcome.WITHIN_THRESHOLD, "at home")])

        assert rules == settings.pool_rules()
        assert await table().due(NOON, 8) == ()
        assert await table().due(Seconds(NOON + 315), 8) == (replace(rules[0], proposals_open=False),)


async def test_timetable__another_keeper_looked_meanwhile__is_seen_after_forgetting(config):
    settings = load_settings(config, {})
    async with open_store(settings.store_path) as store:
        ours, theirs = (
            Timetable(store, settings.pool_rules(), settings.schedule.periods(), settings.deployer) for _ in range(2)
        )
        rules = await ours.due(NOON, 7)
        await theirs.done(await theirs.due(NOON, 7), [Decision("d", 1, NOON, 7, Outcome.REBALANCED, "at home")])

        assert await ours.due(NOON, 7) == rules
        ours.forget()
        assert await ours.due(NOON, 7) == ()


@pytest.mark.parametrize("note", [{"pools": {"x": {}}}, {"pools": []}, {"pools": {"1": {"at": "noon"}}}])
async def test_timetable__note_that_cannot_be_read__all_is_due_once(config, note):
    settings = load_settings(config, {})
    async with open_store(settings.store_path) as store:
        await store.put_note("schedule", note)
        table = Timetable(store, settings.pool_rules(), settings.schedule.periods(), settings.deployer)

        assert await table.due(NOON, 7) == settings.pool_rules()


async def test_health_due__a_day_after_the_start__once(config):
    settings = load_settings(config, {})
    async with open_store(settings.store_path) as store:
        table = Timetable(store, (), settings.schedule.periods(), settings.deployer)
        tomorrow = Seconds(NOON + 26 * 3_600)

        assert not await table.health_due(NOON)
        assert await table.health_due(tomorrow)
        await table.health_done(tomorrow)
        assert not await table.health_due(tomorrow)
