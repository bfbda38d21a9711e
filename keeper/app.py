"""The composition root: opens everything in order, wires it, closes it in reverse. The only file that knows every part."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import aiohttp

from keeper.agreed_prices import PRICES_NOTE
from keeper.alerts.router import AlertRouter
from keeper.chain.contracts import PoolContracts
from keeper.chain.nodes import NodeAddress, Nodes, open_nodes
from keeper.chain.transactions import Network
from keeper.clock import ChainClock, wall_of
from keeper.core.archive import INSTALLATION_NOTE
from keeper.core.assets import AssetBook
from keeper.core.leases import SENDER
from keeper.core.policy import Policy, PoolRule
from keeper.core.venue_prices import Probe
from keeper.cycle import Cycle
from keeper.errors import BadSettings
from keeper.execution.actions import Actions
from keeper.execution.lease import Tenancy
from keeper.execution.sender import Sender
from keeper.observe import Observer
from keeper.ports import Store
from keeper.registry import Registry, load
from keeper.settings import Settings
from keeper.signers.opening import open_signer
from keeper.steps import Steps
from keeper.store.late import LateStore
from keeper.store.opening import open_store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.toolbox import Toolbox
from keeper.whale_mongo import MongoWhales, open_whale_feeds
from keeper.whales import Whales

HTTP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper, built and open."""

    settings: Settings
    pools: tuple[PoolRule, ...]
    assets: AssetBook
    chain: Nodes
    contracts: PoolContracts
    clock: ChainClock
    store: Store
    """The same as `late`, for all who take it as it is."""
    late: LateStore
    registry: Registry
    observer: Observer
    sender: Sender
    tenancy: Tenancy
    steps: Steps
    whales: Whales
    cycle: Cycle
    alerts: AlertRouter
    metrics: Metrics
    pulse: Pulse


def network_of(settings: Settings) -> Network:
    """Return the network that transactions are made for."""
    return Network.MAINNET if settings.network == "mainnet" else Network.TESTNET


@asynccontextmanager
async def open_keeper(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Keeper]:
    """Open everything a keeper needs; nothing is sent and no task is started. Raises Halt errors, StoreUnavailable."""
    async with open_without_store(settings, stop) as keeper:
        await keeper.late.open()
        yield keeper


@asynccontextmanager
async def open_without_store(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Keeper]:
    """Open everything a keeper needs but its store, which `late` of the keeper opens. Raises Halt errors."""
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=HTTP_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        late = LateStore(partial(_own_store, settings))
        stack.push_async_callback(late.close)
        feeds = await stack.enter_async_context(open_whale_feeds(settings.whale_places()))
        keeper = _build(_ground(settings, stop, session, late), feeds)
        keeper.metrics.before_rendering(lambda: _show_state(keeper))
        yield keeper


def _show_state(keeper: Keeper) -> None:
    """Have the metrics show what changes outside cycles."""
    keeper.metrics.state.nodes(keeper.chain.health())
    keeper.metrics.state.lease(SENDER, held=keeper.tenancy.held() is not None)


@asynccontextmanager
async def _own_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store of this installation. Raises BadSettings, StoreUnavailable."""
    async with open_store(settings.store_place()) as store:
        await _same_installation(settings, store)
        yield store


async def _same_installation(settings: Settings, store: Store) -> None:
    """Refuse a store that belongs to other contracts: its journal speaks of other proposals and slices."""
    here = {"network": settings.network, "deployer": settings.deployer}
    setting = settings.store_place().setting
    known = await store.note(INSTALLATION_NOTE)
    if known is None:
        await store.put_note(INSTALLATION_NOTE, here)
    elif dict(known) != here:
        message = (
            f"Setting {setting} (KEEPER_{setting.replace('.', '__').upper()}) names the store of {known.get('deployer')} on "
            f"{known.get('network')}; give this installation a store of its own."
        )
        raise BadSettings(message, setting=setting)


async def last_prices(store: Store) -> dict[str, int]:
    """Return the last prices that were agreed on, in STX with 12 decimals, by symbol. Raises StoreUnavailable."""
    return {symbol: int(row["price_e12"]) for symbol, row in (await store.note(PRICES_NOTE) or {}).items()}


def node_addresses(settings: Settings) -> list[NodeAddress]:
    """Return where the nodes are and which keys open them."""
    return [
        NodeAddress(
            url=node.url,
            api_url=node.api_url,
            api_key=None if node.api_key is None else node.api_key.get_secret_value(),
            requests_per_minute=node.requests_per_minute,
        )
        for node in settings.every_node()
    ]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all parts of a keeper stand on."""

    settings: Settings
    stop: asyncio.Event
    session: aiohttp.ClientSession
    store: Store
    late: LateStore
    chain: Nodes
    clock: ChainClock
    assets: AssetBook
    contracts: PoolContracts
    policy: Policy
    metrics: Metrics
    pulse: Pulse


def _ground(settings: Settings, stop: asyncio.Event, session: aiohttp.ClientSession, late: LateStore) -> _Ground:
    return _Ground(
        settings=settings,
        stop=stop,
        session=session,
        store=cast("Store", late),
        late=late,
        chain=open_nodes(session, node_addresses(settings), stop, wall=wall_of(settings.network)),
        clock=ChainClock(),
        assets=settings.asset_book(),
        contracts=PoolContracts(settings.deployer),
        policy=settings.limits(),
        metrics=Metrics(),
        pulse=Pulse((pool.pool_id for pool in settings.pools), tick_seconds=settings.cycle_seconds),
    )


def _registry(on: _Ground, feeds: Sequence[MongoWhales]) -> Registry:
    """Load the plugins, and put the mapped whales beside theirs."""
    toolbox = Toolbox(on.session, on.clock, on.assets, on.settings.deployer, on.settings.plugin, on.chain)
    registry = load(on.settings.plugins, toolbox, count=on.metrics.plugin_failed)
    mapped = tuple(feed.valued_by(on.assets, partial(last_prices, on.store)) for feed in feeds)
    return replace(registry, whale_sources=(*registry.whale_sources, *mapped))


def _sender(on: _Ground, tenancy: Tenancy) -> Sender:
    network = network_of(on.settings)
    signer = open_signer(on.settings.signer_source(), network, on.session, os.environ)
    return Sender(
        on.chain,
        on.store,
        signer,
        network,
        on.settings.fee_rule(),
        on.clock,
        on.stop,
        rule=on.settings.send_rule(),
        term=tenancy.require,
        filler=Actions(on.contracts, on.assets, on.policy).fill_gap,
        progress=on.pulse.moved,
    )


def _observer(on: _Ground, registry: Registry) -> Observer:
    probe = Probe(on.policy.venue_probe_ustx, on.policy.venue_probe_bps)
    return Observer(on.chain, on.contracts, on.clock, on.assets, registry.dexes, registry.price_sources, probe)


def _build(on: _Ground, feeds: Sequence[MongoWhales]) -> Keeper:
    registry, pools = _registry(on, feeds), on.settings.pool_rules()
    tenancy = Tenancy(on.store, lease_seconds=on.settings.sending.lease_seconds)
    observer, sender = _observer(on, registry), _sender(on, tenancy)
    steps = Steps(on.chain, on.contracts, on.assets, on.policy, sender, on.clock, on.store)
    whales = Whales(on.store, registry.whale_sources)
    alerts = AlertRouter(registry.notifiers, on.store, on.clock, on.settings.alerts.rule(), counts=on.metrics.state)
    cycle = Cycle(
        pools=pools,
        assets=on.assets,
        policy=on.policy,
        observer=observer,
        steps=steps,
        sender=sender,
        store=on.store,
        whales=whales,
        alerts=alerts,
        metrics=on.metrics,
        pulse=on.pulse,
        clock=on.clock,
        timer=time.monotonic,
    )
    return Keeper(
        settings=on.settings,
        pools=pools,
        assets=on.assets,
        chain=on.chain,
        contracts=on.contracts,
        clock=on.clock,
        store=on.store,
        late=on.late,
        registry=registry,
        observer=observer,
        sender=sender,
        tenancy=tenancy,
        steps=steps,
        whales=whales,
        cycle=cycle,
        alerts=alerts,
        metrics=on.metrics,
        pulse=on.pulse,
    )
