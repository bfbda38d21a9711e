"""A part of a list of records, with the place of each, so that whoever read it can go on where it ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, overload

from typing_extensions import override

from keeper.core.units import Seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the time: from `since` up to, not including, `until`. None: no bound there."""

    since: Seconds | None = None
    until: Seconds | None = None


ALWAYS: Final = Span()


@dataclass(frozen=True, slots=True)
class Page(Sequence[T], Generic[T]):
    """Records, newest first; as a sequence it is the records alone."""

    records: tuple[T, ...]
    places: tuple[int, ...]
    """The place of each in the order of writing. It never changes, and what is written later has a higher one."""

    @classmethod
    def of(cls, placed: Iterable[tuple[int, T]]) -> "Page[T]":
        """Return a page of (place, record)."""
        pairs = tuple(placed)
        return cls(tuple(record for _, record in pairs), tuple(place for place, _ in pairs))

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    @override
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        return self.records[at]

    @override
    def __len__(self) -> int:
        return len(self.records)
