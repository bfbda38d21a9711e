"""What every answer of the API is made of: strict models, instants, exact numbers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

_YEAR_9999: Final = 253_402_300_799
_AMOUNT: Final = r"^-?[0-9]{1,80}$"
_DECIMAL: Final = r"^-?[0-9]{1,80}(\.[0-9]{1,40})?$"

Amount = Annotated[str, Field(pattern=_AMOUNT)]
"""A whole number of base units as text, since it may exceed what JSON numbers hold exactly."""
Decimal = Annotated[str, Field(pattern=_DECIMAL)]
"""An exact decimal number as text."""


class Shape(BaseModel):
    """Common rules: nothing besides the fields named, every field always there, null where it is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Instant(Shape):
    """A moment of block time, twice."""

    unix: int = Field(ge=0, le=_YEAR_9999)
    """Seconds since 1970."""
    utc: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    """The same as ISO 8601 in UTC."""


class AsOf(Shape):
    """Which block an answer speaks of."""

    block: int | None
    """Height of the Stacks block; null before any was seen."""
    time: Instant | None
    """When that was."""


class Fault(Shape):
    """What was wrong."""

    status: int = Field(ge=400, le=599)
    """The HTTP status again."""
    message: str
    """What was wrong and what helps, in one sentence."""


class Problem(Shape):
    """The body of every answer that is no success."""

    error: Fault
    """Status and sentence."""


def instant(at: int | None) -> Instant | None:
    """Return seconds since 1970 as both; None for what is no time."""
    if at is None or not 0 <= at <= _YEAR_9999:
        return None
    return Instant(unix=at, utc=f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%dT%H:%M:%SZ}")


def as_of(block: int | None, time: int | None) -> AsOf:
    """Return which block an answer speaks of; a height of 0 is one that nobody saw."""
    return AsOf(block=block or None, time=instant(time))


def amount(body: Mapping[str, Any], name: str) -> str | None:
    """Return a text that is a whole number."""
    return _fitting(body.get(name), _AMOUNT)


def decimal(body: Mapping[str, Any], name: str) -> str | None:
    """Return a text that is a decimal number."""
    return _fitting(body.get(name), _DECIMAL)


def _fitting(value: object, pattern: str) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) else None
