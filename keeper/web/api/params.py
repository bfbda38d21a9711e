"""What the API can be asked: parameters and bodies as strict models, and a clear sentence for what does not fit."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from keeper.core.history import MOST_POINTS
from keeper.core.paging import Span
from keeper.core.paused import LONGEST, ONE_LINE, is_one_line
from keeper.core.units import Seconds

HIGHEST_POOL: Final = 2**31 - 1
HIGHEST_SECOND: Final = 253_402_300_799
MOST: Final = 500
"""Most records in one answer."""
MOST_ROWS: Final = 100_000
"""Most rows of one table, which is sent part by part."""
_SHOWN: Final = 40


def _whole(value: Any) -> Any:
    """Take digits and nothing else: no sign, no space, no other alphabet."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        message = "must be a whole number"
        raise ValueError(message)
    return value


def _flag(value: Any) -> Any:
    if value not in {"true", "false"}:
        message = "must be true or false"
        raise ValueError(message)
    return value == "true"


def _line(value: str) -> str:
    if not is_one_line(value):
        kind: Final = "one_line"
        raise PydanticCustomError(kind, ONE_LINE)
    return value


class Params(BaseModel):
    """Common rules: nothing besides the fields named."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)


PoolId = Annotated[int, Field(ge=0, le=HIGHEST_POOL), BeforeValidator(_whole)]
Limit = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
When = Annotated[int, Field(ge=0, le=HIGHEST_SECOND), BeforeValidator(_whole)]
Lasting = Literal["proposed", "vote_passed", "vote_failed", "slice_executed", "rebalanced", "withdrawal_paid"]
Line = Annotated[str, AfterValidator(_line)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Nothing(Params):
    """No parameters."""


class OnePool(Params):
    """Which pool."""

    pool_id: PoolId
    """Number of the pool in the vault."""


class OneTransaction(Params):
    """Which transaction."""

    key: str = Field(min_length=1, max_length=400)
    """Its idempotency key."""


class Paged(Params):
    """A page of a list, newest first."""

    limit: Limit = 50
    """Most records in the answer."""
    cursor: Cursor | None = None
    """Where to go on, as `next` of the page before gave it."""


class InTime(Params):
    """A part of the time that is kept."""

    since: When | None = None
    """From then on, in seconds since 1970."""
    until: When | None = None
    """Up to, not including, then, in seconds since 1970."""

    @property
    def within(self) -> Span:
        """Both together."""
        since, until = (None if at is None else Seconds(at) for at in (self.since, self.until))
        return Span(since, until)


class PagedInTime(InTime, Paged):
    """A page of a list, of a part of the time."""


class OfPool(Params):
    """Of one pool, or of all."""

    pool: PoolId | None = None
    """Only this pool."""


class OneDecision(Params):
    """Which decision."""

    decision_id: str = Field(min_length=1, max_length=400)
    """Its own name."""


class DecisionsAsked(PagedInTime):
    """A page of decisions."""

    pool: PoolId | None = None
    """Only this pool."""
    outcome: Lasting | None = None
    """Only those that ended so: what was proposed, voted or done, which is kept for ever."""


class TransactionsAsked(PagedInTime):
    """A page of transactions."""

    pool: PoolId | None = None
    """Only this pool."""
    open: Flag = False
    """Only those of which something may still become."""


class TableAsked(Params):
    """Decisions as a table."""

    pool: PoolId | None = None
    """Only this pool."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS), BeforeValidator(_whole)] = MOST_ROWS
    """Most rows."""
    cursor: Cursor | None = None
    """Where to go on, as the column `cursor` of the last row that arrived gave it."""


class HistoryAsked(InTime):
    """A part of a pool's history."""

    limit: Annotated[int, Field(ge=1, le=MOST_POINTS), BeforeValidator(_whole)] = 500
    """Most points; more are thinned evenly."""


class HistoryTableAsked(InTime):
    """A part of a pool's history as a table."""

    limit: Annotated[int, Field(ge=1, le=MOST_POINTS), BeforeValidator(_whole)] | None = None
    """Most points, thinned evenly; left out: all there are."""


class Why(Params):
    """Who pauses the keeper and why."""

    by: Line = Field(default="the API", min_length=1, max_length=LONGEST)
    """Who, in one line."""
    why: Line = Field(default="", max_length=LONGEST)
    """Why, in one line."""


T = TypeVar("T", bound=BaseModel)


def from_query(model: type[T], request: web.Request) -> T:
    """Return the parameters of a query. Raises HTTPBadRequest naming the first that does not fit, with the remedy."""
    for name in request.query:
        if name not in model.model_fields:
            known = ", ".join(model.model_fields) or "none"
            raise web.HTTPBadRequest(text=f"there is no parameter {name[:_SHOWN]!r} here; there are: {known}")
        if len(request.query.getall(name)) > 1:
            raise web.HTTPBadRequest(text=f"{name} is given more than once; give it once")
    return _fit(model, dict(request.query))


def from_path(model: type[T], names: Mapping[str, str]) -> T:
    """Return the parameters in a path. Raises HTTPBadRequest."""
    return _fit(model, dict(names))


async def from_body(model: type[T], request: web.Request) -> T:
    """Return the body of a request, which may be empty. Raises HTTPBadRequest, HTTPUnsupportedMediaType and 413."""
    try:
        raw = await request.read()
    except web.RequestPayloadError:
        text = "the body does not arrive as its headers say; send it plain and whole, without Content-Encoding"
        raise web.HTTPBadRequest(text=text) from None
    if not raw:
        return _fit(model, {})
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="the body has to be JSON, with Content-Type: application/json")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="the body is not JSON; send an object or nothing") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body has to be a JSON object, or empty")
    return _fit(model, body)


def _fit(model: type[T], values: Mapping[str, Any]) -> T:
    try:
        return model.model_validate(values)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        raise web.HTTPBadRequest(text=_sentence(model, first["loc"], str(first["msg"]))) from None


def _sentence(model: type[BaseModel], place: Sequence[int | str], trouble: str) -> str:
    """Return what a parameter has to be, by its own schema."""
    name = str(place[0]) if place else "the body"
    field = model.model_json_schema()["properties"].get(name)
    if field is None:
        return f"there is no field {name[:_SHOWN]!r} here; there are: {', '.join(model.model_fields) or 'none'}"
    rule = next((kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"), field)
    if rule["type"] == "integer":
        return f"{name} must be a whole number from {rule['minimum']} to {rule['maximum']}"
    if rule["type"] == "boolean":
        return f"{name} must be true or false"
    if "enum" in rule:
        return f"{name} must be one of: {', '.join(rule['enum'])}"
    if "pattern" in rule:
        return (
            f"{name} must be as another answer gave it ({field['description'].rstrip('.')}); leave it out to begin anew"
        )
    return f"{name} does not fit: {trouble[:1].lower()}{trouble[1:]}"
