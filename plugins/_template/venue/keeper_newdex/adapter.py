"""The venue as a Dex: reads its pools at one tip and offers routes over them."""

from dataclasses import dataclass
from typing import Final

from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused
from keeper.ports import ContractReader
from keeper_newdex.parse import Pool, pool_from
from keeper_newdex.settings import NewDexSettings

NAME: Final = "newdex"


@dataclass(frozen=True, slots=True)
class NewDexRoute:
    """One pool in one direction, run by an adapter contract that governance has admitted."""

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str]
    x_for_y: bool

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contracts would pay. Raises MarketRefused."""
        key = self.pool_keys[0]
        pool = books.get(key)
        if not isinstance(pool, Pool):
            msg = f"the books hold no pool {key}"
            raise MarketRefused(msg, venue=self.venue)
        out, after = pool.swap(amount_in, x_for_y=self.x_for_y)
        return Fill(amount_in, BaseUnits(out), {**books, key: after})


class NewDex:
    """A `Dex`; holds nothing but what it was told at start."""

    def __init__(self, settings: NewDexSettings, assets: AssetBook, deployer: str) -> None:
        unknown = [symbol for pool in settings.pools for symbol in (pool.x, pool.y) if symbol not in assets]
        if unknown:
            msg = f"newdex.pools names {unknown[0]}, which is not a configured asset"
            raise BadSettings(msg)
        self._pools = settings.pools
        self._adapter = f"{deployer}.{NAME}-adapter"

    @property
    def name(self) -> str:
        """Always `newdex`."""
        return NAME

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapter contract of the configured pools."""
        return (self._adapter,)

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every pool at `tip`. Raises SourceUnavailable for an odd answer, and what `reader` raises."""
        books: dict[str, object] = {}
        routes: list[Route] = []
        for wanted in self._pools:
            pool = pool_from(await reader.read(wanted.contract, "get-pool", (), tip))
            if pool is None:
                continue
            key = f"{NAME}:{wanted.contract}"
            books[key] = pool
            for sell, buy, x_for_y in ((wanted.x, wanted.y, True), (wanted.y, wanted.x, False)):
                routes.append(NewDexRoute(NAME, self._adapter, wanted.contract, sell, buy, (key,), x_for_y))
        return MarketView(books=books, routes=tuple(routes))
