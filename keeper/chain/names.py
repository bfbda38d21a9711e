"""Which names the chain takes. `fullmatch` everywhere: `$` would let a final newline through."""

import re
from functools import lru_cache
from typing import Final

from keeper.chain.codec import refuse

MAX_NAME: Final = 128
MAX_CONTRACT_NAME_IN_TX: Final = 40

_CONTRACT: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*|__transient")
_CLARITY: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_!?+<>=/*-]*|[-+=/*]|[<>]=?")


def is_contract_name(text: str, longest: int = MAX_NAME) -> bool:
    """Tell whether `text` names a contract: up to 128 characters in a principal, 40 in a transaction field."""
    return len(text) <= longest and _fits(_CONTRACT, text)


def is_clarity_name(text: str) -> bool:
    """Tell whether `text` names a function, an asset or a tuple key."""
    return len(text) <= MAX_NAME and _fits(_CLARITY, text)


def contract_name(raw: bytes, offset: int, longest: int = MAX_NAME) -> str:
    """Return the contract name in `raw`. Raises BadInput."""
    text = _contract_text(raw)
    if text is None or len(text) > longest:
        refuse(f"{raw[:60].decode('latin-1')!r} is not a contract name of 1 to {longest} characters", offset)
    return text


def clarity_name(raw: bytes, offset: int) -> str:
    """Return the Clarity name in `raw`. Raises BadInput."""
    text = _clarity_text(raw)
    if text is None:
        refuse(f"{raw[:60].decode('latin-1')!r} is not a Clarity name", offset)
    return text


@lru_cache(maxsize=1024)
def _contract_text(raw: bytes) -> str | None:
    text = raw.decode("latin-1")
    return text if is_contract_name(text) else None


@lru_cache(maxsize=1024)
def _clarity_text(raw: bytes) -> str | None:
    text = raw.decode("latin-1")
    return text if is_clarity_name(text) else None


@lru_cache(maxsize=1024)
def _fits(grammar: re.Pattern[str], text: str) -> bool:
    """Match, and remember: a chain speaks of the same few names all the time."""
    return grammar.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def short(name: str) -> bytes:
    """Return an ASCII name of up to 255 characters with its one-byte length in front."""
    return bytes([len(name)]) + name.encode("ascii")
