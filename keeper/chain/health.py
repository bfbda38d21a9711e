"""How well one endpoint answers, and whether it is left alone for a while."""

import time
from collections.abc import Callable
from typing import Final

from keeper.errors import NodeUnavailable

LONGEST_REST: Final = 120.0
"""Seconds; however often it failed, an endpoint is tried again after that."""
FIRST_REST: Final = 1.0
FORGIVEN: Final = 1
"""One failure is a hiccup; the next one in a row is the first that brings a rest."""
PATIENCE: Final = 30.0
"""Seconds of rest after a 429 that does not say how long."""
_TOO_MANY: Final = 429
_CLOSED_TO_US: Final = frozenset({401, 403, 408, _TOO_MANY})
_NOT_ITS_FAULT: Final = frozenset({"over budget", "budget", "not indexed"})
_LONGEST_TEXT: Final = 200


def root(error: NodeUnavailable) -> NodeUnavailable:
    """Return the error that says what happened on the wire."""
    while isinstance(error.__cause__, NodeUnavailable):
        error = error.__cause__
    return error


def is_fault(error: NodeUnavailable) -> bool:
    """Tell whether the endpoint failed, and not merely declined what it was asked.

    A 4xx about our request and a call that costs too much say nothing against the node that says so; a locked
    door (401, 403) does, for nothing else will work there either.
    """
    facts = root(error).facts
    status = facts.get("status")
    if facts.get("reason") in _NOT_ITS_FAULT:
        return False
    if isinstance(status, int) and 400 <= status < 500:  # noqa: PLR2004
        return status in _CLOSED_TO_US
    return True


class Health:
    """Counts failures in a row; each one more doubles the rest, one success ends it.

    A rest that was asked for (429) or judged (another fork) ends by time alone. Times are monotonic seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rests_until = self._quiet_until = monotonic()
        self.failures = 0
        self.last_error: str | None = None

    def answered(self) -> None:
        """Note an answer, be it a refusal."""
        self.failures, self._rests_until, self.last_error = 0, self._monotonic(), None

    def failed(self, error: NodeUnavailable) -> None:
        """Note a failure; what is not the endpoint's fault is passed over."""
        if not is_fault(error):
            return
        facts = root(error).facts
        self.last_error = str(error)[:_LONGEST_TEXT]
        patience = facts.get("patience")
        if isinstance(patience, float) or facts.get("status") == _TOO_MANY:
            self.rest(max(patience, FIRST_REST) if isinstance(patience, float) else PATIENCE, self.last_error)
            return
        unreachable = facts.get("reached") is False
        self.failures = max(self.failures + 1, FORGIVEN + 1 if unreachable else 1)
        if self.failures > FORGIVEN:
            doublings = min(self.failures - FORGIVEN - 1, 16)
            self._rests_until = self._monotonic() + min(FIRST_REST * 2**doublings, LONGEST_REST)

    def rest(self, seconds: float, why: str) -> None:
        """Leave the endpoint alone for this long, at most LONGEST_REST."""
        self.last_error = why[:_LONGEST_TEXT]
        self._quiet_until = max(self._quiet_until, self._monotonic() + min(seconds, LONGEST_REST))

    def resting(self) -> float:
        """Return the seconds of rest that are left; 0 when it may be asked."""
        return max(self._rests_until - self._monotonic(), self._quiet_until - self._monotonic(), 0.0)
