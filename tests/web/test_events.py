"""The stream as a listener has it, and the hub behind it."""

import asyncio
import json
import re
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import get_args

import aiohttp
import pytest
from api_kit import CHANGE, ROOT, api, ask, faults_of
from samples import NOW, alert, decision, fill, intent, web_state

from keeper.core.paused import PAUSED_NOTE, Paused
from keeper.core.records import IntentKind, IntentState, Outcome, Severity
from keeper.core.units import Seconds
from keeper.errors import StoreUnavailable
from keeper.store.sqlite import SqliteStore, open_store
from keeper.web.events import MOST_PER_ADDRESS, QUEUED, Crowded, Event, Hub, Kind, Listener, Pace
from keeper.web.keys import HUB
from keeper.web.limits import household
from keeper.web.render import STATIC
from keeper.web.server import make_app, serve

pytestmark = pytest.mark.devnet
QUICK = Pace(look=0.02, heartbeat=5.0)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


class Stream:
    """Reads events off the wire."""

    def __init__(self, answer):
        self._lines = answer.content
        self.comments = []

    async def next(self):
        event = {}
        async with asyncio.timeout(5):
            while line := (await self._lines.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if line.startswith(": "):
                    self.comments.append(value)
                elif name:
                    event[name] = value
                elif "event" in event:
                    return event["event"], json.loads(event["data"]), event["id"]
        return None

    async def heard(self, kind):
        while (event := await self.next())[0] != kind:
            pass
        return event


@asynccontextmanager
async def listening(session, after=None):
    async with session.get(f"{ROOT}/events", headers={} if after is None else {"Last-Event-ID": after}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield Stream(answer)
        answer.close()


def new_decision(name="n1", **facts):
    return replace(decision(0, 1, Outcome.PROPOSED, "a new one"), decision_id=name, facts=facts)


async def test_stream__a_new_decision__arrives_as_the_lists_have_it(store):
    async with api(store, QUICK) as session, listening(session) as stream:
        ready = await stream.next()
        await store.add_decision(new_decision())
        kind, data, event_id = await stream.next()
        _, listed, _ = await ask(session, f"{ROOT}/decisions?limit=1")

    assert ready[:2] == ("ready", {})
    assert (kind, data) == ("decision", listed["decisions"][0])
    assert event_id != ready[2]


async def test_stream__alert_and_transaction__arrive_and_are_whole(store):
    sent = intent("post:1", IntentKind.POST_PRICES, IntentState.SENT)
    async with api(store, QUICK) as session, listening(session) as stream:
        await stream.heard("ready")
        await store.add_alert(alert("New trouble", Severity.CRITICAL))
        told = await stream.heard("alert")
        await store.put_intent(replace(sent, state=IntentState.SETTLED, updated_at=Seconds(NOW)))
        moved = await stream.heard("transaction")
        await store.put_intent(intent("propose:2:9", IntentKind.PROPOSE, IntentState.PLANNED, 2))
        begun = await stream.heard("transaction")

    assert told[1]["title"] == "New trouble"
    assert [event[1]["as_of"]["block"] for event in (told, moved, begun)] == [4_381_221] * 3
    assert (moved[1]["key"], moved[1]["state"], moved[1]["open"]) == ("post:1", "settled", False)
    assert (begun[1]["key"], begun[1]["state"]) == ("propose:2:9", "planned")
    listed = {"as_of": {"block": None, "time": None}, "transactions": [moved[1], begun[1]], "next": None}
    assert faults_of(f"{ROOT}/transactions", "get", 200, "application/json", listed) == []
    assert "raw" not in json.dumps(moved[1])


async def test_stream__pause_and_resume_by_whichever_process__are_told_and_the_answers_are_new(store):
    async with api(store, QUICK) as session, listening(session) as stream:
        await stream.heard("ready")
        await store.put_note(PAUSED_NOTE, Paused("ops", "a look", Seconds(NOW)).note())
        paused = (await stream.heard("pause"))[1]
        _, status, _ = await ask(session, f"{ROOT}/status")
        await ask(session, f"{ROOT}/resume", "POST", headers=CHANGE)
        resumed = (await stream.heard("pause"))[1]

    assert (paused["paused"]["by"], paused["paused"]) == ("ops", status["paused"])
    assert resumed == {"as_of": status["as_of"], "paused": None}


def test_page__script__listens_for_every_kind_of_event():
    script = (STATIC / "app.js").read_text()

    listed = re.search(r"const KINDS = (\[.*?\]);", script).group(1)
    assert {*json.loads(listed), "ready"} == set(get_args(Kind))


async def test_stream__trouble_told_and_over_within_one_block__tells_both(store):
    told = alert("Short trouble", Severity.WARNING)
    over = replace(told, alert=replace(told.alert, resolved=True))
    async with api(store, QUICK) as session, listening(session) as stream:
        await stream.heard("ready")
        await store.add_alert(told)
        first = await stream.heard("alert")
        await store.add_alert(over)
        second = await stream.heard("alert")

    assert (first[1]["key"], first[1]["resolved"], second[1]["resolved"]) == (second[1]["key"], False, True)


async def test_stream__taken_up_again__gives_what_was_missed_even_when_nobody_listened(store):
    async with api(store, QUICK) as session:
        async with listening(session) as stream:
            await stream.heard("ready")
            await store.add_decision(new_decision("n1"))
            last = (await stream.heard("decision"))[2]
        for number in (2, 3):
            await store.add_decision(new_decision(f"n{number}"))
        async with listening(session, last) as stream:
            missed = [(await stream.next())[1]["decision_id"] for _ in range(2)]

    assert missed == ["n2", "n3"]


async def test_stream__id_of_another_life__says_that_all_is_to_be_read_anew(store):
    async with api(store, QUICK) as session, listening(session, "00000000-7") as stream:
        assert (await stream.next())[0] == "reset"


@pytest.mark.parametrize("after", ["", "x", "00000000-", "0" * 500, "00000000-7\tx"])
async def test_stream__malformed_id__is_refused(store, after):
    async with api(store, QUICK) as session:
        status, body, _ = await ask(session, f"{ROOT}/events", headers={"Last-Event-ID": after})

    assert status == 400
    assert faults_of(f"{ROOT}/events", "get", 400, "application/json", body) == []


async def test_stream__silent__says_that_it_is_there(store):
    async with api(store, replace(QUICK, heartbeat=0.05)) as session, listening(session) as stream:
        await stream.heard("ready")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await stream.next()

    assert stream.comments
    assert set(stream.comments) == {"still here"}


async def test_hub__more_was_written_than_one_look_reads__says_so_before_the_newest(store):
    hub, listener = Hub(store, Pace(look=60)), Listener("a", lambda: None)
    await hub.catch_up()
    with hub.listen(listener, None):
        for number in range(60):
            await store.add_decision(new_decision(f"n{number}"))
        await hub.catch_up()
    await hub.close()

    told = [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]
    assert [event.kind for event in told] == ["ready", "reset", *["decision"] * 50]
    assert told[-1].record.decision_id == "n59"


async def test_stream__server_ends__ends_it_at_once(store):
    state = web_state(store)
    async with aiohttp.ClientSession() as session:
        async with serve(make_app(state, QUICK), "127.0.0.1", 0) as address:
            answer = await session.get(f"{address}{ROOT}/events")
            stream = Stream(answer)
            await stream.heard("ready")
            started = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - started

        assert await stream.next() is None
        assert took < 1.5


async def test_stream__too_many_from_one_address__is_refused_and_says_when_to_come_back(store):
    async with api(store, QUICK, requests_per_minute=100_000) as session, AsyncExitStack() as stack:
        for _ in range(MOST_PER_ADDRESS):
            await stack.enter_async_context(listening(session))
        status, body, headers = await ask(session, f"{ROOT}/events")

    assert (status, headers["Retry-After"]) == (503, "30")
    assert "too many are listening" in body["error"]["message"]


async def test_stream__reader_who_goes_away__makes_room_at_once_though_nothing_is_new(store):
    async with api(store, Pace(look=60, heartbeat=60), requests_per_minute=100_000) as session:
        for _ in range(2 * MOST_PER_ADDRESS):
            async with listening(session) as stream:
                await stream.heard("ready")


async def test_stream__reader_who_goes_away__is_forgotten_by_the_next_look(store):
    state = web_state(store)
    app = make_app(state, replace(QUICK, heartbeat=60))
    async with serve(app, "127.0.0.1", 0) as address, aiohttp.ClientSession(address) as session:
        async with listening(session) as stream:
            await stream.heard("ready")
        async with asyncio.timeout(2):
            while app[HUB].listeners:
                await asyncio.to_thread(lambda: None)


async def test_stream__head__answers_and_does_not_wait(store):
    async with api(store, QUICK) as session, asyncio.timeout(5), session.head(f"{ROOT}/events") as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")


async def test_stream__reader_who_takes_nothing__is_cut_off(store):
    state = web_state(store)
    app = make_app(state, Pace(look=0.02, heartbeat=0.01, write=0.2))
    async with serve(app, "127.0.0.1", 0) as address:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(("127.0.0.1", int(address.rsplit(":", 1)[1])))
        slow.sendall(f"GET {ROOT}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while not app[HUB].listeners:
            await asyncio.to_thread(lambda: None)
        async with asyncio.timeout(10):
            number = 0
            while app[HUB].listeners:
                number += 1
                await store.add_decision(new_decision(f"n{number}", much="x" * 500_000))
        slow.close()

    assert number < 100


def test_hub__listener_far_behind__is_cut_and_forgotten():
    cut = []
    listener = Listener("a", lambda: cut.append(True))

    given = [listener.give(Event(f"e-{number}", "decision")) for number in range(QUEUED + 1)]

    assert (given.count(True), given[-1], cut) == (QUEUED, False, [True])


class Failing(SqliteStore):
    """A store that answers the first question of a look and not the next."""

    broken = False

    async def alerts(self, *, limit=50):
        if self.broken:
            raise StoreUnavailable
        return await super().alerts(limit=limit)


async def test_hub__store_fails_half_way__loses_nothing(store):
    failing = Failing(store._db)  # noqa: SLF001 - the same file, read badly
    hub, listener = Hub(failing, Pace(look=60)), Listener("a", lambda: None)
    await hub.catch_up()
    with hub.listen(listener, None):
        await store.add_decision(new_decision())
        failing.broken = True
        with pytest.raises(StoreUnavailable):
            await hub.catch_up()
        failing.broken = False
        await hub.catch_up()
    await hub.close()

    kinds = [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]
    assert [event.kind for event in kinds] == ["ready", "decision"]


async def test_hub__closed__takes_nobody(store):
    hub = Hub(store, QUICK)
    await hub.close()

    with pytest.raises(Crowded), hub.listen(Listener("a", lambda: None), None):
        pass


async def test_stream__listener__is_counted_by_household(store):
    app = make_app(web_state(store), QUICK)
    async with serve(app, "::", 0) as address, AsyncExitStack() as stack:
        # Over a socket for both kinds, an IPv4 caller has an address of either kind.
        session = await stack.enter_async_context(aiohttp.ClientSession(address.replace("[::]", "127.0.0.1")))
        for _ in range(MOST_PER_ADDRESS):
            stack.enter_context(app[HUB].listen(Listener(household("127.0.0.1"), lambda: None), None))
        async with asyncio.timeout(5):
            status, _, _ = await ask(session, f"{ROOT}/events")

    assert status == 503


async def test_hub__nobody_listens_any_more__stops_looking(store):
    hub = Hub(store, QUICK)
    with hub.listen(Listener("a", lambda: None), None):
        looking = hub._task  # noqa: SLF001 - what must end
    async with asyncio.timeout(2):
        await looking

    assert hub.listeners == 0
