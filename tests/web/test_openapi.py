"""The document says what the server does: every route, every answer, and whatever is thrown at them."""

import asyncio
import gzip
import json
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from api_kit import CHANGE, DOCUMENT, ROOT, access, api, ask, faults_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from samples import NOW, fill, web_state
from yarl import URL

from keeper.core.chain_types import Tip
from keeper.core.units import Seconds
from keeper.store.sqlite import open_store
from keeper.web.access import SHORTEST
from keeper.web.answers import NOTHING_HERE
from keeper.web.api.changes import ANALYSE_SECONDS
from keeper.web.api.download import MOST_AT_ONCE
from keeper.web.api.params import MOST, MOST_ROWS
from keeper.web.api.table import routes
from keeper.web.estimates import Estimable
from keeper.web.events import MOST_LISTENERS, MOST_PER_ADDRESS, QUEUED, REMEMBERED, Pace
from keeper.web.server import MOST_BODY, make_app, serve

pytestmark = pytest.mark.devnet
OPERATIONS = [(path, method) for path, found in DOCUMENT["paths"].items() for method in found]
GETS = [path for path, method in OPERATIONS if method == "get" and not path.endswith("/events")]
COST = {"expected_ustx": "1", "low_ustx": "-1", "high_ustx": "9"} | {
    f"{name}_percent": 0.1 for name in ("expected", "low", "high")
}
ESTIMATE = {
    "pool_id": 1,
    "name": "DeFi Whale Index",
    "value_ustx": "1000",
    "legs": 2,
    "slices": 1,
    "gas": COST,
    "slippage": COST,
    "total": {**COST, "low_percent": None},
    "benefit_ustx": "3",
    "benefit_percent": 0.3,
    "worth_it": True,
    "reason": "two legs",
}


def one_of(path):
    """Return an address of this form that the samples have."""
    return path.replace("{pool_id}", "1").replace("{key}", quote("slice:2:3:2")).replace("{decision_id}", "d3")


def found(pool_id):
    return Estimable(Tip(4_381_221, "ab" * 32, Seconds(NOW)), lambda: {**ESTIMATE, "pool_id": pool_id})


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


def test_document__is_valid_openapi():
    validate(DOCUMENT)

    assert DOCUMENT["openapi"].startswith("3.1.")


async def test_document__and_server__know_the_same_addresses(store):
    app = make_app(web_state(store))
    served = {
        (route.resource.canonical, route.method.lower())
        for route in app.router.routes()
        if route.resource.canonical.startswith(ROOT) and route.method != "HEAD"
    }

    assert served - {(f"{ROOT}/openapi.json", "get")} == set(OPERATIONS)


async def test_document__served__is_the_one_that_is_tested(store):
    async with api(store) as session:
        assert (await ask(session, f"{ROOT}/openapi.json"))[:2] == (200, DOCUMENT)


def test_document__every_field_and_parameter__says_what_it_means():
    silent = [
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for field, about in schema.get("properties", {}).items()
        if not about.get("description")
    ]
    silent += [
        f"{path} {parameter['name']}"
        for path, method in OPERATIONS
        for parameter in DOCUMENT["paths"][path][method]["parameters"]
        if not parameter["description"]
    ]

    assert silent == []


def test_document__answers__may_get_new_fields_and_bodies_may_not():
    closed = {name for name, schema in DOCUMENT["components"]["schemas"].items() if "additionalProperties" in schema}

    assert closed == {"Why"}


@pytest.mark.parametrize("path", GETS)
async def test_answer__every_address__comes_with_the_headers_that_are_described(store, path):
    promised = DOCUMENT["paths"][path]["get"]["responses"]
    async with api(store, found=found) as session:
        concrete = one_of(path)
        _, _, headers = await ask(session, concrete)
        tag = headers.get("ETag", "")
        status, _, again = await ask(session, concrete, headers={"If-None-Match": tag})
        asked_for_head, empty, _ = await ask(session, concrete, "HEAD")

    assert ("ETag" in headers) == ("headers" in promised["200"]) == ("304" in promised)
    assert (status, again.get("ETag", "")) == (304 if tag else 200, tag)
    assert (asked_for_head, empty) == (200, "")


async def test_answer__asked_too_often__comes_with_the_headers_that_are_described(store):
    async with api(store, requests_per_minute=10) as session:
        every = [await ask(session, f"{ROOT}/pools") for _ in range(3)]

    described = DOCUMENT["paths"][f"{ROOT}/pools"]["get"]["responses"]["429"]["headers"]
    assert (every[-1][0], set(described) <= set(every[-1][2])) == (429, True)


@pytest.mark.parametrize("path", GETS)
async def test_answer__every_address__is_as_the_document_has_it(store, path):
    async with api(store, found=found) as session:
        concrete = one_of(path)
        status, body, headers = await ask(session, concrete)

    assert status == 200
    assert faults_of(path, "get", status, headers["Content-Type"].partition(";")[0], body) == []


@pytest.mark.parametrize(("path", "given_body"), [("/pause", {"why": "a look"}), ("/resume", {}), ("/analyse", None)])
async def test_answer__every_change__is_as_the_document_has_it(store, path, given_body):
    async with api(store, analyse=lambda: None) as session:
        status, body, headers = await ask(session, ROOT + path, "POST", headers=CHANGE, json=given_body)

    assert status in {200, 202}
    assert faults_of(ROOT + path, "post", status, headers["Content-Type"].partition(";")[0], body) == []


JUNK = st.one_of(
    st.text(max_size=20),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(
        ["", "-1", "1.5", "1e9", "٣", "null", "true", "0x1", "a b", "%00", "\x00", "'; DROP TABLE x", "../"]
    ),
)


def fitting(schema):
    """Return values that a parameter's own schema allows."""
    if schema["type"] == "integer":
        near = schema["minimum"], min(schema["maximum"], schema["minimum"] + 5), schema["maximum"]
        return st.one_of(st.sampled_from(near), st.integers(schema["minimum"], schema["maximum"])).map(str)
    if schema["type"] == "boolean":
        return st.sampled_from(["true", "false"])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: 0 < len(text) <= 400)
    return st.text(min_size=1, max_size=40)


def fits_a_header(value):
    return value.isprintable() and value.isascii()


def strange_headers():
    """Return headers that a browser, a cache or a proxy may send, with values that they would not."""
    value = st.one_of(st.text(max_size=20), JUNK, st.sampled_from(["cross-site", "*", 'W/"x", ,,', "text/html", "5-2"]))
    names = ("Accept", "Accept-Encoding", "Cookie", "Forwarded", "If-None-Match", "Origin", "Range", "Sec-Fetch-Site")
    return st.dictionaries(st.sampled_from(names), value.filter(fits_a_header), max_size=2)


@st.composite
def changes(draw):
    """Return (headers, body) of a request that would change something."""
    headers = dict(draw(st.sampled_from([CHANGE, {}, {"Authorization": "Bearer no"}, {"Authorization": "Basic 8=8"}])))
    body = draw(st.one_of(st.none(), st.binary(max_size=60), bodies()))
    headers["Content-Type"] = draw(st.sampled_from(["application/json", "text/plain"]))
    if body and draw(st.integers(0, 3)) == 0:
        headers["Content-Encoding"] = draw(st.sampled_from(["gzip", "deflate", "identity", "br", "zstd", "none"]))
        body = draw(st.sampled_from([body, gzip.compress(body), zlib.compress(body)]))
    return headers, body


@st.composite
def requests(draw):
    """Return (path, method, concrete path, query, headers, body): mostly what the document allows, often not."""
    path, method = draw(st.sampled_from(OPERATIONS))
    concrete, query, headers, body = path, [], draw(strange_headers()), None
    for parameter in DOCUMENT["paths"][path][method]["parameters"]:
        value = draw(st.one_of(fitting(parameter["schema"]), JUNK))
        if parameter["in"] == "path":
            concrete = concrete.replace(f"{{{parameter['name']}}}", quote(value, safe="") or "x")
        elif draw(st.booleans()):
            if parameter["in"] == "query":
                query.append((parameter["name"], value))
            elif fits_a_header(value):
                headers[parameter["name"]] = value
    if draw(st.integers(0, 5)) == 0:
        query.append((draw(st.text(max_size=8)), draw(JUNK)))
    if method == "post":
        more, body = draw(changes())
        headers |= more
    return path, method, concrete, query, headers, body


def bodies():
    value = st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=300)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
        max_leaves=5,
    )
    fields = st.fixed_dictionaries({}, optional={"by": value, "why": value, "what": value})
    return st.one_of(value, fields, st.just([[[]]] * 50)).map(lambda made: json.dumps(made).encode())


async def beginning(session, url, method, **more):
    """Return what `ask` returns, of a stream only how it begins."""
    async with session.request(method, url, **more) as answer:
        if answer.status == 200 and answer.content_type == "text/event-stream":
            return 200, (await answer.content.readuntil(b"\n\n")).decode(), answer.headers
        raw = await answer.read()
        is_json = answer.content_type == "application/json" and raw
        return answer.status, json.loads(raw) if is_json else raw.decode(), answer.headers


@pytest.fixture
def fuzzed(tmp_path):
    """Yield a function that makes one request to a server that lives for the whole test."""
    loop = asyncio.new_event_loop()

    async def opened():
        store = open_store(tmp_path / "s.sqlite3")
        kept = await store.__aenter__()
        await fill(kept)
        state = web_state(kept)
        app = make_app(replaced(state))
        server = serve(app, "127.0.0.1", 0)
        session = aiohttp.ClientSession(await server.__aenter__())
        return store, server, session

    store, server, session = loop.run_until_complete(opened())

    async def closed():
        await session.close()
        await server.__aexit__(None, None, None)
        await store.__aexit__(None, None, None)

    def one(method, path, query, headers, body):
        url = URL(path, encoded=True).update_query(query)
        return loop.run_until_complete(beginning(session, url, method, headers=headers, data=body))

    yield one
    loop.run_until_complete(closed())
    loop.close()


def replaced(state):
    return replace(state, access=access(), found=found, analyse=lambda: None, requests_per_minute=1_000_000)


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests())
def test_answer__whatever_is_asked__is_one_that_the_document_promises(fuzzed, request):
    path, method, concrete, query, headers, body = request

    status, said, got = fuzzed(method.upper(), concrete, query, headers, body)

    if (status, said) == (404, {"error": {"status": 404, "message": NOTHING_HERE}}):
        return  # a path whose parameter has a slash, or is a step up, is another path
    assert status < 500
    assert faults_of(path, method, status, got["Content-Type"].partition(";")[0], said) == []
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "Traceback" not in str(said)


def test_docs__table_of_addresses__is_the_real_one():
    page = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()

    listed = [line for line in page.splitlines() if line.startswith(("| `GET /", "| `POST /"))]
    assert listed == [f"| `{route.method} {route.path}` | {route.summary} |" for route in routes()]


def test_docs__numbers__are_those_of_the_code():
    page = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text().replace("\n", " ")

    pace = Pace()
    for said in (
        f"up to {MOST} records each",
        f"up to {MOST_ROWS:,} rows",
        f"At most {MOST_AT_ONCE} long tables are sent at once",
        f"newest {REMEMBERED} events",
        f"every {pace.heartbeat:.0f} s says",
        f"{MOST_LISTENERS} listeners, {MOST_PER_ADDRESS} of one IPv4 address or IPv6 /64",
        f"{QUEUED} events behind",
        f"longer than {pace.write:.0f} s",
        f"At most every {ANALYSE_SECONDS:.0f} s",
        f"{SHORTEST} or more characters",
        f"up to {MOST_BODY:,} bytes",
    ):
        assert said in page
