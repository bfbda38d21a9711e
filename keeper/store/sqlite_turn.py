"""What pools' turns came to, as SQLite writes it: decisions, views, points and notes by one statement.

SQLite has no stored procedures. A temporary view with a trigger is the same thing: it belongs to the connection and is
not in the file, and what is inserted into it is written wholly or not at all, with a single commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from keeper.core.history import point_of
from keeper.core.records import Decision, PoolView
from keeper.store.records import DECISIONS, POINTS, VIEWS, to_json

_COLUMNS: Final = (
    "pool_id",
    "decision_id",
    "decided_at",
    "outcome",
    "decision",
    "slot",
    "seen_at",
    "priced",
    "point",
    "name",
    "view",
    "notes",
)
PROCEDURE: Final = (
    # First of all a look at the tables: another connection may have made them since this one read what there is, and
    # a trigger is compiled from what the connection knows.
    "SELECT 1 FROM decisions, history, views, notes LIMIT 0",
    f"CREATE TEMP VIEW turn AS SELECT {', '.join(f'NULL AS {name}' for name in _COLUMNS)}",
    """
    CREATE TEMP TRIGGER write_turn INSTEAD OF INSERT ON turn BEGIN
        INSERT INTO decisions (decision_id, pool_id, at, outcome, body)
            SELECT NEW.decision_id, NEW.pool_id, NEW.decided_at, NEW.outcome, NEW.decision
            WHERE NEW.decision IS NOT NULL
            ON CONFLICT (decision_id) DO NOTHING;
        INSERT INTO history (pool_id, slot, at, priced, body)
            SELECT NEW.pool_id, NEW.slot, NEW.seen_at, NEW.priced, NEW.point
            WHERE NEW.point IS NOT NULL
            ON CONFLICT (pool_id, slot) DO UPDATE SET at = excluded.at, priced = 1, body = excluded.body
            WHERE excluded.priced > history.priced;
        INSERT INTO views (pool_id, name, body)
            SELECT NEW.pool_id, NEW.name, NEW.view
            WHERE NEW.view IS NOT NULL
            ON CONFLICT (pool_id) DO UPDATE SET name = excluded.name, version = version + 1, body = excluded.body;
        INSERT INTO notes (key, body)
            SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(NEW.notes)
            WHERE true
            ON CONFLICT (key) DO UPDATE SET body = excluded.body;
    END
    """,
)
"""Run once on each connection that writes."""
Row = tuple[Any, ...]
"""The values of all columns, in their order."""
MOST_ROWS: Final = 64
"""Of one statement: SQLite takes 999 values in its oldest versions in use."""


def row(
    decision: Decision | None = None, view: PoolView | None = None, notes: Mapping[str, Mapping[str, Any]] | None = None
) -> Row:
    """Return a row for `statements`; what is None is not written. Raises TypeError or ValueError for what is no JSON."""
    found: dict[str, Any] = dict.fromkeys(_COLUMNS)
    if decision is not None:
        found |= {
            "pool_id": decision.pool_id,
            "decision_id": decision.decision_id,
            "decided_at": decision.at,
            "outcome": decision.outcome,
            "decision": DECISIONS.document(decision),
        }
    if view is not None:
        point = point_of(view)
        found |= {
            "pool_id": view.pool_id,
            "slot": point.slot,
            "seen_at": point.at,
            "priced": int(point.nav_ustx is not None),
            "point": POINTS.document(point),
            "name": view.name,
            "view": VIEWS.document(view),
        }
    if notes:
        found["notes"] = to_json([[key, to_json(body)] for key, body in notes.items()])
    return tuple(found.values())


def statements(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Yield statements that write `rows` in their order, with their values: one for up to MOST_ROWS."""
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        yield _insert(len(some)), tuple(chain.from_iterable(some))


@cache
def _insert(rows: int) -> str:
    marks = f"({', '.join('?' for _ in _COLUMNS)})"
    return f"INSERT INTO turn ({', '.join(_COLUMNS)}) VALUES {', '.join([marks] * rows)}"  # noqa: S608 - constants
