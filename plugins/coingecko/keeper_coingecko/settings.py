"""What an operator may set for CoinGecko, and the ids of our assets there."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

ROOTS: Final = {"demo": "https://api.coingecko.com/api/v3", "pro": "https://pro-api.coingecko.com/api/v3"}
KEY_HEADERS: Final = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}

IDS: Final = {
    "STX": ("blockstack",),
    "ALEX": ("alexgo",),
    "DIKO": ("arkadiko-protocol",),
    "WELSH": ("welsh-corgi-coin", "welshcorgicoin"),
    "stSTX": ("stacking-dao",),
}
"""By symbol; where registries disagree about the id, the first that has a price counts."""

Address = Annotated[
    str, Field(pattern=r"^(https://[^\s@?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s@?#]*)?)$")
]
"""An https address, or plain http on this machine: a key may go along with every request."""
CoinId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
CoinIds = Annotated[tuple[CoinId, ...], Field(min_length=1, max_length=5)]


def _fits_a_header(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        msg = "a key is visible ASCII characters without spaces"
        raise ValueError(msg)
    return key


class CoinGeckoSettings(BaseModel):
    """The `coingecko` section."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Annotated[SecretStr, AfterValidator(_fits_a_header)] | None = None
    """Optional; without one the limits are those of everybody behind the same address."""
    plan: Literal["demo", "pro"] = "demo"
    """Which kind of key it is: root address and header belong together."""
    base_url: Address | None = None
    """Another root address than the plan's."""
    ids: dict[str, CoinIds] = Field(default_factory=lambda: dict(IDS))
    """Asset symbol to CoinGecko ids, the preferred one first."""
    min_interval: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds for which an answer serves again; the server itself refreshes every 20 to 60 s."""
    max_ahead_seconds: Annotated[int, Field(ge=0, le=3600)] = 120
    """How far an update time may lie ahead of the keeper's clock, which may follow block times."""

    @property
    def root(self) -> str:
        """The root address in use."""
        return (self.base_url or ROOTS[self.plan]).rstrip("/")


def settings_from(section: Any) -> CoinGeckoSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return CoinGeckoSettings.model_validate(section)
