"""What an operator may set for Discord."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

NAME: Final = "discord"
_ADDRESS: Final = re.compile(r"https://[!-~]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/[!-~]*)?")


def _is_address(url: SecretStr) -> SecretStr:
    if not _ADDRESS.fullmatch(url.get_secret_value()):
        msg = "a webhook address starts with https:// (plain http only on this machine)"
        raise ValueError(msg)
    return url


class DiscordSettings(BaseModel):
    """The `discord` section."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook_url: Annotated[SecretStr, AfterValidator(_is_address)] | None = None
    """Whoever knows it can post, so it is a secret; without one this plugin adds no channel."""


def settings_from(section: Any) -> DiscordSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return DiscordSettings.model_validate(section)
