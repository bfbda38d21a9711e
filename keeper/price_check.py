"""The price self-test: who is live for which asset, which assets have too few, and what a key would add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from keeper.analysis import agree
from keeper.core.assets import STX
from keeper.core.consensus import STX_USD
from keeper.core.policy import Policy
from keeper.core.prices import PricePoint
from keeper.observe import Observer
from keeper.ports import Clock

log = structlog.get_logger("keeper.prices")


@dataclass(frozen=True, slots=True)
class PriceReport:
    """What a self-test found."""

    live: Mapping[str, tuple[str, ...]]
    """The sources that agree, by asset; USD per STX among them under its own name."""
    lead: Mapping[str, str]
    """Who goes first in the fallback order, by asset."""
    thin: Mapping[str, str]
    """Every asset without an agreed price, and why, in words."""
    silent: Mapping[str, str]
    """Every source or venue that said nothing usable, and why."""
    hints: Mapping[str, str]
    """What a key that is not set would add, by source."""

    @property
    def thin_assets(self) -> tuple[str, ...]:
        """The assets among the thin; without USD per STX a pool may still be valued by its venues."""
        return tuple(name for name in self.thin if name != STX_USD)

    def log(self) -> None:
        """Write the report to the log: a warning for each asset with too few sources, else one line."""
        for asset, why in self.thin.items():
            log.warning("asset_has_too_few_sources", asset=asset, reason=why)
        for source, why in self.silent.items():
            log.warning("source_is_silent", source=source, reason=why)
        for source, hint in self.hints.items():
            log.info("a_key_would_help", source=source, hint=hint)
        if not self.thin:
            log.info("prices_tested", **{asset: " and ".join(names) for asset, names in self.live.items()})

    def words(self) -> str:
        """Return who is live for what, in one sentence."""
        said = [f"{asset} from {' and '.join(names)}" for asset, names in self.live.items()]
        return "; ".join([", ".join(said) or "no asset has an agreed price", *self._silences()])

    def shortage(self) -> str:
        """Return every asset that has too few live sources, by name and reason."""
        return "; ".join([*(f"{asset}: {why}" for asset, why in self.thin.items()), *self._silences()])

    def _silences(self) -> list[str]:
        return [f"{name} is silent: {why}" for name, why in self.silent.items()]


async def check_prices(observer: Observer, symbols: Sequence[str], policy: Policy, clock: Clock) -> PriceReport:
    """Ask every source and venue once and judge them as a cycle would, but for jumps. Raises NodeUnavailable, TipMoved.

    An asset is thin without enough live sources that agree; so is USD per STX where a source quotes in USD.
    """
    web = await observer.tested_prices()
    venue_points, silent_venues = await observer.venue_prices()
    points = (*web.points, *venue_points)
    found = agree([*symbols], points, policy, {}, clock.now())
    agreed = {symbol: price for symbol, price in found.agreed.items() if symbol != STX}
    thin = {symbol: str(refusal) for symbol, refusal in found.failed.items()}
    if found.stx_usd is not None:
        agreed[STX_USD] = found.stx_usd
    elif quoted := _in_usd(points):
        thin[STX_USD] = f"no agreement on USD per STX; quoted in USD by {' and '.join(quoted)}"
    return PriceReport(
        live={symbol: tuple(sorted(point.source for point in price.points)) for symbol, price in agreed.items()},
        lead={symbol: price.lead for symbol, price in agreed.items()},
        thin=thin,
        silent={**web.silent, **silent_venues},
        hints=observer.hints(),
    )


def _in_usd(points: Sequence[PricePoint]) -> list[str]:
    return sorted({point.source for point in points if point.quote == "USD"})
