"""What an operator may set for Pyth, and the one feed it has for the assets pools start with."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

STX_USD: Final = "ec7a775f46379b5e943c3526b1c8d54cd49749176b0b98e02dde68d1bd335c17"
LAZER_STX_USD: Final = 45

Address = Annotated[
    str, Field(pattern=r"^(https://[^\s@?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s@?#]*)?)$")
]
"""An https address, or plain http on this machine: a key goes along with every request."""

StreamAddress = Annotated[
    str, Field(pattern=r"^(wss://[^\s@?#]+|ws://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s@?#]*)?)$")
]


def _feed_id(text: str) -> str:
    return text.lower().removeprefix("0x")


def _fits_a_header(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        msg = "a key is visible ASCII characters without spaces"
        raise ValueError(msg)
    return key


ApiKey = Annotated[SecretStr, AfterValidator(_fits_a_header)]
FeedId = Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]{64}$"), AfterValidator(_feed_id)]


FeedNumber = Annotated[int, Field(ge=1, le=4_294_967_295)]


class PythSettings(BaseModel):
    """The `pyth` section."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: ApiKey | None = None
    """Hermes has wanted a key since August 2026; without one it is not asked."""
    lazer_key: ApiKey | None = None
    """A subscription's key for Lazer (Pyth Pro); without one it is not asked."""
    base_url: Address = "https://pyth.dourolabs.app/hermes"
    feeds: dict[str, FeedId] = Field(default_factory=lambda: {"STX": STX_USD})
    """Asset symbol to Hermes price feed id, quoted in USD."""
    lazer_url: Address = "https://pyth-lazer.dourolabs.app"
    lazer_streams: tuple[StreamAddress, ...] = Field(
        default=tuple(f"wss://pyth-lazer-{number}.dourolabs.app/v1/stream" for number in range(3)), max_length=8
    )
    """Where Lazer streams, used in turn; with none, and whenever the stream has no fresh price, Lazer is asked over HTTP."""
    lazer_feeds: dict[str, FeedNumber] = Field(default_factory=lambda: {"STX": LAZER_STX_USD})
    """Asset symbol to Lazer feed number, quoted in USD."""
    max_ahead_seconds: Annotated[int, Field(ge=0, le=3600)] = 120
    """How far a publish time may lie ahead of the keeper's clock, which may follow block times."""


def settings_from(section: Any) -> PythSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return PythSettings.model_validate(section)
