"""DIA's oracle on Stacks: USD prices with 8 decimals and a stamp in milliseconds, renewed every quarter of an hour or so."""

from collections.abc import Sequence
from typing import Final

from keeper.chain.clarity import Ok, ascii_
from keeper.core.assets import Asset
from keeper.core.prices import Fault, Observation, PricePoint, RefusedPrice
from keeper.core.units import PriceE12, Seconds
from keeper.ports import Clock, TipReader
from keeper_onchain_prices.reading import Reading
from keeper_onchain_prices.settings import OnchainSettings

NAME: Final = "dia"
_TO_E12: Final = 10 ** (12 - 8)
_MILLIS: Final = 1_000


class Dia(Reading):
    """The `PriceSource` of DIA: one read for each asset that has a key."""

    def __init__(self, settings: OnchainSettings, chain: TipReader, clock: Clock) -> None:
        super().__init__(NAME, settings, chain, clock)

    async def prices(self, assets: Sequence[Asset]) -> Sequence[Observation]:
        """Return USD prices and refusals of the assets that have a key. Raises SourceUnavailable."""
        keys = self.settings.dia_keys
        found = [await self._one(asset.symbol, keys[asset.symbol]) for asset in assets if asset.symbol in keys]
        refused = tuple(item for item in found if isinstance(item, RefusedPrice))
        if found and len(refused) == len(found):
            raise self.none_left("; ".join(f"{item.asset}: {item.why}" for item in refused), refused=refused)
        return found

    async def _one(self, symbol: str, key: str) -> Observation:
        answer, _ = await self.newest(self.settings.dia_contract, "get-value", [ascii_(key)])
        match answer:
            case Ok({"value": int(value), "timestamp": int(millis)}) if (value, millis) == (0, 0):
                return RefusedPrice(NAME, symbol, Fault.MISSING, f"DIA does not know the key {key}")
            case Ok({"value": int(value), "timestamp": int(millis)}) if type(value) is type(millis) is int:
                at = Seconds(millis // _MILLIS)
                return self.judged(PricePoint(NAME, symbol, "USD", PriceE12(value * _TO_E12), at, kind="chain"))
            case _:
                return RefusedPrice(NAME, symbol, Fault.UNREADABLE, "DIA answered something that is no price")
