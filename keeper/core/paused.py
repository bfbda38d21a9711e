"""The keeper's own pause: a person told it to send nothing new. What is paused on the chain is in keeper.core.pauses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from keeper.core.units import Seconds

PAUSED_NOTE: Final = "paused"
"""The store's note that says so; without it, or with an empty one, the keeper works."""
LONGEST: Final = 200
"""Most characters of a name or a reason that are kept."""
ONE_LINE: Final = f"must be one line of at most {LONGEST} characters"
_NOBODY: Final = "somebody"


def is_one_line(text: str) -> bool:
    """Tell whether a name or a reason can be kept and shown anywhere as it is.

    That leaves out control characters, line breaks, marks that turn the direction of writing and halves of characters.
    """
    return len(text) <= LONGEST and text.isprintable()


@dataclass(frozen=True, slots=True)
class Paused:
    """Who paused the keeper, why, and when: by its clock, or the machine's on the command line; None when nobody noted it."""

    by: str
    why: str
    at: Seconds | None

    def words(self) -> str:
        """Return it as the reason of a decision that sends nothing."""
        because = f": {self.why}" if self.why else ""
        return f"paused by {self.by}{because}; nothing new is sent until `keeper resume`"

    def note(self) -> dict[str, Any]:
        """Return the note that pauses the keeper."""
        at = None if self.at is None else int(self.at)
        return {"by": self.by[:LONGEST], "why": self.why[:LONGEST], "at": at}


RESUMED: Final[Mapping[str, Any]] = {}
"""The note that lets the keeper go on."""


def paused_from(note: Mapping[str, Any] | None) -> Paused | None:
    """Return the pause a note speaks of; a note that is damaged still pauses, since sending is what cannot be undone."""
    if not note:
        return None
    by, why, at = note.get("by"), note.get("why"), note.get("at")
    return Paused(
        by=by[:LONGEST] if isinstance(by, str) and by else _NOBODY,
        why=why[:LONGEST] if isinstance(why, str) else "",
        at=Seconds(at) if isinstance(at, int) and not isinstance(at, bool) else None,
    )
