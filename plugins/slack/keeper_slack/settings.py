"""What an operator may set for Slack."""

from typing import Any, Final

from keeper.webhook import WebhookSettings

NAME: Final = "slack"


def settings_from(section: Any) -> WebhookSettings:
    """Return the checked `slack` section. Raises pydantic's ValidationError, which names the field."""
    return WebhookSettings.model_validate(section)
