"""Pyth as one PriceSource, whichever of its services there are keys for."""

from collections.abc import Sequence
from typing import Final

import aiohttp

from keeper.core.assets import Asset
from keeper.core.prices import Observation, PricePoint
from keeper.errors import SourceUnavailable
from keeper.ports import Clock
from keeper_pyth.parse import NAME
from keeper_pyth.services import Hermes, Lazer, Line, Service
from keeper_pyth.settings import PythSettings
from keeper_pyth.stream import Stream

NO_KEY: Final = (
    "no Pyth key is set: api_key (Hermes) or lazer_key (Lazer) in plugin.pyth would add a price of STX in USD "
    "that is seconds old and says how sure it is"
)


class Pyth:
    """The `PriceSource` of Pyth: Lazer's stream first, then Lazer, and Hermes for what they have no price of.

    All are one source, since they say what the same publishers say: two of its answers are not two opinions.
    """

    def __init__(self, settings: PythSettings, session: aiohttp.ClientSession, clock: Clock) -> None:
        services: list[Service] = []
        if settings.lazer_key is not None:
            if settings.lazer_streams:
                services.append(Stream(settings, settings.lazer_key, session, clock))
            services.append(Lazer(settings, Line("pyth lazer", settings.lazer_key, session, clock)))
        if settings.api_key is not None:
            services.append(Hermes(settings, Line("pyth", settings.api_key, session, clock)))
        self._services = tuple(services)

    @property
    def name(self) -> str:
        """Always `pyth`."""
        return NAME

    @property
    def hint(self) -> str | None:
        """Which key is not there and what it would add."""
        return None if self._services else NO_KEY

    async def prices(self, assets: Sequence[Asset]) -> Sequence[Observation]:
        """Return USD prices and refusals of the assets that have a feed; none without a key. Raises SourceUnavailable."""
        found: list[Observation] = []
        trouble: SourceUnavailable | None = None
        for service in self._services:
            priced = {item.asset for item in found if isinstance(item, PricePoint)}
            symbols = [asset.symbol for asset in assets if asset.symbol in service.feeds and asset.symbol not in priced]
            if not symbols:
                continue
            try:
                found += await service.prices(symbols)
            except SourceUnavailable as exc:
                trouble = trouble or exc
        if trouble is not None and not any(isinstance(item, PricePoint) for item in found):
            raise trouble
        return found
