"""Records to documents and back. A document is one JSON object that says which form it has.

Reading checks every field: a document that is damaged, or of a form this keeper does not know, is
StoreUnavailable and never a half-filled record.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from keeper.core.history import HistoryPoint
from keeper.core.leases import Lease
from keeper.core.records import AlertRecord, Decision, Intent, PoolView
from keeper.core.whales import Whale
from keeper.errors import StoreUnavailable

T = TypeVar("T")
FORM: Final = 1
"""Form of the documents written now; a change of a record's fields needs a new form and a migration."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one kind of record becomes a document and comes back."""

    name: str
    adapter: TypeAdapter[T]

    def document(self, record: T) -> str:
        """Return the record as JSON text. Raises TypeError or ValueError when a fact is not JSON-safe."""
        return to_json({"form": FORM, self.name: record})

    def record(self, document: str) -> T:
        """Return the record a document holds. Raises StoreUnavailable when it is not one."""
        body = from_json(document)
        if body.get("form") != FORM or self.name not in body:
            msg = f"the store holds a {self.name} in form {body.get('form')!r}, which this keeper cannot read"
            raise StoreUnavailable(msg, kind=self.name)
        try:
            # Strict JSON mode: texts become enums and lists become tuples, but "1" never becomes 1.
            return self.adapter.validate_json(json.dumps(body[self.name]), strict=True)
        except ValidationError as exc:
            first = exc.errors(include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            msg = f"the store holds a damaged {self.name}: {place} {first['msg'].lower()}"
            raise StoreUnavailable(msg, kind=self.name, field=place) from None


DECISIONS: Final = Kind("decision", TypeAdapter(Decision))
INTENTS: Final = Kind("intent", TypeAdapter(Intent))
ALERTS: Final = Kind("alert", TypeAdapter(AlertRecord))
VIEWS: Final = Kind("view", TypeAdapter(PoolView))
POINTS: Final = Kind("point", TypeAdapter(HistoryPoint))
WHALES: Final = Kind("whale", TypeAdapter(Whale))


def to_json(value: Any) -> str:
    """Return compact JSON text; NaN and values that JSON lacks are errors, not approximations."""
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def from_json(document: str) -> Mapping[str, Any]:
    """Return the JSON object in `document`. Raises StoreUnavailable when it is something else."""
    try:
        body = json.loads(document)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        msg = "the store holds a document that is not a JSON object"
        raise StoreUnavailable(msg)
    return body


def lease_of(body: Mapping[str, Any]) -> Lease:
    """Return the lease that a JSON object describes. Raises StoreUnavailable when it is not one."""
    match body:
        case {"name": str(name), "term": int(term), "holder": str(holder), "beat": int(beat)} if (
            term >= 1 and beat >= 0
        ):
            return Lease(name, term, holder, beat)
    msg = "a lease has to have a name, a term, a holder and a beat"
    raise StoreUnavailable(msg, kind="lease")


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return dict(value)
    msg = f"{type(value).__name__} has no place in a JSON document"
    raise TypeError(msg)
