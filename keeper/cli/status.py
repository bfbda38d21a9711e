"""`keeper status`: every pool's last decision and what is due, from the store, and how the running keeper does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import typer

from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.cli.planned import plans, show_due, show_pause
from keeper.cli.running import ask_running, show_running
from keeper.core.policy import PoolRule
from keeper.core.records import PoolView
from keeper.core.views import unseen
from keeper.errors import StoreUnavailable
from keeper.settings import Settings
from keeper.store.opening import open_store
from keeper.web.text import instant

STORED: Final = ("pools", "open_transactions", "paused", "due", "health_due", "thinning_due", "whales_due")
"""What only the store knows."""


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command()(status)


def status(config: Config = None, *, json: Json = False) -> None:
    """Show the last decision of every pool, what is due next, and how the running keeper and its nodes do.

    All but the last comes from the store, so the daemon need not be running. While the store is away, exit status 1 and
    what the running keeper says alone.

    Example: keeper status --json
    """
    settings = read_settings(config)
    found = asyncio.run(_look(settings))
    if json:
        output.as_json(found)
    else:
        _show(found)
    if found["store_trouble"] is not None:
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    if found["store_trouble"] is not None:
        output.fail(f"{found['store_trouble']}; without the store only what the running keeper says is known")
        show_running(found["running"])
        return
    show_pause(found)
    show_running(found["running"])
    if not any(pool["last_decision"] for pool in found["pools"]):
        output.out.print("No cycle has been recorded yet; start the keeper with `keeper run`.")
    for pool in found["pools"]:
        _show_pool(pool)
    for intent in found["open_transactions"]:
        txid = f", txid {intent['txid']}" if intent["txid"] else ""
        output.out.print(f"open transaction {intent['key']}: {intent['state']}{txid}", markup=False)
    output.out.print()
    show_due(found)


async def _look(settings: Settings) -> dict[str, Any]:
    try:
        stored, trouble = await _stored(settings), None
    except StoreUnavailable as exc:
        stored, trouble = dict.fromkeys(STORED), str(exc)
    return {**stored, "store_trouble": trouble, "running": await ask_running(settings)}


async def _stored(settings: Settings) -> dict[str, Any]:
    async with open_store(settings.store_place(), looking=True) as store:
        views = {view.pool_id: view for view in await store.views()}
        intents = [asdict(intent) for intent in await store.intents(open_only=True)]
        planned = await plans(store, settings)
    return {
        "pools": _pools(views, settings.pool_rules()),
        "open_transactions": [{k: v for k, v in intent.items() if k != "raw_hex"} for intent in intents],
        **planned,
    }


def _pools(views: Mapping[int, PoolView], rules: Sequence[PoolRule]) -> list[dict[str, Any]]:
    """Return every pool that was ever seen or is configured, by number; `at` is None for one that was never read."""
    found = {
        pool_id: {**view.body, "pool_id": pool_id, "at": view.at if view.tip_height else None}
        for pool_id, view in views.items()
    }
    for rule in rules:
        found.setdefault(rule.pool_id, {**unseen(rule), "pool_id": rule.pool_id, "at": None})
    return [found[pool_id] for pool_id in sorted(found)]


def _show_pool(pool: dict[str, Any]) -> None:
    last = pool.get("last_decision")
    output.out.print()
    output.named(pool["name"], pool["state"])
    drift = f"drift {output.percentage(pool['drift_bps'])}, acts above {output.percentage(pool['threshold_bps'])}"
    seen = "never read" if pool["at"] is None else f"as of {instant(pool['at'])}"
    output.out.print(f"  {drift}; {seen}", markup=False)
    output.out.print(f"  {'—' if last is None else _decision_words(pool, last)}", markup=False)


def _decision_words(pool: dict[str, Any], last: dict[str, Any]) -> str:
    """Return a decision; with its time and outcome where it is newer than what was seen of the pool."""
    at = last.get("at")
    newer = isinstance(at, int) and (pool["at"] is None or at > pool["at"])
    return f"{last['outcome']} at {instant(at)}: {last['reason']}" if newer else str(last["reason"])
