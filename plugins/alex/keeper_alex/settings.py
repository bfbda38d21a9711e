"""What an operator may set for ALEX, and the pools it trades at out of the box."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from keeper_alex.fixed import ONE

ALEX_DEPLOYER: Final = "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM"
_SECOND_DEPLOYER: Final = "SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC"

Contract = Annotated[str, Field(pattern=r"^S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9-]{0,127}$")]
Symbol = Annotated[str, Field(min_length=1, max_length=32)]
Path = Annotated[tuple[Symbol, ...], Field(min_length=3, max_length=4)]


class PoolSettings(BaseModel):
    """One pool: ALEX's token principals in the pool's own order, its factor, and whose symbols they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: Contract
    y: Contract
    factor: int = Field(default=ONE, ge=1, le=ONE)
    symbol_x: Symbol
    symbol_y: Symbol


def _pool(x: str, y: str, symbol_x: str, symbol_y: str) -> PoolSettings:
    return PoolSettings(x=x, y=y, factor=ONE, symbol_x=symbol_x, symbol_y=symbol_y)


_WSTX: Final = f"{ALEX_DEPLOYER}.token-wstx-v2"
_ALEX: Final = f"{ALEX_DEPLOYER}.token-alex"

LAUNCH_POOLS: Final = (
    _pool(_WSTX, _ALEX, "STX", "ALEX"),
    _pool(_WSTX, f"{ALEX_DEPLOYER}.token-wcorgi", "STX", "WELSH"),
    _pool(_ALEX, f"{ALEX_DEPLOYER}.token-wdiko", "ALEX", "DIKO"),
    _pool(_WSTX, f"{_SECOND_DEPLOYER}.token-wststx", "STX", "stSTX"),
)


class AlexSettings(BaseModel):
    """The `alex` section. Amounts and fractions follow the contract: 8 decimals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool_contract: Contract = f"{ALEX_DEPLOYER}.amm-pool-v2-01"
    vault: Contract = f"{ALEX_DEPLOYER}.amm-vault-v2-01"
    """Holds the tokens, so it is who pays a trader."""
    pools: tuple[PoolSettings, ...] = LAUNCH_POOLS
    paths: tuple[Path, ...] = (("STX", "ALEX", "DIKO"),)
    """Routes of two or three hops that the on-chain adapter knows; each runs both ways."""


def settings_from(section: Any) -> AlexSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return AlexSettings.model_validate(section)
