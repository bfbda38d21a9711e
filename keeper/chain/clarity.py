"""Clarity values as plain Python: constructors for arguments, `decode` for results.

Every constructor returns serialised bytes, so arguments compose: `list_([tuple_({"a": uint(1)})])`.
All of them raise BadInput for what the chain would refuse.

Plain form of `decode`: int and uint are `int`, bool `bool`, principal, ascii and utf8 `str`, buffer
`bytes`, optional None or the value, list `list`, tuple `dict` (keys in byte order), response `Ok` or `Err`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from keeper.chain import clarity_types as types
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity_types import Type, TypeClash
from keeper.chain.clarity_values import (
    FALSE,
    INT_BYTES,
    MAX_WRAPPERS,
    NONE,
    TRUE,
    Value,
    parse,
    sized,
    tuple_value,
)
from keeper.chain.codec import from_hex, refuse
from keeper.chain.names import is_clarity_name, short
from keeper.chain.principals import encode_principal
from keeper.errors import BadInput

_UINT_END: Final = 1 << 128
_INT_END: Final = 1 << 127
_PLAIN_ALREADY: Final = frozenset({"int", "uint", "bool", "none", "buffer", "ascii", "utf8"})


@dataclass(frozen=True, slots=True)
class Ok:
    """An `(ok …)` response."""

    value: Any


@dataclass(frozen=True, slots=True)
class Err:
    """An `(err …)` response."""

    value: Any


class Made(bytes):
    """Serialised bytes that still know the value they spell, and how many wrappers deep it goes.

    Arguments are put together from the inside out; without this every layer would have to be decoded
    again by the next one, and once more by the transaction they go into.
    """

    value: Value
    depth: int


def uint(n: int) -> bytes:
    """Return an unsigned number, 0 to 2^128-1."""
    if not 0 <= n < _UINT_END:
        message = f"{n} is not a uint"
        raise BadInput(message)
    return _made(b"\x01" + n.to_bytes(INT_BYTES), Value("uint", n, types.UINT))


def int_(n: int) -> bytes:
    """Return a signed number, -2^127 to 2^127-1."""
    if not -_INT_END <= n < _INT_END:
        message = f"{n} is not an int"
        raise BadInput(message)
    return _made(b"\x00" + n.to_bytes(INT_BYTES, signed=True), Value("int", n, types.INT))


def bool_(b: bool) -> bytes:  # noqa: FBT001 - the value is the argument
    """Return true or false."""
    return _made(b"\x03", TRUE) if b else _made(b"\x04", FALSE)


def principal(s: str) -> bytes:
    """Return an address or contract given as text."""
    parsed = parse_principal(s)
    return _made(encode_principal(parsed), Value("principal", parsed, types.PRINCIPAL))


def ascii_(s: str) -> bytes:
    """Return a string-ascii: printable ASCII, tab, newline, form feed, carriage return."""
    try:
        return _known(b"\x0d" + sized(s.encode("ascii")))
    except UnicodeEncodeError as exc:
        message = f"character {exc.start} is not ASCII"
        raise BadInput(message) from exc


def utf8(s: str) -> bytes:
    """Return a string-utf8."""
    try:
        return _known(b"\x0e" + sized(s.encode()))
    except UnicodeEncodeError as exc:
        message = f"character {exc.start} is a lone surrogate"
        raise BadInput(message) from exc


def buffer(b: bytes) -> bytes:
    """Return a buff."""
    return _known(b"\x02" + sized(b))


def none() -> bytes:
    """Return an empty optional."""
    return _made(b"\x09", NONE)


def some(v: bytes) -> bytes:
    """Return an optional holding the serialised value."""
    return _wrapped(b"\x0a", "some", v, types.optional_of)


def ok(v: bytes) -> bytes:
    """Return an ok response holding the serialised value."""
    return _wrapped(b"\x07", "ok", v, lambda inner: types.response_of(inner, types.UNKNOWN))


def err(v: bytes) -> bytes:
    """Return an err response holding the serialised value."""
    return _wrapped(b"\x08", "err", v, lambda inner: types.response_of(types.UNKNOWN, inner))


def list_(vs: Iterable[bytes]) -> bytes:
    """Return a list of serialised values, which need a common type."""
    items = [_known(v) for v in vs]
    raw = b"\x0b" + len(items).to_bytes(4) + b"".join(items)
    values = tuple([item.value for item in items])
    try:
        kind = types.list_of([value.type for value in values], len(values))
    except TypeClash as exc:
        refuse(f"list: {exc}", 0)
    return _made(raw, Value("list", values, kind), 1 + max([item.depth for item in items]) if items else 0)


def tuple_(fields: Mapping[str, bytes]) -> bytes:
    """Return a tuple of serialised values; keys are written in byte order, as the chain does."""
    parts = {key: _known(fields[key]) for key in sorted(fields)}
    for key in parts:
        if not is_clarity_name(key):
            message = f"{key[:60]!r} is not a tuple key"
            raise BadInput(message)
    if not parts:
        refuse("tuple without keys", 0)
    raw = b"\x0c" + len(parts).to_bytes(4) + b"".join([short(key) + part for key, part in parts.items()])
    try:
        value = tuple_value({key: part.value for key, part in parts.items()})
    except TypeClash as exc:
        refuse(f"tuple: {exc}", 0)
    return _made(raw, value, 1 + max([part.depth for part in parts.values()]))


def value_of(serialised: bytes) -> Value:
    """Return the value that `serialised` spells; what a constructor made is not decoded again. Raises BadInput."""
    return serialised.value if isinstance(serialised, Made) else parse(serialised)


def decode(data: bytes | str) -> Any:
    """Return the value in plain Python form, from bytes or hex (`0x` optional).

    Raises BadInput with offset and reason for anything but exactly one well-formed value.
    """
    return plain(parse(from_hex(data) if isinstance(data, str) else data))


def plain(value: Value) -> Any:  # noqa: PLR0911 - one return per kind
    """Return a typed value in plain Python form."""
    if value.kind in _PLAIN_ALREADY:
        return value.content
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
        case _:  # a principal
            return str(value.content)


def _made(raw: bytes, value: Value, depth: int = 0) -> Made:
    if depth > MAX_WRAPPERS:
        refuse(f"more than {MAX_WRAPPERS} values inside each other", 0)
    made = Made(raw)
    made.value, made.depth = value, depth
    return made


def _wrapped(prefix: bytes, kind: str, v: bytes, imply: Callable[[Type], Type]) -> Made:
    inner = _known(v)
    try:
        implied = imply(inner.value.type)
    except TypeClash as exc:
        refuse(f"{kind}: {exc}", 0)
    return _made(prefix + inner, Value(kind, inner.value, implied), inner.depth + 1)


def _known(v: bytes) -> Made:
    """Return `v` with its value; bytes that no constructor made are decoded, and have to be in consensus form."""
    if isinstance(v, Made):
        return v
    value = parse(v)
    if value.encode() != v:
        message = "a part is not in consensus form (tuple keys out of byte order)"
        raise BadInput(message)
    return _made(v, value, _depth(value))


def _depth(value: Value) -> int:
    match value.kind:
        case "some" | "ok" | "err":
            return 1 + _depth(value.content)
        case "list":
            return 1 + max(map(_depth, value.content)) if value.content else 0
        case "tuple":
            return 1 + max(_depth(inner) for _, inner in value.content)
        case _:
            return 0
