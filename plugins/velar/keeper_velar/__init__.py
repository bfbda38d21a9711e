"""Velar univ2 as a venue."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Dex
from keeper.toolbox import Toolbox
from keeper_velar.adapter import Velar
from keeper_velar.settings import NAME, settings_from


@hookimpl
def keeper_dexes(toolbox: Toolbox) -> Iterable[Dex]:
    """Add Velar."""
    return [Velar(settings_from(toolbox.section(NAME)), toolbox.assets, toolbox.deployer)]
