"""Reading a view's body, any part of which may be missing or something else: what does not fit is None."""

from collections.abc import Mapping, Sequence
from typing import Any

from keeper.web import text

Body = Mapping[str, Any]


def as_float(value: str | None) -> float | None:
    """Return a decimal number for drawing; never for showing."""
    return None if value is None or text.number(value) == text.UNKNOWN else float(value)


def whole(body: Body, name: str) -> int | None:
    """Return a whole number."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def word(body: Body, name: str) -> str | None:
    """Return a text that is not empty."""
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def part(body: Body, name: str) -> Body | None:
    """Return a part of its own."""
    value = body.get(name)
    return value if isinstance(value, Mapping) else None


def parts(body: Body, name: str) -> Sequence[Body]:
    """Return a list's parts, none when it is not a list."""
    value = body.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []
