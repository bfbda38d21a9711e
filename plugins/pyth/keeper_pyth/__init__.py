"""Pyth as a price source: Lazer and Hermes."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import PriceSource
from keeper.toolbox import Toolbox
from keeper_pyth.adapter import Pyth
from keeper_pyth.parse import NAME
from keeper_pyth.settings import settings_from


@hookimpl
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:
    """Add Pyth; without a key it asks nobody and says what one would add."""
    return [Pyth(settings_from(toolbox.section(NAME)), toolbox.session, toolbox.clock)]
