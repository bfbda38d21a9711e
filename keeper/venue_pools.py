"""What the venues have in common about their lists of pools: which are wanted, and what becomes of those that are absent."""

from collections.abc import Container, Iterable, Mapping
from typing import Final

import structlog

from keeper.core.assets import AssetBook
from keeper.core.market import Books, MarketView, Route
from keeper.errors import BadSettings, SourceUnavailable

log: Final = structlog.get_logger("keeper.venue_pools")


def is_held(symbols: Iterable[str], assets: AssetBook, *, ours: bool, where: str) -> bool:
    """Tell whether this keeper holds both assets of a pool: of `ours`, those listed by the plugin, it may be neither.

    Raises BadSettings for a pool that somebody configured (in the setting `where`) and that does not fit.
    """
    unknown = [symbol for symbol in symbols if symbol not in assets]
    if unknown and not ours:
        msg = f"{where} names {unknown[0]}, which is not a configured asset; configure it or drop the pool"
        raise BadSettings(msg)
    return not unknown


class PoolWatch:
    """Turns what a venue read into its view, and tells of a pool's absence when its reason is new, not in every cycle."""

    def __init__(self, venue: str, label: str, *, expected: Container[str]) -> None:
        """Watch `venue`, called `label` in sentences; absences for a reason of `expected` are no trouble."""
        self._venue = venue
        self._label = label
        self._expected = expected
        self._told: Mapping[str, str] = {}

    def view(self, books: Books, routes: Iterable[Route], absent: Mapping[str, str]) -> MarketView:
        """Return the view. Raises SourceUnavailable when troubles leave nothing to trade at."""
        for pool, reason in absent.items():
            if self._told.get(pool) != reason:
                log.warning("pool_absent", venue=self._venue, pool=pool, reason=reason)
        self._told = absent
        if not books and any(reason not in self._expected for reason in absent.values()):
            reasons = "; ".join(f"{pool}: {reason}" for pool, reason in absent.items())
            msg = f"no {self._label} pool can be traded at now: {reasons}"
            raise SourceUnavailable(msg, venue=self._venue, absent=dict(absent))
        return MarketView(books, tuple(routes), absent)
