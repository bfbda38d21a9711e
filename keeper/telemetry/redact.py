"""Keep secrets out of everything that leaves the process: log lines, error reports, shown settings."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

STARS: Final = "**********"

_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SECRET_WORDS: Final = frozenset(
    {
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "dsn",
        "key",
        "keys",
        "mnemonic",
        "passphrase",
        "password",
        "passwords",
        "secret",
        "secrets",
        "token",
        "tokens",
        "webhook",
        "webhooks",
    }
)
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_WEBHOOK: Final = re.compile(r"https?://[^\s\"'<>]*(?:hooks\.slack\.com|/webhooks?/)[^\s\"'<>]*", re.IGNORECASE)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_SHORTEST: Final = 6
"""Characters a registered secret needs; shorter ones would star ordinary words."""
_DEEPEST: Final = 12


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name may hold a secret: api_key, X-Token, webhookUrl, but not monkey."""
    return any(word.lower() in _SECRET_WORDS for word in _WORDS.findall(name))


def is_secret_url(text: str) -> bool:
    """Tell whether `text` is an address that carries its own credentials (user part, query or webhook path)."""
    if "://" not in text:
        return False
    if _WEBHOOK.search(text) or _USERINFO.search(text):
        return True
    try:
        return bool(urlsplit(text).query)
    except ValueError:
        return True


class Redactor:
    """Replaces secrets by stars: the ones it was told, and whatever stands under a secret-looking name."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        told = {secret for secret in secrets if len(secret) >= _SHORTEST}
        longest_first = sorted(told, key=len, reverse=True)
        self._told = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """Return `text` without told secrets, credentials in addresses, webhook addresses and bearer values."""
        if self._told is not None:
            text = self._told.sub(STARS, text)
        text = _WEBHOOK.sub(STARS, text)
        text = _USERINFO.sub(STARS, text)
        return _BEARER.sub(rf"\1 {STARS}", text)

    def value(self, value: Any, *, depth: int = 0) -> Any:
        """Return a copy of a nested value with every secret starred; unknown objects become their text."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping) and depth < _DEEPEST:
            return {str(name): self.field(str(name), item, depth=depth + 1) for name, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
            return [self.value(item, depth=depth + 1) for item in value]
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        return self.text(str(value))

    def field(self, name: str, value: Any, *, depth: int = 0) -> Any:
        """Return what may be shown of one named value."""
        if is_secret_name(name) and value not in (None, "", False, True):
            return STARS
        return self.value(value, depth=depth)
