"""What an operator may set."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Contract = Annotated[str, Field(pattern=r"^S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9_-]{0,127}$")]


class PoolSettings(BaseModel):
    """One pool contract and the symbols of its two tokens, in its own order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    x: str
    y: str


class NewDexSettings(BaseModel):
    """The `newdex` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pools: tuple[PoolSettings, ...] = ()


def settings_from(section: Any) -> NewDexSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return NewDexSettings.model_validate(section)
