"""What a record looks like in MongoDB, and all of them carried out and in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from keeper.core.archive import IMPORT_NOTE, KINDS, Row, RowKind, Unreadable
from keeper.core.history import DAY_SECONDS, HistoryPoint
from keeper.core.paging import Span
from keeper.core.records import OPEN_STATES, AlertRecord, Decision, Intent
from keeper.core.whales import Whale
from keeper.errors import StoreUnavailable
from keeper.store.mongo_link import Link
from keeper.store.records import (
    ALERTS,
    DECISIONS,
    INTENTS,
    POINTS,
    VIEWS,
    WHALES,
    encodable,
    from_json,
    lease_of,
    to_json,
)

Document = dict[str, Any]
_LONG_SECONDS: Final = 60.0
_BATCH: Final = 1_000
COLLECTION_OF: Final[Mapping[RowKind, str]] = {
    "whale": "whales",
    "decision": "decisions",
    "intent": "intents",
    "alert": "alerts",
    "view": "views",
    "point": "history",
    "note": "notes",
    "lease": "leases",
}
_ORDER: Final[Mapping[RowKind, list[tuple[str, int]]]] = {
    "whale": [("category", 1), ("address", 1)],
    "decision": [("seq", 1)],
    "intent": [("seq", 1)],
    "alert": [("_id", 1)],
    "view": [("_id", 1)],
    "point": [("pool_id", 1), ("at", 1)],
    "note": [("_id", 1)],
    "lease": [("_id", 1)],
}
_FOUND_BY: Final[Mapping[RowKind, tuple[str, ...]]] = {
    "whale": ("category", "address"),
    "decision": ("seq",),
    "intent": ("seq",),
    "alert": ("_id",),
    "view": ("_id",),
    "point": ("pool_id", "slot"),
    "note": ("_id",),
    "lease": ("_id",),
}
"""What a person finds a record by."""


def decision(record: Decision, body: str, seq: int) -> Document:
    """Return a decision's document."""
    return {
        "_id": record.decision_id,
        "seq": seq,
        "pool_id": record.pool_id,
        "at": record.at,
        "day": record.at // DAY_SECONDS,
        "outcome": str(record.outcome),
        "body": body,
    }


def intent(record: Intent, body: str) -> Document:
    """Return what an intent is found by, and its text; its key and place are not in here."""
    return {
        "pool_id": record.pool_id,
        "state": str(record.state),
        "open": record.state in OPEN_STATES,
        "at": record.updated_at,
        "body": body,
    }


def alert(record: AlertRecord, body: str, seq: int) -> Document:
    """Return an alert's document."""
    return {"_id": seq, "key": encodable(record.alert.key), "at": record.alert.at, "body": body}


def whale(record: Whale, body: str) -> Document:
    """Return a whale's document."""
    key = {"category": encodable(record.category), "address": encodable(record.address)}
    return {"_id": to_json([record.category, record.address]), **key, "body": body}


def point(record: HistoryPoint, body: str) -> Document:
    """Return the document of a point in a pool's history."""
    return {
        "_id": f"{record.pool_id}:{record.slot}",
        "pool_id": record.pool_id,
        "slot": record.slot,
        "day": record.slot // DAY_SECONDS,
        "at": record.at,
        "priced": int(record.nav_ustx is not None),
        "body": body,
    }


def timed(within: Span) -> Document:
    """Return the rule that selects what lies within a part of the time."""
    bounds = {name: value for name, value in (("$gte", within.since), ("$lt", within.until)) if value is not None}
    return {"at": bounds} if bounds else {}


def span(rule: Document) -> list[Document]:
    """Return the question for the first and last time, and how many there are."""
    found = {"_id": None, "first": {"$min": "$at"}, "last": {"$max": "$at"}, "count": {"$sum": 1}}
    return [{"$match": rule}, {"$group": found}]


def points(rule: Document, low: int, step: int) -> list[Document]:
    """Return the question for one point of every `step` seconds from `low` on: the last with a value, else the last."""
    part = {"$floor": {"$divide": [{"$subtract": ["$at", low]}, step]}}
    best = {"$max": {"priced": "$priced", "at": "$at", "body": "$body"}}  # compared field by field
    return [
        {"$match": rule},
        {"$group": {"_id": part, "best": best}},
        {"$sort": {"best.at": 1}},
        {"$replaceRoot": {"newRoot": "$best"}},
    ]


async def dump(link: Link) -> AsyncIterator[Row | Unreadable]:
    """Yield every record as all of them were at one moment. Raises StoreUnavailable."""
    async with link.one_moment() as find_all:
        for kind in KINDS:
            cursor = find_all(COLLECTION_OF[kind]).sort(_ORDER[kind]).batch_size(_BATCH)
            while True:
                with link.call("read", seconds=_LONG_SECONDS):
                    found = await cursor.to_list(_BATCH)
                for row in found:
                    if kind != "note" or row["_id"] != IMPORT_NOTE:
                        yield _row(kind, row)
                if len(found) < _BATCH:
                    break


def _row(kind: RowKind, found: Document) -> Row | Unreadable:
    where = " ".join(str(found.get(name)) for name in _FOUND_BY[kind])
    if kind == "lease":
        body = {name: found.get(name) for name in ("term", "holder", "beat")}
        return Row(kind, {"name": found["_id"], **body}, where=where)
    placed = kind in {"decision", "intent", "alert"}
    seq = found.get(_FOUND_BY[kind][0]) if placed else None
    if placed and not isinstance(seq, int):
        return Unreadable(kind, f"{where} (_id {found['_id']})", f"the store holds a {kind} without its place")
    try:
        return Row(kind, from_json(found.get("body")), seq, found["_id"] if kind == "note" else None, where)
    except StoreUnavailable as exc:
        return Unreadable(kind, where, str(exc))


async def restore(link: Link, rows: Sequence[Row]) -> None:
    """Put rows back where they were, each replacing what is there. Raises StoreUnavailable, also for a damaged row."""
    by_kind: dict[RowKind, list[Document]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(_document(row))
    highest = max((row.seq or 0 for row in rows), default=0)
    with link.call("written", seconds=_LONG_SECONDS):
        for kind, documents in by_kind.items():
            await link.replace_all(COLLECTION_OF[kind], documents)
        await link["meta"].update_one({"_id": "numbers"}, {"$max": {"next": highest}}, upsert=True)


def _document(row: Row) -> Document:
    return _MAKERS[row.kind](row, to_json(row.body))


def _placed_intent(row: Row, text: str) -> Document:
    record = INTENTS.record(text)
    return {"_id": record.key, "seq": row.seq or 0, "wrote": row.seq or 0, **intent(record, text)}


def _lease(row: Row, _: str) -> Document:
    lease = lease_of(row.body)
    return {"_id": lease.name, "term": lease.term, "holder": lease.holder, "beat": lease.beat}


def _view(_: Row, text: str) -> Document:
    record = VIEWS.record(text)
    return {**_replaceable(record.pool_id, text), "name": record.name}


def _replaceable(key: str | int | None, text: str) -> Document:
    return {"_id": key, "seq": 0, "wrote": 0, "body": text}


_MAKERS: Final[Mapping[RowKind, Callable[[Row, str], Document]]] = {
    "whale": lambda _, text: whale(WHALES.record(text), text),
    "decision": lambda row, text: decision(DECISIONS.record(text), text, row.seq or 0),
    "intent": _placed_intent,
    "alert": lambda row, text: alert(ALERTS.record(text), text, row.seq or 0),
    "view": _view,
    "point": lambda _, text: point(POINTS.record(text), text),
    "note": lambda row, text: _replaceable(row.key, text),
    "lease": _lease,
}
