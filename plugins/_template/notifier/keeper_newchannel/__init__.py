"""An alert channel, to copy."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Notifier
from keeper.toolbox import Toolbox
from keeper_newchannel.adapter import NAME, NewChannel
from keeper_newchannel.settings import settings_from


@hookimpl
def keeper_notifiers(toolbox: Toolbox) -> Iterable[Notifier]:
    """Add the channel, unless its address is not configured."""
    settings = settings_from(toolbox.section(NAME))
    return [] if settings.webhook_url is None else [NewChannel(settings.webhook_url, toolbox.session)]
