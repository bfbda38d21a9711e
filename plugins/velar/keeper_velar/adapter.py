"""Velar as a Dex: reads the configured pools of both generations at one tip and offers routes over them."""

import asyncio
from collections.abc import Iterable
from typing import Final

from keeper.chain.clarity import principal
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import MarketView
from keeper.errors import MarketRefused
from keeper.ports import ContractReader
from keeper.venue_pools import PoolWatch, is_held
from keeper_velar import arithmetic
from keeper_velar.parse import NO_POOL, pool_from, second_pool_from
from keeper_velar.routes import VelarRoute
from keeper_velar.settings import (
    LAUNCH_POOLS,
    LAUNCH_SECOND_POOLS,
    NAME,
    PoolSettings,
    SecondPoolSettings,
    VelarSettings,
)

ADAPTER: Final = "velar-adapter"
SECOND_ADAPTER: Final = "velar-pool-adapter"


class Velar:
    """The `Dex` of Velar univ2, both generations."""

    def __init__(self, settings: VelarSettings, assets: AssetBook, deployer: str) -> None:
        self._core = settings.core
        self._deployer = deployer
        wanted = [pool for pool in (*settings.pools, *settings.second_pools) if _is_wanted(pool, assets)]
        # Encoded here, so that a principal with a wrong checksum is refused at start.
        self._pools = [(pool, (principal(pool.token0), principal(pool.token1))) for pool in wanted]
        self._watch = PoolWatch(NAME, "Velar", expected={NO_POOL})

    @property
    def name(self) -> str:
        """Always `velar`."""
        return NAME

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapter contracts of the configured pools."""
        return tuple(sorted({self._adapter_of(pool) for pool, _ in self._pools}))

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every configured pool at `tip`: one call for a pool of the first generation, two for the second.

        A pool that cannot be traded at is absent, with its reason. Raises SourceUnavailable when that
        leaves nothing, and what `reader` raises.
        """
        states = await asyncio.gather(*(self._state(reader, tip, *pool) for pool in self._pools))
        pairs = [(pool, state) for (pool, _), state in zip(self._pools, states, strict=True)]
        found = [(pool, state) for pool, state in pairs if not isinstance(state, str)]
        absent = {pool.key: state for pool, state in pairs if isinstance(state, str)}
        routes = (route for pool, state in found for route in self._routes(pool, state))
        return self._watch.view({pool.key: state for pool, state in found}, routes, absent)

    async def _state(
        self, reader: ContractReader, tip: Tip, wanted: PoolSettings, tokens: tuple[bytes, bytes]
    ) -> arithmetic.Pool | str:
        try:
            if isinstance(wanted, SecondPoolSettings):
                return await _second_state(reader, tip, wanted)
            answer = await reader.read(self._core, "lookup-pool", tokens, tip)
        except MarketRefused as refused:  # the contract is not there, or aborts
            return f"the read failed: {refused}"
        return pool_from(answer, tokens=frozenset({wanted.token0, wanted.token1}))

    def _adapter_of(self, wanted: PoolSettings) -> str:
        return f"{self._deployer}.{SECOND_ADAPTER if isinstance(wanted, SecondPoolSettings) else ADAPTER}"

    def _routes(self, wanted: PoolSettings, pool: arithmetic.Pool) -> Iterable[VelarRoute]:
        own = wanted.contract if isinstance(wanted, SecondPoolSettings) else None
        sides = (wanted.symbol0, wanted.token0), (wanted.symbol1, wanted.token1)
        for (sell, sold), (buy, bought) in (sides, sides[::-1]):
            yield VelarRoute(
                venue=NAME,
                adapter=self._adapter_of(wanted),
                payer=own or self._core,
                sell=sell,
                buy=buy,
                pool_keys=(wanted.key,),
                tokens=(sold, bought),
                zero_for_one=sold == pool.token0,
            )


async def _second_state(reader: ContractReader, tip: Tip, wanted: SecondPoolSettings) -> arithmetic.Pool | str:
    pool, fees = await asyncio.gather(
        reader.read(wanted.contract, "get-pool", (), tip), reader.read(wanted.fees, "get-fees", (), tip)
    )
    return second_pool_from(pool, fees, tokens=(wanted.token0, wanted.token1), fees_contract=wanted.fees)


def _is_wanted(pool: PoolSettings, assets: AssetBook) -> bool:
    ours = pool in LAUNCH_POOLS + LAUNCH_SECOND_POOLS
    return is_held((pool.symbol0, pool.symbol1), assets, ours=ours, where="a pool of plugin.velar")
