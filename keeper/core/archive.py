"""One stored record apart from any store, so that all of them can be carried from one back end to another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

RowKind = Literal["whale", "decision", "intent", "alert", "view", "point", "note", "lease"]
KINDS: Final[tuple[RowKind, ...]] = ("whale", "decision", "intent", "alert", "view", "point", "note", "lease")
"""In the order in which they are carried."""
IMPORT_NOTE: Final = "import"
"""Says which file a store was filled from, and whether wholly; stays behind when the store is carried on."""


INSTALLATION_NOTE: Final = "installation"
"""Says whose store it is; whoever opens one first writes it, a look by `keeper check` included."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it is stored."""

    kind: RowKind
    body: Mapping[str, Any]
    """The JSON object it is stored as; whole numbers are exact."""
    seq: int | None = None
    """Its place in the order of writing: decisions, intents and alerts have one."""
    key: str | None = None
    """The name of a note."""
    where: str = field(default="", compare=False)
    """What it is found by in its store, for people; empty for one out of a file."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored record that is no JSON object or has no place: it can be named, and not carried."""

    kind: RowKind
    where: str
    """What it is found by in its store."""
    why: str
