"""Clarity values as plain Python: constructors for arguments, `decode` for results.

Every constructor returns serialised bytes, so arguments compose: `list_([tuple_({"a": uint(1)})])`.
All of them raise BadInput for what the chain would refuse.

Plain form of `decode`: int and uint are `int`, bool `bool`, principal, ascii and utf8 `str`, buffer
`bytes`, optional None or the value, list `list`, tuple `dict` (keys in byte order), response `Ok` or `Err`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from keeper.chain.c32 import parse_principal
from keeper.chain.clarity_values import INT_BYTES, Value, encode_principal, parse, short, sized
from keeper.chain.codec import from_hex
from keeper.chain.names import is_clarity_name
from keeper.errors import BadInput

_UINT_END: Final = 1 << 128
_INT_END: Final = 1 << 127


@dataclass(frozen=True, slots=True)
class Ok:
    """An `(ok …)` response."""

    value: Any


@dataclass(frozen=True, slots=True)
class Err:
    """An `(err …)` response."""

    value: Any


def uint(n: int) -> bytes:
    """Return an unsigned number, 0 to 2^128-1."""
    if not 0 <= n < _UINT_END:
        message = f"{n} is not a uint"
        raise BadInput(message)
    return b"\x01" + n.to_bytes(INT_BYTES)


def int_(n: int) -> bytes:
    """Return a signed number, -2^127 to 2^127-1."""
    if not -_INT_END <= n < _INT_END:
        message = f"{n} is not an int"
        raise BadInput(message)
    return b"\x00" + n.to_bytes(INT_BYTES, signed=True)


def bool_(b: bool) -> bytes:  # noqa: FBT001 - the value is the argument
    """Return true or false."""
    return b"\x03" if b else b"\x04"


def principal(s: str) -> bytes:
    """Return an address or contract given as text."""
    return encode_principal(parse_principal(s))


def ascii_(s: str) -> bytes:
    """Return a string-ascii: printable ASCII, tab, newline, form feed, carriage return."""
    try:
        return _checked(b"\x0d" + sized(s.encode("ascii")))
    except UnicodeEncodeError as exc:
        message = f"character {exc.start} is not ASCII"
        raise BadInput(message) from exc


def utf8(s: str) -> bytes:
    """Return a string-utf8."""
    try:
        return _checked(b"\x0e" + sized(s.encode()))
    except UnicodeEncodeError as exc:
        message = f"character {exc.start} is a lone surrogate"
        raise BadInput(message) from exc


def buffer(b: bytes) -> bytes:
    """Return a buff."""
    return _checked(b"\x02" + sized(b))


def none() -> bytes:
    """Return an empty optional."""
    return b"\x09"


def some(v: bytes) -> bytes:
    """Return an optional holding the serialised value."""
    return _checked(b"\x0a" + v)


def ok(v: bytes) -> bytes:
    """Return an ok response holding the serialised value."""
    return _checked(b"\x07" + v)


def err(v: bytes) -> bytes:
    """Return an err response holding the serialised value."""
    return _checked(b"\x08" + v)


def list_(vs: Iterable[bytes]) -> bytes:
    """Return a list of serialised values, which need a common type."""
    items = list(vs)
    return _checked(b"\x0b" + len(items).to_bytes(4) + b"".join(items))


def tuple_(fields: Mapping[str, bytes]) -> bytes:
    """Return a tuple of serialised values; keys are written in byte order, as the chain does."""
    for key in fields:
        if not is_clarity_name(key):
            message = f"{key[:60]!r} is not a tuple key"
            raise BadInput(message)
    body = b"".join(short(key) + fields[key] for key in sorted(fields))
    return _checked(b"\x0c" + len(fields).to_bytes(4) + body)


def decode(data: bytes | str) -> Any:
    """Return the value in plain Python form, from bytes or hex (`0x` optional).

    Raises BadInput with offset and reason for anything but exactly one well-formed value.
    """
    return plain(parse(from_hex(data) if isinstance(data, str) else data))


def plain(value: Value) -> Any:  # noqa: PLR0911 - one return per kind
    """Return a typed value in plain Python form."""
    match value.kind:
        case "some":
            return plain(value.content)
        case "ok":
            return Ok(plain(value.content))
        case "err":
            return Err(plain(value.content))
        case "list":
            return [plain(item) for item in value.content]
        case "tuple":
            return {key: plain(item) for key, item in value.content}
        case "principal":
            return str(value.content)
        case _:
            return value.content


def _checked(made: bytes) -> bytes:
    if parse(made).encode() != made:
        message = "a part is not in consensus form (tuple keys out of byte order)"
        raise BadInput(message)
    return made
