"""What every back end holds to in the same words: bounds of its lists, and what it refuses to write."""

from typing import Final

from keeper.core.leases import SENDER
from keeper.core.records import Decision, PoolView
from keeper.errors import LeaseLost

NEWEST_INTENTS: Final = 200
"""How many intents are given when nobody says how many."""
LAST_PLACE: Final = 2**63 - 1
"""The highest place that a record can have."""


def check_turn(decision: Decision, view: PoolView | None) -> None:
    """Raise ValueError when a decision and a view are not of the same pool."""
    if view is not None and view.pool_id != decision.pool_id:
        msg = f"a decision of pool {decision.pool_id} was to be written with a view of pool {view.pool_id}"
        raise ValueError(msg)


def lease_lost(term: int | None) -> LeaseLost:
    """Return the error of a write that came with a term that the lease `sender` no longer has."""
    msg = f"the lease {SENDER} no longer has term {term}; nothing was written, another keeper goes on from here"
    return LeaseLost(msg, lease=SENDER, term=term)
