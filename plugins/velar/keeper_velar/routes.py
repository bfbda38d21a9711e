"""One Velar pool in one direction, quoted exactly as our adapter contracts and Velar's would trade it."""

from dataclasses import dataclass
from typing import Final

from keeper.core.market import Books, Fill
from keeper.core.units import BaseUnits
from keeper.errors import MarketRefused
from keeper_velar import arithmetic, univ2, univ2_gen2

LEAST_MINIMUM: Final = 1
"""Velar refuses a minimum of zero, so the adapters always ask for at least one unit."""
MAX_AMOUNT: Final = 10**16
"""The adapter contracts offer Velar no more base units than this, so that its arithmetic cannot overflow."""


@dataclass(frozen=True, slots=True)
class VelarRoute:
    """One pool in one direction, run by one of our adapter contracts.

    `tokens` are the principals that Velar moves, sold and bought; `scale` is what one base unit of the
    sold asset counts in the pool's arithmetic, which is one: Velar reckons in native units.
    """

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str]
    tokens: tuple[str, str]
    zero_for_one: bool
    scale: int = 1

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contracts would pay, in native units. Raises MarketRefused."""
        if not 0 < amount_in <= MAX_AMOUNT:
            msg = "an amount that the adapter contract does not offer to Velar"
            raise MarketRefused(msg, venue=self.venue, amount_in=amount_in)
        key = self.pool_keys[0]
        out, after = self._swap(books.get(key), amount_in)
        return Fill(amount_in, BaseUnits(out), {**books, key: after})

    def _swap(self, pool: object, amount_in: int) -> tuple[int, arithmetic.Pool]:
        match pool:
            case univ2.Pool():
                first = univ2.router_swap(pool, amount_in, LEAST_MINIMUM, zero_for_one=self.zero_for_one)
                return first.out, first.pool
            case arithmetic.Pool():
                second = univ2_gen2.pool_swap(pool, amount_in, LEAST_MINIMUM, zero_for_one=self.zero_for_one)
                return second.out, second.pool
            case _:
                msg = f"the books hold no Velar pool {self.pool_keys[0]}"
                raise MarketRefused(msg, venue=self.venue, pool=self.pool_keys[0])
