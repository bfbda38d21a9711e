"""Who may send: one holder at a time, told apart by a number that only grows. No time is in here."""

from dataclasses import dataclass
from typing import Final

SENDER: Final = "sender"
"""Name of the lease that fences the journal: its holder alone signs, sends and writes intents."""
FREE: Final = ""
"""The holder of a lease that was given back."""
LONGEST_HOLDER: Final = 200
"""Characters; far more than any identity needs, far less than would hurt a store."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease as it stands in the store.

    `term` grows by one with every change of holder and is never used again, so it fences: a write that
    names an older term comes from a holder that has been replaced. `beat` grows with every renewal, so
    whoever watches it stand still for long enough, by a clock of their own, knows that nobody renews.
    """

    name: str
    term: int
    holder: str
    beat: int


def check_holder(holder: str) -> None:
    """Raise ValueError when `holder` cannot be the name of one who holds a lease."""
    if not 0 < len(holder) <= LONGEST_HOLDER:
        msg = f"a holder is named by 1 to {LONGEST_HOLDER} characters, not {len(holder)}"
        raise ValueError(msg)
