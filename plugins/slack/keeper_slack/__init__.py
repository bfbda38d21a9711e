"""Alerts in Slack."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import Notifier
from keeper.toolbox import Toolbox
from keeper_slack.adapter import slack
from keeper_slack.settings import NAME, settings_from


@hookimpl
def keeper_notifiers(toolbox: Toolbox) -> Iterable[Notifier]:
    """Add Slack, unless there is no webhook address to post to."""
    url = settings_from(toolbox.section(NAME)).webhook_url
    return [] if url is None else [slack(url, toolbox.session)]
