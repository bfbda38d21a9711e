"""Records to documents and back. A document is one JSON object that says which form it has.

Reading checks every field: a document that is damaged, or of a form this keeper does not know, is
StoreUnavailable and never a half-filled record.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from keeper.core.history import HistoryPoint
from keeper.core.leases import Lease
from keeper.core.records import AlertRecord, Decision, Intent, PoolView
from keeper.core.whales import Whale
from keeper.errors import StoreUnavailable

T = TypeVar("T")
_HALVES: Final = re.compile("[\ud800-\udfff]")
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


class Shared:
    """JSON texts of what many documents have in common, told apart by identity: it is spelled out once.

    Only for what is never changed once it was made. The last few are kept, and with them their texts.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._texts: OrderedDict[int, tuple[object, str]] = OrderedDict()

    def text(self, value: object) -> str:
        """Return the value as JSON text."""
        known = self._texts.pop(id(value), None)
        found = (value, to_json(value)) if known is None else known  # holds the value, so that no other gets its id
        self._texts[id(value)] = found
        while len(self._texts) > self._most:
            self._texts.popitem(last=False)
        return found[1]


_CROWDS: Final = Shared(32)
"""Of the rows of followed whales: pools that follow the same ones share the list, most of a view's text."""


@dataclass(frozen=True, slots=True)
class _Views(Kind[PoolView]):
    @override
    def document(self, record: PoolView) -> str:
        body = dict(record.body)
        crowd = body.pop("whales", None)
        if not crowd or not body:
            return Kind.document(self, record)
        view = to_json({name: getattr(record, name) for name in _names(PoolView) if name != "body"})
        written = f'{to_json(body)[:-1]},"whales":{_CROWDS.text(crowd)}}}'
        return f'{{"form":{FORM},"{self.name}":{view[:-1]},"body":{written}}}}}'


DECISIONS: Final = Kind("decision", TypeAdapter(Decision))
INTENTS: Final = Kind("intent", TypeAdapter(Intent))
ALERTS: Final = Kind("alert", TypeAdapter(AlertRecord))
VIEWS: Final = _Views("view", TypeAdapter(PoolView))
POINTS: Final = Kind("point", TypeAdapter(HistoryPoint))
WHALES: Final = Kind("whale", TypeAdapter(Whale))


def to_json(value: Any) -> str:
    """Return compact JSON text; NaN and values that JSON lacks are errors, not approximations."""
    return encodable(_ENCODER.encode(value))


def encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: halves of characters, which JSON from elsewhere may have, become U+FFFD.

    No store takes them, and what somebody else wrote must neither look like an outage nor stop a turn.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _HALVES.sub("\ufffd", text)
    return text


def from_json(document: Any) -> Mapping[str, Any]:
    """Return the JSON object in `document`. Raises StoreUnavailable when it is something else."""
    try:
        body = json.loads(document) if isinstance(document, str) else None
    except (ValueError, RecursionError):
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


_ENCODER: Final = json.JSONEncoder(default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` makes one for each text."""
