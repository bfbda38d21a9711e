"""The hooks a plugin may implement. They run once, at start, and return adapters that do the work."""

from collections.abc import Iterable

import pluggy

from keeper.ports import Dex, Notifier, PriceSource, WhaleFeed
from keeper.toolbox import Toolbox

PROJECT = "whale_keeper"
ENTRY_POINT_GROUP = "whale_keeper.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def keeper_dexes(toolbox: Toolbox) -> Iterable[Dex]:  # type: ignore[empty-body]
    """Return the venues this plugin adds.

    :param toolbox: HTTP session, clock, assets and this plugin's own settings.
    """


@hookspec
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:  # type: ignore[empty-body]
    """Return the price sources this plugin adds.

    :param toolbox: HTTP session, clock, assets and this plugin's own settings.
    """


@hookspec
def keeper_whale_sources(toolbox: Toolbox) -> Iterable[WhaleFeed]:  # type: ignore[empty-body]
    """Return the sources of whales this plugin adds.

    :param toolbox: HTTP session, clock, assets and this plugin's own settings.
    """


@hookspec
def keeper_notifiers(toolbox: Toolbox) -> Iterable[Notifier]:  # type: ignore[empty-body]
    """Return the alert channels this plugin adds.

    :param toolbox: HTTP session, clock, assets and this plugin's own settings.
    """
