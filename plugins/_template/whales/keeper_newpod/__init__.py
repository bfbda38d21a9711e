"""A source of whales, to copy."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import WhaleFeed
from keeper.toolbox import Toolbox
from keeper_newpod.adapter import NewPod
from keeper_newpod.parse import NAME
from keeper_newpod.settings import settings_from


@hookimpl
def keeper_whale_sources(toolbox: Toolbox) -> Iterable[WhaleFeed]:
    """Add the source, unless its address is not configured."""
    settings = settings_from(toolbox.section(NAME))
    return [] if settings.url is None else [NewPod(settings, toolbox.session)]
