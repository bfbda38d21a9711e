"""With many pools: nobody reads or makes more of them than was asked for, and nobody holds up the loop meanwhile."""

import threading
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from api_kit import ROOT, api, ask
from samples import Hands, body_view, decision, defi_facts, fill, view, web_state

from keeper.core.records import Outcome, Turn
from keeper.store.sqlite import SqliteStore, open_store
from keeper.web.answers import RENDERER
from keeper.web.keys import KEPT
from keeper.web.render import Renderer
from keeper.web.server import make_app, serve
from keeper.web.views import HANDFUL

pytestmark = pytest.mark.devnet


class Noting(SqliteStore):
    """A store that notes which views are read."""

    def __init__(self, db):
        super().__init__(db)
        self.read = []

    async def views(self, pool_ids=None):
        found = await super().views(pool_ids)
        self.read.append([each.pool_id for each in found])
        return found


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield Noting(opened._db)  # noqa: SLF001 - the same file, with notes taken


@asynccontextmanager
async def open_kept(store, state=None):
    """Serve; yields a session and what makes the server forget the answers that it keeps for a moment."""
    app = make_app(web_state(store) if state is None else state)
    async with serve(app, "127.0.0.1", 0) as address, aiohttp.ClientSession(address) as session:
        yield session, app[KEPT].forget


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (f"{ROOT}/pools/2", [[2]]),
        (f"{ROOT}/proposals?pool=1", [[1]]),
        (f"{ROOT}/pools/2/history", []),
        (f"{ROOT}/decisions?limit=5", []),
        (f"{ROOT}/decisions.csv?limit=5", []),
        ("/api/pools/2", [[2]]),
        ("/api/decisions", []),
    ],
)
async def test_answer__about_one_pool_or_by_name__reads_no_other_view(store, path, read):
    async with api(store) as session:
        status, _, _ = await ask(session, path)

    assert (status, store.read) == (200, read)


async def test_decision__of_a_pool_that_is_no_longer_configured__has_the_name_it_was_seen_under(store):
    async with api(store, pool_names={1: "By the settings"}) as session:
        _, body, _ = await ask(session, f"{ROOT}/decisions")

    assert {row["pool"] for row in body["decisions"]} == {
        "By the settings",
        "Meme Whale Portfolio",
        "Conservative Stacker",
    }


async def test_pools__one_has_changed__only_that_one_is_read_again(store):
    async with api(store) as session:
        _, before, _ = await ask(session, f"{ROOT}/pools")
        await ask(session, f"{ROOT}/proposals")
    at_first = list(store.read)
    async with open_kept(store) as (session, forget):
        await ask(session, f"{ROOT}/pools")
        store.read.clear()
        await store.put_view(replace(view(defi_facts()), name="Renamed"))
        forget()
        _, after, _ = await ask(session, f"{ROOT}/pools")
        _, proposals, _ = await ask(session, f"{ROOT}/proposals")

    assert at_first == [[1, 2, 3]]
    assert store.read == [[1]]
    assert [pool["name"] for pool in after["pools"]] == ["Renamed", *(pool["name"] for pool in before["pools"][1:])]
    assert [proposal["pool_id"] for proposal in proposals["proposals"]] == [1, 2]


async def test_pools__one_is_late__says_so_though_its_view_is_the_same(store):
    hands = Hands()
    state = web_state(store, hands)
    async with open_kept(store, state) as (session, forget):
        _, before, _ = await ask(session, f"{ROOT}/pools")
        hands.at += 1_000
        state.pulse.cycle_finished(2, Outcome.REFUSED)
        forget()
        _, after, _ = await ask(session, f"{ROOT}/pools")

    assert [pool["fresh"] for pool in before["pools"]] == [True] * 3
    assert [pool["fresh"] for pool in after["pools"]] == [False, True, False]


async def test_pools__more_than_a_handful__are_read_by_the_handful_and_come_in_order(store):
    count = 3 * HANDFUL + 1
    await store.record(
        [
            Turn(decision(number, number, Outcome.REFUSED, "why"), body_view(number, f"P{number}", {}))
            for number in range(1, count)
        ]
    )
    async with api(store) as session:
        _, body, _ = await ask(session, f"{ROOT}/pools")
        assert max(len(read) for read in store.read) == HANDFUL
        store.read.clear()
        async with session.get("/") as answer:
            page = await answer.text()

    assert [pool["pool_id"] for pool in body["pools"]] == list(range(1, count))
    assert max(len(read) for read in store.read) == HANDFUL
    assert f"P{count - 1}" in page


class Where(Renderer):
    """Draws, and notes in which thread."""

    def page(self, page):
        self.thread = threading.get_ident()
        return super().page(page)


async def test_page__is_drawn_beside_the_loop(store):
    app = make_app(web_state(store))
    app[RENDERER] = Where()
    async with serve(app, "127.0.0.1", 0) as address, aiohttp.ClientSession(address) as session:
        assert (await ask(session, "/"))[0] == 200

    assert app[RENDERER].thread != threading.get_ident()
