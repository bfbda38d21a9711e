"""Taking values out of JSON that somebody else wrote: typed, bounded, and never guessed."""

import re
from collections.abc import Mapping
from typing import Any, Final

from keeper.chain.http import Answer

U64_MAX: Final = 2**64 - 1
LATEST: Final = 2**40
"""No block was made so many seconds after 1970; a later one fits into no store and no calendar."""
_HASH: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_AMOUNT: Final = re.compile(r"0x[0-9a-fA-F]{1,32}")
_BYTES: Final = re.compile(r"0x((?:[0-9a-fA-F]{2})+)")


class Fields:
    """One JSON object of an answer; every getter raises NodeUnavailable naming the field."""

    def __init__(self, answer: Answer, fields: Mapping[str, Any]) -> None:
        self._answer = answer
        self._fields = fields

    @classmethod
    def of(cls, answer: Answer) -> "Fields":
        """Return the fields of an answer that is one object."""
        return cls(answer, answer.object())

    def has(self, key: str) -> bool:
        """Tell whether a field is there and not null."""
        return self._fields.get(key) is not None

    def raw(self, key: str) -> Any:
        """Return a field as it stands; None when it is missing."""
        return self._fields.get(key)

    def inner(self, key: str) -> "Fields":
        """Return an object inside."""
        value = self._fields.get(key)
        if not isinstance(value, dict):
            self._answer.reject(f"{key} is not an object")
        return Fields(self._answer, value)

    def whole(self, key: str) -> int:
        """Return a whole number from 0 to 2^64-1."""
        return self._whole(key, self._fields.get(key))

    def instant(self, key: str) -> int:
        """Return seconds since 1970, above 0 and below 2^40."""
        value = self.whole(key)
        if not 0 < value < LATEST:
            self._answer.reject(f"{key} is no time that a block could have")
        return value

    def _whole(self, key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= U64_MAX:
            self._answer.reject(f"{key} is not a whole number of 64 bits")
        return value

    def wholes(self, key: str, most: int) -> tuple[int, ...]:
        """Return a list of whole numbers, sorted and each once; only the `most` lowest of a longer one."""
        values = self._fields.get(key)
        if not isinstance(values, list):
            self._answer.reject(f"{key} is not a list")
        return tuple(sorted({self._whole(key, value) for value in values})[:most])

    def text(self, key: str, longest: int = 1024) -> str:
        """Return a string."""
        value = self._fields.get(key)
        if not isinstance(value, str) or len(value) > longest:
            self._answer.reject(f"{key} is not a text of up to {longest} characters")
        return value

    def hash(self, key: str) -> str:
        """Return a 32-byte hash as 64 lower case hex digits."""
        match = _HASH.fullmatch(self.text(key))
        if match is None:
            self._answer.reject(f"{key} is not a hash of 32 bytes")
        return match[1].lower()

    def hex_amount(self, key: str) -> int:
        """Return an amount of up to 128 bits, written as 0x…."""
        text = self.text(key)
        if _AMOUNT.fullmatch(text) is None:
            self._answer.reject(f"{key} is not a hex amount")
        return int(text, 16)

    def hex_bytes(self, key: str) -> str:
        """Return bytes written as 0x…, as they stand."""
        value = self._fields.get(key)
        if not isinstance(value, str) or _BYTES.fullmatch(value) is None:
            self._answer.reject(f"{key} is not hex bytes")
        return value
