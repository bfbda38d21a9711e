"""Who gets in: hosts, tokens, rates, sizes, methods. And what may be changed."""

import base64
import socket

import pytest
from api_kit import CHANGE, READ_TOKEN, ROOT, TOKEN, access, api, ask, faults_of
from samples import NOW, Hands, fill, web_state

from keeper.core.paused import PAUSED_NOTE
from keeper.errors import BadSettings
from keeper.store.sqlite import open_store
from keeper.web.access import open_access
from keeper.web.limits import BURST_SECONDS, MOST_ADDRESSES, Limiter

pytestmark = pytest.mark.devnet


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the setting may say
HERE = ["localhost", "LOCALHOST:5182", "127.0.0.1:80", "[::1]:5182", "192.0.2.7:5182", "[2001:db8::7]"]


@pytest.mark.parametrize("listens_on", ["127.0.0.1", EVERYWHERE, "::"])
@pytest.mark.parametrize("hosts", [(), ("keeper.example",)])
async def test_host__an_address_or_this_machine__is_let_in_whatever_the_settings(store, listens_on, hosts):
    async with api(store, host=listens_on, hosts=hosts) as session:
        for host in (*HERE, socket.gethostname(), f"{socket.gethostname().upper()}:5182"):
            assert (await ask(session, f"{ROOT}/status", headers={"Host": host}))[0] == 200


@pytest.mark.parametrize("listens_on", ["127.0.0.1", EVERYWHERE, "::", "other.example"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:5182", "127.0.0.1.evil.example", "", "[evil]"])
async def test_host__foreign_name_pointed_at_us__is_refused_everywhere(store, listens_on, host):
    async with api(store, host=listens_on) as session:
        for path in ("/", f"{ROOT}/status", "/api/pools", "/metrics", "/healthz"):
            status, _, _ = await ask(session, path, headers={"Host": host})
            assert status == 421
        _, body, _ = await ask(session, f"{ROOT}/status", headers={"Host": host})

    assert "web.hosts" in body["error"]["message"]


async def test_host__named_in_the_settings__is_let_in(store):
    async with api(store, host="Own.example", hosts=("keeper.example",)) as session:
        for host in ("keeper.example", "Keeper.Example.:80", "own.example"):
            assert (await ask(session, f"{ROOT}/status", headers={"Host": host}))[0] == 200
        assert (await ask(session, f"{ROOT}/status", headers={"Host": "evil.example"}))[0] == 421


ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}
LINK = {**ELSEWHERE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        (ELSEWHERE, "GET", 403),
        ({**LINK, "Sec-Fetch-Dest": "iframe"}, "GET", 403),
        (LINK, "POST", 403),
        (LINK, "GET", 200),
        ({"Sec-Fetch-Site": "same-origin"}, "GET", 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, "GET", 200),
    ],
)
async def test_origin__page_of_another_site__may_link_here_and_ask_nothing(store, headers, method, status):
    async with api(store) as session:
        for path in ["/", f"{ROOT}/pools", "/metrics"] if method == "GET" else [f"{ROOT}/pause"]:
            assert (await ask(session, path, method, headers={**headers, **CHANGE}))[0] == status


async def test_origin__page_of_another_site__takes_no_place_at_the_stream_and_nothing_of_the_rate(store):
    async with api(store, requests_per_minute=60) as session:
        for _ in range(3 * BURST_SECONDS):
            status, body, _ = await ask(session, f"{ROOT}/events", headers=ELSEWHERE)
            assert (status, faults_of(f"{ROOT}/events", "get", status, "application/json", body)) == (403, [])
        assert (await ask(session, f"{ROOT}/pools"))[0] == 200


def basic(password, user="me"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {READ_TOKEN}"}, 200),
        ({"Authorization": f"bearer {READ_TOKEN}"}, 200),
        (basic(READ_TOKEN), 200),
        (basic(READ_TOKEN, user=""), 200),
        (CHANGE, 200),
        ({"Authorization": f"Bearer {READ_TOKEN}x"}, 401),
        ({"Authorization": f"Bearer {READ_TOKEN[:-1]}"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Basic \xff"}, 401),
        ({"Authorization": f"Digest {READ_TOKEN}"}, 401),
    ],
)
async def test_reading__closed__needs_a_token(store, headers, status):
    async with api(store, access=access(read=True)) as session:
        for path in ("/", f"{ROOT}/pools", "/api/pools", "/metrics", f"{ROOT}/events" if status == 401 else "/"):
            assert (await ask(session, path, headers=headers))[0] == status
        _, _, said = await ask(session, f"{ROOT}/pools")

    assert said["WWW-Authenticate"].startswith("Basic realm=")


async def test_reading__closed__leaves_health_and_style_open(store):
    async with api(store, access=access(read=True)) as session:
        assert (await ask(session, "/healthz"))[0] == 200
        assert (await ask(session, "/static/app.css"))[0] == 200


@pytest.mark.parametrize("path", ["/pause", "/resume", "/analyse"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": f"Bearer {READ_TOKEN}"}, 401), (basic(TOKEN), 401), (CHANGE, 200)],
)
async def test_changing__needs_the_bearer_token_and_never_a_browsers_password(store, path, headers, status):
    asked = []
    async with api(store, access=access(read=False), analyse=lambda: asked.append(1)) as session:
        got, body, said = await ask(session, ROOT + path, "POST", headers=headers)

    assert got // 100 == status // 100
    if status == 401:
        assert "web.token_file" in body["error"]["message"]
        assert said["WWW-Authenticate"] == 'Bearer realm="keeper"'
        assert (await store.note(PAUSED_NOTE), asked) == (None, [])


async def test_changing__without_a_token_in_the_settings__is_off(store):
    async with api(store, access=access(change=False)) as session:
        status, body, _ = await ask(session, f"{ROOT}/pause", "POST", headers={"Authorization": "Bearer "})

    assert (status, "changing is off" in body["error"]["message"]) == (403, True)
    assert await store.note(PAUSED_NOTE) is None


async def test_pause_and_resume__are_seen_at_once_and_kept_in_the_store(store):
    async with api(store) as session:
        await ask(session, f"{ROOT}/status")
        status, paused, _ = await ask(
            session, f"{ROOT}/pause", "POST", headers=CHANGE, json={"by": "ops", "why": "look"}
        )
        _, seen, _ = await ask(session, f"{ROOT}/status")
        note = await store.note(PAUSED_NOTE)
        _, resumed, _ = await ask(session, f"{ROOT}/resume", "POST", headers=CHANGE)
        _, after, _ = await ask(session, f"{ROOT}/status")

    assert (status, paused["paused"]["by"]) == (200, "ops")
    assert seen["paused"] == paused["paused"]
    assert dict(note) == {"by": "ops", "why": "look", "at": NOW}
    assert (resumed["paused"], after["paused"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"who": 1}', "application/json", 400),
        (b'{"by": 1}', "application/json", 400),
        (b'{"why": "' + b"x" * 201 + b'"}', "application/json", 400),
        (rb'{"by": "two\nlines"}', "application/json", 400),
        (rb'{"why": "\u0000"}', "application/json", 400),
        (rb'{"why": "\u202e dlrow"}', "application/json", 400),
        (rb'{"why": "\ud800"}', "application/json", 400),
        (b"[" * 4_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"\xff\xfe", "application/json", 400),
        (b'{"why": "' + b"x" * 5_000 + b'"}', "application/json", 413),
    ],
)
async def test_pause__body_that_does_not_fit__changes_nothing(store, body, kind, status):
    async with api(store) as session:
        got, said, _ = await ask(session, f"{ROOT}/pause", "POST", data=body, headers={**CHANGE, "Content-Type": kind})

    assert (got, said["error"]["status"]) == (status, status)
    assert await store.note(PAUSED_NOTE) is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_pause__body_that_is_not_encoded_as_it_says__is_the_callers_mistake(store, encoding):
    headers = {**CHANGE, "Content-Type": "application/json", "Content-Encoding": encoding}
    async with api(store) as session:
        status, said, _ = await ask(session, f"{ROOT}/pause", "POST", data=b'{"why": "x"}', headers=headers)

    assert (status, "Content-Encoding" in said["error"]["message"]) == (400, True)
    assert await store.note(PAUSED_NOTE) is None


async def test_analyse__asked_twice__is_done_once_and_says_when_again(store):
    asked = []
    async with api(store, analyse=lambda: asked.append(1)) as session:
        first, _, _ = await ask(session, f"{ROOT}/analyse", "POST", headers=CHANGE)
        second, _, headers = await ask(session, f"{ROOT}/analyse", "POST", headers=CHANGE)

    assert (first, second, asked) == (202, 429, [1])
    assert 1 <= int(headers["Retry-After"]) <= 16


async def test_analyse__where_no_cycles_run__is_said(store):
    async with api(store, analyse=None) as session:
        assert (await ask(session, f"{ROOT}/analyse", "POST", headers=CHANGE))[0] == 409


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("HEAD", f"{ROOT}/pools", 200, None),
        ("OPTIONS", f"{ROOT}/pools", 204, "GET,HEAD,OPTIONS"),
        ("OPTIONS", f"{ROOT}/pause", 204, "POST,OPTIONS"),
        ("OPTIONS", "/api/pools", 204, "GET,HEAD,OPTIONS"),
        ("OPTIONS", "/nothing", 404, None),
        ("POST", f"{ROOT}/pools", 405, "GET,HEAD"),
        ("GET", f"{ROOT}/pause", 405, "POST"),
        ("DELETE", f"{ROOT}/pools/1", 405, "GET,HEAD"),
        ("TRACE", "/", 405, "GET,HEAD"),
    ],
)
async def test_method__each__is_answered_as_http_has_it(store, method, path, status, allow):
    async with api(store) as session, session.request(method, path) as answer:
        body = await answer.read()

    assert (answer.status, answer.headers.get("Allow")) == (status, allow)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if method == "HEAD":
        assert (body, int(answer.headers["Content-Length"]) > 100) == (b"", True)


async def test_rate__above_the_limit__is_refused_and_said_when_again(store):
    async with api(store, requests_per_minute=60) as session:
        statuses = [(await ask(session, f"{ROOT}/status"))[0] for _ in range(BURST_SECONDS)]
        status, body, headers = await ask(session, f"{ROOT}/pools")

    assert set(statuses) == {200}
    assert (status, headers["Retry-After"]) == (429, "1")
    assert "web.requests_per_minute" in body["error"]["message"]


async def test_rate__used_up_by_a_script__leaves_the_health_check_its_own(store):
    async with api(store, requests_per_minute=60) as session:
        for _ in range(BURST_SECONDS + 1):
            await ask(session, f"{ROOT}/status")
        statuses = [(await ask(session, "/healthz"))[0] for _ in range(BURST_SECONDS + 1)]

    assert statuses == [200] * BURST_SECONDS + [429]


def test_limiter__time_goes_on__lets_in_again_at_the_rate():
    hands = Hands(0)
    limiter = Limiter(60, hands)
    taken = [limiter.wait_seconds("192.0.2.1") for _ in range(BURST_SECONDS + 1)]
    hands.at = 1

    assert (taken[:-1], taken[-1]) == ([0.0] * BURST_SECONDS, 1.0)
    assert limiter.wait_seconds("192.0.2.1") == 0
    assert limiter.wait_seconds("192.0.2.1") == 1
    assert limiter.wait_seconds("192.0.2.2") == 0


def test_limiter__many_addresses__remembers_only_so_many():
    limiter = Limiter(60, Hands(0))
    for number in range(MOST_ADDRESSES + 50):
        limiter.wait_seconds(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert len(limiter) == MOST_ADDRESSES


def test_limiter__addresses_of_one_household__share_a_bucket():
    limiter = Limiter(6, Hands(0))

    assert limiter.wait_seconds("2001:db8:1:2::1") == 0
    assert limiter.wait_seconds("2001:db8:1:2:ffff::9") > 0
    assert limiter.wait_seconds("2001:db8:1:3::1") == 0
    assert limiter.wait_seconds("::ffff:192.0.2.1") == 0
    assert limiter.wait_seconds("192.0.2.1") > 0
    assert limiter.wait_seconds(None) == 0


async def test_metrics__answers__are_counted_by_route_and_not_by_path(store):
    state = web_state(store)
    async with api(store, metrics=state.metrics) as session:
        for path in (f"{ROOT}/pools/1", f"{ROOT}/pools/99", f"{ROOT}/pools/98", "/made/up", "/made/up/too"):
            await ask(session, path)
        _, text, _ = await ask(session, "/metrics")

    counted = [line for line in text.splitlines() if "route=" in line and "_total{" in line]
    assert any(f'route="{ROOT}/pools/{{pool_id}}",status="404"}} 2.0' in line for line in counted)
    assert any('route="unmatched",status="404"} 2.0' in line for line in counted)
    assert "made" not in text


def test_open_access__token_too_short_or_open_to_others__is_refused_with_the_remedy(tmp_path):
    short, shared = tmp_path / "short", tmp_path / "shared"
    short.write_text("abc\n")
    short.chmod(0o600)
    shared.write_text(TOKEN)
    shared.chmod(0o644)

    with pytest.raises(BadSettings, match="openssl rand -hex 32"):
        open_access(None, str(short), {})
    with pytest.raises(BadSettings, match="chmod 600"):
        open_access(str(shared), None, {})
    with pytest.raises(BadSettings, match=r"web\.token_file"):
        open_access(None, str(tmp_path / "none"), {})


def test_open_access__a_credential__is_taken_and_kept_as_a_digest_only(tmp_path):
    (tmp_path / "api").write_text(TOKEN + "\n")
    (tmp_path / "api").chmod(0o600)

    opened = open_access(None, "credential:api", {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert opened.may_change(f"Bearer {TOKEN}")
    assert opened.may_read("")
    assert TOKEN not in repr(opened)
