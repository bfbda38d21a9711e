"""A price source, to copy."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import PriceSource
from keeper.toolbox import Toolbox
from keeper_newfeed.adapter import NewFeed
from keeper_newfeed.parse import NAME
from keeper_newfeed.settings import settings_from


@hookimpl
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:
    """Add the source, unless its address is not configured."""
    settings = settings_from(toolbox.section(NAME))
    return [] if settings.url is None else [NewFeed(settings, toolbox.session)]
