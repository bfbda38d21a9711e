"""Who may read and who may change: tokens, compared in constant time and kept as digests only."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keeper.errors import BadSettings
from keeper.signers.places import locate, read_line
from keeper.signers.secret import Secret

SHORTEST: Final = 32
"""Fewest characters of a token."""
_LONGEST_HEADER: Final = 4_096


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked for. None: reading is open, changing is off."""

    read: bytes | None = None
    """SHA-256 of the token for reading."""
    change: bytes | None = None
    """SHA-256 of the token for changing, which also reads."""

    def may_read(self, authorization: str) -> bool:
        """Tell whether this Authorization header may read: a bearer token, or a browser's password with any user name."""
        if self.read is None:
            return True
        given = _bearer(authorization) or _password(authorization)
        # Both are looked at, whatever the first says.
        return _same(given, self.read) | _same(given, self.change)

    def may_change(self, authorization: str) -> bool:
        """Tell whether this header may change things: bearer only, which no browser sends by itself."""
        return _same(_bearer(authorization), self.change)


OPEN: Final = Access()
"""Everybody reads, nobody changes anything."""


def open_access(read_place: str | None, change_place: str | None, environ: Mapping[str, str]) -> Access:
    """Read the token files, each a path or `credential:NAME`. Raises BadSettings with the remedy."""
    return Access(
        read=_digest(read_place, "web.read_token_file", environ),
        change=_digest(change_place, "web.token_file", environ),
    )


def _digest(place: str | None, setting: str, environ: Mapping[str, str]) -> bytes | None:
    if place is None:
        return None
    token: Secret = read_line(locate(place, environ), f"the file of setting {setting},")
    if len(token.reveal()) < SHORTEST or not token.reveal().isascii():
        message = f"{setting} needs {SHORTEST} or more ASCII characters in its file; make one: openssl rand -hex 32"
        raise BadSettings(message, setting=setting)
    return hashlib.sha256(token.reveal()).digest()


def _same(given: bytes, known: bytes | None) -> bool:
    # Digests have one length, so the time tells neither the token nor how long it is.
    same = hmac.compare_digest(hashlib.sha256(given).digest(), bytes(32) if known is None else known)
    return same and known is not None


def _bearer(authorization: str) -> bytes:
    scheme, _, given = authorization[:_LONGEST_HEADER].partition(" ")
    return given.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""


def _password(authorization: str) -> bytes:
    scheme, _, given = authorization[:_LONGEST_HEADER].partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given.strip().encode("ascii"), validate=True).partition(b":")[2]
    except (binascii.Error, UnicodeEncodeError):
        return b""
