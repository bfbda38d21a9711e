"""`keeper alerts`: whether the channels work, and what people were told."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import aiohttp
import typer

from keeper import console as output
from keeper.alerts.open_troubles import NOTE, read
from keeper.alerts.rules import AlertRule
from keeper.app import HTTP_SECONDS, node_addresses
from keeper.chain.nodes import open_nodes
from keeper.cli.commands import Config, Json, read_settings
from keeper.clock import ChainClock
from keeper.core.alert_kinds import link_to
from keeper.core.records import Alert, AlertRecord, Severity
from keeper.core.units import Seconds
from keeper.errors import BadInput, NotifierUnavailable, PluginBroken
from keeper.ports import Notifier
from keeper.registry import Registry, describe, load
from keeper.settings import Settings
from keeper.store.opening import open_store
from keeper.toolbox import Toolbox
from keeper.web.text import instant

EXIT_FAILED = 1
LEVELS = {Severity.INFO: "everything", Severity.WARNING: "warnings and worse", Severity.CRITICAL: "critical only"}
TEST_SECONDS = 20.0
"""Longest that one channel may take for a test."""

Channel = Annotated[str | None, typer.Option("--channel", help="Test this channel only.")]
Limit = Annotated[int, typer.Option("--limit", help="How many of the newest alerts.", min=1, max=500)]
Open = Annotated[bool, typer.Option("--open", help="Show the troubles that are not over.")]


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    alerts = typer.Typer(help="What people are told, and where.\n\nExample: keeper alerts test", no_args_is_help=True)
    alerts.command("test")(send_test)
    alerts.command("list")(list_)
    app.add_typer(alerts, name="alerts")


def send_test(config: Config = None, *, channel: Channel = None, json: Json = False) -> None:
    """Send a test to every alert channel, or to one, and say what each did; exit status 1 when one did not take it.

    What a channel gets otherwise (alerts.min_severity, alerts.channels) does not matter here, and is shown.

    Example: keeper alerts test --channel slack
    """
    settings = read_settings(config)
    rows = asyncio.run(_test(settings, channel))
    if json:
        output.as_json({"channels": rows})
    elif not rows:
        output.out.print("No alert channel is configured; add slack or discord to `plugins` and its section.")
    else:
        output.table(
            ("channel", "test", "gets"),
            [(r["channel"], "taken" if r["taken"] else f"failed: {r['trouble']}", r["gets"]) for r in rows],
        )
    if not rows or not all(row["taken"] for row in rows):
        raise typer.Exit(EXIT_FAILED)


def list_(config: Config = None, *, limit: Limit = 20, is_open: Open = False, json: Json = False) -> None:
    """Show what people were told, newest first, or with --open what is not over; the daemon need not be running.

    Example: keeper alerts list --open --json
    """
    settings = read_settings(config)
    records, note = asyncio.run(_look(settings, limit))
    rows = _open_rows(note) if is_open else [_row(record) for record in records]
    if json:
        output.as_json({"open" if is_open else "alerts": rows})
        return
    if not rows:
        output.out.print("Nothing is open." if is_open else "Nobody was told anything yet.")
        return
    columns = ("since", "severity", "kind", "title") if is_open else ("time", "severity", "title", "sent to", "missed")
    output.table(columns, [tuple(str(row[column.replace(" ", "_")]) for column in columns) for row in rows])


async def _test(settings: Settings, channel: str | None) -> list[dict[str, Any]]:
    rule = settings.alerts.rule()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HTTP_SECONDS)) as session:
        registry = _registry(settings, session)
        absent = _absent(registry, rule)
        if channel in absent:
            return [absent[channel]]
        chosen = _chosen(registry.notifiers, channel)
        tried = await asyncio.gather(*(_try(notifier, rule) for notifier in chosen))
        return [*tried, *(absent.values() if channel is None else ())]


def _registry(settings: Settings, session: aiohttp.ClientSession) -> Registry:
    chain = open_nodes(session, node_addresses(settings), asyncio.Event())
    toolbox = Toolbox(session, ChainClock(), settings.asset_book(), settings.deployer, settings.plugin, chain)
    return load(settings.plugins, toolbox)


def _absent(registry: Registry, rule: AlertRule) -> dict[str | None, dict[str, Any]]:
    """Return a row for each plugin that should have added a channel, or may have meant to, and did not."""
    silent = "adds no channel: complete its section [plugin.{}], or take it off the list `plugins`"
    troubles = {each.plugin: each.why for each in registry.broken} | {n: silent.format(n) for n in registry.idle}
    return {name: _told(name, why, rule) for name, why in troubles.items() if _may_be_a_channel(name)}


def _may_be_a_channel(plugin: str) -> bool:
    try:
        found = describe(plugin)
    except PluginBroken:
        return True
    return bool(found.trouble) or "keeper_notifiers" in found.hooks


def _chosen(notifiers: Sequence[Notifier], channel: str | None) -> list[Notifier]:
    found = [notifier for notifier in notifiers if channel in (None, notifier.name)]
    if channel is not None and not found:
        known = ", ".join(notifier.name for notifier in notifiers) or "none at all"
        message = f"there is no channel {channel!r}; there is {known} (plugins add them, with their own sections)"
        raise BadInput(message, field="--channel")
    return found


async def _try(notifier: Notifier, rule: AlertRule) -> dict[str, Any]:
    trouble = ""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            await notifier.send(_test_alert(rule))
    except NotifierUnavailable as exc:
        trouble = str(exc)
    except TimeoutError:
        trouble = f"no answer within {TEST_SECONDS:g} s"
    return _told(notifier.name, trouble, rule)


def _told(channel: str, trouble: str, rule: AlertRule) -> dict[str, Any]:
    least = rule.channels.get(channel, rule.least)
    return {"channel": channel, "taken": not trouble, "trouble": trouble or None, "gets": LEVELS[least]}


def _test_alert(rule: AlertRule) -> Alert:
    return Alert(
        key="test",
        severity=Severity.INFO,
        title="A test of this channel",
        what="Somebody ran `keeper alerts test`.",
        done="It sent this message and nothing else.",
        remedy="Nothing to do; the channel works.",
        at=Seconds(-1),
        link=link_to(rule.runbook, "test"),
    )


async def _look(settings: Settings, limit: int) -> tuple[Sequence[AlertRecord], Any]:
    async with open_store(settings.store_place(), looking=True) as store:
        return await store.alerts(limit=limit), await store.note(NOTE)


def _row(record: AlertRecord) -> dict[str, Any]:
    alert = record.alert
    return {
        "time": instant(alert.at),
        "at": int(alert.at),
        "severity": alert.severity.value,
        "kind": alert.kind,
        "key": alert.key,
        "title": alert.title,
        "what": alert.what,
        "done": alert.done,
        "remedy": alert.remedy,
        "link": alert.link,
        "resolved": alert.resolved,
        "sent_to": ", ".join(record.delivered_to),
        "missed": ", ".join(record.failed),
    }


def _open_rows(note: Any) -> list[dict[str, Any]]:
    return [
        {
            "since": instant(trouble.since),
            "since_at": int(trouble.since),
            "severity": trouble.severity.value,
            "kind": key.partition(":")[0],
            "key": key,
            "title": trouble.title,
            "pool_id": trouble.pool_id,
        }
        for key, trouble in sorted(read(note).items(), key=lambda item: item[1].since)
    ]
