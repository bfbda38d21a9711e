"""What an operator may set for Velar, and the pools it trades at out of the box."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

VELAR_DEPLOYER: Final = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1"

Contract = Annotated[str, Field(pattern=r"^S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9-]{0,127}$")]
Symbol = Annotated[str, Field(min_length=1, max_length=32)]


class PoolSettings(BaseModel):
    """One first-generation pool: its two token principals in either order, and whose symbols they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token0: Contract
    token1: Contract
    symbol0: Symbol
    symbol1: Symbol


LAUNCH_POOLS: Final = (
    PoolSettings(
        token0=f"{VELAR_DEPLOYER}.wstx",
        token1="SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
        symbol0="STX",
        symbol1="WELSH",
    ),
)


class VelarSettings(BaseModel):
    """The `velar` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    core: Contract = f"{VELAR_DEPLOYER}.univ2-core"
    """Holds the pools and their tokens, so it is also who pays a trader."""
    pools: tuple[PoolSettings, ...] = LAUNCH_POOLS


def settings_from(section: Any) -> VelarSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return VelarSettings.model_validate(section)
