"""`keeper check` against a node that is only a few answers: each thing that is wrong is named with its remedy."""

import asyncio
import json
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keeper.app import open_keeper
from keeper.core.leases import SENDER
from keeper.core.records import Decision, Intent, IntentKind, IntentState, Outcome
from keeper.core.units import MicroStx, Seconds
from keeper.execution.identity import this_holder, this_process
from keeper.housekeeping import THINNED_NOTE
from keeper.settings import load_settings
from keeper.store.sqlite import open_store
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


def write_key(folder):
    (folder / "keeper.key").touch(mode=0o600)
    (folder / "keeper.key").write_text("00" * 31 + "01")


@pytest.fixture
async def findings(keeper, config, tmp_path):
    """Return a function that runs the check against a node and gives what it found, by name."""
    servers = []
    write_key(tmp_path)

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
    assert found["network"]["detail"].endswith(": testnet (0x80000000)")
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


async def test_check__token_files__are_read_as_the_page_will(findings, config, tmp_path):
    short, open_to_all, good = (tmp_path / name for name in ("short", "open", "good"))
    for file, text, mode in ((short, "abc", 0o600), (open_to_all, "x" * 40, 0o644), (good, "x" * 40, 0o600)):
        file.write_text(text)
        file.chmod(mode)
    found = []
    plain = config.read_text()
    for read, change in ((None, None), (good, None), (None, short), (open_to_all, None), (good, good)):
        rows = [f'{name} = "{file}"' for name, file in (("read_token_file", read), ("token_file", change)) if file]
        config.write_text(plain + "\n[web]\n" + "\n".join(rows) + "\n")
        found.append((await findings(node()))["tokens of the page"])

    assert [one["ok"] for one in found] == [True, True, False, False, False]
    assert found[0]["detail"] == "reading is open to whoever reaches 127.0.0.1; changing is off"
    assert "32 or more" in found[2]["detail"]
    assert "chmod 600" in found[3]["detail"]
    assert "hold the same token" in found[4]["detail"]
    assert not any("x" * 40 in f"{one}" for one in found)


async def test_check__lease__is_named_with_its_holder(findings, tmp_path):
    free = (await findings(node()))["lease"]
    async with open_store(tmp_path / "keeper.sqlite3") as store:
        ours = await store.take_lease(SENDER, this_holder(), seen=None)
        held = (await findings(node()))["lease"]
        far = await store.take_lease(SENDER, "somewhere else", seen=ours)
    away = (await findings(node()))["lease"]
    async with open_store(tmp_path / "keeper.sqlite3") as store:
        process = str(this_process()).split(":")
        await store.take_lease(SENDER, ":".join([*process[:2], "4194303", "1"]), seen=far)
    gone = (await findings(node()))["lease"]

    assert free["detail"].startswith("nobody holds it")
    assert held["detail"].startswith("this keeper holds it (term 1)")  # the check runs in this very process
    assert away["detail"].startswith("a keeper on another machine or in another container holds it (term 2)")
    assert gone["detail"].startswith("process 4194303 of this machine held it and is gone")


@pytest.mark.parametrize(("age_days", "ok"), [(1, True), (8, False)])
async def test_check__records_past_their_time__are_told_once_nobody_removes_them(findings, tmp_path, age_days, ok):
    async with open_store(tmp_path / "keeper.sqlite3") as store:
        for number in range(3):
            old = Seconds(AT - 60 * 86_400 + number)
            await store.add_decision(Decision(f"d{number}", 1, old, 7, Outcome.WITHIN_THRESHOLD, "fine"))
        await store.put_note(THINNED_NOTE, {"at": AT - age_days * 86_400})
    found = (await findings(node()))["retention"]

    assert (found["ok"], "2 records are past their time" in found["detail"]) == (ok, True)
    assert ok or "keeper db prune" in found["remedy"]


async def test_check__node_is_not_there__every_failure_that_comes_of_it_says_to_mend_the_node(keeper, config, tmp_path):
    write_key(tmp_path)
    _, out, _ = await asyncio.to_thread(keeper, "check", "-c", config, "--json")

    found = {finding["name"]: finding for finding in json.loads(out)["findings"]}
    assert "127.0.0.1:1 cannot be reached" in found["node"]["detail"]
    assert {found[name]["remedy"] for name in ("node", "books", "keeper balance", "role keeper")} == {
        "check node_url and that the node is running and synced"
    }
