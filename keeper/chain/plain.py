"""Taking fields out of contract results. What has another shape than our contracts give is not an answer."""

from collections.abc import Mapping
from typing import Any, NoReturn

from keeper.errors import NodeUnavailable


def unexpected(what: str, value: object, wanted: str) -> NoReturn:
    """Raise NodeUnavailable for a result of the wrong shape."""
    message = f"{what}: expected {wanted}, got {type(value).__name__}"
    raise NodeUnavailable(message, reason="unexpected result", what=what)


def number(value: Any, what: str) -> int:
    """Return a uint (or int)."""
    if not isinstance(value, int) or isinstance(value, bool):
        unexpected(what, value, "a number")
    return value


def flag(value: Any, what: str) -> bool:
    """Return a bool."""
    if not isinstance(value, bool):
        unexpected(what, value, "true or false")
    return value


def text(value: Any, what: str) -> str:
    """Return a principal or string."""
    if not isinstance(value, str):
        unexpected(what, value, "a text or principal")
    return value


def rows(value: Any, what: str) -> list["Record"]:
    """Return the tuples of a list."""
    if not isinstance(value, list):
        unexpected(what, value, "a list")
    return [Record(row, what) for row in value]


class Record:
    """A Clarity tuple; every getter raises NodeUnavailable naming the field."""

    def __init__(self, value: Any, what: str) -> None:
        if not isinstance(value, Mapping):
            unexpected(what, value, "a tuple")
        self._fields = value
        self._what = what

    def _name(self, key: str) -> str:
        return f"{self._what}, field {key}"

    def number(self, key: str) -> int:
        """Return a uint field."""
        return number(self._fields.get(key), self._name(key))

    def text(self, key: str) -> str:
        """Return a principal or string field."""
        return text(self._fields.get(key), self._name(key))

    def flag(self, key: str) -> bool:
        """Return a bool field."""
        return flag(self._fields.get(key), self._name(key))

    def buffer(self, key: str) -> bytes:
        """Return a buff field."""
        value = self._fields.get(key)
        if not isinstance(value, bytes):
            unexpected(self._name(key), value, "bytes")
        return value

    def record(self, key: str) -> "Record":
        """Return a tuple field."""
        return Record(self._fields.get(key), self._name(key))

    def numbers(self, key: str) -> list[int]:
        """Return a field that is a list of uints."""
        value = self._fields.get(key)
        if not isinstance(value, list):
            unexpected(self._name(key), value, "a list")
        return [number(item, self._name(key)) for item in value]

    def rows(self, key: str) -> list["Record"]:
        """Return a field that is a list of tuples."""
        return rows(self._fields.get(key), self._name(key))
