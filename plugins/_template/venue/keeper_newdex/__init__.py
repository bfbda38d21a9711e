"""A constant-product venue, to copy."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Dex
from keeper.toolbox import Toolbox
from keeper_newdex.adapter import NAME, NewDex
from keeper_newdex.settings import settings_from


@hookimpl
def keeper_dexes(toolbox: Toolbox) -> Iterable[Dex]:
    """Add the venue, unless no pool is configured."""
    settings = settings_from(toolbox.section(NAME))
    return [NewDex(settings, toolbox.assets, toolbox.deployer)] if settings.pools else []
