"""`keeper status`: what the store knows, and what only the keeper that runs can say."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from keeper.chain.members import NodeHealth, Standing
from keeper.core.records import Decision, IntentState, Outcome, PoolView
from keeper.core.units import Bps, Seconds
from keeper.store.sqlite import open_store
from keeper.web.access import open_access
from keeper.web.server import make_app, serve
from tests.store.conformance import intent
from tests.web.samples import fill, web_state

NODES = (
    NodeHealth("node.example", Standing.IN_LINE, True, 0, 0.0, None, 4_381_221, 17.9),  # noqa: FBT003
    NodeHealth("far.example", Standing.BEHIND, False, 2, 42.0, "503", 4_381_100, None),  # noqa: FBT003
)
TOKEN = "fedcba9876543210fedcba9876543210-read"  # noqa: S105


def remember_a_cycle(folder, decided=None):
    async def put():
        decision = Decision("d", 1, Seconds(1), 1, Outcome.REFUSED, "the sources of ALEX are 1,240 bps apart")
        async with open_store(folder / "keeper.sqlite3") as store:
            body = {
                "name": "DeFi Whale Index",
                "state": "no agreed price",
                "drift_bps": None,
                "threshold_bps": Bps(1_000),
                "last_decision": decided or {"reason": decision.reason},
            }
            await store.put_view(PoolView(1, "DeFi Whale Index", Seconds(1), 1, body))

    asyncio.run(put())


@pytest.fixture
def alone(config):
    """Settings of a keeper that does not run."""
    config.write_text(f"web_port = 1\n{config.read_text()}")
    return config


@asynccontextmanager
async def running(config, tmp_path, token=None, *, gone=False):
    """Serve a keeper's page where the settings say that it is, over the store that they name."""
    async with open_store(tmp_path / "keeper.sqlite3") as store:
        await fill(store)
        if gone:
            await store.close()
        state = replace(web_state(store), nodes=lambda: NODES, access=open_access(token and str(token), None, {}))
        async with serve(make_app(state), "127.0.0.1", 0) as address:
            config.write_text(f"web_port = {address.rpartition(':')[2]}\n{config.read_text()}")
            yield


async def test_status__keeper_runs__says_how_it_and_its_nodes_do(keeper, config, tmp_path):
    async with running(config, tmp_path):
        status, out, err = await asyncio.to_thread(keeper, "status", "-c", config)

    assert (status, err) == (0, "")
    for part in (
        ": ok; last cycle ended 0 s ago",
        "node node.example: used, block 4,381,221, 17 requests left now",
        "node far.example: rests 42 s more, behind, block 4,381,100, 503",
        "DeFi Whale Index: in vote\n  drift 18.12 %, acts above 10.00 %; as of 2026-11-21 09:59:52 UTC",
        "open transaction post:1: sent, txid 0x",
    ):
        assert part in out, part


async def test_status__as_json__has_nodes_and_health_beside_the_store(keeper, config, tmp_path):
    async with running(config, tmp_path):
        _, out, _ = await asyncio.to_thread(keeper, "status", "-c", config, "--json")

    found = json.loads(out)
    assert (found["running"]["answers"], found["running"]["trouble"]) == (True, None)
    assert found["running"]["health"]["useful"] is True
    assert [node["requests_left"] for node in found["running"]["nodes"]] == [17, None]
    assert len(found["pools"]) == 3


@pytest.mark.parametrize("mode", [0o600, 0o644])
async def test_status__reading_needs_a_token__takes_it_from_its_file(keeper, config, tmp_path, mode):
    token = tmp_path / "read.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    async with running(config, tmp_path, token):
        token.chmod(mode)
        config.write_text(config.read_text() + f'\n[web]\nread_token_file = "{token}"\n')
        status, out, _ = await asyncio.to_thread(keeper, "status", "-c", config)

    assert (status, "node node.example: used" in out, "chmod 600" in out) == (0, mode == 0o600, mode != 0o600)
    assert TOKEN not in out


async def test_status__token_is_wrong__says_what_came_back(keeper, config, tmp_path):
    token = tmp_path / "read.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    async with running(config, tmp_path, token):
        _, out, _ = await asyncio.to_thread(keeper, "status", "-c", config)

    assert "it answers with status 401" in out


@pytest.mark.usefixtures("new_store")
def test_status__no_keeper_runs__says_so(keeper, alone):
    status, out, _ = keeper("status", "-c", alone)
    _, body, _ = keeper("status", "-c", alone, "--json")

    assert (status, "no keeper seen running at http://127.0.0.1:1" in out) == (0, True)
    assert (json.loads(body)["running"]["answers"], json.loads(body)["running"]["nodes"]) == (False, None)


@pytest.mark.usefixtures("new_store")
def test_status__no_cycle_yet__says_so_and_lists_the_pools(keeper, alone):
    status, out, _ = keeper("status", "--config", alone)
    _, body, _ = keeper("status", "--config", alone, "--json")

    assert (status, "No cycle has been recorded yet" in out) == (0, True)
    assert "DeFi Whale Index: not read yet\n  drift —, acts above 10.00 %; never read\n  —" in out
    [pool] = json.loads(body)["pools"]
    assert (pool["pool_id"], pool["at"], pool["last_decision"]) == (1, None, None)


def test_status__newest_decision_could_not_read_the_pool__says_when_and_why_beside_what_was_seen(
    keeper, alone, tmp_path
):
    remember_a_cycle(tmp_path, decided={"outcome": "unavailable", "reason": "the node says 503", "at": 4_000})

    _, out, _ = keeper("status", "--config", alone)

    assert "as of 1970-01-01 00:00:01 UTC" in out
    assert "unavailable at 1970-01-01 01:06:40 UTC: the node says 503" in out


def take_the_store_away(config):
    """Name a store at which nobody answers."""
    kept = [line for line in config.read_text().splitlines() if not line.startswith("store_path")]
    config.write_text("\n".join([*kept, "[store]", 'url = "mongodb://127.0.0.1:1/?replicaSet=rs0"', ""]))


async def test_status__store_is_away__tells_what_the_running_keeper_says(keeper, config, tmp_path):
    async with running(config, tmp_path):
        take_the_store_away(config)
        status, out, err = await asyncio.to_thread(keeper, "status", "-c", config)
        failed, body, _ = await asyncio.to_thread(keeper, "status", "-c", config, "--json")

    found = json.loads(body)
    assert (status, failed) == (1, 1)
    assert "the store could not be opened" in err
    assert ": ok; last cycle ended 0 s ago" in out
    assert "node node.example: used" in out
    assert "could not be opened" in found["store_trouble"]
    assert (found["pools"], found["due"], found["running"]["answers"]) == (None, None, True)


async def test_status__the_running_keeper_has_lost_its_store_too__tells_its_health(keeper, config, tmp_path):
    async with running(config, tmp_path, gone=True):
        take_the_store_away(config)
        status, out, _ = await asyncio.to_thread(keeper, "status", "-c", config)

    assert (status, ": ok; last cycle ended 0 s ago" in out) == (1, True)
    assert "its nodes are not known: it answers with status 503" in out


def test_status__store_is_away_and_no_keeper_runs__says_both(keeper, alone):
    take_the_store_away(alone)

    status, out, err = keeper("status", "-c", alone)

    assert (status, "no keeper seen running" in out, "could not be opened" in err) == (1, True, True)


LOOKS = (
    ["status"],
    ["alerts", "list"],
    ["whales", "list", "defi"],
    ["whales", "remove", "SP1"],
    ["db", "check"],
    ["db", "prune"],
    ["db", "export", "x.jsonl"],
)


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_looking__no_store_yet__says_how_to_start_and_makes_none(keeper, alone, tmp_path, look):
    status, out, err = keeper(*look, "--config", alone)

    assert (status, out) == (1, "")
    assert f"there is no store at {tmp_path}/keeper.sqlite3 yet: `keeper run` makes it" in " ".join(err.split())
    assert list(tmp_path.iterdir()) == [alone]


def test_status__no_cycle_yet__still_shows_what_is_open_and_due(keeper, alone, tmp_path):
    async def put():
        async with open_store(tmp_path / "keeper.sqlite3") as store:
            await store.put_intent(intent("open", IntentState.SENT))

    asyncio.run(put())

    _, out, _ = keeper("status", "--config", alone)

    assert "No cycle has been recorded yet" in out
    assert "open transaction open: sent" in out
    assert "next check of everything else" in out


def test_status__after_a_cycle__shows_the_pool_and_a_missing_number_as_missing(keeper, alone, tmp_path):
    remember_a_cycle(tmp_path)

    status, out, _ = keeper("status", "--config", alone)

    assert status == 0
    assert "DeFi Whale Index" in out
    assert "—" in out
    assert "the sources of ALEX are 1,240 bps apart" in " ".join(out.split())  # a narrow terminal wraps it


def test_status__as_json__is_a_document(keeper, alone, tmp_path):
    remember_a_cycle(tmp_path)

    _, out, _ = keeper("status", "--config", alone, "--json")

    body = json.loads(out)
    assert (body["pools"][0]["pool_id"], body["pools"][0]["drift_bps"]) == (1, None)
    assert body["open_transactions"] == []
