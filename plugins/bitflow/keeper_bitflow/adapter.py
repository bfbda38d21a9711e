"""Bitflow as a Dex: reads the configured pools at one tip and offers routes over those that can be traded at."""

import asyncio
from collections.abc import Iterable
from typing import Final

from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import MarketView
from keeper.errors import MarketRefused
from keeper.ports import ContractReader
from keeper.venue_pools import PoolWatch, is_held
from keeper_bitflow import xyk
from keeper_bitflow.parse import NOT_OPENED, ratio_from, stable_pool_from, xyk_pool_from
from keeper_bitflow.routes import BitflowRoute, RatedPool
from keeper_bitflow.settings import NAME, STABLE_POOLS, XYK_POOLS, BitflowSettings, PoolSettings

XYK_ADAPTER: Final = "bitflow-xyk-adapter"
STABLE_ADAPTER: Final = "bitflow-stable-adapter"

State = xyk.Pool | RatedPool


class Bitflow:
    """The `Dex` of Bitflow's constant product and stable pools."""

    def __init__(self, settings: BitflowSettings, assets: AssetBook, deployer: str) -> None:
        self._settings = settings
        self._assets = assets
        self._deployer = deployer
        self._xyk = [pool for pool in settings.xyk_pools if _is_wanted(pool, assets)]
        self._stable = [pool for pool in settings.stable_pools if _is_wanted(pool, assets)]
        self._watch = PoolWatch(NAME, "Bitflow", expected={NOT_OPENED})

    @property
    def name(self) -> str:
        """Always `bitflow`."""
        return NAME

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapter contracts of the configured pools."""
        return tuple(sorted({self._adapter_of(pool) for pool in (*self._xyk, *self._stable)}))

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read every configured pool at `tip`, one call each, and one for the ratio if a stable pool needs it.

        A pool that cannot be traded at is absent, with its reason. Raises SourceUnavailable when that
        leaves nothing, and what `reader` raises.
        """
        wanted = [*self._xyk, *self._stable]
        answers, ratio = await asyncio.gather(
            asyncio.gather(*(_read(reader, pool.contract, "get-pool", tip) for pool in wanted)),
            self._ratio(reader, tip),
        )
        states = [self._state(pool, answer, ratio) for pool, answer in zip(wanted, answers, strict=True)]
        found = [(pool, state) for pool, state in zip(wanted, states, strict=True) if not isinstance(state, str)]
        absent = {pool.key: state for pool, state in zip(wanted, states, strict=True) if isinstance(state, str)}
        routes = (route for pool, state in found for route in self._routes(pool, state))
        return self._watch.view({pool.key: state for pool, state in found}, routes, absent)

    async def _ratio(self, reader: ContractReader, tip: Tip) -> int | str:
        if not self._stable:
            return "no stable pool asks for it"
        answer = await _read(reader, self._settings.ratio, "get-ststx-ratio", tip)
        return _failed(answer) if isinstance(answer, MarketRefused) else ratio_from(answer)

    def _state(self, wanted: PoolSettings, answer: object, ratio: int | str) -> State | str:
        if isinstance(answer, MarketRefused):
            return _failed(answer)
        tokens = wanted.x, wanted.y
        if wanted in self._xyk:
            return xyk_pool_from(answer, core=self._settings.xyk_core, tokens=tokens)
        decimals = self._assets[wanted.symbol_x].decimals, self._assets[wanted.symbol_y].decimals
        pool = stable_pool_from(answer, core=self._settings.stable_core, tokens=tokens, decimals=decimals)
        if isinstance(pool, str):
            return pool
        return ratio if isinstance(ratio, str) else RatedPool(pool, ratio)

    def _adapter_of(self, wanted: PoolSettings) -> str:
        return f"{self._deployer}.{XYK_ADAPTER if wanted in self._xyk else STABLE_ADAPTER}"

    def _routes(self, wanted: PoolSettings, state: State) -> Iterable[BitflowRoute]:
        scales = (state.pool.x_scale, state.pool.y_scale) if isinstance(state, RatedPool) else (1, 1)
        x, y = (wanted.symbol_x, wanted.x, scales[0]), (wanted.symbol_y, wanted.y, scales[1])
        for (sell, sold, scale), (buy, bought, _), x_for_y in ((x, y, True), (y, x, False)):
            yield BitflowRoute(
                venue=NAME,
                adapter=self._adapter_of(wanted),
                payer=wanted.contract,
                sell=sell,
                buy=buy,
                pool_keys=(wanted.key,),
                tokens=(sold, bought),
                scale=scale,
                x_for_y=x_for_y,
            )


async def _read(reader: ContractReader, contract: str, function: str, tip: Tip) -> object:
    """Read without arguments; where the contract is not there or aborts, the error is the answer."""
    try:
        answer: object = await reader.read(contract, function, (), tip)
    except MarketRefused as refused:
        return refused
    return answer


def _failed(refused: MarketRefused) -> str:
    return f"the read failed: {refused}"


def _is_wanted(pool: PoolSettings, assets: AssetBook) -> bool:
    ours = pool in XYK_POOLS + STABLE_POOLS
    return is_held((pool.symbol_x, pool.symbol_y), assets, ours=ours, where="a pool of plugin.bitflow")
