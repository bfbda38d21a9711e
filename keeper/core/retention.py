"""What the store keeps, and for how long: everything for a while, then one a day, and what was done always."""

from dataclasses import dataclass
from typing import Final

from keeper.core.history import DAY_SECONDS
from keeper.core.records import Outcome
from keeper.core.units import Seconds

LASTING: Final = frozenset(
    {
        Outcome.PROPOSED,
        Outcome.VOTE_PASSED,
        Outcome.VOTE_FAILED,
        Outcome.SLICE_EXECUTED,
        Outcome.REBALANCED,
        Outcome.WITHDRAWAL_PAID,
    }
)
"""Decisions that are never thinned. Posted prices are not among them: there are hundreds a day, and each has its intent."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days what is kept; a day is one of UTC, and it is thinned whole."""

    whole_days: int = 30
    """Decisions and history: all of them for so long, then the last of each pool and day; of the history the last
    that has a value, where one has."""
    alert_days: int = 365
    """Alerts: removed after so long."""
    intent_days: int = 1_095
    """Transactions that are over: removed after so long; open ones never are."""

    def whole_before(self, now: Seconds) -> Seconds:
        """Return the start of the first day of which everything is kept."""
        return _before(now, self.whole_days)

    def alerts_before(self, now: Seconds) -> Seconds:
        """Return the start of the first day whose alerts are kept."""
        return _before(now, self.alert_days)

    def intents_before(self, now: Seconds) -> Seconds:
        """Return the start of the first day whose transactions are kept."""
        return _before(now, self.intent_days)


@dataclass(frozen=True, slots=True)
class Thinned:
    """How many records of each kind were removed, or would be."""

    decisions: int = 0
    history: int = 0
    alerts: int = 0
    intents: int = 0

    def __add__(self, other: "Thinned") -> "Thinned":
        """Return both together."""
        return Thinned(
            self.decisions + other.decisions,
            self.history + other.history,
            self.alerts + other.alerts,
            self.intents + other.intents,
        )

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return self != Thinned()


def _before(now: Seconds, days: int) -> Seconds:
    return Seconds((now // DAY_SECONDS - days) * DAY_SECONDS)
