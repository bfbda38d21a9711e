"""The prices that were agreed on last: what a jump is told by, and what a crash must not forget."""

from collections.abc import Mapping
from typing import Any, Final

from keeper.core.consensus import STX_USD, Agreement, LastPrice
from keeper.core.units import PriceE12, Seconds
from keeper.ports import Store
from keeper.turn_log import TurnLog

PRICES_NOTE: Final = "agreed-prices"


class AgreedPrices:
    """The note of agreed prices, read once a round: nobody else writes it while this keeper has the lease."""

    def __init__(self, store: Store, turns: TurnLog) -> None:
        self._store = store
        self._turns = turns
        self._noted: dict[str, Any] | None = None

    def begin(self) -> None:
        """Begin a round."""
        self._noted = None

    async def last(self) -> dict[str, LastPrice]:
        """Return what was agreed last, by symbol. Raises StoreUnavailable."""
        return {
            symbol: LastPrice(PriceE12(int(row["price_e12"])), Seconds(int(row["at"])))
            for symbol, row in (await self._known()).items()
        }

    async def remember(self, agreement: Agreement) -> None:
        """Have the agreed prices written with the pool's turn, unless the pool before agreed on the very same."""
        before = await self._known()
        agreed = dict(agreement.agreed)
        if agreement.stx_usd is not None:
            agreed[STX_USD] = agreement.stx_usd
        new = {s: {"price_e12": str(price.price_e12), "at": int(price.oldest_at)} for s, price in agreed.items()}
        if any(before.get(symbol) != row for symbol, row in new.items()):
            self._noted = {**before, **new}
            self._turns.note(PRICES_NOTE, self._noted)

    async def _known(self) -> Mapping[str, Any]:
        if self._noted is None:
            self._noted = dict(await self._store.note(PRICES_NOTE) or {})
        return self._noted
