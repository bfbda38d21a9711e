"""Clarity values with their types, to bytes and back, exactly (SIP-005 and stacks-core's decoder).

`parse` refuses what a node's untyped decoder refuses, and trailing bytes as well. `Value.encode` is
the consensus form: tuple keys in byte order, whatever order they came in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from keeper.chain import clarity_types as types
from keeper.chain.clarity_types import MAX_VALUE_SIZE, Type, TypeClash
from keeper.chain.codec import Cursor, refuse
from keeper.chain.names import short
from keeper.chain.principals import encode_principal, read_clarity_name, read_contract, read_standard

MAX_WRAPPERS: Final = 15
MAX_SERIALISED: Final = 2 * MAX_VALUE_SIZE
INT_BYTES: Final = 16
_ASCII: Final = bytes(range(0x20, 0x7F)) + b"\t\n\x0c\r"


@dataclass(slots=True, unsafe_hash=True)
class Value:
    """One Clarity value, made by `parse` or by the constructors in `keeper.chain.clarity`.

    kind and content: int, uint (int) · bool (bool) · buffer (bytes) · ascii, utf8 (str) ·
    principal (Principal) · none (None) · some, ok, err (Value) · list (tuple of Value) ·
    tuple (tuple of (key, Value) in byte order of the keys).

    The fields are Final rather than frozen: a frozen one takes three times as long to make, and a
    transaction has hundreds.
    """

    kind: Final[str]
    content: Final[Any]
    type: Final[Type] = field(repr=False, compare=False)

    def encode(self) -> bytes:
        """Return the consensus serialisation."""
        return _ENCODERS[self.kind](self.content)


NONE: Final = Value("none", None, types.NONE)
TRUE: Final = Value("bool", True, types.BOOL)  # noqa: FBT003 - the value is the argument
FALSE: Final = Value("bool", False, types.BOOL)  # noqa: FBT003 - the same


def parse(data: bytes) -> Value:
    """Return the one value that `data` spells, all of it. Raises BadInput with offset and reason."""
    cursor = Cursor(data)
    value = read_value(cursor)
    cursor.finish()
    return value


def read_value(cursor: Cursor) -> Value:
    """Read one value and leave the cursor behind it. Raises BadInput with offset and reason."""
    start = cursor.offset
    value = _read(cursor, 0)
    if cursor.offset - start > MAX_SERIALISED:
        refuse(f"a value of more than {MAX_SERIALISED} bytes", start)
    return value


def sized(data: bytes) -> bytes:
    """Return bytes with their four-byte length in front."""
    return len(data).to_bytes(4) + data


# --- to bytes ---


def _encode_list(items: tuple[Value, ...]) -> bytes:
    body = [_ENCODERS[item.kind](item.content) for item in items]
    return b"\x0b" + len(items).to_bytes(4) + b"".join(body)


def _encode_tuple(fields: tuple[tuple[str, Value], ...]) -> bytes:
    body = [short(key) + _ENCODERS[value.kind](value.content) for key, value in fields]
    return b"\x0c" + len(fields).to_bytes(4) + b"".join(body)


_ENCODERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "int": lambda number: b"\x00" + number.to_bytes(INT_BYTES, signed=True),
    "uint": lambda number: b"\x01" + number.to_bytes(INT_BYTES),
    "buffer": lambda data: b"\x02" + sized(data),
    "bool": lambda true: b"\x03" if true else b"\x04",
    "principal": encode_principal,
    "ok": lambda inner: b"\x07" + inner.encode(),
    "err": lambda inner: b"\x08" + inner.encode(),
    "none": lambda _: b"\x09",
    "some": lambda inner: b"\x0a" + inner.encode(),
    "list": _encode_list,
    "tuple": _encode_tuple,
    "ascii": lambda text: b"\x0d" + sized(text.encode("ascii")),
    "utf8": lambda text: b"\x0e" + sized(text.encode()),
}


# --- from bytes; each reader stands behind the type prefix and is told how deep its own contents are ---


def _read(cursor: Cursor, wrappers: int) -> Value:
    start = cursor.offset
    if wrappers > MAX_WRAPPERS:
        refuse(f"more than {MAX_WRAPPERS} values inside each other", start)
    if start >= cursor.end:
        refuse("type prefix needs 1 bytes, 0 left", start)
    prefix = cursor.data[start]
    if prefix >= len(_READERS):
        refuse(f"unknown type prefix {prefix:02x}", start)
    cursor.offset = start + 1
    try:
        return _READERS[prefix](cursor, wrappers + 1)
    except TypeClash as exc:
        refuse(str(exc), start)


def _read_int(cursor: Cursor, _inside: int) -> Value:
    return Value("int", int.from_bytes(cursor.take(INT_BYTES, "int"), signed=True), types.INT)


def _read_uint(cursor: Cursor, _inside: int) -> Value:
    return Value("uint", int.from_bytes(cursor.take(INT_BYTES, "uint")), types.UINT)


def _read_standard(cursor: Cursor, _inside: int) -> Value:
    return Value("principal", read_standard(cursor), types.PRINCIPAL)


def _read_contract(cursor: Cursor, _inside: int) -> Value:
    return Value("principal", read_contract(cursor), types.PRINCIPAL)


def _read_sized(cursor: Cursor, kind: str) -> bytes:
    start = cursor.offset
    length = cursor.uint(4, f"length of {kind}")
    if length > MAX_VALUE_SIZE:
        refuse(f"{kind} of {length} bytes, more than 1 MiB", start)
    return cursor.take(length, kind)


def _read_buffer(cursor: Cursor, _inside: int) -> Value:
    data = _read_sized(cursor, "buffer")
    return Value("buffer", data, types.text_of("buffer", len(data)))


def _read_ascii(cursor: Cursor, _inside: int) -> Value:
    start = cursor.offset
    data = _read_sized(cursor, "ascii")
    wrong = data.translate(None, _ASCII)
    if wrong:
        refuse(f"ascii holds {wrong[0]:02x}, which Clarity does not allow", start + 4 + data.index(wrong[0]))
    return Value("ascii", data.decode("ascii"), types.text_of("ascii", len(data)))


def _read_utf8(cursor: Cursor, _inside: int) -> Value:
    start = cursor.offset
    data = _read_sized(cursor, "utf8")
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        refuse(f"utf8: {exc.reason}", start + 4 + exc.start)
    if len(text) > types.MAX_UTF8_CHARACTERS:
        refuse(f"utf8 of {len(text)} characters", start)
    return Value("utf8", text, types.text_of("utf8", len(text)))


def _read_some(cursor: Cursor, inside: int) -> Value:
    inner = _read(cursor, inside)
    return Value("some", inner, types.optional_of(inner.type))


def _read_ok(cursor: Cursor, inside: int) -> Value:
    inner = _read(cursor, inside)
    return Value("ok", inner, types.response_of(inner.type, types.UNKNOWN))


def _read_err(cursor: Cursor, inside: int) -> Value:
    inner = _read(cursor, inside)
    return Value("err", inner, types.response_of(types.UNKNOWN, inner.type))


def _count(cursor: Cursor, what: str) -> int:
    start = cursor.offset
    count = cursor.uint(4, f"length of {what}")
    if count > MAX_VALUE_SIZE:
        refuse(f"{what} of {count} entries, more than 1 MiB could hold", start)
    if count > cursor.left:
        refuse(f"{what} of {count} entries announced, {cursor.left} bytes left", start)
    return count


def _read_list(cursor: Cursor, inside: int) -> Value:
    items = tuple([_read(cursor, inside) for _ in range(_count(cursor, "list"))])
    return Value("list", items, types.list_of([item.type for item in items], len(items)))


def _read_tuple(cursor: Cursor, inside: int) -> Value:
    start = cursor.offset
    count = _count(cursor, "tuple")
    if not count:
        refuse("tuple without keys", start)
    fields: dict[str, Value] = {}
    for _ in range(count):
        at = cursor.offset
        key = read_clarity_name(cursor, "tuple key")
        if key in fields:
            refuse(f"tuple key {key!r} a second time", at)
        fields[key] = _read(cursor, inside)
    return tuple_value(fields)


def tuple_value(fields: Mapping[str, Value]) -> Value:
    """Return the tuple of these fields, whose keys are known to be good. Raises TypeClash when it is too large."""
    ordered = tuple(sorted(fields.items()))
    keys, values = zip(*ordered, strict=True)
    return Value("tuple", ordered, types.tuple_of(keys, tuple([value.type for value in values])))


# In the order of the type prefixes, from 00.
_READERS: Final[list[Callable[[Cursor, int], Value]]] = [
    _read_int,
    _read_uint,
    _read_buffer,
    lambda _cursor, _inside: TRUE,
    lambda _cursor, _inside: FALSE,
    _read_standard,
    _read_contract,
    _read_ok,
    _read_err,
    lambda _cursor, _inside: NONE,
    _read_some,
    _read_list,
    _read_tuple,
    _read_ascii,
    _read_utf8,
]
