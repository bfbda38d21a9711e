"""The daemon: serves the page, holds the lease, feeds the watchdog and runs cycles until it is told to stop."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from keeper import __version__, whale_watch
from keeper.app import Keeper, open_without_store
from keeper.core import alerting
from keeper.core.leases import FREE, SENDER
from keeper.core.units import Seconds
from keeper.doctor import examine
from keeper.errors import Halt, LeaseLost, StoreUnavailable, Transient
from keeper.housekeeping import LOOK_SECONDS, thin_when_due
from keeper.pause import pause
from keeper.plans_now import estimable
from keeper.price_check import check_prices
from keeper.settings import Settings
from keeper.supervisor import beside, repeat, settle_memory, stop_on_signals
from keeper.telemetry import sentry
from keeper.telemetry.logs import setup_logging
from keeper.telemetry.pulse import Pulse
from keeper.telemetry.sdnotify import Systemd
from keeper.timetable import Timetable
from keeper.watching import look_at_store
from keeper.web.access import open_access
from keeper.web.server import make_app, serve
from keeper.web.state import WebState

log = structlog.get_logger(__name__)

STUCK_SECONDS = 300.0
"""A cycle that has made no progress for so long is stuck; systemd is then left to end the process."""
SKIPPED_TO_ALERT = 3
STANDBY_SECONDS = 0.25
"""How soon a keeper that stands by notices that the lease is its own."""
STANDBY_LOOKS = 8
PROBE_SECONDS = 15.0


def set_up_voices(settings: Settings) -> None:
    """Start logging and crash reports, with every secret known to the redactor."""
    redactor = setup_logging(level=settings.log_level, fmt=settings.log_format, secrets=settings.secrets())
    dsn = None if settings.sentry_dsn is None else settings.sentry_dsn.get_secret_value()
    sentry.init_sentry(dsn, redactor=redactor, release=__version__, environment=settings.network)


def web_state(keeper: Keeper, asked: asyncio.Event | None = None) -> WebState:
    """Return what the page and the API may see; `asked` is set when a person wants a look at once. Raises BadSettings."""
    settings = keeper.settings
    return WebState(
        store=keeper.store,
        clock=keeper.clock,
        metrics=keeper.metrics,
        pulse=keeper.pulse,
        cycle_seconds=settings.longest_rest_seconds(),
        network=settings.network,
        address=keeper.sender.address,
        plugins=_plugins_shown(keeper),
        pool_names={rule.pool_id: rule.name for rule in keeper.pools},
        found=lambda pool_id: estimable(keeper, pool_id),
        nodes=keeper.chain.health,
        runbook=settings.alerts.runbook_url,
        analyse=None if asked is None else asked.set,
        access=open_access(settings.web.read_token_file, settings.web.token_file, os.environ),
        host=settings.web_host,
        hosts=settings.web.hosts,
        requests_per_minute=settings.web.requests_per_minute,
    )


def _plugins_shown(keeper: Keeper) -> tuple[str, ...]:
    broken = {each.plugin for each in keeper.registry.broken}
    return tuple(f"{name} (left out)" if name in broken else name for name in keeper.settings.plugins)


async def run(settings: Settings) -> None:
    """Run the daemon until it is told to stop. Raises Halt errors after telling people."""
    set_up_voices(settings)
    stop = asyncio.Event()
    with stop_on_signals(stop):
        async with open_without_store(settings, stop) as keeper:
            # A store that is away at the start passes like one that goes away later: every round tries to open it.
            with suppress(StoreUnavailable):
                await keeper.late.open()
            await serve_and_repeat(keeper, stop)
    sentry.flush()


async def serve_and_repeat(keeper: Keeper, stop: asyncio.Event) -> None:
    """Serve the page and run cycles until `stop`; a Halt is told to people before it ends the process."""
    settings, systemd, asked = keeper.settings, Systemd(os.environ), asyncio.Event()
    async with serve(make_app(web_state(keeper, asked)), settings.web_host, settings.web_port) as address:
        settle_memory()
        log.info("keeper_started", page=address, network=settings.network, address=keeper.sender.address)
        if not keeper.pools:
            log.warning("no_pools", remedy="add an entry to pools (keeper config explain pools) and start again")
        keeper.pulse.store_up = keeper.late.is_open
        systemd.ready(_status(keeper, address))
        try:
            async with (
                _watchdog(systemd, keeper.pulse, stop),
                _probing(keeper, systemd, address, stop),
                _tidying(keeper, stop),
                holding_lease(keeper),
            ):
                await repeat("cycle", Rounds(keeper, stop, asked), every=settings.cycle_seconds, stop=stop, nudge=asked)
        except Halt as exc:
            log.critical("keeper_halted", error=type(exc).__name__, reason=str(exc))
            sentry.report(exc)
            await keeper.alerts.send(alerting.halted(type(exc).__name__, str(exc), _now(keeper)))
            raise
        finally:
            systemd.stopping()
            await keeper.alerts.close()


class Rounds:
    """One round after the other, by whoever holds the lease: what is open, and the pools that are due.

    Counts those in a row that came to nothing.
    """

    def __init__(self, keeper: Keeper, stop: asyncio.Event, asked: asyncio.Event | None = None) -> None:
        self._keeper = keeper
        self._stop = stop
        self._asked = asyncio.Event() if asked is None else asked
        self._skipped = 0
        self._told = not keeper.registry.broken
        self._tested = False
        periods, seed = keeper.settings.schedule.periods(), keeper.settings.deployer
        self._timetable = Timetable(keeper.store, keeper.pools, periods, seed)
        self._term: int | None = None
        keeper.metrics.begin(
            (rule.pool_id for rule in keeper.pools), (channel.name for channel in keeper.registry.notifiers)
        )

    async def __call__(self) -> None:
        """Do what is due once this keeper may send. Raises Transient, Halt."""
        keeper = self._keeper
        try:
            await keeper.late.open()
            if not await self._may_send():
                return
        except StoreUnavailable as exc:
            await self._skip(exc)
            raise
        # Taken away first, whatever comes of the round: a nudge that stays would let failing rounds follow without rest.
        if self._asked.is_set():
            self._timetable.want()
            self._asked.clear()
        try:
            await self._look_around()
            with keeper.pulse.at_work():
                await self._do_what_is_due()
            self._skipped = 0
            await self._note_what_is_over()
        except LeaseLost:
            raise  # not a trouble: another keeper sends
        except Transient as exc:
            await self._skip(exc)
            raise

    async def _may_send(self) -> bool:
        """Wait for the lease; False when told to stop first. Raises StoreUnavailable while nobody can tell whose it is."""
        keeper = self._keeper
        if not await may_send_soon(keeper, self._stop):
            await self._stand_by()
        keeper.pulse.standing_by = False
        return not self._stop.is_set()

    async def _stand_by(self) -> None:
        """Wait while another keeper has the lease, and say so once. Raises StoreUnavailable once the store is silent."""
        keeper, looks = self._keeper, 0
        while keeper.tenancy.held() is None and not self._stop.is_set():
            silent = keeper.tenancy.silent
            looks = 0 if silent is None else looks + 1
            if silent is not None and looks >= STANDBY_LOOKS:
                keeper.pulse.standing_by = False
                message = f"without the store nobody knows who may send: {silent}"
                raise StoreUnavailable(message)
            if silent is None and not keeper.pulse.standing_by:
                await self._tell_of_standby()
            await pause(self._stop, STANDBY_SECONDS)

    async def _tell_of_standby(self) -> None:
        keeper = self._keeper
        keeper.pulse.standing_by, self._skipped = True, 0
        log.info("standing_by", lease=SENDER)
        with suppress(Transient):
            lease = await keeper.store.lease(SENDER)
            if lease is not None and lease.holder not in (FREE, keeper.tenancy.holder):
                await keeper.alerts.send(alerting.standing_by(lease.holder, _now(keeper)))

    async def _skip(self, exc: Transient) -> None:
        """Count a round that came to nothing, and page people from the third in a row on."""
        keeper = self._keeper
        self._skipped += 1
        if self._skipped >= SKIPPED_TO_ALERT:  # the router says it once, and again where nobody heard it
            await keeper.alerts.send(alerting.node_unreachable(str(exc), self._skipped, _now(keeper)))

    async def _note_what_is_over(self) -> None:
        """Note which troubles a round that came to its end puts an end to."""
        alerts, broken = self._keeper.alerts, self._keeper.registry.broken
        for kind in ("cycles-skipped", "halted", "standing-by", *(() if broken else ("plugins-left-out",))):
            await alerts.over(kind)
        await alerts.over_outside({rule.pool_id for rule in self._keeper.pools})

    async def _do_what_is_due(self) -> None:
        """Go on with what is open, look at the pools that are due, and once a day at everything else."""
        keeper, timetable = self._keeper, self._timetable
        lease = keeper.tenancy.held()
        if lease is not None and lease.term != self._term:
            self._term = lease.term
            timetable.forget()
            keeper.alerts.recall_anew()
            keeper.cycle.new_term()
            keeper.metrics.watched((rule.pool_id for rule in keeper.pools), since=_now(keeper))
        tip = await keeper.observer.tip()
        rules = await timetable.due(keeper.clock.now(), tip.height)
        await timetable.done(rules, await keeper.cycle.run(rules, tip))
        if await timetable.health_due(keeper.clock.now()):
            await self._check_up()
            await timetable.health_done(keeper.clock.now())

    async def _check_up(self) -> None:
        """Tell people what is not in order among all that the keeper depends on."""
        keeper = self._keeper
        failed = [found for found in await examine(keeper, keeper.pulse.moved) if not found.ok]
        for found in failed:
            log.warning("check_failed", check=found.name, reason=found.detail, remedy=found.remedy)
        told = None
        if failed:
            remedies = {found.name: found.remedy or found.detail for found in failed}
            told = alerting.check_failed(remedies, _now(keeper))
            await keeper.alerts.send(told)
        await keeper.alerts.over("check-failed", still=None if told is None else told.key)

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


def _status(keeper: Keeper, address: str) -> str:
    watching = f"watching {len(keeper.pools)} pools, page at {address}"
    return watching if keeper.pulse.store_up else f"waiting for the store, nothing is sent; {watching}"


@asynccontextmanager
async def _probing(keeper: Keeper, systemd: Systemd, address: str, stop: asyncio.Event) -> AsyncIterator[None]:
    """Ask the store now and then whether it is there and whether a person paused the keeper; health and metrics show it."""

    async def look() -> None:
        writable = keeper.tenancy.silent is None
        keeper.pulse.store_up = await look_at_store(keeper.store, keeper.metrics.state, writable=writable)
        systemd.status(_status(keeper, address))

    async with beside("probe", look, every=PROBE_SECONDS, stop=stop):
        yield


@asynccontextmanager
async def _tidying(keeper: Keeper, stop: asyncio.Event) -> AsyncIterator[None]:
    """Thin the store once a day and read the whales' balances, beside everything else."""

    async def tidy() -> None:
        await keeper.clock.started.wait()  # nobody knows what is old before a block
        await thin_when_due(keeper.store, keeper.settings.store.retention(), keeper.clock, stop)

    watched = tuple(each.watched() for each in keeper.settings.watched_whales)
    wallets = whale_watch.WhaleWatch(keeper, watched, keeper.settings.limits())

    async def watch() -> None:
        await keeper.clock.started.wait()
        await wallets.refresh_when_due(stop)

    async with (
        beside("tidy", tidy, every=LOOK_SECONDS, stop=stop),
        beside("whales", watch, every=whale_watch.LOOK_SECONDS, stop=stop),
    ):
        yield


@asynccontextmanager
async def _watchdog(systemd: Systemd, pulse: Pulse, stop: asyncio.Event) -> AsyncIterator[None]:
    """Feed systemd's watchdog while the cycle rests or makes progress; a stuck one starves it."""

    async def feed() -> None:
        if pulse.stuck_seconds() < STUCK_SECONDS:
            systemd.alive()

    if systemd.watchdog_seconds is None:
        yield
        return
    async with beside("watchdog", feed, every=systemd.watchdog_seconds, stop=stop):
        yield


def _now(keeper: Keeper) -> Seconds:
    return keeper.clock.told_at()
