"""Pyth Hermes as a price source."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import PriceSource
from keeper.toolbox import Toolbox
from keeper_pyth.adapter import Pyth
from keeper_pyth.parse import NAME
from keeper_pyth.settings import settings_from


@hookimpl
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:
    """Add Pyth, unless there is no key: Hermes refuses everybody without one."""
    settings = settings_from(toolbox.section(NAME))
    return [] if settings.api_key is None else [Pyth(settings, toolbox.session, toolbox.clock)]
