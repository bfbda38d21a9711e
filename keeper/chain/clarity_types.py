"""The types that Clarity values imply, their sizes, and the common supertype a list needs.

The numbers follow the type checker of stacks-core (clarity-types, 2026-08): a value is refused when
the type it implies could not be held in 1 MiB, even when its own bytes are fewer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Final

MAX_VALUE_SIZE: Final = 1024 * 1024
MAX_UTF8_CHARACTERS: Final = MAX_VALUE_SIZE // 4
_WRAPPER: Final = 1
_LENGTH_FIELD: Final = 4
_FIXED: Final = {"none": 1, "bool": 1, "int": 16, "uint": 16, "principal": 148}


class TypeClash(Exception):
    """No common supertype, or one that is too large. Never leaves this package: the decoder makes it BadInput."""


@dataclass(slots=True, unsafe_hash=True)
class Type:
    """A type; `size` is what a value of it may take, `signature` what describing it takes, in bytes.

    `length` is the longest content of a sequence, `keys` the sorted names of a tuple, `parts` the
    types inside (one for optional and list, ok and err for response, one per key for tuple).
    """

    kind: Final[str]
    size: Final[int]
    signature: Final[int] = 1
    length: Final[int] = 0
    keys: Final[tuple[str, ...]] = ()
    parts: Final[tuple["Type", ...]] = ()


UNKNOWN: Final = Type("none", _FIXED["none"])
BOOL: Final = Type("bool", _FIXED["bool"])
INT: Final = Type("int", _FIXED["int"])
UINT: Final = Type("uint", _FIXED["uint"])
PRINCIPAL: Final = Type("principal", _FIXED["principal"])


def _bounded(kind: Type) -> Type:
    if kind.size > MAX_VALUE_SIZE or kind.signature > MAX_VALUE_SIZE:
        message = f"a {kind.kind} whose type takes {max(kind.size, kind.signature)} bytes, more than 1 MiB"
        raise TypeClash(message)
    return kind


def text_of(kind: str, length: int) -> Type:
    """Return the type of a buffer, ascii or utf8 with `length` bytes or characters."""
    width = 4 if kind == "utf8" else 1
    return Type(kind, _LENGTH_FIELD + width * length, 1 + _LENGTH_FIELD, length)


def optional_of(inner: Type) -> Type:
    """Return the type of an optional. Raises TypeClash when it is too large."""
    return _bounded(Type("optional", inner.size + _WRAPPER, inner.signature + 1, parts=(inner,)))


NONE: Final = optional_of(UNKNOWN)


def response_of(ok: Type, err: Type) -> Type:
    """Return the type of a response. Raises TypeClash when it is too large."""
    size = max(ok.size, err.size) + _WRAPPER
    return _bounded(Type("response", size, ok.signature + err.signature + 1, parts=(ok, err)))


def list_of(items: Iterable[Type], length: int) -> Type:
    """Return the type of a list of `length` items. Raises TypeClash when they clash or take too much."""
    return _list_of(reduce(supertype, items, UNKNOWN), length)


def _list_of(entry: Type, length: int) -> Type:
    signature = entry.signature + _LENGTH_FIELD + 1
    return _bounded(Type("list", entry.size * length + signature, signature, length, parts=(entry,)))


def tuple_of(keys: tuple[str, ...], parts: tuple[Type, ...]) -> Type:
    """Return the type of a tuple whose `keys` are sorted. Raises TypeClash when it is too large."""
    names = len("".join(keys)) + 2 * len(keys)
    signature, size = names, names
    for part in parts:
        signature += part.signature
        size += part.size
    return _bounded(Type("tuple", size + signature, signature, 0, keys, parts))


def supertype(a: Type, b: Type) -> Type:  # noqa: PLR0911 - one return per kind
    """Return the smallest type that holds both, as a list needs for its entries. Raises TypeClash."""
    if a is b or a == b or b is UNKNOWN:
        return a
    if a is UNKNOWN:
        return b
    if a.kind != b.kind:
        message = f"{a.kind} and {b.kind} have no common type"
        raise TypeClash(message)
    match a.kind:
        case "list":
            return _list_supertype(a, b)
        case "tuple":
            return _tuple_supertype(a, b)
        case "optional":
            return optional_of(supertype(a.parts[0], b.parts[0]))
        case "response":
            return response_of(supertype(a.parts[0], b.parts[0]), supertype(a.parts[1], b.parts[1]))
        case _:
            return a if a.length >= b.length else b


def _list_supertype(a: Type, b: Type) -> Type:
    if not a.length or not b.length:
        entry = b.parts[0] if not a.length else a.parts[0]
    else:
        entry = supertype(a.parts[0], b.parts[0])
    return _list_of(entry, max(a.length, b.length))


def _tuple_supertype(a: Type, b: Type) -> Type:
    # One-sided on purpose: nodes look every key of the first up in the second and not the reverse.
    others = dict(zip(b.keys, b.parts, strict=True))
    missing = [key for key in a.keys if key not in others]
    if missing:
        message = f"tuples with and without {missing[0]!r} have no common type"
        raise TypeClash(message)
    return tuple_of(a.keys, tuple(supertype(kind, others[key]) for key, kind in zip(a.keys, a.parts, strict=True)))
