"""ALEX amm-pool-v2-01 as a venue."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Dex
from keeper.toolbox import Toolbox
from keeper_alex.adapter import NAME, Alex
from keeper_alex.settings import settings_from


@hookimpl
def keeper_dexes(toolbox: Toolbox) -> Iterable[Dex]:
    """Add ALEX."""
    return [Alex(settings_from(toolbox.section(NAME)), toolbox.assets, toolbox.deployer)]
