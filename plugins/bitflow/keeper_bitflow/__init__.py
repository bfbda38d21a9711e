"""Bitflow's constant product and stable pools as a venue."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Dex
from keeper.toolbox import Toolbox
from keeper_bitflow.adapter import Bitflow
from keeper_bitflow.settings import NAME, settings_from


@hookimpl
def keeper_dexes(toolbox: Toolbox) -> Iterable[Dex]:
    """Add Bitflow."""
    return [Bitflow(settings_from(toolbox.section(NAME)), toolbox.assets, toolbox.deployer)]
