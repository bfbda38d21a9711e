"""The daemon as an operator has it: `keeper run` with a settings file, its page, its API, signals, and a kill."""

import asyncio
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from keeper.demo import session
from keeper.demo.local_chain import free_port, local_chain
from keeper.pause import pause
from tests.e2e.conftest import KEEPER, ROOT, clean_env, keeper

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("e2e")]
SHOWN = {
    f"keeper_{name}"
    for name in (
        *("rounds", "pool_drift_bps", "cycle_last_success_timestamp_seconds", "intents_open", "breaker_tripped"),
        "pool_watched_since_timestamp_seconds",
        *("source_price_age_seconds", "source_price_off_bps", "price_spread_bps", "nonce_gap", "signer_balance_ustx"),
        *("signer_runway_days", "fee_budget_used_ustx", "fee_budget_left_ustx", "lease_held", "store_up", "paused"),
        *("node_in_use", "node_in_line", "node_height", "node_failures"),
    )
}
"""What an operator's Prometheus reads of a keeper that works."""
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105
AT_REST = {"rebalanced", "within_threshold"}


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a loopback address of our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()
    except OSError:
        return None, ""


async def until(condition, seconds=150):
    async with asyncio.timeout(seconds):
        while not (found := await asyncio.to_thread(condition)):
            await pause(asyncio.Event(), 0.2)  # the page lets nobody ask without a rest
    return found


@pytest.fixture
def start():
    """Start keepers, none of which outlives its test."""
    started = []

    def begin(config, log, port):
        with log.open("ab") as out:
            process = subprocess.Popen(
                [str(KEEPER), "run", "--config", str(config)],
                cwd=ROOT,
                env=clean_env({"KEEPER_WEB_PORT": str(port), "KEEPER_WEB__TOKEN_FILE": str(config.parent / "token")}),
                stdout=out,
                stderr=out,
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def last_outcomes(url):
    status, body = get(f"{url}/api/pools")
    if status != 200:
        return {}
    return {pool["pool_id"]: pool["last_outcome"] for pool in json.loads(body)["pools"]}


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


async def test_run__killed_in_the_middle__the_next_start_finishes_and_sends_nothing_twice(tmp_path, start):
    async with local_chain(tmp_path / "chain.log") as chain:
        config, log, port = await installed(chain, tmp_path), tmp_path / "keeper.log", free_port()
        url = f"http://127.0.0.1:{port}"

        await asyncio.to_thread(estimate_answers, config)
        process = start(config, log, port)
        await until(lambda: "slice_executed" in log.read_text())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = start(config, log, port)
        await until(lambda: len(o := last_outcomes(url)) == 3 and set(o.values()) <= AT_REST)

        await nothing_was_sent_twice(chain, url)
        page = faces_answer(url)
        await changes_answer(url)
        printed = await asyncio.to_thread(commands_answer, config)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0
        key = (tmp_path / "keeper.key").read_text().strip()
        assert key not in log.read_text() + page + printed


async def test_run__nothing_but_an_address_to_follow__reads_its_balances_at_once_and_proposes(tmp_path, start):
    async with local_chain(tmp_path / "chain.log") as chain:
        settings = await session.write_settings(chain, tmp_path, session.Options())
        config, log = tmp_path / "keeper.toml", tmp_path / "keeper.log"
        watched = f'\n[[watched_whales]]\ncategory = "defi"\naddresses = ["{settings.deployer}"]\n'
        config.write_text(config.read_text() + watched)
        write_token(tmp_path)

        start(config, log, free_port())

        await until(lambda: "outcome=proposed pool=1" in log.read_text())
        assert "whales_read_from_chain" in log.read_text()


def write_token(folder):
    (folder / "token").touch(mode=0o600)
    (folder / "token").write_text(TOKEN)


async def installed(chain, folder):
    """Write settings, key and whales as an operator would, and return the settings file."""
    await session.write_settings(chain, folder, session.Options())
    write_token(folder)
    config, whales = folder / "keeper.toml", folder / "whales.json"
    whales.write_text(json.dumps([_row(whale) for whale in await chain.whales()]))
    loaded = await asyncio.to_thread(keeper, "whales", "load", str(whales), "-c", str(config))
    assert loaded.returncode == 0, loaded.stderr
    return config


async def nothing_was_sent_twice(chain, url):
    intents = json.loads(get(f"{url}/api/intents?limit=500")[1])["intents"]
    settled = [intent for intent in intents if intent["state"] == "settled"]
    assert len({intent["key"].partition("#")[0] for intent in settled}) == len(settled) > 0
    for intent in settled:
        assert (await chain.get(f"/extended/v3/transactions/0x{intent['txid']}"))["status"] == "success"


def faces_answer(url):
    assert get(f"{url}/healthz")[0] == 200
    shown = {family.name for family in text_string_to_metric_families(get(f"{url}/metrics")[1]) if family.samples}
    assert not SHOWN - shown
    page = get(url)[1]
    assert all(name in page for name in ("DeFi Whale Index", "Meme Whale Portfolio", "Conservative Stacker"))
    assert (get(f"{url}/api/pools/2")[0], get(f"{url}/api/pools/99")[0]) == (200, 404)
    assert json.loads(get(f"{url}/api/decisions?pool=1&limit=5")[1])["decisions"]
    estimate = json.loads(get(f"{url}/api/v1/pools/2/estimate")[1])
    assert estimate["as_of"]["block"] > 0
    assert int(estimate["value_ustx"]) > 0
    points = json.loads(get(f"{url}/api/v1/pools/2/history")[1])["points"]
    assert points
    assert all(int(point["value_ustx"]) > 0 for point in points)
    return page


def estimate_answers(config):
    """The pools are adrift: what bringing one back costs is more than nothing and less than its slippage allows."""
    done = keeper("estimate", "1", "-c", str(config), "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["pool_id"], made["name"]) == (1, "DeFi Whale Index")
    assert made["legs"] > 0
    assert made["slices"] > 0
    for part in ("gas", "slippage", "total"):
        low, expected, high = (int(made[part][f"{name}_ustx"]) for name in ("low", "expected", "high"))
        assert low <= expected <= high
        assert made[part]["expected_percent"] == pytest.approx(expected * 100 / int(made["value_ustx"]), abs=1e-6)
    assert int(made["total"]["expected_ustx"]) == sum(int(made[p]["expected_ustx"]) for p in ("gas", "slippage"))
    assert 0 < made["total"]["expected_percent"] < made["total"]["high_percent"] < 5
    assert int(made["benefit_ustx"]) > 0
    assert made["worth_it"] is (int(made["total"]["expected_ustx"]) <= int(made["benefit_ustx"]))
    told = keeper("estimate", "1", "-c", str(config)).stdout
    assert "benefit" in told
    assert "worth its cost" in told
    missing = keeper("estimate", "no-such-pool", "-c", str(config), "--json")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "DeFi Whale Index" in missing.stderr


def post(url, token=TOKEN):
    request = urllib.request.Request(url, method="POST", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - a loopback address of our own
            return answer.status
    except urllib.error.HTTPError as exc:
        return exc.code


async def changes_answer(url):
    api = f"{url}/api/v1"
    assert post(f"{api}/pause", "not the token") == 401
    assert post(f"{api}/pause") == 200
    assert json.loads(get(f"{api}/status")[1])["paused"]["by"] == "the API"
    assert post(f"{api}/resume") == 200
    assert json.loads(get(f"{api}/status")[1])["paused"] is None
    newest = json.loads(get(f"{api}/decisions?limit=1")[1])["decisions"][0]["decision_id"]
    assert post(f"{api}/analyse") == 202
    await until(lambda: json.loads(get(f"{api}/decisions?limit=1")[1])["decisions"][0]["decision_id"] != newest)


def commands_answer(config):
    doctor = keeper("check", "-c", str(config), "--json")
    assert (doctor.returncode, json.loads(doctor.stdout)["ok"]) == (0, True)
    plan = keeper("plan", "-c", str(config), "--json")
    assert [pool["legs"] for pool in json.loads(plan.stdout)["pools"]] == [[], [], []]
    status = keeper("status", "-c", str(config), "--json")
    assert {pool["last_decision"]["outcome"] for pool in json.loads(status.stdout)["pools"]} <= AT_REST
    return doctor.stdout + plan.stdout + status.stdout


async def test_demo__ctrl_c__stops_everything_it_started():
    port = free_port()
    process = subprocess.Popen(
        [str(KEEPER), "demo", "--port", str(port)],
        cwd=ROOT,
        env=clean_env(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await until(lambda: get(f"http://127.0.0.1:{port}/")[0] == 200)
        started = children(process.pid)
    finally:
        os.kill(process.pid, signal.SIGINT)
        status = await asyncio.to_thread(process.wait, 20)

    assert status == 0
    assert started
    assert [pid for pid in started if alive(pid)] == []
    assert get(f"http://127.0.0.1:{port}/")[0] is None


async def test_demo__page_port_taken__exits_78_and_names_the_setting():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        done = await asyncio.to_thread(keeper, "demo", "--port", str(port), seconds=60)

    assert done.returncode == 78
    assert "web_port" in done.stderr


def _row(whale):
    return {
        "address": whale.address,
        "category": whale.category,
        "score": whale.score,
        "win_rate_bps": whale.win_rate_bps,
        "stacked_ustx": whale.stacked_ustx,
        "allocation_bps": dict(whale.allocation_bps),
        "observed_at": whale.observed_at,
    }
