"""What a plugin may touch, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from keeper.core.assets import AssetBook
from keeper.ports import Clock, TipReader


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Handed to every hook at start."""

    session: aiohttp.ClientSession
    """One shared HTTP session with a total time-out; do not close it."""
    clock: Clock
    assets: AssetBook
    """The configured assets."""
    deployer: str
    """Address under which the pool contracts, the adapters among them, are deployed."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """Each plugin's own section of the configuration, by plugin name; may hold secrets."""
    chain: TipReader | None = field(default=None, repr=False)
    """Reads contracts at the newest block, for price sources on the chain; the keeper always has one."""

    def section(self, plugin: str) -> Mapping[str, Any]:
        """Return the configuration section of `plugin`, empty when there is none."""
        return self.settings.get(plugin, {})
