"""What every back end holds to in the same words: bounds of its lists, and what it refuses to write."""

from typing import Final

from keeper.core.leases import SENDER
from keeper.errors import LeaseLost

NEWEST_INTENTS: Final = 200
"""How many intents are given when nobody says how many."""
LAST_PLACE: Final = 2**63 - 1
"""The highest place that a record can have."""


def lease_lost(term: int | None) -> LeaseLost:
    """Return the error of a write that came with a term that the lease `sender` no longer has."""
    msg = f"the lease {SENDER} no longer has term {term}; nothing was written, another keeper goes on from here"
    return LeaseLost(msg, lease=SENDER, term=term)
