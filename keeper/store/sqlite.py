"""The embedded store: one SQLite file in WAL mode. Nobody but this and `sqlite_file` imports aiosqlite.

Every statement that writes is its own transaction, with `synchronous=FULL`: when the call returns, the record is on
disk; when the process dies or the task is cancelled, the statement happened wholly or not at all. Only a migration, and
reading for a dump on a connection of its own, hold a transaction open between two awaits.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite
from typing_extensions import override

from keeper.core.archive import KINDS, Row, Unreadable
from keeper.core.history import DAY_SECONDS, MOST_POINTS, Points, spread
from keeper.core.leases import FREE, SENDER, Lease, check_holder
from keeper.core.paging import ALWAYS, Page, Span
from keeper.core.records import OPEN_STATES, AlertRecord, Decision, Intent, Outcome, PoolView, Turn, ViewHead
from keeper.core.retention import Retention, Thinned
from keeper.core.units import Seconds
from keeper.core.whales import Whale
from keeper.ports import Store
from keeper.store import sqlite_rows, sqlite_turn, thinning
from keeper.store.promises import LAST_PLACE, NEWEST_INTENTS, check_outcome, lease_lost
from keeper.store.records import ALERTS, DECISIONS, INTENTS, POINTS, VIEWS, WHALES, Kind, encodable, from_json, to_json
from keeper.store.sqlite_file import connect, migrate, prepare, read_only, unavailable

T = TypeVar("T")
_PAGE: Final = 500
"""Rows in one read of a list, so that no single read holds the connection for long."""
_FENCE: Final = f"WHERE :term IS NULL OR EXISTS (SELECT 1 FROM leases WHERE name = '{SENDER}' AND term = :term)"  # noqa: S608 - constants
"""In the very statement that writes: SQLite takes the write lock before it reads any of it."""
_LEASE: Final = "name, term, holder, beat"
_VIEWS_OF: Final = "WHERE pool_id IN (SELECT value FROM json_each(?))"
_WITHIN: Final = "at >= :since AND at < :until"
_DAYS: Final = f"at / {DAY_SECONDS} BETWEEN :since / {DAY_SECONDS} AND :until / {DAY_SECONDS}"
_OPEN: Final = ", ".join(f"'{state.value}'" for state in sorted(OPEN_STATES))


class SqliteStore(Store):
    """What must survive a crash, in one file. Build it with `open_store`."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db
        self._writing = asyncio.Lock()

    @override
    async def whales(self, category: str) -> Sequence[Whale]:
        rows = await self._read("SELECT body FROM whales WHERE category = ? ORDER BY address", (category,))
        return tuple(WHALES.record(body) for (body,) in rows)

    @override
    async def put_whales(self, whales: Sequence[Whale]) -> None:
        rows = [[whale.category, whale.address, WHALES.document(whale)] for whale in whales]
        # One statement however many whales, so that a crash cannot leave half of them.
        await self._change(
            "INSERT OR REPLACE INTO whales (category, address, body) "
            "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') "
            "FROM json_each(?)",
            (to_json(rows),),
        )

    @override
    async def remove_whales(self, addresses: Sequence[str], category: str | None = None) -> int:
        return await self._change(
            "DELETE FROM whales WHERE address IN (SELECT value FROM json_each(:addresses)) "
            "AND (:category IS NULL OR category = :category)",
            {"addresses": to_json(list(addresses)), "category": category},
        )

    @override
    async def add_decision(self, decision: Decision) -> None:
        """Append a decision; the same decision_id again changes nothing, so an unsure writer may repeat."""
        await self._write_rows([sqlite_turn.row(decision)])

    @override
    async def decisions(
        self,
        *,
        pool_id: int | None = None,
        outcome: Outcome | None = None,
        limit: int = 50,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Decision]:
        check_outcome(outcome)
        statement = _select("decisions", pool_id, outcome=outcome, timed=within != ALWAYS)
        values = {"pool_id": pool_id, "outcome": outcome, **_bounds(within)}
        return await self._newest(DECISIONS, statement, values, limit, before)

    @override
    async def decision(self, decision_id: str) -> Decision | None:
        rows = await self._read("SELECT body FROM decisions WHERE decision_id = ?", (decision_id,))
        return DECISIONS.record(rows[0][0]) if rows else None

    @override
    async def put_intent(self, intent: Intent, *, term: int | None = None) -> None:
        await self._write_fenced(
            "INSERT INTO intents (key, pool_id, state, txid, at, body) "
            f"SELECT :key, :pool_id, :state, :txid, :at, :body {_FENCE} "
            "ON CONFLICT (key) DO UPDATE SET pool_id = excluded.pool_id, state = excluded.state, "
            "txid = excluded.txid, at = excluded.at, body = excluded.body",
            {
                "key": intent.key,
                "pool_id": intent.pool_id,
                "state": intent.state,
                "txid": intent.txid,
                "at": intent.updated_at,
                "body": INTENTS.document(intent),
            },
            term,
        )

    @override
    async def intent(self, key: str) -> Intent | None:
        rows = await self._read("SELECT body FROM intents WHERE key = ?", (key,))
        return INTENTS.record(rows[0][0]) if rows else None

    @override
    async def intents(
        self,
        *,
        open_only: bool = False,
        pool_id: int | None = None,
        limit: int | None = None,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Intent]:
        wanted = LAST_PLACE if open_only and limit is None else NEWEST_INTENTS if limit is None else limit
        statement = _select("intents", pool_id, open_only=open_only, timed=within != ALWAYS)
        return await self._newest(INTENTS, statement, {"pool_id": pool_id, **_bounds(within)}, wanted, before)

    @override
    async def add_alert(self, record: AlertRecord) -> None:
        await self._change(
            "INSERT INTO alerts (key, at, body) VALUES (?, ?, ?)",
            (encodable(record.alert.key), record.alert.at, ALERTS.document(record)),
        )

    @override
    async def alerts(self, *, limit: int = 50, before: int | None = None, within: Span = ALWAYS) -> Page[AlertRecord]:
        return await self._newest(ALERTS, _select("alerts", timed=within != ALWAYS), _bounds(within), limit, before)

    @override
    async def put_view(self, view: PoolView) -> None:
        await self._write_rows([sqlite_turn.row(view=view)])

    @override
    async def record(self, turns: Sequence[Turn], notes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        rows = [sqlite_turn.row(turn.decision, turn.view) for turn in turns]
        await self._write_rows([*rows, sqlite_turn.row(notes=notes)] if notes else rows)

    @override
    async def views(self, pool_ids: Collection[int] | None = None) -> Sequence[PoolView]:
        of, values = ("", ()) if pool_ids is None else (_VIEWS_OF, (to_json(sorted(pool_ids)),))
        rows = await self._read(f"SELECT body FROM views {of} ORDER BY pool_id", values)  # noqa: S608 - constants
        return tuple(VIEWS.record(body) for (body,) in rows)

    @override
    async def view_heads(self) -> Sequence[ViewHead]:
        return tuple(ViewHead(*row) for row in await self._read("SELECT pool_id, name, version FROM views ORDER BY 1"))

    @override
    async def history(
        self,
        pool_id: int,
        *,
        since: Seconds | None = None,
        until: Seconds | None = None,
        limit: int = 500,
        evenly: bool = True,
    ) -> Points:
        bounds = {"pool_id": pool_id, **_bounds(Span(since, until))}
        most = max(0, min(limit, MOST_POINTS))
        if not evenly:
            rows = await self._read(thinning.FIRST_POINTS_OF, {**bounds, "most": most + 1})
            return Points(tuple(POINTS.record(body) for (body,) in rows[:most]), len(rows) > most)
        ((first, last, count),) = await self._read(thinning.SPAN, bounds)
        if not count or not most:
            return Points((), bool(count))
        step = 1 if count <= most else spread(first, last, most)
        rows = await self._read(thinning.POINTS_OF, {**bounds, "low": first, "step": step})
        return Points(tuple(POINTS.record(body) for body, _ in rows), count > most)

    @override
    async def thin(self, rule: Retention, now: Seconds, *, most: int) -> Thinned:
        done = {}
        for kind, (table, key, old) in thinning.OLD.items():
            statement = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} {old} LIMIT :most)"  # noqa: S608 - constants
            done[kind] = await self._change(statement, {**thinning.bounds(rule, now), "most": most})
        return Thinned(**done)

    @override
    async def thinnable(self, rule: Retention, now: Seconds) -> Thinned:
        found = {}
        for kind, (_, _, old) in thinning.OLD.items():
            ((found[kind],),) = await self._read(f"SELECT count(*) {old}", thinning.bounds(rule, now))
        return Thinned(**found)

    @override
    async def put_note(self, key: str, body: Mapping[str, Any], *, term: int | None = None) -> None:
        await self._write_fenced(
            f"INSERT INTO notes (key, body) SELECT :key, :body {_FENCE} "
            "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            {"key": key, "body": to_json(body)},
            term,
        )

    @override
    async def note(self, key: str) -> Mapping[str, Any] | None:
        rows = await self._read("SELECT body FROM notes WHERE key = ?", (key,))
        return from_json(rows[0][0]) if rows else None

    @override
    async def lease(self, name: str) -> Lease | None:
        return _lease(await self._read(f"SELECT {_LEASE} FROM leases WHERE name = ?", (name,)))  # noqa: S608 - constants

    @override
    async def take_lease(self, name: str, holder: str, *, seen: Lease | None) -> Lease | None:
        check_holder(holder)
        if seen is None:
            return await self._swap(
                "INSERT INTO leases (name, term, holder, beat) VALUES (:name, 1, :holder, 0) ON CONFLICT DO NOTHING",
                {"name": name, "holder": holder},
            )
        return await self._swap(
            "UPDATE leases SET term = term + 1, holder = :holder, beat = 0 "
            "WHERE name = :name AND term = :term AND beat = :beat",
            {"name": name, "holder": holder, "term": seen.term, "beat": seen.beat},
        )

    @override
    async def renew_lease(self, lease: Lease) -> Lease | None:
        return await self._swap(
            "UPDATE leases SET beat = beat + 1 "
            "WHERE name = :name AND term = :term AND holder = :holder AND holder <> :free",
            {"name": lease.name, "term": lease.term, "holder": lease.holder, "free": FREE},
        )

    @override
    async def release_lease(self, lease: Lease) -> None:
        await self._swap(
            "UPDATE leases SET holder = :free WHERE name = :name AND term = :term AND holder = :holder",
            {"free": FREE, "name": lease.name, "term": lease.term, "holder": lease.holder},
        )

    @override
    async def dump(self) -> AsyncIterator[Row | Unreadable]:
        ((path,),) = await self._read("SELECT file FROM pragma_database_list WHERE name = 'main'")
        try:
            # A connection of its own, because what it reads has to stand still while others write.
            async with read_only(Path(path)) as db:
                db.text_factory = _any_text
                await db.execute_fetchall("BEGIN")
                for kind in KINDS:
                    async with db.execute(sqlite_rows.OUT[kind]) as found:
                        async for row in found:
                            yield sqlite_rows.row_of(kind, row)
        except sqlite3.Error as exc:
            raise unavailable(exc, "read") from exc

    @override
    async def restore(self, rows: Sequence[Row]) -> None:
        for statement, values in sqlite_rows.statements(rows):
            await self._change(statement, values)

    @override
    async def close(self) -> None:
        async with self._writing:
            await self._db.close()

    async def _newest(
        self, kind: Kind[T], statement: str, values: Mapping[str, Any], limit: int, before: int | None
    ) -> Page[T]:
        """Return up to `limit` records of places below `before`, by a statement of `_select`."""
        found: list[tuple[int, T]] = []
        below = LAST_PLACE if before is None else max(0, min(before, LAST_PLACE))
        while (size := min(_PAGE, limit - len(found))) > 0:
            rows = await self._read(statement, {**values, "before": below, "size": size})
            found += [(seq, kind.record(body)) for seq, body in rows]
            if len(rows) < size:
                break
            below = rows[-1][0]
        return Page.of(found)

    async def _write_rows(self, rows: Sequence[sqlite_turn.Row]) -> None:
        """Write rows of `sqlite_turn`; as a question without an answer each statement goes to the connection's thread once."""
        async with self._writing:
            try:
                for statement, values in sqlite_turn.statements(rows):
                    await self._db.execute_fetchall(statement, values)
            except (sqlite3.Error, ValueError) as exc:
                raise unavailable(exc, "written") from exc

    async def _write_fenced(self, statement: str, values: Mapping[str, Any], term: int | None) -> None:
        """Run a statement that has _FENCE in it. Raises LeaseLost when the fence kept it from writing."""
        if not await self._change(statement, {**values, "term": term}):
            raise lease_lost(term)

    async def _change(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> int:
        """Run one writing statement and return how many rows it wrote."""
        async with self._writing:
            try:
                async with self._db.execute(statement, values) as cursor:
                    return max(cursor.rowcount, 0)
            except (sqlite3.Error, ValueError) as exc:
                raise unavailable(exc, "written") from exc

    async def _swap(self, statement: str, values: Mapping[str, Any]) -> Lease | None:
        """Run one conditional write of a lease and return what it became; None when the condition did not hold."""
        async with self._writing:
            try:
                return _lease(await self._db.execute_fetchall(f"{statement} RETURNING {_LEASE}", values))
            except (sqlite3.Error, ValueError) as exc:
                raise unavailable(exc, "written") from exc

    async def _read(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Sequence[Any]:
        try:
            return list(await self._db.execute_fetchall(statement, values))
        except (sqlite3.Error, ValueError) as exc:
            raise unavailable(exc, "read") from exc


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[SqliteStore]:
    """Open the file, creating and migrating it as needed, and close it at the end.

    Raises BadSettings when `path` cannot be the store of this keeper, StoreUnavailable when it cannot
    be opened just now.
    """
    db = await connect(path)
    store = SqliteStore(db)
    try:
        await migrate(db, path)
        await prepare(db, path)
        yield store
    finally:
        await store.close()


def _any_text(raw: bytes) -> str:
    """Return text also where it is no UTF-8, so that one damaged record does not hide all others."""
    return raw.decode(errors="surrogateescape")


def _select(
    table: str,
    pool_id: int | None = None,
    *,
    open_only: bool = False,
    outcome: Outcome | None = None,
    timed: bool = False,
) -> str:
    """Return the statement for the newest rows below `:before`; its parts are constants and every value is bound."""
    # Named, because without statistics SQLite may well choose to walk a million rows that are over.
    index = " INDEXED BY intents_open" if open_only else " INDEXED BY decisions_lasting" if outcome else ""
    rules = ["seq < :before"]
    rules += ["pool_id = :pool_id"] if pool_id is not None else []
    rules += [f"state IN ({_OPEN})"] if open_only else []
    rules += [f"outcome = :outcome AND outcome IN ({thinning.LASTING_TEXTS})"] if outcome else []
    rules += [_WITHIN] if timed else []
    if timed and not index and (pool_id is None or table == "decisions"):
        # The newest within the time are found by an index that has the time in it, instead of walking all that is newer.
        by, days = ("at", "true") if pool_id is None else ("day", _DAYS)
        near = f"SELECT seq FROM {table} INDEXED BY {table}_by_{by} WHERE {days} AND {' AND '.join(rules)}"  # noqa: S608 - constants
        rules = [f"seq IN ({near} ORDER BY seq DESC LIMIT :size)"]
    return (
        f"SELECT seq, body FROM {table}{index} WHERE {' AND '.join(rules)} "  # noqa: S608 - constants
        "ORDER BY seq DESC LIMIT :size"
    )


def _bounds(within: Span) -> dict[str, int]:
    return {"since": within.since or 0, "until": LAST_PLACE if within.until is None else within.until}


def _lease(rows: Iterable[Any]) -> Lease | None:
    return next((Lease(name, term, holder, beat) for name, term, holder, beat in rows), None)
