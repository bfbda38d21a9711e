"""Asks the chain about a plugin's venues: whether governance has admitted the adapter contracts that they need."""

import asyncio

from keeper.app import open_keeper
from keeper.doctor import admitted
from keeper.errors import KeeperError
from keeper.findings import Finding, Unwell
from keeper.settings import Settings

REMEDY = "correct what it names in the settings, or leave --config out to check the plugin alone"


async def check_on_chain(plugin: str, settings: Settings) -> list[Finding]:
    """Return one finding for each venue of an installed plugin, by the node and the assets of `settings`.

    A plugin without venues has none. What keeps the chain from being asked is a finding, too.
    """
    alone = settings.model_copy(update={"plugins": (plugin,)})
    try:
        async with open_keeper(alone, asyncio.Event()) as keeper:
            broken = [Finding("on chain", ok=False, detail=each.why, remedy=REMEDY) for each in keeper.registry.broken]
            if not keeper.registry.dexes:
                return broken
            tip = await keeper.observer.tip()
            found = []
            for dex in keeper.registry.dexes:
                try:
                    words = await admitted(dex, keeper.chain, keeper.contracts, tip)
                    found.append(Finding(f"venue {dex.name}", ok=True, detail=words))
                except Unwell as exc:
                    found.append(Finding(f"venue {dex.name}", ok=False, detail=str(exc), remedy=exc.remedy))
            return found
    except KeeperError as exc:
        return [Finding("on chain", ok=False, detail=str(exc), remedy=REMEDY)]
