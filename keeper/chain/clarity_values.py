"""Clarity values with their types, to bytes and back, exactly (SIP-005 and stacks-core's decoder).

`parse` refuses what a node's untyped decoder refuses, and trailing bytes as well. `Value.encode` is
the consensus form: tuple keys in byte order, whatever order they came in.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from keeper.chain import clarity_types as types
from keeper.chain.c32 import HASH_LENGTH, MAX_VERSION, Address, Principal
from keeper.chain.clarity_types import MAX_VALUE_SIZE, Type, TypeClash
from keeper.chain.codec import Cursor, refuse
from keeper.chain.names import clarity_name, contract_name

MAX_WRAPPERS: Final = 15
MAX_SERIALISED: Final = 2 * MAX_VALUE_SIZE
INT_BYTES: Final = 16
_ASCII: Final = bytes(range(0x20, 0x7F)) + b"\t\n\x0c\r"
_PREFIXES: Final = {
    "int": 0, "uint": 1, "buffer": 2, "true": 3, "false": 4, "standard": 5, "contract": 6,
    "ok": 7, "err": 8, "none": 9, "some": 10, "list": 11, "tuple": 12, "ascii": 13, "utf8": 14,
}  # fmt: skip
_KINDS: Final = {number: kind for kind, number in _PREFIXES.items()}


@dataclass(frozen=True, slots=True)
class Value:
    """One Clarity value, made by `parse`.

    kind and content: int, uint (int) · bool (bool) · buffer (bytes) · ascii, utf8 (str) ·
    principal (Principal) · none (None) · some, ok, err (Value) · list (tuple of Value) ·
    tuple (tuple of (key, Value) in byte order of the keys).
    """

    kind: str
    content: Any
    type: Type = field(repr=False, compare=False)

    def encode(self) -> bytes:
        """Return the consensus serialisation."""
        match self.kind:
            case "bool":
                return b"\x03" if self.content else b"\x04"
            case "principal":
                return encode_principal(self.content)
            case "list":
                body = b"".join(item.encode() for item in self.content)
            case "tuple":
                body = b"".join(short(key) + value.encode() for key, value in self.content)
            case _:
                return bytes([_PREFIXES[self.kind]]) + self._encode_plain()
        return bytes([_PREFIXES[self.kind]]) + len(self.content).to_bytes(4) + body

    def _encode_plain(self) -> bytes:
        match self.content:
            case None:
                return b""
            case Value() as inner:
                return inner.encode()
            case int() as number:
                return number.to_bytes(INT_BYTES, signed=self.kind == "int")
            case text:
                return sized(text.encode() if isinstance(text, str) else text)


def encode_principal(principal: Principal) -> bytes:
    """Return the serialisation of a principal: 05 for an address, 06 for a contract."""
    prefix = _PREFIXES["standard" if principal.contract is None else "contract"]
    head = bytes([prefix, principal.address.version]) + principal.address.hash160
    return head if principal.contract is None else head + short(principal.contract)


def short(name: str) -> bytes:
    """Return an ASCII name with its one-byte length in front."""
    return bytes([len(name)]) + name.encode("ascii")


def sized(data: bytes) -> bytes:
    """Return bytes with their four-byte length in front."""
    return len(data).to_bytes(4) + data


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


def read_address(cursor: Cursor) -> Address:
    """Read an address: version below 32, then the hash. Raises BadInput."""
    start = cursor.offset
    version = cursor.uint(1, "address version")
    if version > MAX_VERSION:
        refuse(f"address version {version} is not below 32", start)
    return Address(version, cursor.take(HASH_LENGTH, "address hash"))


def read_contract_name(cursor: Cursor, longest: int) -> str:
    """Read a contract name of at most `longest` characters. Raises BadInput."""
    start = cursor.offset
    return contract_name(cursor.short_text("contract name"), start, longest)


def read_clarity_name(cursor: Cursor, what: str) -> str:
    """Read a function, asset or key name. Raises BadInput."""
    start = cursor.offset
    return clarity_name(cursor.short_text(what), start)


def _read(cursor: Cursor, wrappers: int) -> Value:
    start = cursor.offset
    if wrappers > MAX_WRAPPERS:
        refuse(f"more than {MAX_WRAPPERS} values inside each other", start)
    prefix = cursor.uint(1, "type prefix")
    kind = _KINDS.get(prefix)
    try:
        match kind:
            case None:
                refuse(f"unknown type prefix {prefix:02x}", start)
            case "some" | "ok" | "err":
                return _read_wrapped(cursor, kind, wrappers + 1)
            case "list":
                return _read_list(cursor, wrappers + 1)
            case "tuple":
                return _read_tuple(cursor, wrappers + 1)
            case _:
                return _read_leaf(cursor, kind)
    except TypeClash as exc:
        refuse(f"{kind}: {exc}", start)


def _read_leaf(cursor: Cursor, kind: str) -> Value:  # noqa: PLR0911 - one return per kind
    match kind:
        case "int":
            return Value(kind, int.from_bytes(cursor.take(INT_BYTES, kind), signed=True), types.INT)
        case "uint":
            return Value(kind, cursor.uint(INT_BYTES, kind), types.UINT)
        case "true" | "false":
            return Value("bool", kind == "true", types.BOOL)
        case "none":
            return Value(kind, None, types.optional_of(types.UNKNOWN))
        case "standard":
            return Value("principal", Principal(read_address(cursor)), types.PRINCIPAL)
        case "contract":
            address = read_address(cursor)
            return Value("principal", Principal(address, read_contract_name(cursor, 128)), types.PRINCIPAL)
        case _:
            return _read_text(cursor, kind)


def _read_text(cursor: Cursor, kind: str) -> Value:
    start = cursor.offset
    length = cursor.uint(4, f"length of {kind}")
    if length > MAX_VALUE_SIZE:
        refuse(f"{kind} of {length} bytes, more than 1 MiB", start)
    data = cursor.take(length, kind)
    if kind == "buffer":
        return Value(kind, data, types.text_of(kind, length))
    if kind == "ascii":
        if data.translate(None, _ASCII):
            refuse("ascii holds a byte that Clarity does not allow", start)
        return Value(kind, data.decode("ascii"), types.text_of(kind, length))
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        refuse(f"utf8: {exc.reason}", start + 4 + exc.start)
    if len(text) > types.MAX_UTF8_CHARACTERS:
        refuse(f"utf8 of {len(text)} characters", start)
    return Value(kind, text, types.text_of(kind, len(text)))


def _read_wrapped(cursor: Cursor, kind: str, wrappers: int) -> Value:
    inner = _read(cursor, wrappers)
    match kind:
        case "some":
            made = types.optional_of(inner.type)
        case "ok":
            made = types.response_of(inner.type, types.UNKNOWN)
        case _:
            made = types.response_of(types.UNKNOWN, inner.type)
    return Value(kind, inner, made)


def _count(cursor: Cursor, what: str) -> int:
    start = cursor.offset
    count = cursor.uint(4, f"length of {what}")
    if count > MAX_VALUE_SIZE:
        refuse(f"{what} of {count} entries, more than 1 MiB could hold", start)
    return count


def _read_list(cursor: Cursor, wrappers: int) -> Value:
    count = _count(cursor, "list")
    items: list[Value] = []
    entry = types.UNKNOWN
    for _ in range(count):
        items.append(_read(cursor, wrappers))
        entry = types.supertype(entry, items[-1].type)
    return Value("list", tuple(items), types.list_of(entry, count))


def _read_tuple(cursor: Cursor, wrappers: int) -> Value:
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
        fields[key] = _read(cursor, wrappers)
    ordered = tuple(sorted(fields.items()))
    return Value("tuple", ordered, types.tuple_of(tuple((key, value.type) for key, value in ordered)))
