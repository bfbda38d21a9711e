"""Troubles that were found once and must not come back."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from keeper.core.calendar import Periods
from keeper.core.pauses import RUNNING
from keeper.core.records import Outcome
from keeper.core.units import Seconds
from keeper.doctor import books
from keeper.errors import BadInput, LedgerMismatch, NodeUnavailable
from keeper.testing.build import DEPLOYER, STX
from keeper.timetable import Timetable
from keeper.whale_file import read_whales
from tests.shell.test_whale_file import ROW, file_of
from tests.shell.test_withdrawals import OTHER, request
from tests.shell.world import ALL_PAUSED, AT_HOME, POLICY, RULE, open_world


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


async def test_run__older_request_is_not_covered__the_younger_one_waits_behind_it(world):
    world.pool.queue += [request(stx=70_000), request(OTHER)]
    await world.run_times(7)
    assert world.chain.called().count("process-withdrawals") == 1
    assert world.pool.queue[-1] == request(OTHER)


async def test_run__paused_pool_with_a_queue__sends_nothing(world):
    world.pool.queue.append(request())
    world.pool.pauses = ALL_PAUSED
    await world.run_times(2)
    assert world.chain.sent == []


async def test_run__unpaused_after_a_while__pays_the_queue(world):
    world.pool.queue.append(request())
    world.pool.pauses = ALL_PAUSED
    await world.run_times(6)
    world.pool.pauses = RUNNING
    assert (await world.run()).outcome is Outcome.WITHDRAWAL_PAID


async def test_run__pool_stays_on_target__says_so_once(world):
    await world.with_mandate()
    await world.run_times(2)
    for _ in range(5):
        world.chain.pass_time(3_601)
        await world.run()
    assert world.titles().count("DeFi Whale Index: back on target") == 1


async def test_run__venue_silent_and_too_few_sources__the_record_names_the_venue(world):
    world.dexes[0].outages = world.sources[1].outages = 99
    decision = await world.run()
    assert decision.outcome is Outcome.REFUSED
    assert list(decision.facts["silent_venues"]) == ["alex"]


async def test_run__node_falls_silent_after_the_last_turn__the_decisions_come_back(world):
    world.chain.down_after = 10**6
    await world.run()
    world.chain.down_after = 10**6 - world.chain.down_after - 1
    assert len(await world.cycle.run()) == 1


async def test_run__price_post_waits_for_a_block__is_waiting_not_unavailable(world):
    await world.with_mandate()
    world.chain.pass_time(600)
    world.chain.mines_at_once = False
    assert (await world.run()).outcome is Outcome.WAITING_FOR_TRANSACTION


async def test_run__slice_refused_while_nobody_looked__the_venue_is_avoided_and_people_are_told(world):
    other, world.dexes[1].pools = world.dexes[1].pools, {}
    await world.follow({"STX": 4_000, "ALEX": 5_000, "DIKO": 1_000})
    await world.run()
    world.vote(1, passes=True)
    await world.run()
    world.chain.answers_next["rebalance-pool"], world.chain.mines_at_once = [1338], False
    await world.run()
    world.chain.mine()
    world.dexes[1].pools, world.chain.mines_at_once = other, True
    decision = await world.run()
    assert {leg["venue"] for leg in decision.facts["plan"]["legs"]} == {"velar"}


async def test_books__somebody_gave_the_vault_a_microstx__are_still_right(world):
    world.chain.gifts[STX.principal] = 1
    assert "STX" in await books(world)


def test_read__address_with_a_wrong_checksum__is_refused_with_the_row(tmp_path):
    with pytest.raises(BadInput, match=r"whale 1\.address"):
        read_whales(file_of(tmp_path, ROW, ROW | {"address": ROW["address"][:-1] + "X"}))


def test_read__negative_share__is_refused_with_row_and_field(tmp_path):
    with pytest.raises(BadInput, match=r"whale 0\.allocation_bps"):
        read_whales(file_of(tmp_path, ROW | {"allocation_bps": {"STX": -5}}))


def test_version__asked__is_printed():
    done = subprocess.run([Path(sys.executable).with_name("keeper"), "--version"], capture_output=True, check=False)
    assert done.returncode == 0


class Broken:
    """A price source whose author forgot a case."""

    name = "broken"

    async def prices(self, assets):
        return {}["STX"]


async def test_run__a_plugin_breaks__it_is_named_and_left_out(tmp_path):
    async with open_world(tmp_path, more_sources=(Broken(),)) as world:
        decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert decision.facts["silent_sources"] == {"broken": "the plugin failed: KeyError"}


async def test_run__at_rest_with_old_prices__reports_them_once_so_that_people_can_deposit(tmp_path):
    policy = replace(POLICY, price_heartbeat=Seconds(300))
    async with open_world(tmp_path, policy=policy) as world:
        fresh = await world.run()
        world.chain.pass_time(400)
        old, again = await world.run_times(2)

        assert [d.outcome for d in (fresh, old, again)] == [
            Outcome.WITHIN_THRESHOLD,
            Outcome.PRICES_POSTED,
            Outcome.WITHIN_THRESHOLD,
        ]
        assert world.chain.called() == ["post-prices"]
        assert old.came_to is Outcome.WITHIN_THRESHOLD


async def test_run__every_look_reports_prices__a_pool_keeps_its_own_date(tmp_path):
    policy, monthly = replace(POLICY, price_heartbeat=Seconds(60)), replace(RULE, cadence="monthly")
    async with open_world(tmp_path, policy=policy, pools=(monthly,)) as world:
        table = Timetable(world.store, (monthly,), Periods(), DEPLOYER)
        outcomes = []
        for _ in range(2):
            world.chain.pass_time(32 * 86_400)
            await world.follow(AT_HOME)
            rules = await table.due(world.clock.now(), world.chain.height)
            decisions = await world.cycle.run(rules)
            await table.done(rules, decisions)
            outcomes += [decision.outcome for decision in decisions]

        [again] = await table.due(Seconds(world.clock.now() + 3_600 * 7), world.chain.height + 1)
        assert outcomes == [Outcome.PRICES_POSTED] * 2
        assert again.drift_threshold_bps == monthly.drift_threshold_bps


async def test_run__at_rest_and_a_breaker_is_out__says_so_each_time_it_reports(tmp_path):
    policy = replace(POLICY, price_heartbeat=Seconds(300))
    async with open_world(tmp_path, policy=policy) as world:
        world.chain.tripped.add(world.assets["ALEX"].principal)
        world.chain.pass_time(400)
        told, quiet = await world.run_times(2)

        assert (told.outcome, told.facts["error"]) == (Outcome.REFUSED, "PriceJump")
        assert quiet.outcome is Outcome.WITHIN_THRESHOLD
        assert world.chain.called() == ["post-prices"]


async def test_run__at_rest_and_web_sources_stamp_their_prices_late__reports_no_more_often(tmp_path):
    policy = replace(POLICY, price_heartbeat=Seconds(300))
    async with open_world(tmp_path, policy=policy) as world:
        world.chain.pass_time(400)
        for source in world.sources:
            source.seen_at = world.clock.at - 350
        await world.run_times(3)

        assert world.chain.called() == ["post-prices"]


async def test_run__vault_has_less_than_its_books_say__halts(world):
    world.chain.gifts[STX.principal] = -1

    with pytest.raises(NodeUnavailable, match="looked at a second time"):
        await world.run()
    with pytest.raises(LedgerMismatch, match="1 missing"):
        await world.run()

    assert world.chain.sent == []


async def test_run__hardly_any_stx_left_for_fees__people_are_told_once(world):
    world.chain.balance = 1_999_999

    await world.run_times(2)

    assert [alert.title for alert in world.notifier.delivered] == ["The keeper runs out of STX for fees"]
