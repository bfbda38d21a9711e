"""A store that goes silent under a running keeper: nobody takes it for a standby, and people hear of it all the same."""

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.app import open_keeper, open_without_store
from keeper.core.leases import SENDER
from keeper.daemon import SKIPPED_TO_ALERT, Rounds, holding_lease, serve_and_repeat
from keeper.demo.local_chain import free_port
from keeper.errors import BadSettings, StoreUnavailable
from keeper.pause import pause
from keeper.settings import load_settings
from keeper.store.sqlite import open_store
from keeper.watching import look_at_store
from keeper.web.health import check_health
from tests.cli.kit import shell
from tests.cli.test_check import node, write_key
from tests.cli.test_round import Asked

HURRIED = "cycle_seconds = 1\nweb_port = {}\n"
LEASE = "[sending]\nlease_seconds = 3\n"


@contextmanager
def not_writable(path):
    """Have every write of others fail as long as the block lasts, and let them read."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def not_there(path):
    """Have a new store not be opened as long as the block lasts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
async def told():
    """Return the address of an alert channel, and what it was told."""
    got = []

    async def hook(request):
        got.append(await request.text())
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/hook", hook)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook")), got


@pytest.fixture
async def settings(config, tmp_path, told):
    write_key(tmp_path)
    app = node()
    Asked(app)
    async with TestServer(app) as server:
        text = config.read_text().replace("http://127.0.0.1:1", str(server.make_url("")).rstrip("/"))
        text = text.replace("plugins = []", 'plugins = ["slack"]').partition("[[pools]]")[0]
        config.write_text(f'{HURRIED.format(free_port())}{text}\n{LEASE}\n[plugin.slack]\nwebhook_url = "{told[0]}"\n')
        yield load_settings(config, {})


@pytest.fixture
def keeper_command(capsys):
    return shell(capsys)


@pytest.fixture
async def keeper(settings):
    async with open_keeper(settings, asyncio.Event()) as opened, holding_lease(opened):
        yield opened


async def until_not_held(keeper):
    async with asyncio.timeout(20):
        while keeper.tenancy.held() is not None:
            await pause(asyncio.Event(), 0.05)


async def test_rounds__store_cannot_be_written__count_as_skipped_and_page_people(keeper, settings, told):
    rounds = Rounds(keeper, asyncio.Event())
    await rounds()
    with not_writable(settings.store_path):
        await until_not_held(keeper)
        for _ in range(SKIPPED_TO_ALERT):
            with pytest.raises(StoreUnavailable, match="nobody knows who may send"):
                await rounds()
        async with asyncio.timeout(10):
            while not told[1]:
                await pause(asyncio.Event(), 0.05)
        store_up = await look_at_store(keeper.store, keeper.metrics.state, writable=keeper.tenancy.silent is None)
        standing_by = keeper.pulse.standing_by
        shown = keeper.metrics.render().decode()
    await rounds()

    assert "The keeper cannot work" in told[1][0]
    assert (len(told[1]), standing_by, store_up) == (1, False, False)
    assert 'keeper_store_up{store="main"} 0.0' in shown
    assert keeper.tenancy.held() is not None


async def test_rounds__another_keeper_has_the_lease__are_no_outage(settings, told):
    stop = asyncio.Event()
    async with open_keeper(settings, stop) as standby:
        await standby.store.take_lease(SENDER, "somewhere else", seen=None)
        async with holding_lease(standby):
            waiting = asyncio.create_task(Rounds(standby, stop)())
            async with asyncio.timeout(20):
                while not told[1]:
                    await pause(asyncio.Event(), 0.05)
            health = check_health(standby.pulse, 60)
            stop.set()
            await waiting

    assert health.state == "standby"
    assert "Another keeper holds the lease: somewhere else" in told[1][0]


@pytest.mark.parametrize("command", [("db", "check", "--json"), ("status", "--json")])
async def test_command__disk_is_full__looks_beside_the_keeper_that_runs(config, tmp_path, command):
    async with open_store(tmp_path / "keeper.sqlite3") as store:
        await store.put_note("anything", {"n": 1})
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "keeper", *command, "-c", str(config)],
            capture_output=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        )

    assert done.returncode == 0, done.stderr
    assert done.stdout


async def test_run__store_is_away_at_the_start__waits_says_so_and_goes_on_when_it_is_back(settings, told):
    stop, where = asyncio.Event(), f"http://127.0.0.1:{settings.web_port}"
    async with open_without_store(settings, stop) as keeper, aiohttp.ClientSession() as session:
        with not_there(settings.store_path):
            with pytest.raises(StoreUnavailable):
                await keeper.late.open()
            running = asyncio.create_task(serve_and_repeat(keeper, stop))
            async with asyncio.timeout(60):
                while not told[1]:
                    await pause(asyncio.Event(), 0.05)
            async with session.get(f"{where}/healthz") as answer:
                health, status = await answer.json(), answer.status
            async with session.get(f"{where}/metrics") as answer:
                shown = await answer.text()
        async with asyncio.timeout(30):
            while keeper.tenancy.held() is None:
                await pause(asyncio.Event(), 0.05)
        stop.set()
        await running

    assert "The keeper cannot work" in told[1][0]
    assert (status, health["state"], health["store_up"]) == (503, "stale", False)
    assert 'keeper_store_up{store="main"} 0.0' in shown


async def test_run__store_turns_out_to_be_anothers__halts_as_it_does_at_the_start(settings, told):
    async with open_keeper(
        settings.model_copy(update={"deployer": "ST3TF3B8MPDA8T3E2NP9SWBCT2HM2QGGS9J58G4TM"}), asyncio.Event()
    ):
        pass
    async with open_without_store(settings, asyncio.Event()) as keeper:
        with pytest.raises(BadSettings, match="give this installation a store of its own"):
            await serve_and_repeat(keeper, asyncio.Event())

    assert "The keeper has stopped" in told[1][0]


async def test_check__store_is_away__makes_every_other_check_and_prints_them(keeper_command, settings, config):
    with not_there(settings.store_path):
        status, out, err = await asyncio.to_thread(keeper_command, "check", "-c", config, "--json")
    found = {finding["name"]: finding for finding in json.loads(out)["findings"]}

    assert (status, err) == (1, "")
    assert "database is locked" in found["store"]["detail"]
    assert {name for name in ("node", "network", "signer", "clock", "alert channels") if not found[name]["ok"]} == set()


async def test_check__store_path_is_a_folder__is_one_failure_among_the_checks(keeper_command, settings, config):
    settings.store_path.mkdir()
    status, out, _ = await asyncio.to_thread(keeper_command, "check", "-c", config, "--json")
    found = {finding["name"]: finding for finding in json.loads(out)["findings"]}

    assert status == 1
    assert "is a folder" in found["store"]["detail"]
    assert found["node"]["ok"]
