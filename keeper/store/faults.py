"""What is wrong with a stored record, if anything."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keeper.core.archive import Row, RowKind, Unreadable
from keeper.errors import StoreUnavailable
from keeper.store.records import ALERTS, DECISIONS, INTENTS, POINTS, VIEWS, WHALES, lease_of, to_json

_READERS: Final[Mapping[RowKind, Callable[[Row, str], Any]]] = {
    "whale": lambda _, text: WHALES.record(text),
    "decision": lambda _, text: DECISIONS.record(text),
    "intent": lambda _, text: INTENTS.record(text),
    "alert": lambda _, text: ALERTS.record(text),
    "view": lambda _, text: VIEWS.record(text),
    "point": lambda _, text: POINTS.record(text),
    "note": lambda _, text: text,
    "lease": lambda row, _: lease_of(row.body),
}


def fault_of(row: Row | Unreadable) -> str:
    """Say why a record cannot be used; empty when nothing is wrong with it."""
    if isinstance(row, Unreadable):
        return row.why
    try:
        text = to_json(row.body)
        text.encode()  # what was no UTF-8 in the store is refused here
        _READERS[row.kind](row, text)
    except StoreUnavailable as exc:
        return str(exc)
    except ValueError:
        return f"the store holds a {row.kind} that cannot be written as JSON"
    return ""
