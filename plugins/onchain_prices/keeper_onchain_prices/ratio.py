"""Stacking DAO's ratio: how much STX one stSTX is worth by its own books, with 6 decimals, as of this block.

It is what stSTX can be turned into after unstacking, not what a market pays at the moment; the other
sources have to bear it out.
"""

from collections.abc import Sequence
from typing import Final

from keeper.chain.clarity import Ok
from keeper.core.assets import Asset
from keeper.core.prices import Fault, Observation, PricePoint, RefusedPrice
from keeper.core.units import PriceE12
from keeper.ports import Clock, TipReader
from keeper_onchain_prices.reading import Reading
from keeper_onchain_prices.settings import OnchainSettings

NAME: Final = "stacking-dao"
_ONE: Final = 10**6
_TO_E12: Final = 10 ** (12 - 6)
MOST_TIMES: Final = 10
"""Stacking yields some percent a year: a ratio outside a half to ten has other decimals than it should, or is of something else."""


class Ratio(Reading):
    """The `PriceSource` of the stSTX ratio: one read, one price in STX."""

    def __init__(self, settings: OnchainSettings, chain: TipReader, clock: Clock) -> None:
        super().__init__(NAME, settings, chain, clock)

    async def prices(self, assets: Sequence[Asset]) -> Sequence[Observation]:
        """Return the price of stSTX in STX when it is asked for. Raises SourceUnavailable."""
        symbol = self.settings.ratio_symbol
        if symbol not in {asset.symbol for asset in assets}:
            return []
        answer, tip = await self.newest(self.settings.ratio_contract, "get-ststx-ratio", [])
        match answer:
            case Ok(int(ratio)) | int(ratio) if type(ratio) is int:
                fault = _fault(symbol, ratio)
                point = PricePoint(NAME, symbol, "STX", PriceE12(ratio * _TO_E12), tip.time, kind="chain")
            case _:
                why = "the contract answered something that is no ratio"
                raise self.none_left(why, fault=Fault.UNREADABLE)
        judged = fault or self.judged(point)
        if isinstance(judged, RefusedPrice):
            raise self.none_left(judged.why, refused=(judged,))
        return [judged]


def _fault(symbol: str, ratio: int) -> RefusedPrice | None:
    """Return the refusal of a ratio that stSTX cannot have; somewhat below one would be a loss, and is left to the others to judge."""
    if ratio <= 0:
        return RefusedPrice(NAME, symbol, Fault.NOT_POSITIVE, "the ratio is not above zero")
    if not _ONE // 2 <= ratio <= MOST_TIMES * _ONE:
        return RefusedPrice(NAME, symbol, Fault.ABSURD, "the ratio is not between a half and ten")
    return None
