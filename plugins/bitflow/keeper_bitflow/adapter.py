"""Bitflow as a Dex: reads the configured pools at one tip and offers routes over those that can be traded at."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.market import MarketView
from keeper.errors import BadSettings, MarketRefused, SourceUnavailable
from keeper.ports import ContractReader
from keeper_bitflow import xyk
from keeper_bitflow.parse import NOT_OPENED, ratio_from, stable_pool_from, xyk_pool_from
from keeper_bitflow.routes import BitflowRoute, RatedPool
from keeper_bitflow.settings import NAME, STABLE_POOLS, XYK_POOLS, BitflowSettings, PoolSettings

XYK_ADAPTER: Final = "bitflow-xyk-adapter"
STABLE_ADAPTER: Final = "bitflow-stable-adapter"

log = structlog.get_logger(__name__)

State = xyk.Pool | RatedPool


@dataclass(frozen=True, slots=True)
class BitflowView(MarketView):
    """What Bitflow showed, and by their keys the pools that give no route now, each with the reason."""

    absent: Mapping[str, str] = field(default_factory=dict)


class Bitflow:
    """The `Dex` of Bitflow's constant product and stable pools."""

    def __init__(self, settings: BitflowSettings, assets: AssetBook, deployer: str) -> None:
        self._settings = settings
        self._assets = assets
        self._deployer = deployer
        self._xyk = [pool for pool in settings.xyk_pools if _is_wanted(pool, assets)]
        self._stable = [pool for pool in settings.stable_pools if _is_wanted(pool, assets)]
        self._absent: dict[str, str] = {}

    @property
    def name(self) -> str:
        """Always `bitflow`."""
        return NAME

    async def market(self, reader: ContractReader, tip: Tip) -> BitflowView:
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
        self._tell(absent)
        if not found and set(absent.values()) - {NOT_OPENED}:
            raise _nothing_left(absent)
        routes = tuple(route for pool, state in found for route in self._routes(pool, state))
        return BitflowView(books={pool.key: state for pool, state in found}, routes=routes, absent=absent)

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

    def _tell(self, absent: dict[str, str]) -> None:
        """Log a pool's absence when its reason is new, not in every cycle."""
        for key, reason in absent.items():
            if self._absent.get(key) != reason:
                log.warning("pool_absent", venue=NAME, pool=key, reason=reason)
        self._absent = absent

    def _routes(self, wanted: PoolSettings, state: State) -> Iterable[BitflowRoute]:
        scales = (state.pool.x_scale, state.pool.y_scale) if isinstance(state, RatedPool) else (1, 1)
        x, y = (wanted.symbol_x, wanted.x, scales[0]), (wanted.symbol_y, wanted.y, scales[1])
        for (sell, sold, scale), (buy, bought, _), x_for_y in ((x, y, True), (y, x, False)):
            yield BitflowRoute(
                venue=NAME,
                adapter=f"{self._deployer}.{STABLE_ADAPTER if isinstance(state, RatedPool) else XYK_ADAPTER}",
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
    """Leave out launch pools whose assets this keeper does not hold; a pool somebody configured must fit."""
    unknown = [symbol for symbol in (pool.symbol_x, pool.symbol_y) if symbol not in assets]
    if unknown and pool not in XYK_POOLS + STABLE_POOLS:
        msg = f"bitflow's pools name {unknown[0]}, which is not a configured asset; configure it or drop the pool"
        raise BadSettings(msg)
    return not unknown


def _nothing_left(absent: Mapping[str, str]) -> SourceUnavailable:
    reasons = "; ".join(f"{key}: {reason}" for key, reason in absent.items())
    msg = f"no Bitflow pool can be traded at now: {reasons}"
    return SourceUnavailable(msg, venue=NAME, absent=dict(absent))
