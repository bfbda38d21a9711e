"""Tables: how many are sent at once, and a pool's whole history."""

import asyncio
import csv
import io
from dataclasses import replace

import pytest
from api_kit import ROOT, api, ask
from samples import NOW, decision, defi_facts, view

from keeper.core.archive import Row
from keeper.core.history import SLOT_SECONDS, point_of
from keeper.core.records import Outcome
from keeper.core.units import Seconds
from keeper.store.records import DECISIONS, POINTS, from_json
from keeper.store.sqlite import SqliteStore, open_store
from keeper.web.api.download import MOST_AT_ONCE, PART, RETRY_SECONDS

pytestmark = pytest.mark.devnet
COUNT = 2 * PART + 7


class Gated(SqliteStore):
    """A store that gives the third part of a table once it is let."""

    def __init__(self, db):
        super().__init__(db)
        self.let, self.asked = asyncio.Event(), 0

    async def decisions(self, *, before=None, **asked):
        if before is not None and before <= COUNT - 2 * PART + 1:
            self.asked += 1
            await self.let.wait()
        return await super().decisions(before=before, **asked)


async def test_tables__as_many_as_there_may_be__the_next_is_told_when_to_come_again(tmp_path):
    async with open_store(tmp_path / "many.sqlite3") as many:
        rows = [replace(decision(0, 1, Outcome.REFUSED, "why"), decision_id=f"d-{n}") for n in range(1, COUNT + 1)]
        await many.restore(
            [Row("decision", from_json(DECISIONS.document(row)), seq) for seq, row in enumerate(rows, 1)]
        )
        await fill_history(many)
        gated = Gated(many._db)  # noqa: SLF001 - the same file, read later
        async with api(gated) as session, asyncio.timeout(10):
            first = [asyncio.create_task(ask(session, f"{ROOT}/decisions.csv")) for _ in range(MOST_AT_ONCE)]
            while gated.asked < MOST_AT_ONCE:
                await asyncio.wait(first, timeout=0.01)
            refused = [await ask(session, f"{ROOT}/{path}") for path in ("decisions.csv", "pools/1/history.csv")]
            short = await ask(session, f"{ROOT}/decisions.csv?limit={PART}")
            gated.let.set()
            sent = await asyncio.gather(*first)
            again = await ask(session, f"{ROOT}/decisions.csv")

    assert [(status, headers["Retry-After"]) for status, _, headers in refused] == [(503, str(RETRY_SECONDS))] * 2
    assert "are being sent already" in refused[0][1]["error"]["message"]
    assert short[0] == 200, "one part is no more than other answers are"
    assert [(status, len(text.splitlines())) for status, text, _ in (*sent, again)] == [(200, COUNT + 1)] * 3


async def test_history_csv__no_limit__has_every_point_and_json_says_that_it_has_not(tmp_path):
    async with open_store(tmp_path / "points.sqlite3") as points, api(points) as session:
        await fill_history(points)
        whole = await rows_of(session, "")
        part = await rows_of(session, f"?since={NOW + SLOT_SECONDS}&until={NOW + 3 * SLOT_SECONDS}")
        thinned = await rows_of(session, "?limit=10")
        _, short, _ = await ask(session, f"{ROOT}/pools/1/history?limit=10")
        _, full, _ = await ask(session, f"{ROOT}/pools/1/history?limit={COUNT}")

    assert [int(row["at_unix"]) for row in whole] == [NOW + number * SLOT_SECONDS for number in range(COUNT)]
    assert part == whole[1:3]
    assert (len(thinned) <= 10, thinned[-1]) == (True, whole[-1])
    assert (short["thinned"], full["thinned"], len(full["points"])) == (True, False, COUNT)
    assert [point["at"]["unix"] for point in short["points"]] == [int(row["at_unix"]) for row in thinned]


async def fill_history(store):
    """Give pool 1 a history of COUNT points from NOW on."""
    points = [point_of(replace(view(defi_facts()), at=Seconds(NOW + n * SLOT_SECONDS))) for n in range(COUNT)]
    await store.restore([Row("point", from_json(POINTS.document(point))) for point in points])


async def rows_of(session, query):
    """Return pool 1's history, line by line."""
    async with session.get(f"{ROOT}/pools/1/history.csv{query}") as answer:
        assert answer.status == 200
        return list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
