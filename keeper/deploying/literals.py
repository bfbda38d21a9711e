"""Clarity values as a deployment plan writes them: `u5`, `'SP….name`, `"text"`, `{ a: u1 }`, `(list u1 u2)`."""

import re
from typing import Final, NoReturn

from keeper.chain import clarity
from keeper.errors import BadInput

LONGEST: Final = 20_000
"""Characters of one value; a plan's longest is below 300."""
DEEPEST: Final = 16
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>\"[^\"\\\n]*\")|(?P<mark>[(){}:,])|(?P<word>'?[A-Za-z0-9!?+<>=/*_.-]+))", re.ASCII
)
_WORDS: Final = {"true": clarity.bool_(True), "false": clarity.bool_(False), "none": clarity.none()}  # noqa: FBT003
_NUMBER: Final = re.compile(r"[u-]?\d{1,39}", re.ASCII)
_BUFFER: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)


def parse_literal(text: str) -> bytes:
    """Return a value serialised. Raises BadInput for anything but what a plan contains."""
    reader = _Reader(text)
    value = reader.value(0)
    if reader.left():
        reader.refuse("there is more after the value")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[str]:
        if len(text) > LONGEST:
            self.refuse(f"it is longer than {LONGEST} characters")
        found, at = [], 0
        while text[at:].strip():
            token = _TOKEN.match(text, at)
            if token is None:
                self.refuse(f"character {at + 1} is not understood")
            found.append(token.group().strip())
            at = token.end()
        return found

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def refuse(self, why: str) -> NoReturn:
        message = f"{self._text[:80]!r} is not a value that a plan may hold: {why}"
        raise BadInput(message, field="parameters")

    def _next(self, wanted: str | None = None) -> str:
        if not self.left():
            self.refuse("it ends too early")
        token = self._tokens[self._at]
        if wanted is not None and token != wanted:
            self.refuse(f"{wanted!r} is expected instead of {token[:20]!r}")
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self.left() else ""

    def value(self, depth: int) -> bytes:
        if depth > DEEPEST:
            self.refuse(f"it is nested more than {DEEPEST} deep")
        first = self._next()
        if first == "(":
            return self._form(depth)
        if first == "{":
            return self._tuple(depth)
        return self._atom(first)

    def _form(self, depth: int) -> bytes:
        name, items = self._next(), []
        while self._peek() != ")":
            items.append(self.value(depth + 1))
        self._next(")")
        if name == "list":
            return clarity.list_(items)
        if name == "some" and len(items) == 1:
            return clarity.some(items[0])
        return self.refuse(f"({name[:20]} …) with {len(items)} values is not one")

    def _tuple(self, depth: int) -> bytes:
        fields: dict[str, bytes] = {}
        while self._peek() != "}":
            name = self._next()
            self._next(":")
            if name in fields:
                self.refuse(f"{name[:20]} is there twice")
            fields[name] = self.value(depth + 1)
            if self._peek() != "}":
                self._next(",")
        self._next("}")
        return clarity.tuple_(fields)

    def _atom(self, token: str) -> bytes:
        if token.startswith('"'):
            return clarity.ascii_(token[1:-1])
        if token.startswith("'"):
            return clarity.principal(token[1:])
        if token in _WORDS:
            return _WORDS[token]
        if _NUMBER.fullmatch(token):
            return clarity.uint(int(token[1:])) if token[0] == "u" else clarity.int_(int(token))
        if _BUFFER.fullmatch(token):
            return clarity.buffer(bytes.fromhex(token[2:]))
        return self.refuse(f"{token[:20]!r} is no value")
