"""Over real HTTP on loopback."""

import socket
from collections.abc import Collection, Sequence
from dataclasses import replace

import aiohttp
import pytest
from samples import NOW, Hands, fill, web_state
from yarl import URL

from keeper.core.records import Outcome, PoolView
from keeper.core.units import Seconds
from keeper.errors import BadSettings, StoreUnavailable
from keeper.store.sqlite import SqliteStore, open_store
from keeper.surroundings import page_of
from keeper.web.server import make_app, serve

pytestmark = pytest.mark.devnet


class HalfBroken(SqliteStore):
    """A store whose views cannot be read, or whose code has a mistake."""

    error: Exception = StoreUnavailable("disk on fire at /var/secret/path")

    async def views(self, pool_ids: Collection[int] | None = None) -> Sequence[PoolView]:
        raise self.error


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


@pytest.fixture
async def ask(store, hands):
    state = web_state(store, hands)
    async with serve(make_app(state), "127.0.0.1", 0) as address, aiohttp.ClientSession(address) as session:
        yield session


@pytest.fixture
async def ask_broken(store, hands):
    broken = HalfBroken(store._db)  # noqa: SLF001 - the same file, read badly
    async with (
        serve(make_app(web_state(broken, hands)), "127.0.0.1", 0) as address,
        aiohttp.ClientSession(address) as session,
    ):
        yield session


PATHS = (
    "/",
    "/healthz",
    "/metrics",
    "/api/pools",
    "/api/pools/1",
    "/api/pools/9",
    "/api/nothing",
    "/static/app.css",
    "/static/x",
    "/runbook/refused.md",
)


@pytest.mark.parametrize("path", PATHS)
async def test_answer__any_path__has_the_strict_headers(ask, path):
    async with ask.get(path) as answer:
        headers = answer.headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Server"] == "keeper"
    assert "Cache-Control" in headers


async def test_page__full__is_html_and_never_cached(ask):
    async with ask.get("/") as answer:
        text = await answer.text()

    assert (answer.status, answer.content_type, answer.headers["Cache-Control"]) == (200, "text/html", "no-store")
    assert "Meme Whale Portfolio" in text


async def test_runbook__page_of_it__is_plain_text(ask):
    async with ask.get("/runbook/refused.md") as answer:
        body = await answer.text()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert body.startswith("# A cycle was refused")


@pytest.mark.parametrize(
    "name", ["nothing.md", "refused", "..%2Fmonitoring.md", "%2e%2e%2f%2e%2e%2fpyproject.toml", "a%00.md"]
)
async def test_runbook__anything_else__is_not_there(ask, name):
    async with ask.get(URL(f"/runbook/{name}", encoded=True)) as answer:
        assert answer.status == 404


async def test_healthz__working_then_stale__turns_from_200_to_503(ask, hands):
    async with ask.get("/healthz") as answer:
        working = (answer.status, await answer.json())
    hands.at = NOW + 180
    async with ask.get("/healthz") as answer:
        stale = (answer.status, await answer.json())

    assert (working[0], working[1]["state"]) == (200, "ok")
    assert working[1]["pools"][0] == {
        "pool_id": 1,
        "age_seconds": 0,
        "last_outcome": "waiting_for_vote",
        "stale": False,
    }
    assert (stale[0], stale[1]["state"]) == (503, "stale")


async def test_healthz__before_the_first_cycle__is_starting(store, hands):
    app = make_app(web_state(store, hands, beats=False))
    async with (
        serve(app, "127.0.0.1", 0) as address,
        aiohttp.ClientSession(address) as session,
        session.get("/healthz") as answer,
    ):
        assert (answer.status, (await answer.json())["state"]) == (503, "starting")


async def test_metrics__scraped__are_in_the_text_format(store, hands):
    state = web_state(store, hands)
    state.metrics.cycle_finished(1, Outcome.PROPOSED, at=Seconds(NOW), took=0.2)
    async with (
        serve(make_app(state), "127.0.0.1", 0) as address,
        aiohttp.ClientSession(address) as session,
        session.get("/metrics") as answer,
    ):
        text = await answer.text()

    assert answer.content_type == "text/plain"
    assert 'keeper_decisions_total{outcome="proposed",pool="1"} 1.0' in text


async def test_api__pools__are_what_the_page_shows(ask):
    async with ask.get("/api/pools") as answer:
        pools = (await answer.json())["pools"]
    async with ask.get("/api/pools/2") as answer:
        one = await answer.json()

    assert [pool["state"] for pool in pools] == ["in vote", "rebalancing", "no agreed price"]
    assert one["name"] == pools[1]["name"]
    assert one["mandate"]["slices"] == 2
    assert pools[2]["value_stx"] is None


async def test_api__decisions__are_filtered_and_limited(ask):
    async with ask.get("/api/decisions", params={"pool": "1", "limit": "3"}) as answer:
        found = (await answer.json())["decisions"]

    assert [line["pool_id"] for line in found] == [1, 1, 1]
    assert [line["at"] for line in found] == sorted((line["at"] for line in found), reverse=True)


async def test_api__intents__open_only_and_without_signed_bytes(ask):
    async with ask.get("/api/intents") as answer:
        everything = await answer.text()
    async with ask.get("/api/intents", params={"open": "true"}) as answer:
        still_open = (await answer.json())["intents"]

    assert "raw" not in everything
    assert {line["state"] for line in still_open} == {"sent", "mined"}


async def test_api__status_and_alerts__answer(ask):
    async with ask.get("/api/status") as answer:
        assert (await answer.json())["tip_height"] == 4_381_221
    async with ask.get("/api/alerts", params={"limit": "1"}) as answer:
        assert [line["title"] for line in (await answer.json())["alerts"]] == ["Books differ <b>here</b>"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/pools/9", 404, "there is no pool 9"),
        ("/api/pools/one", 400, "pool id must be a whole number"),
        ("/api/pools/٣", 400, "pool id must be a whole number"),
        ("/api/decisions?limit=0", 400, "limit must be a whole number from 1 to 500"),
        ("/api/decisions?limit=501", 400, "limit must be"),
        ("/api/decisions?limit=", 400, "limit must be"),
        ("/api/decisions?pool=-1", 400, "pool must be"),
        ("/api/decisions?pool=99999999999999999999", 400, "pool must be"),
        ("/api/decisions?pools=1", 400, "there is no parameter 'pools' here"),
        ("/api/decisions?pool=1&pool=2", 400, "pool is given more than once"),
        ("/api/intents?open=maybe", 400, "open must be true or false"),
        ("/api/alerts?limit=x", 400, "limit must be"),
        ("/api/nothing", 404, "there is nothing at this address; /api/v1 lists what there is"),
        ("/static/..%2fserver.py", 404, "there is nothing here"),
        ("/static/app.map", 404, "there is nothing here"),
    ],
)
async def test_api__bad_request__is_one_json_sentence(ask, path, status, said):
    async with ask.get(path) as answer:
        body = await answer.json()

    assert answer.status == status
    assert body["error"]["status"] == status
    assert said in body["error"]["message"]


async def test_api__writing__is_not_possible(ask):
    async with ask.post("/api/pools") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
        assert (await answer.json())["error"]["message"] == "POST is not for this address; it takes GET, HEAD"


async def test_store__unavailable__is_503_and_says_nothing_about_our_insides(ask_broken):
    async with ask_broken.get("/api/pools") as answer:
        body = await answer.text()
    async with ask_broken.get("/", headers={"Accept": "text/html"}) as answer:
        page = await answer.text()

    assert answer.status == 503
    assert "cannot be read just now" in body
    assert "Service Unavailable" in page
    assert "secret" not in body + page


async def test_handler__with_a_mistake__is_500_without_a_traceback(ask_broken):
    HalfBroken.error = ZeroDivisionError("in a private place")
    try:
        async with ask_broken.get("/api/pools") as answer:
            body = await answer.text()
    finally:
        HalfBroken.error = StoreUnavailable("disk on fire at /var/secret/path")

    assert answer.status == 500
    assert "Traceback" not in body
    assert "private" not in body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_healthz__store_unavailable__still_answers(ask_broken):
    async with ask_broken.get("/healthz") as answer:
        assert answer.status == 200


async def test_serve__port_taken__names_the_setting(store, hands):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(BadSettings, match=rf"Setting web_port \(KEEPER_WEB_PORT\) is {port}, which is taken"):
            async with serve(make_app(web_state(store, hands)), "127.0.0.1", port):
                pass


async def test_serve__host_of_another_machine__names_the_setting(store, hands):
    with pytest.raises(BadSettings, match=r"web_host \(KEEPER_WEB_HOST\)"):
        async with serve(make_app(web_state(store, hands)), "192.0.2.1", 0):
            pass


async def test_serve__ended__frees_the_port(store, hands):
    async with serve(make_app(web_state(store, hands)), "127.0.0.1", 0) as address:
        port = int(address.rsplit(":", 1)[1])

    async with serve(make_app(web_state(store, hands)), "127.0.0.1", port) as again:
        assert again == address


def loopbacks():
    """Return the addresses of this machine for itself; containers often have no ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "[::1]"]


async def test_serve__every_address__answers_over_ipv4_and_ipv6_and_where_commands_ask(store, hands):
    async with serve(make_app(replace(web_state(store, hands), host="::")), "::", 0) as address:
        port = int(address.rsplit(":", 1)[1])
        async with aiohttp.ClientSession() as session:
            for where in (*(f"http://{each}:{port}" for each in loopbacks()), page_of("::", port)):
                async with session.get(f"{where}/healthz") as answer:
                    assert answer.status == 200

    assert address == f"http://[::]:{port}"


async def test_serve__every_address_and_port_taken__names_the_setting(store, hands):
    with socket.create_server(("::", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadSettings, match=rf"Setting web_port \(KEEPER_WEB_PORT\) is {port}, which is taken"):
            async with serve(make_app(web_state(store, hands)), "::", port):
                pass


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:5182"),
        ("0.0.0.0", "http://127.0.0.1:5182"),  # noqa: S104 - what the setting may say
        ("2001:db8::7", "http://[2001:db8::7]:5182"),
        ("keeper.example", "http://keeper.example:5182"),
    ],
)
def test_page_of__what_is_listened_on__is_where_this_machine_asks(host, page):
    assert page_of(host, 5182) == page
