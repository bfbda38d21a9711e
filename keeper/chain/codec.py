"""Reading bytes that somebody else wrote: every refusal names the offset and the reason."""

import re
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
    """Walks over bytes, forwards only."""

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self._data = data
        self.offset = offset

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self.offset

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes. Raises BadInput when there are fewer."""
        if self.left < count:
            refuse(f"{what} needs {count} bytes, {self.left} left", self.offset)
        start = self.offset
        self.offset += count
        return self._data[start : self.offset]

    def uint(self, size: int, what: str) -> int:
        """Return the next `size` bytes as a big-endian unsigned number."""
        return int.from_bytes(self.take(size, what))

    def short_text(self, what: str) -> bytes:
        """Return a byte string with a one-byte length in front."""
        return self.take(self.uint(1, f"length of {what}"), what)

    def finish(self) -> None:
        """Raise BadInput when bytes are left: stream decoders ignore them, an exact one must not."""
        if self.left:
            refuse(f"{self.left} bytes left over", self.offset)
