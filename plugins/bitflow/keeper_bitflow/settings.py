"""What an operator may set for Bitflow, and the pools it trades at out of the box."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

NAME: Final = "bitflow"
BITFLOW_DEPLOYER: Final = "SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR"
VENUE_STX: Final = f"{BITFLOW_DEPLOYER}.token-stx-v-1-2"
"""STX as Bitflow names it; what moves is native STX."""

Contract = Annotated[str, Field(pattern=r"^S[0-9A-Z]{27,41}\.[A-Za-z][A-Za-z0-9_-]{0,127}$")]
Symbol = Annotated[str, Field(min_length=1, max_length=32)]


class PoolSettings(BaseModel):
    """One pool contract, its token principals in its own order, and whose symbols they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    x: Contract
    y: Contract
    symbol_x: Symbol
    symbol_y: Symbol

    @property
    def key(self) -> str:
        """The pool's key in the books."""
        return f"{NAME}:{self.contract.partition('.')[2]}"


XYK_POOLS: Final = (
    PoolSettings(
        contract=f"{BITFLOW_DEPLOYER}.xyk-pool-sbtc-stx-v-1-1",
        x="SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
        y=VENUE_STX,
        symbol_x="sBTC",
        symbol_y="STX",
    ),
    PoolSettings(
        contract=f"{BITFLOW_DEPLOYER}.xyk-pool-welsh-stx-v-1-1",
        x="SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
        y=VENUE_STX,
        symbol_x="WELSH",
        symbol_y="STX",
    ),
)

STABLE_POOLS: Final = (
    PoolSettings(
        contract=f"{BITFLOW_DEPLOYER}.stableswap-pool-stx-ststx-v-1-4",
        x=VENUE_STX,
        y="SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token",
        symbol_x="STX",
        symbol_y="stSTX",
    ),
)


class BitflowSettings(BaseModel):
    """The `bitflow` section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    xyk_core: Contract = f"{BITFLOW_DEPLOYER}.xyk-core-v-1-2"
    stable_core: Contract = f"{BITFLOW_DEPLOYER}.stableswap-core-v-1-4"
    """The cores the adapter contracts swap through; a pool of another core gives no route."""
    ratio: Contract = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2"
    """Stacking DAO's ratio, by which the adapter contract judges what a stable pool pays."""
    xyk_pools: tuple[PoolSettings, ...] = XYK_POOLS
    stable_pools: tuple[PoolSettings, ...] = STABLE_POOLS
    """Pools of STX (x) and stSTX (y): the ratio is of these two."""


def settings_from(section: Any) -> BitflowSettings:
    """Return checked settings. Raises pydantic's ValidationError, which names the field."""
    return BitflowSettings.model_validate(section)
