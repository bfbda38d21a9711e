"""Which routes an endpoint turned out not to have, remembered for a while so that it is not asked twice."""

import json
import time
from collections.abc import Callable
from typing import Final

from keeper.chain.http import Answer

MEMORY: Final = 600.0
"""Seconds; a server may be upgraded while we run."""
NOT_FOUND: Final = 404
_MISSING: Final = frozenset({405, 410, 501})


class Routes:
    """What is known to be missing at one endpoint; names are the caller's own."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._missing_until: dict[str, float] = {}

    def has(self, route: str) -> bool:
        """Tell whether it is worth asking."""
        return self._missing_until.get(route, self._monotonic()) <= self._monotonic()

    def is_missing(self, route: str, answer: Answer) -> bool:
        """Tell whether `answer` says that there is no such route, and remember it; an unknown *thing* is no news."""
        missing = answer.status in _MISSING or (answer.status == NOT_FOUND and _names_the_route(answer))
        if missing:
            self._missing_until[route] = self._monotonic() + MEMORY
        return missing


def _names_the_route(answer: Answer) -> bool:
    """Tell whether a 404 is about the path itself, which the API words as `Route GET:/… not found`."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    said = body.get("message") if isinstance(body, dict) else None
    return isinstance(said, str) and said.startswith("Route ")
