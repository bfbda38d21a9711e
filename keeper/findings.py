"""What a check of something the keeper depends on comes to: fine, or unwell with its remedy."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


class Unwell(Exception):
    """Something was found wrong; carries the remedy."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.remedy = remedy


Check = Callable[[], Awaitable[str]]
