"""A round of the daemon where nothing is due: what it asks the node, and the daily look at everything."""

import asyncio
from collections import Counter

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.app import open_keeper
from keeper.chain.clarity import uint
from keeper.daemon import Rounds, holding_lease
from keeper.settings import load_settings
from keeper.timetable import SCHEDULE_NOTE
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
