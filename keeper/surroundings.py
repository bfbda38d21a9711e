"""Checks of what a keeper stands on besides pools and prices: nodes, contracts, signer, runway, machine, clock, channels, upkeep."""

import asyncio
import os
import shutil
import socket
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import aiohttp

from keeper.app import Keeper, network_of
from keeper.core.history import DAY_SECONDS
from keeper.core.leases import FREE, SENDER
from keeper.core.records import Alert, Severity
from keeper.core.units import USTX_PER_STX, Seconds
from keeper.errors import NotifierUnavailable
from keeper.execution.identity import is_dead, this_process
from keeper.findings import Unwell
from keeper.housekeeping import THINNED_NOTE
from keeper.retry import READ
from keeper.signers.opening import Elsewhere, KeyFile, SealedKey, open_signer
from keeper.signers.remote import RemoteSigner
from keeper.store.opening import SqlitePlace
from keeper.web.access import open_access
from keeper.web.text import instant, span

LEAST_DISK_BYTES: Final = 500 * 2**20
MOST_CLOCK_OFFSET: Final = 3_600
"""Seconds that the newest block of mainnet may be older or younger than this machine thinks."""
LEAST_RUNWAY_DAYS: Final = 7
COUNTED_DAYS: Final = 7
MOST_UNTHINNED_DAYS: Final = 7
"""The daemon thins the store once a day, while it runs."""
DAY: Final = 86_400
SEND_SECONDS: Final = 20.0
PORT_SECONDS: Final = 3.0
CONTRACTS: Final = (
    "pool-access",
    "pool-governance",
    "pool-oracle",
    "pool-portfolios",
    "pool-rebalancer",
    "stx-token",
    "whale-pool-vault",
    "withdrawal-queue",
)
"""What the keeper reads and calls itself; `keeper contracts verify` looks at all there are."""
KINDS: Final = {KeyFile: "a key file", SealedKey: "a keystore", Elsewhere: "a signer elsewhere"}


async def nodes(keeper: Keeper) -> str:
    """Require that every node answers, and is of the configured network."""
    await keeper.observer.tip()
    wanted = network_of(keeper.settings).value[1]
    told = await keeper.chain.networks()
    wrong = {name: said for name, said in told.items() if said != wanted}
    if wrong:
        detail = "; ".join(
            f"{name} is of network {said:#x}, not {wanted:#x}" if isinstance(said, int) else f"{name}: {said}"
            for name, said in wrong.items()
        )
        remedy = "correct the node's address or the setting network, or take that node off the list"
        raise Unwell(detail, remedy)
    behind = [f"{health.name} is {health.standing}" for health in keeper.chain.health() if health.standing != "in line"]
    if behind:
        remedy = "wait until it has caught up, or take it off the list"
        raise Unwell("; ".join(behind), remedy)
    return f"{', '.join(told)}: {keeper.settings.network} ({wanted:#x})"


async def contracts(keeper: Keeper) -> str:
    """Require that the contracts stand where the settings say."""
    names = [keeper.contracts.name(name) for name in CONTRACTS]
    missing = [name for name in names if await READ(keeper.chain.source, name) is None]
    if missing:
        detail = f"not on this chain: {', '.join(missing)}"
        remedy = "correct the settings deployer and network, or deploy the contracts (`keeper contracts deploy`)"
        raise Unwell(detail, remedy)
    return f"{len(names)} contracts stand under {keeper.settings.deployer}"


async def signer(keeper: Keeper) -> str:
    """Require that whoever signs can be asked and has the key that is expected."""
    source = keeper.settings.signer_source()
    if isinstance(source, Elsewhere):
        async with aiohttp.ClientSession() as session:
            opened = open_signer(source, network_of(keeper.settings), session, os.environ)
            if isinstance(opened, RemoteSigner):
                await opened.check()
    return f"{KINDS[type(source)]} signs for {keeper.sender.address}"


async def runway(keeper: Keeper) -> str:
    """Require that the balance lasts for a week of fees as the last week's were."""
    balance, now = await keeper.observer.balance(keeper.sender.address), keeper.clock.now()
    recent = [i for i in await keeper.store.intents() if i.txid and now - i.created_at < COUNTED_DAYS * DAY]
    spent = sum(intent.fee_ustx or 0 for intent in recent)
    if not recent or not spent:
        return "no fees have been paid in the last week, so that it is not known for how long the balance lasts"
    span = max(now - min(intent.created_at for intent in recent), DAY)
    days = balance * span // (spent * DAY)
    words = f"about {days:,} days at {spent * DAY / span / USTX_PER_STX:.2f} STX a day"
    if days < LEAST_RUNWAY_DAYS:
        remedy = f"send STX to {keeper.sender.address}, or lower fees.max_day_ustx"
        raise Unwell(words, remedy)
    return words


async def disk(keeper: Keeper) -> str:
    """Require room for the store to grow in."""
    place = keeper.settings.store_place()
    if not isinstance(place, SqlitePlace):
        return f"the store is {place.words()}"
    folder = place.path.resolve().parent
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    words = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < LEAST_DISK_BYTES:
        remedy = "make room there, or move the store (store_path)"
        raise Unwell(words, remedy)
    return words


async def clock(keeper: Keeper) -> str:
    """Require on mainnet that this machine's clock and the newest block agree; the keeper itself goes by blocks."""
    tip = await keeper.observer.tip()
    here = int(datetime.now(UTC).timestamp())  # noqa: TID251 - this check is about the machine's clock
    offset = here - tip.time
    words = f"the newest block is {span(abs(offset))} {'older' if offset >= 0 else 'younger'} than this machine's clock"
    if abs(offset) > MOST_CLOCK_OFFSET and keeper.settings.network == "mainnet":
        remedy = "set the machine's clock (timedatectl), or see whether the node is behind"
        raise Unwell(words, remedy)
    return words


async def port(keeper: Keeper) -> str:
    """Require that the page's port is free, or that a keeper answers there."""
    host, number = keeper.settings.web_host, keeper.settings.web_port
    if number == 0:
        return "the system chooses the port"
    if await asyncio.to_thread(_is_free, host, number):
        return f"{host}:{number} is free"
    if await _keeper_answers(host, number):
        return f"a keeper answers at {host}:{number}"
    detail = f"{host}:{number} cannot be listened on, and no keeper answers there"
    remedy = "stop what listens there, or choose another web_host and web_port"
    raise Unwell(detail, remedy)


def _is_free(host: str, number: int) -> bool:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the page's own server does
            probe.bind(where)
    except OSError:
        return False
    return True


def page_of(host: str, number: int) -> str:
    """Return the address of the page as seen from this machine, for what it listens on."""
    at = host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - a wildcard is asked on this machine
        # A machine may listen on IPv6 and have no ::1, as containers do, but not without one of the two.
        at = "127.0.0.1" if host != "::" or socket.has_dualstack_ipv6() else "::1"
    return f"http://{f'[{at}]' if ':' in at else at}:{number}"


async def _keeper_answers(host: str, number: int) -> bool:
    where = f"{page_of(host, number)}/healthz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PORT_SECONDS)) as session,
            session.get(where, allow_redirects=False) as answer,
        ):
            return b'"state"' in await answer.content.read(65_536)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


async def tokens(keeper: Keeper) -> str:
    """Require that the token files can be used, as the page will when it starts. Raises BadSettings saying what is wrong."""
    web, host = keeper.settings.web, keeper.settings.web_host
    access = await asyncio.to_thread(open_access, web.read_token_file, web.token_file, os.environ)
    if access.read is not None and access.read == access.change:
        detail = (
            "web.read_token_file and web.token_file hold the same token, so that whoever reads may pause the keeper"
        )
        remedy = "make another one for one of them: openssl rand -hex 32"
        raise Unwell(detail, remedy)
    reading = f"reading is open to whoever reaches {host}" if access.read is None else "reading needs a token"
    changing = "changing is off" if access.change is None else "changing needs a token"
    return f"{reading}; {changing}"


async def retention(keeper: Keeper) -> str:
    """Require that what is too old is removed from the store."""
    rule, now = keeper.settings.store.retention(), keeper.clock.now()
    note = await keeper.store.note(THINNED_NOTE)
    at = None if note is None else note.get("at")
    last = at if isinstance(at, int) else None
    due = await keeper.store.thinnable(rule, now)
    count = due.decisions + due.history + due.alerts + due.intents
    thinned = "never thinned yet" if last is None else f"thinned last at {instant(last)}"
    words = (
        f"decisions and history are kept whole for {rule.whole_days} days, alerts for {rule.alert_days:,}, "
        f"transactions for {rule.intent_days:,}; {thinned}, {count:,} records are past their time"
    )
    if count and last is not None and now - last > MOST_UNTHINNED_DAYS * DAY_SECONDS:
        remedy = "let the daemon run, which removes them once a day, or run `keeper db prune`"
        raise Unwell(words, remedy)
    return words


async def lease(keeper: Keeper) -> str:
    """Say which keeper may send transactions: there is one at a time on a store."""
    found = await keeper.store.lease(SENDER)
    if found is None or found.holder == FREE:
        return "nobody holds it; the next keeper that starts takes it"
    if found.holder == keeper.tenancy.holder:
        return f"this keeper holds it (term {found.term})"
    who = _whereabouts(found.holder)
    if await asyncio.to_thread(is_dead, found.holder):
        return f"{who} held it and is gone; the next keeper that starts takes it at once"
    return f"{who} holds it (term {found.term}): that keeper sends, and one started here would stand by"


def _whereabouts(holder: str) -> str:
    """Return which process a holder is as far as its name tells (keeper.execution.identity)."""
    place, _, rest = holder.rpartition(":")[0].rpartition(":")
    here = this_process()
    if here is not None and place == f"{here.boot_id}:{here.pid_namespace}":
        return f"process {rest} of this machine"
    return "a keeper on another machine or in another container"


async def pools(keeper: Keeper) -> str:
    """Require something to look after."""
    if not keeper.pools:
        detail = "no pool is configured, so that there is nothing to look after"
        remedy = "add an entry to `pools` and its assets to `assets` (`keeper config explain pools`)"
        raise Unwell(detail, remedy)
    return ", ".join(rule.name for rule in keeper.pools)


async def channels(keeper: Keeper, *, send: bool) -> str:
    """Name who is told of trouble; with `send`, require that each takes a message."""
    found = keeper.registry.notifiers
    if not found:
        return "none: alerts are only logged and shown on the page; add slack or discord to the list `plugins`"
    names = ", ".join(notifier.name for notifier in found)
    if not send:
        return f"{names} (not tried; --send sends each a message)"
    failed = {notifier.name: why for notifier in found if (why := await _refusal(keeper, notifier.name))}
    if failed:
        detail = "; ".join(f"{name}: {why}" for name, why in failed.items())
        remedy = "check the address in the plugin's section, and whether the channel still exists"
        raise Unwell(detail, remedy)
    return f"{names} took a message"


async def _refusal(keeper: Keeper, name: str) -> str | None:
    """Send one channel a message; return why it was not taken."""
    [notifier] = [each for each in keeper.registry.notifiers if each.name == name]
    message = Alert(
        key=f"test:{name}",
        severity=Severity.INFO,
        title="The keeper can reach this channel",
        what="Somebody ran `keeper check --send`.",
        done="Nothing else.",
        remedy="Nothing to do.",
        at=Seconds(keeper.clock.now()),
    )
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await notifier.send(message)
    except TimeoutError:
        return f"no answer within {SEND_SECONDS:g} s"
    except NotifierUnavailable as exc:
        return str(exc)
    return None
