"""What every back end holds to in the same words: bounds of its lists, and what it refuses to write."""

from typing import Final

from keeper.core.leases import SENDER
from keeper.core.records import Outcome
from keeper.core.retention import LASTING
from keeper.errors import LeaseLost

NEWEST_INTENTS: Final = 200
"""How many intents are given when nobody says how many."""
LAST_PLACE: Final = 2**63 - 1
"""The highest place that a record can have."""


def check_outcome(outcome: Outcome | None) -> None:
    """Refuse with ValueError to look for an outcome among decisions that have no index by it: there are too many."""
    if outcome is not None and outcome not in LASTING:
        msg = f"decisions are found by {', '.join(sorted(LASTING))}; {outcome} is too common"
        raise ValueError(msg)


def lease_lost(term: int | None) -> LeaseLost:
    """Return the error of a write that came with a term that the lease `sender` no longer has."""
    msg = f"the lease {SENDER} no longer has term {term}; nothing was written, another keeper goes on from here"
    return LeaseLost(msg, lease=SENDER, term=term)
