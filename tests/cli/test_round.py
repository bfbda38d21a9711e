"""A round of the daemon where nothing is due: what it asks the node, and the daily look at everything."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.alerts.router import AlertRouter
from keeper.app import open_keeper
from keeper.chain.clarity import uint
from keeper.clock import ChainClock
from keeper.daemon import Rounds, holding_lease
from keeper.errors import NodeUnavailable, NotifierUnavailable
from keeper.retry import Retry
from keeper.settings import load_settings
from keeper.telemetry.metrics import Metrics
from keeper.timetable import SCHEDULE_NOTE
from tests.alerts.kit import START, Channel
from tests.cli.test_check import node

READ = "/v2/contracts/call-read/"


class Asked:
    """Counts what a node is asked, and answers every read with zero."""

    def __init__(self, app):
        self.paths = Counter()
        app.middlewares.append(self.count())

    def count(self):
        @web.middleware
        async def middleware(request, handler):
            self.paths["read" if request.path.startswith(READ) else request.path] += 1
            if request.path.startswith(READ):
                return web.json_response({"okay": True, "result": f"0x{uint(0).hex()}"})
            return await handler(request)

        return middleware


@pytest.fixture
async def daemon(config, tmp_path):
    (tmp_path / "keeper.key").touch(mode=0o600)
    (tmp_path / "keeper.key").write_text("00" * 31 + "01")
    app = node()
    asked = Asked(app)
    async with TestServer(app) as server:
        text = config.read_text().replace("http://127.0.0.1:1", str(server.make_url("")).rstrip("/"))
        config.write_text(text.partition("[[pools]]")[0])
        stop = asyncio.Event()
        async with open_keeper(load_settings(config, {}), stop) as keeper, holding_lease(keeper):
            rounds = Rounds(keeper, stop)
            await rounds()
            yield keeper, rounds, asked.paths
        stop.set()


async def test_round__nothing_due__asks_for_the_tip_and_the_balance_alone(daemon):
    _, rounds, asked = daemon
    asked.clear()

    await rounds()

    assert asked["read"] == 0
    assert sum(asked.values()) <= 5, asked


async def test_round__a_day_after_the_last_check__looks_at_everything_and_tells_what_failed(daemon):
    keeper, rounds, asked = daemon
    note = dict(await keeper.store.note(SCHEDULE_NOTE))
    await keeper.store.put_note(SCHEDULE_NOTE, {**note, "health_at": note["health_at"] - 2 * 86_400})
    rounds = Rounds(keeper, asyncio.Event())

    await rounds()
    checked = asked["/v2/info"]
    await rounds()

    assert checked == asked["/v2/info"] == 1
    assert dict(await keeper.store.note(SCHEDULE_NOTE))["health_at"] > note["health_at"] - 86_400
    told = await until_told(keeper)
    assert [record.alert.kind for record in told] == ["check-failed"]
    assert "pools" in told[0].alert.what


async def until_told(keeper):
    async with asyncio.timeout(5):
        while not (told := await keeper.store.alerts()):
            await asyncio.wait({asyncio.create_task(asyncio.to_thread(lambda: None))}, timeout=0.05)
    return told


class DeadNode:
    """Never has a block."""

    async def tip(self):
        raise NodeUnavailable


class Life:
    """A keeper whose node is dead, from its start on; the machine's clock is set by hand."""

    def __init__(self, keeper, channel, machine):
        clock = ChainClock(machine=lambda: machine["at"])
        self.router = AlertRouter([channel], keeper.store, clock, retry=Retry(attempts=1, budget=1.0))
        dead = replace(keeper, clock=clock, observer=DeadNode(), alerts=self.router)
        self.rounds = Rounds(dead, asyncio.Event())

    async def fail(self, rounds):
        for _ in range(rounds):
            with pytest.raises(NodeUnavailable):
                await self.rounds()
            await self.router.flush(5)


async def test_round__node_dead_and_channel_dead_at_first__is_told_once_the_channel_is_back(daemon):
    machine, channel = {"at": START}, Channel(errors=[NotifierUnavailable("down")] * 2)
    life = Life(daemon[0], channel, machine)

    await life.fail(2)
    before = channel.tries
    for later in (0, 61, 122, 183):
        machine["at"] = START + later
        await life.fail(5)

    assert before == 0
    assert channel.tries == 3
    assert channel.titles() == ["The keeper cannot work"]


async def test_rounds__none_has_ended__are_counted_from_nothing(daemon):
    keeper = replace(daemon[0], metrics=Metrics())

    Rounds(keeper, asyncio.Event())

    assert b'keeper_rounds_total{ended="well"} 0.0' in keeper.metrics.render()


async def test_round__node_dead_over_a_restart__is_told_with_the_machines_time_and_again_after_cooling(daemon):
    machine, channel = {"at": START}, Channel()
    for later in (0, 3_599, 3_600):
        machine["at"] = START + later
        await Life(daemon[0], channel, machine).fail(4)

    assert [alert.at for alert in channel.taken] == [START, START + 3_600]
