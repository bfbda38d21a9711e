"""`keeper health`: whether the keeper that runs here does its work, by its own page; for containers and scripts."""

import asyncio
import json as json_

import aiohttp
import typer

from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.surroundings import page_of

SECONDS = 5.0
MOST_BYTES = 1 << 20
OK = 200


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command()(health)


def health(config: Config = None, *, json: Json = False) -> None:
    """Ask the running keeper whether it does its work; exit status 0 when it does or stands by, else 1.

    Example: keeper health --config /etc/keeper/keeper.toml
    """
    settings = read_settings(config)
    where = page_of(settings.web_host, settings.web_port) + "/healthz"
    try:
        status, body = asyncio.run(_ask(where))
    except (aiohttp.ClientError, OSError, TimeoutError) as exc:
        trouble = f"no keeper answers at {where} ({type(exc).__name__}); start it with `keeper run`"
        if json:
            output.as_json({"ok": False, "health": None, "trouble": trouble})
        output.fail(trouble)
        raise typer.Exit(1) from None
    if json:
        output.as_json({"ok": status == OK, "health": body})
    else:
        output.out.print(str(body.get("state", "no answer that can be read")), markup=False)
    if status != OK:
        raise typer.Exit(1)


async def _ask(where: str) -> tuple[int, dict[str, object]]:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
        session.get(where, allow_redirects=False) as answer,
    ):
        return answer.status, _parsed(await answer.content.read(MOST_BYTES))


def _parsed(text: bytes) -> dict[str, object]:
    try:
        body = json_.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
