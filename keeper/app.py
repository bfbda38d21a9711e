"""The composition root: opens everything in order, wires it, closes it in reverse. The only file that knows everything."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
import structlog

from keeper import __version__
from keeper.alerts.router import AlertRouter
from keeper.chain.contracts import PoolContracts
from keeper.chain.nodes import NodeAddress, Nodes, open_nodes
from keeper.chain.transactions import Network
from keeper.clock import ChainClock
from keeper.core import alerting
from keeper.core.assets import AssetBook
from keeper.core.leases import SENDER
from keeper.core.policy import PoolRule
from keeper.core.units import Seconds
from keeper.cycle import Cycle
from keeper.errors import BadSettings, Halt, LeaseLost, Transient
from keeper.execution.actions import Actions
from keeper.execution.lease import Tenancy
from keeper.execution.sender import Sender
from keeper.observe import Observer
from keeper.pause import pause
from keeper.price_check import check_prices
from keeper.registry import Registry, load
from keeper.settings import Settings
from keeper.signers.opening import open_signer
from keeper.steps import Steps
from keeper.store.sqlite import SqliteStore, open_store
from keeper.supervisor import repeat, stop_on_signals
from keeper.telemetry import sentry
from keeper.telemetry.logs import setup_logging
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.telemetry.sdnotify import Systemd
from keeper.toolbox import Toolbox
from keeper.web.server import make_app, serve
from keeper.web.state import WebState
from keeper.whales import Whales

log = structlog.get_logger("keeper.app")

HTTP_SECONDS = 15.0
INSTALLATION_NOTE = "installation"
STUCK_SECONDS = 300.0
"""A cycle that has made no progress for so long is stuck; systemd is then left to end the process."""
SKIPPED_TO_ALERT = 3
STANDBY_SECONDS = 0.25
"""How soon a keeper that stands by notices that the lease is its own."""
STANDBY_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper, built and open."""

    settings: Settings
    pools: tuple[PoolRule, ...]
    assets: AssetBook
    chain: Nodes
    contracts: PoolContracts
    clock: ChainClock
    store: SqliteStore
    registry: Registry
    observer: Observer
    sender: Sender
    tenancy: Tenancy
    steps: Steps
    cycle: Cycle
    alerts: AlertRouter
    metrics: Metrics
    pulse: Pulse


def network_of(settings: Settings) -> Network:
    """Return the network that transactions are made for."""
    return Network.MAINNET if settings.network == "mainnet" else Network.TESTNET


@asynccontextmanager
async def open_keeper(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Keeper]:
    """Open everything a keeper needs; nothing is sent and no task is started. Raises Halt errors."""
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=HTTP_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        store = await stack.enter_async_context(open_store(settings.store_path))
        await _same_installation(settings, store)
        yield _build(settings, stop, session, store)


async def _same_installation(settings: Settings, store: SqliteStore) -> None:
    """Refuse a store that belongs to other contracts: its journal speaks of other proposals and slices."""
    here = {"network": settings.network, "deployer": settings.deployer}
    known = await store.note(INSTALLATION_NOTE)
    if known is None:
        await store.put_note(INSTALLATION_NOTE, here)
    elif dict(known) != here:
        message = (
            f"Setting store_path (KEEPER_STORE_PATH) names the store of {known.get('deployer')} on "
            f"{known.get('network')}; give this installation a store of its own."
        )
        raise BadSettings(message, setting="store_path")


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


def _build(settings: Settings, stop: asyncio.Event, session: aiohttp.ClientSession, store: SqliteStore) -> Keeper:
    network, clock, assets = network_of(settings), ChainClock(), settings.asset_book()
    signer = open_signer(settings.signer_source(), network, session, os.environ)
    chain = open_nodes(session, node_addresses(settings), stop)
    metrics, pulse = Metrics(), Pulse(rule.pool_id for rule in settings.pool_rules())
    toolbox = Toolbox(session, clock, assets, settings.deployer, settings.plugin, chain)
    registry = load(settings.plugins, toolbox, count=metrics.plugin_failed)
    contracts, pools, policy = PoolContracts(settings.deployer), settings.pool_rules(), settings.limits()
    observer = Observer(
        chain, contracts, clock, assets, registry.dexes, registry.price_sources, policy.venue_probe_ustx
    )
    tenancy = Tenancy(store, lease_seconds=settings.sending.lease_seconds)
    sender = Sender(
        chain,
        store,
        signer,
        network,
        settings.fee_rule(),
        clock,
        stop,
        rule=settings.send_rule(),
        term=tenancy.require,
        filler=Actions(contracts, assets, policy).fill_gap,
        progress=pulse.moved,
    )
    steps = Steps(chain, contracts, assets, policy, sender, clock)
    alerts = AlertRouter(registry.notifiers, store, clock)
    cycle = Cycle(
        pools=pools,
        assets=assets,
        policy=policy,
        observer=observer,
        steps=steps,
        sender=sender,
        store=store,
        whales=Whales(store, registry.whale_sources),
        alerts=alerts,
        metrics=metrics,
        pulse=pulse,
        clock=clock,
        timer=time.monotonic,
    )
    return Keeper(
        settings=settings,
        pools=pools,
        assets=assets,
        chain=chain,
        contracts=contracts,
        clock=clock,
        store=store,
        registry=registry,
        observer=observer,
        sender=sender,
        tenancy=tenancy,
        steps=steps,
        cycle=cycle,
        alerts=alerts,
        metrics=metrics,
        pulse=pulse,
    )


def set_up_voices(settings: Settings) -> None:
    """Start logging and crash reports, with every secret known to the redactor."""
    redactor = setup_logging(level=settings.log_level, fmt=settings.log_format, secrets=settings.secrets())
    dsn = None if settings.sentry_dsn is None else settings.sentry_dsn.get_secret_value()
    sentry.init_sentry(dsn, redactor=redactor, release=__version__, environment=settings.network)


def web_state(keeper: Keeper) -> WebState:
    """Return what the page and the API may see."""
    settings = keeper.settings
    return WebState(
        store=keeper.store,
        clock=keeper.clock,
        metrics=keeper.metrics,
        pulse=keeper.pulse,
        cycle_seconds=settings.cycle_seconds,
        network=settings.network,
        address=keeper.sender.address,
        plugins=_plugins_shown(keeper),
        pool_names={rule.pool_id: rule.name for rule in keeper.pools},
    )


def _plugins_shown(keeper: Keeper) -> tuple[str, ...]:
    broken = {each.plugin for each in keeper.registry.broken}
    return tuple(f"{name} (left out)" if name in broken else name for name in keeper.settings.plugins)


async def run(settings: Settings) -> None:
    """Run the daemon until it is told to stop. Raises Halt errors after telling people."""
    set_up_voices(settings)
    stop = asyncio.Event()
    with stop_on_signals(stop):
        async with open_keeper(settings, stop) as keeper:
            await serve_and_repeat(keeper, stop)
    sentry.flush()


async def serve_and_repeat(keeper: Keeper, stop: asyncio.Event) -> None:
    """Serve the page and run cycles until `stop`; a Halt is told to people before it ends the process."""
    settings, systemd = keeper.settings, Systemd(os.environ)
    async with serve(make_app(web_state(keeper)), settings.web_host, settings.web_port) as address:
        log.info("keeper_started", page=address, network=settings.network, address=keeper.sender.address)
        systemd.ready(f"watching {len(keeper.pools)} pools, page at {address}")
        try:
            async with _watchdog(systemd, keeper.pulse, stop), holding_lease(keeper):
                await repeat("cycle", Rounds(keeper, stop), every=settings.cycle_seconds, stop=stop)
        except Halt as exc:
            log.critical("keeper_halted", error=type(exc).__name__, reason=str(exc))
            sentry.report(exc)
            await keeper.alerts.send(alerting.halted(type(exc).__name__, str(exc), _now(keeper)))
            raise
        finally:
            systemd.stopping()


class Rounds:
    """One cycle after the other, by whoever holds the lease; counts those in a row that came to nothing."""

    def __init__(self, keeper: Keeper, stop: asyncio.Event) -> None:
        self._keeper = keeper
        self._stop = stop
        self._skipped = 0
        self._told = not keeper.registry.broken
        self._tested = False

    async def __call__(self) -> None:
        """Run one cycle once this keeper may send. Raises Transient, Halt."""
        keeper = self._keeper
        if not await _may_send(keeper, self._stop):
            return
        try:
            await self._look_around()
            with keeper.pulse.at_work():
                await keeper.cycle.run()
            self._skipped = 0
        except LeaseLost:
            raise  # not a trouble: another keeper sends
        except Transient as exc:
            self._skipped += 1
            if self._skipped == SKIPPED_TO_ALERT:
                await keeper.alerts.send(alerting.node_unreachable(str(exc), self._skipped, _now(keeper)))
            raise

    async def _look_around(self) -> None:
        """Say once, before anything is done, what was left out and what is missing."""
        if self._told and self._tested:
            return
        await self._keeper.observer.tip()  # alerts and prices go by the chain's time, which nobody knows before a block
        await self._tell_of_plugins()
        await self._test_prices()

    async def _test_prices(self) -> None:
        """Say which assets have too few live sources and what a key would add."""
        if self._tested:
            return
        keeper = self._keeper
        limits = keeper.settings.limits()
        report = await check_prices(keeper.observer, keeper.assets.symbols(), limits, keeper.clock)
        report.log()
        self._tested = True

    async def _tell_of_plugins(self) -> None:
        """Tell people which plugins were left out."""
        if self._told:
            return
        reasons = {each.plugin: each.why for each in self._keeper.registry.broken}
        await self._keeper.alerts.send(alerting.plugins_left_out(reasons, _now(self._keeper)))
        self._told = True


@asynccontextmanager
async def holding_lease(keeper: Keeper) -> AsyncIterator[None]:
    """Hold the lease, or wait for it, until the block is left; nothing is being sent any more by then."""
    quiet = asyncio.Event()
    task = asyncio.create_task(keeper.tenancy.run(quiet), name="lease")
    try:
        yield
    finally:
        quiet.set()
        await task


async def may_send_soon(keeper: Keeper, stop: asyncio.Event) -> bool:
    """Tell whether the lease is ours, and give it a moment to become so."""
    for _ in range(STANDBY_LOOKS):
        if keeper.tenancy.held() is not None:
            return True
        if await pause(stop, STANDBY_SECONDS):
            break
    return False


async def _may_send(keeper: Keeper, stop: asyncio.Event) -> bool:
    """Wait for the lease; False when told to stop first. A keeper that stands by says so once."""
    if not await may_send_soon(keeper, stop):
        keeper.pulse.standing_by = True
        log.info("standing_by", lease=SENDER)
        while keeper.tenancy.held() is None and not await pause(stop, STANDBY_SECONDS):
            pass
    keeper.pulse.standing_by = False
    return not stop.is_set()


@asynccontextmanager
async def _watchdog(systemd: Systemd, pulse: Pulse, stop: asyncio.Event) -> AsyncIterator[None]:
    """Feed systemd's watchdog while the cycle rests or makes progress; a stuck one starves it."""

    async def feed() -> None:
        if pulse.stuck_seconds() < STUCK_SECONDS:
            systemd.alive()

    every = systemd.watchdog_seconds
    task = None if every is None else asyncio.create_task(repeat("watchdog", feed, every=every, stop=stop))
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _now(keeper: Keeper) -> Seconds:
    try:
        return keeper.clock.now()
    except Transient:
        return Seconds(0)
