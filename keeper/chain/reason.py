"""One row of a table of error codes."""

from dataclasses import dataclass

from keeper.errors import KeeperError


@dataclass(frozen=True, slots=True)
class Reason:
    """One code: who answers it, its name there, the keeper's error for it, and a sentence for people."""

    contract: str
    name: str
    code: int
    error: type[KeeperError]
    sentence: str


def reasons_of(contract: str, *rows: tuple[str, int, type[KeeperError], str]) -> tuple[Reason, ...]:
    """Return the rows of one contract."""
    return tuple(Reason(contract, *row) for row in rows)
