"""What an operator may set."""

from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr


class NewChannelSettings(BaseModel):
    """The `newchannel` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook_url: SecretStr | None = None


def settings_from(section: Any) -> NewChannelSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return NewChannelSettings.model_validate(section)
