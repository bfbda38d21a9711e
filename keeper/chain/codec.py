"""Reading bytes that somebody else wrote: every refusal names the offset and the reason."""

import re
from collections.abc import Container
from typing import Final, NoReturn

from keeper.errors import BadInput

_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")


def refuse(reason: str, offset: int) -> NoReturn:
    """Raise BadInput for malformed bytes at `offset`."""
    message = f"byte {offset}: {reason}"
    raise BadInput(message, offset=offset, reason=reason)


def from_hex(text: str) -> bytes:
    """Return the bytes of a hex text, with or without `0x`. Raises BadInput."""
    match = _HEX.fullmatch(text)
    if match is None:
        reason = "not an even number of hex digits"
        raise BadInput(reason, reason=reason)
    return bytes.fromhex(match[1])


class Cursor:
    """Walks over `data`, forwards only; `offset` is the next byte, `end` the first that is not there."""

    __slots__ = ("data", "end", "offset")

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.end = len(data)
        self.offset = offset

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return self.end - self.offset

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes. Raises BadInput when there are fewer."""
        start = self.offset
        end = start + count
        if end > self.end:
            refuse(f"{what} needs {count} bytes, {self.left} left", start)
        self.offset = end
        return self.data[start:end]

    def byte(self, what: str) -> int:
        """Return the next byte as a number. Raises BadInput when there is none."""
        start = self.offset
        if start >= self.end:
            refuse(f"{what} needs 1 bytes, 0 left", start)
        self.offset = start + 1
        return self.data[start]

    def peek(self) -> int | None:
        """Return the next byte without reading it; None at the end."""
        return self.data[self.offset] if self.left else None

    def uint(self, size: int, what: str) -> int:
        """Return the next `size` bytes as a big-endian unsigned number."""
        return int.from_bytes(self.take(size, what))

    def one_of(self, allowed: Container[int], what: str) -> int:
        """Return the next byte, which has to be one of `allowed`. Raises BadInput."""
        value = self.byte(what)
        if value not in allowed:
            refuse(f"unknown {what} {value:02x}", self.offset - 1)
        return value

    def count(self, what: str) -> int:
        """Return a four-byte count of things that take a byte or more each. Raises BadInput beyond what is left."""
        start = self.offset
        count = self.uint(4, f"count of {what}")
        if count > self.left:
            refuse(f"{count} {what} announced, {self.left} bytes left", start)
        return count

    def short_text(self, what: str) -> bytes:
        """Return a byte string with a one-byte length in front."""
        start = self.offset + 1
        if start > self.end:
            refuse(f"length of {what} needs 1 bytes, 0 left", self.offset)
        end = start + self.data[self.offset]
        if end > self.end:
            refuse(f"{what} needs {end - start} bytes, {self.end - start} left", start)
        self.offset = end
        return self.data[start:end]

    def finish(self) -> None:
        """Raise BadInput when bytes are left: stream decoders ignore them, an exact one must not."""
        if self.left:
            refuse(f"{self.left} bytes left over", self.offset)
