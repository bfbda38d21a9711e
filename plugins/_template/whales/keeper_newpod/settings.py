"""What an operator may set."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Address = Annotated[str, Field(pattern=r"^https?://[^\s]{1,500}$")]


class NewPodSettings(BaseModel):
    """The `newpod` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Address | None = None
    api_key: SecretStr | None = None


def settings_from(section: Any) -> NewPodSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return NewPodSettings.model_validate(section)
