"""What an operator may set for Velar, and the pools it trades at out of the box."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

NAME: Final = "velar"
VELAR_DEPLOYER: Final = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1"
SECOND_DEPLOYER: Final = "SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY"

Contract = Annotated[str, Field(pattern=r"^S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9_-]{0,127}$")]
Symbol = Annotated[str, Field(min_length=1, max_length=32)]


class PoolSettings(BaseModel):
    """One first-generation pool: its two token principals in either order, and whose symbols they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token0: Contract
    token1: Contract
    symbol0: Symbol
    symbol1: Symbol

    @property
    def key(self) -> str:
        """The pool's key in the books."""
        return f"{NAME}:{self.symbol0}-{self.symbol1}"


class SecondPoolSettings(PoolSettings):
    """One second-generation pool: its contract, the contract of its fees, its tokens in the pool's own order."""

    contract: Contract
    fees: Contract

    @property
    @override
    def key(self) -> str:
        """The pool's key in the books."""
        return f"{NAME}:{self.contract.partition('.')[2]}"


LAUNCH_POOLS: Final = (
    PoolSettings(
        token0=f"{VELAR_DEPLOYER}.wstx",
        token1="SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
        symbol0="STX",
        symbol1="WELSH",
    ),
)

LAUNCH_SECOND_POOLS: Final = (
    SecondPoolSettings(
        contract=f"{SECOND_DEPLOYER}.univ2-pool-v1_0_0-0070",
        fees=f"{SECOND_DEPLOYER}.univ2-fees-v1_0_0-0070",
        token0=f"{VELAR_DEPLOYER}.wstx",
        token1="SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
        symbol0="STX",
        symbol1="sBTC",
    ),
)


class VelarSettings(BaseModel):
    """The `velar` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    core: Contract = f"{VELAR_DEPLOYER}.univ2-core"
    """Holds the pools of the first generation and their tokens, so it is also who pays a trader there."""
    pools: tuple[PoolSettings, ...] = LAUNCH_POOLS
    second_pools: tuple[SecondPoolSettings, ...] = LAUNCH_SECOND_POOLS
    """Pools of the second generation, each a contract that pays by itself."""


def settings_from(section: Any) -> VelarSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return VelarSettings.model_validate(section)
