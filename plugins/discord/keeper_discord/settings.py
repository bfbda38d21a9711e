"""What an operator may set for Discord."""

from typing import Any, Final

from keeper.webhook import WebhookSettings

NAME: Final = "discord"


def settings_from(section: Any) -> WebhookSettings:
    """Return the checked `discord` section. Raises pydantic's ValidationError, which names the field."""
    return WebhookSettings.model_validate(section)
