"""All records carried out of SQLite and in again: the statements, and the columns of each kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from keeper.core.archive import IMPORT_NOTE, Row, RowKind, Unreadable
from keeper.errors import StoreUnavailable
from keeper.store.records import ALERTS, DECISIONS, INTENTS, POINTS, VIEWS, WHALES, from_json, lease_of, to_json

OUT: Final[Mapping[RowKind, str]] = {
    "whale": "SELECT NULL, NULL, body, category || ' ' || address FROM whales ORDER BY category, address",
    "decision": "SELECT seq, NULL, body, seq FROM decisions ORDER BY seq",
    "intent": "SELECT seq, NULL, body, seq FROM intents ORDER BY seq",
    "alert": "SELECT seq, NULL, body, seq FROM alerts ORDER BY seq",
    "view": "SELECT NULL, NULL, body, pool_id FROM views ORDER BY pool_id",
    "point": "SELECT NULL, NULL, body, pool_id || ' ' || slot FROM history ORDER BY pool_id, at",
    "note": f"SELECT NULL, key, body, key FROM notes WHERE key <> '{IMPORT_NOTE}' ORDER BY key",  # noqa: S608 - a constant
    "lease": (
        "SELECT NULL, NULL, json_object('name', name, 'term', term, 'holder', holder, 'beat', beat), name "
        "FROM leases ORDER BY name"
    ),
}
"""For each kind what gives its place, its key, its document, and what a person finds it by."""
_COLUMNS: Final[Mapping[RowKind, tuple[str, ...]]] = {
    "whale": ("whales", "category", "address", "body"),
    "decision": ("decisions", "seq", "decision_id", "pool_id", "at", "outcome", "body"),
    "intent": ("intents", "seq", "key", "pool_id", "state", "txid", "at", "body"),
    "alert": ("alerts", "seq", "key", "at", "body"),
    "view": ("views", "pool_id", "name", "body"),
    "point": ("history", "pool_id", "slot", "at", "priced", "body"),
    "note": ("notes", "key", "body"),
    "lease": ("leases", "name", "term", "holder", "beat"),
}
"""For each kind its table and the columns that are written."""


def row_of(kind: RowKind, found: Sequence[Any]) -> Row | Unreadable:
    """Return the row that OUT gave."""
    seq, key, body, by = found
    where = str(by).encode(errors="replace").decode()
    try:
        return Row(kind, from_json(body), seq, key, where)
    except StoreUnavailable as exc:
        return Unreadable(kind, where, str(exc))


def statements(rows: Sequence[Row]) -> Iterator[tuple[str, tuple[str]]]:
    """Yield one statement for each kind and its value. Raises StoreUnavailable for a row that is damaged."""
    by_kind: dict[RowKind, list[list[Any]]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(_VALUES[row.kind](row, to_json(row.body)))
    for kind, values in by_kind.items():
        table, *columns = _COLUMNS[kind]
        parts = ", ".join(f"json_extract(value, '$[{number}]')" for number in range(len(columns)))
        yield (
            f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {parts} FROM json_each(?)",  # noqa: S608 - constants
            (to_json(values),),
        )


def _whale(_: Row, text: str) -> list[Any]:
    record = WHALES.record(text)
    return [record.category, record.address, text]


def _decision(row: Row, text: str) -> list[Any]:
    record = DECISIONS.record(text)
    return [row.seq, record.decision_id, record.pool_id, record.at, record.outcome, text]


def _intent(row: Row, text: str) -> list[Any]:
    record = INTENTS.record(text)
    return [row.seq, record.key, record.pool_id, record.state, record.txid, record.updated_at, text]


def _alert(row: Row, text: str) -> list[Any]:
    record = ALERTS.record(text)
    return [row.seq, record.alert.key, record.alert.at, text]


def _view(_: Row, text: str) -> list[Any]:
    record = VIEWS.record(text)
    return [record.pool_id, record.name, text]


def _point(_: Row, text: str) -> list[Any]:
    record = POINTS.record(text)
    return [record.pool_id, record.slot, record.at, int(record.nav_ustx is not None), text]


def _lease(row: Row, _: str) -> list[Any]:
    lease = lease_of(row.body)
    return [lease.name, lease.term, lease.holder, lease.beat]


_VALUES: Final[Mapping[RowKind, Callable[[Row, str], list[Any]]]] = {
    "whale": _whale,
    "decision": _decision,
    "intent": _intent,
    "alert": _alert,
    "view": _view,
    "point": _point,
    "note": lambda row, text: [row.key, text],
    "lease": _lease,
}
