"""Venue pools as values, and routes through them.

A venue plugin reads its pools at one tip and hands over `Books` (the state of every pool it read)
and `Route`s (ways to swap one asset for another over those pools). Quoting is pure: it takes books
and gives the output together with the books as they would be afterwards, so that a planner can
chain swaps, also over routes that share a pool.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from keeper.core.units import BaseUnits

Books = Mapping[str, object]
"""Pool key (unique over all venues, e.g. ``alex:13``) to that venue's own frozen pool state."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What a swap would consume and pay, in base units, and the books after it."""

    amount_in: BaseUnits
    amount_out: BaseUnits
    books: Books


class Route(Protocol):
    """One way to swap `sell` for `buy` at one venue, in one contract call."""

    @property
    def venue(self) -> str:
        """Name of the venue, as in settings and records."""
        ...

    @property
    def adapter(self) -> str:
        """Principal of the on-chain adapter contract that runs this route."""
        ...

    @property
    def payer(self) -> str:
        """Principal that pays the bought asset out; post-conditions name it."""
        ...

    @property
    def sell(self) -> str:
        """Symbol of the asset that goes in."""
        ...

    @property
    def buy(self) -> str:
        """Symbol of the asset that comes out."""
        ...

    @property
    def pool_keys(self) -> tuple[str, ...]:
        """Keys of the pools passed, in order; one entry per hop."""
        ...

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contract would pay for `amount_in`. Raises MarketRefused."""
        ...


@dataclass(frozen=True, slots=True)
class MarketView:
    """Everything the venues showed at one tip."""

    books: Books
    routes: tuple[Route, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    """Pools that give no route now, by key or by name, each with the reason in words."""
    _found: dict[tuple[str, str], tuple[Route, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What `between` gave before: every pool of a round asks the same."""

    def between(self, sell: str, buy: str) -> tuple[Route, ...]:
        """Return the routes that swap `sell` for `buy`, in the venues' configured order."""
        if (sell, buy) not in self._found:
            self._found[sell, buy] = tuple(r for r in self.routes if r.sell == sell and r.buy == buy)
        return self._found[sell, buy]


EMPTY_MARKET = MarketView(books={}, routes=())
