"""What the API reads: exact numbers, pages, tables, instants, tags."""

import csv
import io
from dataclasses import replace
from typing import get_args

import aiohttp
import pytest
from api_kit import ROOT, api, ask
from samples import NOW, alert, body_view, decision, defi_facts, fill, intent, view
from test_openapi import ESTIMATE

from keeper.core.archive import Row
from keeper.core.chain_types import Tip
from keeper.core.paused import PAUSED_NOTE
from keeper.core.records import IntentKind, IntentState, Outcome, Severity
from keeper.core.retention import LASTING
from keeper.core.units import Seconds
from keeper.errors import PlanRejected, StoreUnavailable
from keeper.store.records import ALERTS, DECISIONS, INTENTS, from_json
from keeper.store.sqlite import SqliteStore, open_store
from keeper.web.api.params import Lasting
from keeper.web.api.tables import DECISION_COLUMNS
from keeper.web.estimates import Estimable, Estimates

pytestmark = pytest.mark.devnet


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        await fill(opened)
        yield opened


async def test_status__working__names_block_time_and_health(store):
    async with api(store) as session:
        _, status, _ = await ask(session, f"{ROOT}/status")

    assert status["as_of"] == {"block": 4_381_221, "time": {"unix": NOW - 4, "utc": "2026-11-21T09:59:56Z"}}
    assert (status["balance_ustx"], status["health"]["state"], status["paused"]) == ("8100000", "ok", None)


async def test_status__paused__says_by_whom(store):
    await store.put_note(PAUSED_NOTE, {"by": "ops", "why": "prices", "at": NOW})
    async with api(store) as session:
        _, status, _ = await ask(session, f"{ROOT}/status")

    assert (status["paused"]["by"], status["paused"]["at"]["unix"]) == ("ops", NOW)


async def test_pools__in_the_middle_of_their_work__have_exact_numbers_and_their_block(store):
    async with api(store) as session:
        _, body, _ = await ask(session, f"{ROOT}/pools")

    first, second, third = body["pools"]
    assert first["as_of"]["block"] == 4_381_220
    assert first["assets"][0]["amount"] == "13902114000"
    assert first["proposal"]["target_bps"] == {"STX": 6_000, "ALEX": 3_000, "DIKO": 1_000}
    assert second["mandate"]["slices"] == 2
    assert (third["value_ustx"], third["queue"][0]["shares"]) == (None, "4950.12")
    assert third["assets"][1]["price"]["trouble"].startswith("1 source")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": 7, "assets": "none", "queue": {}, "whales": [None, 3], "pauses": [], "value_ustx": "lots"},
        {
            "assets": [{}],
            "whales": [{}],
            "queue": [{}],
            "proposal": {},
            "mandate": {},
            "last_decision": {"outcome": "x"},
        },
        {"assets": [{"price": {"sources": [{}], "oldest_at": 10**30, "stx": "1e5"}, "amount": 5, "share_bps": True}]},
    ],
)
async def test_pool__view_that_lacks_or_garbles_parts__is_null_there_and_not_zero(store, body):
    await store.put_view(body_view(1, "Odd", body))
    async with api(store) as session:
        status, pool, _ = await ask(session, f"{ROOT}/pools/1")

    assert (status, pool["name"], pool["value_ustx"], pool["last_outcome"]) == (200, "Odd", None, None)


async def test_pool__could_never_be_read__says_so_and_why_and_is_of_no_block(store):
    last = {"id": "d", "at": NOW, "outcome": "unavailable", "reason": "the node says 503", "tip_height": 0}
    view = replace(body_view(1, "New", {"state": "not read yet", "last_decision": last}), tip_height=0)
    await store.put_view(view)
    async with api(store) as session:
        _, pool, _ = await ask(session, f"{ROOT}/pools/1")

    assert (pool["state"], pool["last_outcome"], pool["last_reason"]) == (
        "not read yet",
        "unavailable",
        "the node says 503",
    )
    assert pool["last_at"]["unix"] == NOW
    assert pool["as_of"] == {"block": None, "time": None}


async def test_pool__nobody_knows__is_404_and_names_the_list(store):
    async with api(store) as session:
        status, body, _ = await ask(session, f"{ROOT}/pools/99")

    assert (status, body["error"]["message"]) == (404, f"there is no pool 99; {ROOT}/pools lists them")


async def test_pools__configured_and_never_seen__is_starting_without_numbers(tmp_path):
    async with open_store(tmp_path / "empty.sqlite3") as empty, api(empty) as session:
        _, body, _ = await ask(session, f"{ROOT}/pools")

    assert {(pool["state"], pool["fresh"], pool["as_of"]["block"], pool["queue"]) for pool in body["pools"]} == {
        ("starting", False, None, None)
    }


async def test_decisions__page_by_page__give_each_once_and_in_order(store):
    seen, path = [], f"{ROOT}/decisions?limit=7"
    async with api(store) as session:
        _, whole, _ = await ask(session, f"{ROOT}/decisions?limit=100")
        while path:
            _, body, _ = await ask(session, path)
            seen += [row["decision_id"] for row in body["decisions"]]
            path = body["next"]

    assert seen == [row["decision_id"] for row in whole["decisions"]]
    assert (len(seen), len(set(seen)), whole["next"]) == (24, 24, None)


async def test_decisions__new_ones_between_two_pages__shift_nothing(store):
    async with api(store) as session:
        _, first, _ = await ask(session, f"{ROOT}/decisions?limit=5")
        await store.add_decision(replace(decision(0, 1, Outcome.PROPOSED, "newer"), decision_id="new"))
        _, second, _ = await ask(session, first["next"])

    assert [row["decision_id"] for row in second["decisions"]] == ["d6", "d7", "d8", "d9", "d10"]


async def test_decision__by_its_name__is_found_under_its_own_address(store):
    async with api(store) as session:
        _, listed, _ = await ask(session, f"{ROOT}/decisions?limit=1")
        name = listed["decisions"][0]["decision_id"]
        status, one, _ = await ask(session, f"{ROOT}/decisions/{name}")
        missing = await ask(session, f"{ROOT}/decisions/none")

    assert (status, one) == (200, listed["decisions"][0])
    assert (missing[0], f"{ROOT}/decisions lists them" in missing[1]["error"]["message"]) == (404, True)


async def test_decisions__of_an_outcome__are_a_pools_earlier_proposals_page_by_page(store):
    for number in range(3):
        made = decision(0, 1, Outcome.PROPOSED, "why")
        await store.add_decision(replace(made, decision_id=f"p{number}", facts={"proposal": number}))
    await store.add_decision(replace(decision(0, 2, Outcome.PROPOSED, "why"), decision_id="other"))
    async with api(store) as session:
        _, first, _ = await ask(session, f"{ROOT}/decisions?pool=1&outcome=proposed&limit=2")
        _, rest, _ = await ask(session, first["next"])

    assert [row["facts"]["proposal"] for row in first["decisions"] + rest["decisions"]] == [2, 1, 0]
    assert rest["next"] is None


@pytest.mark.parametrize(("name", "at"), [("decisions", "at"), ("transactions", "updated_at"), ("alerts", "at")])
async def test_lists__of_a_part_of_the_time__keep_to_it_page_by_page(store, name, at):
    async with api(store) as session:
        _, whole, _ = await ask(session, f"{ROOT}/{name}?limit=100")
        times = [row[at]["unix"] for row in whole[name]]
        since, until = (min(times) + 1, max(times)) if name == "decisions" else (min(times), max(times) + 1)
        _, first, _ = await ask(session, f"{ROOT}/{name}?since={since}&until={until}&limit=1")
        _, second, _ = await ask(session, first["next"])
        _, nothing, _ = await ask(session, f"{ROOT}/{name}?since={max(times) + 1}")

    fitting = [row for row in whole[name] if since <= row[at]["unix"] < until]
    assert (first[name] + second[name], nothing[name]) == (fitting[:2], [])
    assert f"since={since}" in first["next"]


async def test_decisions__page_of_one_pool__keeps_its_filter(store):
    async with api(store) as session:
        _, first, _ = await ask(session, f"{ROOT}/decisions?pool=2&limit=3")
        _, second, _ = await ask(session, first["next"])

    assert "pool=2" in first["next"]
    assert {row["pool_id"] for row in first["decisions"] + second["decisions"]} == {2}


@pytest.mark.parametrize("cursor", ["", "_", "-1", "1.5", "a=b", "%F0%9F%90%B3", "%D9%A3", "1" * 19, "5%0A"])
async def test_decisions__cursor_that_is_none__says_what_to_do(store, cursor):
    async with api(store) as session:
        got, body, _ = await ask(session, f"{ROOT}/decisions?cursor={cursor}")

    assert (got, "`next`" in body["error"]["message"]) == (400, True)


@pytest.mark.parametrize(("path", "where"), [("decisions", "`next` of the page"), ("decisions.csv", "column `cursor`")])
async def test_cursor__malformed__is_refused_with_the_place_it_comes_from(store, path, where):
    async with api(store) as session:
        status, body, _ = await ask(session, f"{ROOT}/{path}?cursor=x")

    assert (status, where in body["error"]["message"]) == (400, True)


async def test_lists__longer_than_an_answer_may_be__are_read_to_their_end(tmp_path):
    async with open_store(tmp_path / "many.sqlite3") as many:
        await fill_many(many, 1_203)
        async with api(many) as session:
            for name, word in (("decisions", "decision_id"), ("transactions", "key"), ("alerts", "key")):
                seen, path, pages = [], f"{ROOT}/{name}?limit=500", 0
                while path:
                    _, body, _ = await ask(session, path)
                    seen += [row[word] for row in body[name]]
                    path, pages = body["next"], pages + 1
                assert (pages, len(seen), len(set(seen)), seen[0][-4:], seen[-1][-2:]) == (
                    3,
                    1_203,
                    1_203,
                    "1203",
                    "-1",
                )


async def test_decisions_csv__the_whole_history__comes_in_one_answer_or_in_parts_that_fit(tmp_path):
    async with open_store(tmp_path / "many.sqlite3") as many:
        await fill_many(many, 1_203)
        async with api(many) as session:
            whole = await rows_of(session, "")
            first = await rows_of(session, "?limit=700")
            rest = await rows_of(session, f"?limit=700&cursor={first[-1]['cursor']}")
            nothing = await rows_of(session, f"?cursor={rest[-1]['cursor']}")
            head = await ask(session, f"{ROOT}/decisions.csv", "HEAD")

    assert [row["decision_id"] for row in whole] == [f"d-1-{number}" for number in range(1_203, 0, -1)]
    assert (first + rest, nothing) == (whole, [])
    assert (len(first), head[:2], "ETag" in head[2]) == (700, (200, ""), False)


class Breaking(SqliteStore):
    """A store whose decisions cannot be read from some place on."""

    good = 0

    async def decisions(self, **asked):
        self.good -= 1
        if self.good < 0:
            raise StoreUnavailable
        return await super().decisions(**asked)


async def test_decisions_csv__store_fails__is_503_or_cut_off_and_never_looks_whole(tmp_path):
    async with open_store(tmp_path / "many.sqlite3") as many:
        await fill_many(many, 1_203)
        breaking = Breaking(many._db)  # noqa: SLF001 - the same file, read badly
        async with api(breaking) as session:
            status, body, _ = await ask(session, f"{ROOT}/decisions.csv")
            breaking.good = 3
            with pytest.raises(aiohttp.ClientError):
                await rows_of(session, "")

    assert (status, "cannot be read" in body["error"]["message"]) == (503, True)


async def rows_of(session, query):
    """Return a whole table of decisions, line by line."""
    async with session.get(f"{ROOT}/decisions.csv{query}") as answer:
        assert answer.status == 200
        return list(csv.DictReader(io.StringIO(await answer.text(), newline="")))


async def fill_many(store, count):
    """Put so many decisions, transactions and alerts into an empty store at once."""
    rows = []
    for number in range(1, count + 1):
        made = replace(decision(number, 1, Outcome.REFUSED, "why"), decision_id=f"d-1-{number}")
        rows.append(Row("decision", from_json(DECISIONS.document(made)), number))
        sent = intent(f"k-{number}", IntentKind.PROPOSE, IntentState.SETTLED)
        rows.append(Row("intent", from_json(INTENTS.document(sent)), number))
        told = alert(f"a-{number}", Severity.INFO)
        rows.append(Row("alert", from_json(ALERTS.document(told)), number))
    await store.restore(rows)


async def test_decisions_csv__reason_that_is_a_formula__is_a_text(store):
    await store.add_decision(replace(decision(0, 1, Outcome.REFUSED, '=HYPERLINK("x"), "a"\nb'), decision_id="evil"))
    async with api(store) as session, session.get(f"{ROOT}/decisions.csv?limit=2") as answer:
        rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
        media = answer.headers["Content-Type"]

    assert media == "text/csv; charset=utf-8; header=present"
    assert tuple(rows[0]) == DECISION_COLUMNS
    assert rows[0]["reason"] == '\'=HYPERLINK("x"), "a"\nb'
    assert (rows[0]["at_unix"], rows[0]["at_utc"]) == (str(NOW), "2026-11-21T10:00:00Z")


async def test_history__json_and_csv__say_the_same(store):
    for number in range(3):
        seen = view(defi_facts())
        await store.put_view(replace(seen, at=Seconds(NOW + number * 3_600), tip_height=seen.tip_height + number))
    async with api(store) as session:
        _, body, _ = await ask(session, f"{ROOT}/pools/1/history?since={NOW + 1}&until={NOW + 7_201}")
        async with session.get(f"{ROOT}/pools/1/history.csv?since={NOW + 1}&until={NOW + 7_201}") as answer:
            rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))

    assert [point["at"]["unix"] for point in body["points"]] == [NOW + 3_600, NOW + 7_200]
    assert [row["at_utc"] for row in rows] == [point["at"]["utc"] for point in body["points"]]
    assert [row["value_ustx"] for row in rows] == [point["value_ustx"] for point in body["points"]]
    assert int(rows[0]["value_ustx"]) > 0
    assert rows[0]["drift_bps"] == str(body["points"][0]["drift_bps"])


async def test_history__pool_nobody_knows__is_404(store):
    async with api(store) as session:
        assert (await ask(session, f"{ROOT}/pools/99/history"))[0] == 404
        assert (await ask(session, f"{ROOT}/pools/99/history.csv"))[0] == 404


async def test_transaction__by_its_key__is_found_and_unsigned(store):
    async with api(store) as session:
        status, one, _ = await ask(session, f"{ROOT}/transactions/slice:2:3:2")
        missing, _, _ = await ask(session, f"{ROOT}/transactions/slice:9")
        _, still_open, _ = await ask(session, f"{ROOT}/transactions?open=true")

    assert (status, one["state"], missing) == (200, "mined", 404)
    assert (one["as_of"], one["block"]) == (still_open["as_of"], None)
    assert "raw_hex" not in one
    assert {row["state"] for row in still_open["transactions"]} == {"sent", "mined"}


async def test_transaction__in_a_block__names_it_and_the_block_it_was_told_at(store):
    mined = intent("slice:2:3:2", IntentKind.REBALANCE, IntentState.MINED, 2)
    await store.put_intent(replace(mined, result={"block_height": 4_381_200, "status": "success"}))
    async with api(store) as session:
        _, one, _ = await ask(session, f"{ROOT}/transactions/slice:2:3:2")

    assert (one["block"], one["as_of"]["block"]) == (4_381_200, 4_381_221)


async def test_estimate__asked_often__is_worked_out_once_for_each_block(store):
    made, block = [], ["aa"]

    def found(pool_id):
        tip = Tip(4_381_300, block[0] * 32, Seconds(NOW))
        return Estimable(tip, lambda: made.append(pool_id) or ESTIMATE)

    async with api(store, found=found) as session:
        for _ in range(3):
            _, body, _ = await ask(session, f"{ROOT}/pools/1/estimate")
        block[0] = "bb"
        await ask(session, f"{ROOT}/pools/1/estimate?")

    assert body["as_of"]["block"] == 4_381_300
    assert made in ([1], [1, 1]), "the answer itself is kept for a moment, too"


async def test_estimate__not_valued_or_refused_or_nobodys__is_said(store):
    def refuse():
        raise PlanRejected("the loss would be above the limit")

    def found(pool_id):
        return None if pool_id == 1 else Estimable(Tip(1, "aa" * 32, Seconds(NOW)), refuse)

    async with api(store, found=found) as session:
        unseen = await ask(session, f"{ROOT}/pools/1/estimate")
        refused = await ask(session, f"{ROOT}/pools/2/estimate")
        nobody = await ask(session, f"{ROOT}/pools/9/estimate")

    assert (unseen[0], unseen[2]["Retry-After"]) == (503, "60")
    assert (refused[0], "above the limit" in refused[1]["error"]["message"]) == (409, True)
    assert nobody[0] == 404


async def test_estimate__refused__is_worked_out_once_for_each_block():
    tried, block = [], ["aa"]

    def refuse():
        tried.append(1)
        raise PlanRejected("the loss would be above the limit")

    estimates = Estimates(lambda _: Estimable(Tip(1, block[0] * 32, Seconds(NOW)), refuse))
    for _ in range(3):
        with pytest.raises(PlanRejected, match="above the limit"):
            await estimates.of(1)
    block[0] = "bb"
    with pytest.raises(PlanRejected):
        await estimates.of(1)

    assert len(tried) == 2


async def test_answer__asked_again_with_its_tag__is_not_sent_again(store):
    async with api(store) as session:
        _, _, headers = await ask(session, f"{ROOT}/pools")
        again = await ask(session, f"{ROOT}/pools", headers={"If-None-Match": headers["ETag"]})
        other = await ask(session, f"{ROOT}/pools", headers={"If-None-Match": '"other"'})

    assert headers["Cache-Control"] == "private, no-cache"
    assert (again[0], again[1], other[0]) == (304, "", 200)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "/decisions?pools=1",
            "there is no parameter 'pools' here; there are: limit, cursor, since, until, pool, outcome",
        ),
        ("/status?x=1", "there is no parameter 'x' here; there are: none"),
        ("/decisions?limit=0", "limit must be a whole number from 1 to 500"),
        ("/decisions?limit=1_0", "limit must be a whole number"),
        ("/decisions?limit=%2B5", "limit must be a whole number"),
        ("/decisions?limit=٣", "limit must be a whole number"),
        ("/decisions?limit=" + "9" * 5_000, "limit must be a whole number"),
        ("/decisions?pool=1&pool=2", "pool is given more than once"),
        ("/decisions?outcome=refused", "outcome must be one of: proposed, vote_passed"),
        ("/transactions?open=1", "open must be true or false"),
        ("/pools/x", "pool_id must be a whole number from 0 to 2147483647"),
        ("/pools/1/history?since=-1", "since must be a whole number from 0"),
    ],
)
async def test_parameter__that_does_not_fit__is_refused_with_the_remedy(store, path, said):
    async with api(store) as session:
        status, body, _ = await ask(session, ROOT + path)

    assert status == 400
    assert said in body["error"]["message"]


def test_outcomes__that_can_be_asked_for__are_those_that_are_kept_for_ever():
    assert set(get_args(Lasting)) == set(LASTING)
