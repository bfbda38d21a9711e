"""`keeper check` against a node that is only a few answers: each thing that is wrong is named with its remedy."""

import asyncio
import json
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.app import open_keeper
from keeper.core.records import Intent, IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.settings import load_settings
from keeper.surroundings import runway

TESTNET, MAINNET = 0x80000000, 1
BLOCK = "ab" * 32
AT = 1_795_262_400
ADDRESS = "ST3TF3B8MPDA8T3E2NP9SWBCT2HM2QGGS9J58G4TM"


def node(network_id=TESTNET, *, missing=(), ustx=10**8):
    """Return an app that answers as a node and its API do, of contracts that are all there but `missing`."""

    async def info(request):
        return web.json_response({"network_id": network_id})

    async def tenure(request):
        return web.json_response({"tip_block_id": BLOCK, "tip_height": 7})

    async def block(request):
        return web.json_response({"height": 7, "index_block_hash": f"0x{BLOCK}", "block_time": AT})

    async def account(request):
        return web.json_response({"balance": hex(ustx), "nonce": 0})

    async def source(request):
        if request.match_info["name"] in missing:
            return web.Response(status=404, text="No contract source data found")
        return web.json_response({"source": "(ok true)", "publish_height": 1})

    async def read(request):
        return web.json_response({"okay": False, "cause": "no such function"})

    app = web.Application()
    app.router.add_get("/v2/info", info)
    app.router.add_get("/v3/tenures/info", tenure)
    app.router.add_get("/extended/v2/blocks/{which}", block)
    app.router.add_get("/v2/accounts/{who}", account)
    app.router.add_get("/v2/contracts/source/{address}/{name}", source)
    app.router.add_post("/v2/contracts/call-read/{address}/{name}/{function}", read)
    return app


@pytest.fixture
async def findings(keeper, config, tmp_path):
    """Return a function that runs the check against a node and gives what it found, by name."""
    servers = []
    (tmp_path / "keeper.key").touch(mode=0o600)
    (tmp_path / "keeper.key").write_text("00" * 31 + "01")

    async def run(app, *more, text="", plugins="[]"):
        server = TestServer(app)
        servers.append(server)
        await server.start_server()
        written = config.read_text().replace("http://127.0.0.1:1", str(server.make_url("")).rstrip("/"))
        written = written.replace("plugins = []", f"plugins = {plugins}")
        config.write_text(written.replace("[[assets]]", f"{text}\n[[assets]]", 1))
        status, out, err = await asyncio.to_thread(keeper, "check", "-c", config, "--json", *more)
        assert err == ""
        body = json.loads(out)
        assert body["ok"] is (status == 0)
        return {finding["name"]: finding for finding in body["findings"]}

    yield run
    for server in servers:
        await server.close()


async def test_check__all_around_it_is_well__says_what_it_saw(findings):
    found = await findings(node(), text="web_port = 0")

    well = ("node", "network", "contracts", "signer", "clock", "disk", "port of the page", "pools", "keeper balance")
    assert {name: found[name]["detail"] for name in well if not found[name]["ok"]} == {}
    assert found["network"]["detail"].endswith("network 0x80000000")
    assert found["signer"]["detail"].startswith("a key file signs for ST")
    assert found["runway"]["ok"]
    assert "none" in found["alert channels"]["detail"]


async def test_check__every_failure__has_a_remedy(findings):
    found = await findings(node(MAINNET, missing=("pool-oracle",), ustx=0))

    failed = [finding for finding in found.values() if not finding["ok"]]
    assert len(failed) >= 4
    assert [finding["name"] for finding in failed if not finding["remedy"]] == []


async def test_check__node_of_another_network__says_which(findings):
    found = await findings(node(MAINNET))

    assert "is of network 0x1, not 0x80000000" in found["network"]["detail"]


async def test_check__contract_missing__is_named(findings):
    found = await findings(node(missing=("pool-oracle", "pool-access")))

    assert found["contracts"]["detail"].endswith(
        "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.pool-access, ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.pool-oracle"
    )


async def test_check__port_taken_by_something_else__fails(findings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = await findings(node(), text=f"web_port = {taken.getsockname()[1]}")

    assert (found["port of the page"]["ok"], "no keeper answers" in found["port of the page"]["detail"]) == (
        False,
        True,
    )


async def test_check__port_of_a_running_keeper__is_fine(findings):
    async def health(request):
        return web.json_response({"state": "ok"})

    app = web.Application()
    app.router.add_get("/healthz", health)
    async with TestServer(app) as page:
        found = await findings(node(), text=f"web_port = {page.port}")

    assert found["port of the page"]["ok"]


@pytest.mark.parametrize("taken", [True, False])
async def test_check__asked_to_send__says_whether_each_channel_took_it(findings, taken):
    got = []

    async def hook(request):
        got.append(await request.text())
        return web.Response(text="ok", status=200 if taken else 404)

    app = web.Application()
    app.router.add_post("/hook", hook)
    async with TestServer(app) as channel:
        address = str(channel.make_url("/hook"))
        text = f'[plugin.slack]\nwebhook_url = "{address}"\n'
        found = await findings(node(), "--send", text=text, plugins='["slack"]')

    assert (found["alert channels"]["ok"], len(got)) == (taken, 1)
    assert address not in str(found["alert channels"])


async def test_runway__fees_of_a_week__counts_the_days_that_are_left(config, tmp_path, findings):
    await findings(node())
    settings = load_settings(config, {})
    async with open_keeper(settings, asyncio.Event()) as keeper:
        await keeper.observer.tip()
        assert "not known" in await runway(keeper)
        for number, at in enumerate((AT - 2 * 86_400, AT - 86_400)):
            await keeper.store.put_intent(sent(f"k{number}", at))

        assert await runway(keeper) == "about 20 days at 5.00 STX a day"


def sent(key, at):
    return Intent(
        key=key,
        kind=IntentKind.POST_PRICES,
        pool_id=None,
        state=IntentState.SETTLED,
        created_at=Seconds(at),
        updated_at=Seconds(at),
        sender=ADDRESS,
        nonce=1,
        fee_ustx=MicroStx(5_000_000),
        txid="ab" * 32,
    )
