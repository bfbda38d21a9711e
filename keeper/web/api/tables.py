"""Answers as CSV (RFC 4180) for spreadsheets, which must not take a text for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from keeper.web.api.models import Decision
from keeper.web.api.pool_models import Point
from keeper.web.api.shapes import Instant

DECISION_COLUMNS: Final = (
    "at_unix",
    "at_utc",
    "block",
    "pool_id",
    "pool",
    "outcome",
    "drift_bps",
    "reason",
    "decision_id",
    "cursor",
)
POINT_COLUMNS: Final = (
    "at_unix",
    "at_utc",
    "block",
    "value_ustx",
    "share_price_stx",
    "total_shares",
    "drift_bps",
    "worst_bps",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Cell = int | str | None


def decisions(rows: Iterable[tuple[int, Decision]], *, first: bool) -> str:
    """Return decisions and their places, one a line; in the `first` part of a table below the names of its columns."""
    return _table(
        DECISION_COLUMNS if first else (),
        (
            (
                *_moment(row.at),
                row.as_of.block,
                row.pool_id,
                _text(row.pool),
                row.outcome.value,
                row.drift_bps,
                _text(row.reason),
                row.decision_id,
                place,
            )
            for place, row in rows
        ),
    )


def points(rows: Iterable[Point], *, first: bool) -> str:
    """Return a pool's history, one point a line; in the `first` part of a table below the names of its columns."""
    return _table(
        POINT_COLUMNS if first else (),
        (
            (
                *_moment(row.at),
                row.block,
                row.value_ustx,
                row.share_price_stx,
                row.total_shares,
                row.drift_bps,
                row.worst_bps,
            )
            for row in rows
        ),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if columns:
        writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _moment(at: Instant | None) -> tuple[int | None, str | None]:
    return (None, None) if at is None else (at.unix, at.utc)


def _text(value: str) -> str:
    """Return a text that a spreadsheet shows and does not run."""
    return f"'{value}" if value.startswith(_FORMULA) else value
