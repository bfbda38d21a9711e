"""`keeper status`: every pool's last decision and what is due, from the store, and how the running keeper does."""

import asyncio
import json as json_
import os
from dataclasses import asdict
from typing import Any, Final

import aiohttp
import typer

from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.cli.planned import plans, show_due, show_pause
from keeper.errors import BadSettings
from keeper.settings import Settings
from keeper.signers.places import locate, read_line
from keeper.store.opening import open_store
from keeper.surroundings import page_of
from keeper.web.text import instant, span

SECONDS: Final = 3.0
"""Longest that the running keeper may take to answer."""
MOST_BYTES: Final = 1 << 20
OK: Final = 200


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command()(status)


def status(config: Config = None, *, json: Json = False) -> None:
    """Show the last decision of every pool, what is due next, and how the running keeper and its nodes do.

    All but the last comes from the store, so the daemon need not be running.

    Example: keeper status --json
    """
    settings = read_settings(config)
    found = asyncio.run(_look(settings))
    if json:
        output.as_json(found)
        return
    show_pause(found)
    _show_running(found["running"])
    if not found["pools"]:
        output.out.print("No cycle has been recorded yet; start the keeper with `keeper run`.")
        return
    for pool in found["pools"]:
        _show_pool(pool)
    for intent in found["open_transactions"]:
        txid = f", txid {intent['txid']}" if intent["txid"] else ""
        output.out.print(f"open transaction {intent['key']}: {intent['state']}{txid}", markup=False)
    output.out.print()
    show_due(found)


async def _look(settings: Settings) -> dict[str, Any]:
    async with open_store(settings.store_place()) as store:
        views = [dict(view.body, pool_id=view.pool_id, at=view.at) for view in await store.views()]
        intents = [asdict(intent) for intent in await store.intents(open_only=True)]
        planned = await plans(store, settings)
    return {
        "pools": views,
        "open_transactions": [{k: v for k, v in intent.items() if k != "raw_hex"} for intent in intents],
        **planned,
        "running": await _running(settings),
    }


async def _running(settings: Settings) -> dict[str, Any]:
    """Ask the keeper that runs with these settings, if one does, for what only it knows."""
    page = page_of(settings.web_host, settings.web_port)
    said: dict[str, Any] = {"page": page, "answers": False, "trouble": None, "health": None, "nodes": None}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), headers=_key(settings)) as session,
            session.get(f"{page}/api/v1/status", allow_redirects=False) as answer,
        ):
            body = json_.loads(await answer.content.read(MOST_BYTES))
            if answer.status != OK:
                return said | {"trouble": f"it answers with status {answer.status}"}
            return said | {"answers": True, "health": body["health"], "nodes": body["nodes"]}
    except BadSettings as exc:
        return said | {"trouble": str(exc)}
    except TimeoutError:
        return said | {"trouble": f"no answer within {SECONDS:g} s"}
    except (aiohttp.ClientError, OSError):
        return said | {"trouble": "nobody answers there"}
    except (ValueError, RecursionError, KeyError, TypeError):
        return said | {"trouble": "something answers there that is not a keeper of this version"}


def _key(settings: Settings) -> dict[str, str]:
    """Return the header that lets us read, where reading needs a token. Raises BadSettings."""
    place = settings.web.read_token_file
    if place is None:
        return {}
    token = read_line(locate(place, os.environ), "the file of setting web.read_token_file,")
    return {"Authorization": f"Bearer {token.reveal().decode('ascii', 'replace')}"}


def _show_running(running: dict[str, Any]) -> None:
    if not running["answers"]:
        why = "" if running["trouble"] is None else f": {running['trouble']}"
        output.out.print(f"no keeper seen running at {running['page']}{why}", markup=False)
        return
    health = running["health"]
    useful = "" if health["useful"] or health["state"] != "ok" else ", but every pool was refused or could not be read"
    ended = "" if health["age_seconds"] is None else f"; last cycle ended {span(health['age_seconds'])} ago"
    moved = "" if health["loop_age_seconds"] is None else f", loop last moved {span(health['loop_age_seconds'])} ago"
    output.out.print(f"keeper at {running['page']}: {health['state']}{useful}{ended}{moved}", markup=False)
    for node in running["nodes"]:
        output.out.print(f"node {node['name']}: {_node_words(node)}", markup=False)


def _node_words(node: dict[str, Any]) -> str:
    rests, left, error = node["resting_seconds"], node["requests_left"], node["last_error"]
    parts = [
        f"rests {span(rests)} more" if rests else "used" if node["leads"] else "spare",
        *([] if node["standing"] == "in line" else [node["standing"]]),
        *([] if node["height"] is None else [f"block {node['height']:,}"]),
        *([] if left is None else [f"{left:,} requests left now"]),
        *([] if error is None else [str(error)]),
    ]
    return ", ".join(parts)


def _show_pool(pool: dict[str, Any]) -> None:
    last = pool.get("last_decision")
    output.out.print()
    output.named(pool["name"], pool["state"])
    drift = f"drift {output.percentage(pool['drift_bps'])}, acts above {output.percentage(pool['threshold_bps'])}"
    output.out.print(f"  {drift}; as of {instant(pool['at'])}", markup=False)
    output.out.print(f"  {'—' if last is None else last['reason']}", markup=False)
