"""What sources of prices on the chain have in common: one read-only call at the newest block, and what becomes of its answer."""

from collections.abc import Sequence
from typing import Any, Final

from keeper.core.chain_types import Tip
from keeper.core.prices import Observation, PricePoint, observed
from keeper.errors import MarketRefused, SourceUnavailable, Transient
from keeper.ports import Clock, TipReader
from keeper.retry import Retry
from keeper_onchain_prices.settings import OnchainSettings

AT_TIP: Final = Retry(attempts=3, budget=5.0, first_wait=0.2, on_new_tip=True)
"""The chain may move on between the question for its tip and the read; then both are asked again."""


class Reading:
    """A `PriceSource` in the making: its name, its settings, and how it asks the chain."""

    def __init__(self, name: str, settings: OnchainSettings, chain: TipReader, clock: Clock) -> None:
        self.settings = settings
        self._name = name
        self._chain = chain
        self._clock = clock

    @property
    def name(self) -> str:
        """The source's name in settings and records."""
        return self._name

    async def newest(self, contract: str, function: str, args: Sequence[bytes]) -> tuple[Any, Tip]:
        """Return what the call gives and the block it was made at. Raises SourceUnavailable, which names the source."""

        async def once() -> tuple[Any, Tip]:
            tip = await self._chain.tip()
            return await self._chain.read(contract, function, args, tip), tip

        try:
            return await AT_TIP(once)
        except (Transient, MarketRefused) as exc:  # the second: no such contract, or it failed
            message = f"{self._name} could not be read from the chain: {exc}"
            raise SourceUnavailable(message, source=self._name) from exc

    def judged(self, point: PricePoint) -> Observation:
        """Return the point, or its refusal when it is no price or of the future."""
        return observed(point, now=self._clock.now(), ahead=self.settings.max_ahead_seconds)

    def none_left(self, why: str, **facts: object) -> SourceUnavailable:
        """Return the error for a source with no usable price."""
        return SourceUnavailable(f"{self._name} has no usable price: {why}", source=self._name, **facts)
