"""What an operator may set for the prices on the chain."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

NAME: Final = "onchain_prices"

Contract = Annotated[str, Field(pattern=r"^S[PMTN][0-9A-HJKMNP-TV-Z]{26,39}\.[A-Za-z][A-Za-z0-9_-]{0,39}$")]
DiaKey = Annotated[str, Field(pattern=r"^[ -~]{1,32}$")]


class OnchainSettings(BaseModel):
    """The `onchain_prices` section."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    dia_contract: Contract = "SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0.dia-oracle"
    """DIA's oracle."""
    dia_keys: dict[str, DiaKey] = Field(default_factory=lambda: {"STX": "STX/USD"})
    """Asset symbol to DIA's key, quoted in USD."""
    ratio_contract: Contract = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2"
    """Where Stacking DAO says how much STX one stSTX is worth."""
    ratio_symbol: str = "stSTX"
    """The asset that the ratio is a price of."""
    max_ahead_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """How far a stamp may lie ahead of the keeper's clock, which may follow block times."""


def settings_from(section: Any) -> OnchainSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return OnchainSettings.model_validate(section)
