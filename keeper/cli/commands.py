"""The commands themselves: each opens what it needs, asks it, and prints."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from keeper import __version__, daemon
from keeper import app as application
from keeper import console as output
from keeper.cli.found import tell
from keeper.demo import session
from keeper.doctor import examine
from keeper.errors import BadSettings, StoreUnavailable
from keeper.findings import Finding
from keeper.settings import Settings, load_settings
from keeper.telemetry.logs import setup_logging

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; KEEPER_CONFIG names one as well, KEEPER_* variables override."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Send = Annotated[bool, typer.Option("--send", help="Also send each alert channel a message.")]
DEFAULT_CONFIG = Path("keeper.toml")


def register(app: typer.Typer) -> None:
    """Put every command on the command line."""
    app.callback(invoke_without_command=True)(_options)
    for command in (demo, run, check):
        app.command()(command)


def _options(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    if version:
        output.out.print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.out.print(context.get_help())
        raise typer.Exit


def read_settings(config: Path | None) -> Settings:
    """Read the settings and have warnings go to standard error, without secrets. Raises BadSettings.

    What a command prints has to stay readable by programs; the daemon sets its own log up once it starts.
    """
    if config is None and "KEEPER_CONFIG" not in os.environ and DEFAULT_CONFIG.exists():
        config = DEFAULT_CONFIG
    settings = load_settings(config, os.environ)
    setup_logging(level="warning", fmt="console", secrets=settings.secrets())
    return settings


def run(config: Config = None) -> None:
    """Run the daemon until it is told to stop.

    Example: keeper run --config /etc/keeper/keeper.toml
    """
    asyncio.run(daemon.run(read_settings(config)))


def check(config: Config = None, *, send: Send = False, json: Json = False) -> None:
    """Look at everything the keeper depends on; each failure comes with its remedy. Exit status 1 when there is one.

    Example: keeper check --config keeper.toml
    """
    settings = read_settings(config)

    async def look() -> list[Finding]:
        async with application.open_without_store(settings, asyncio.Event()) as keeper:
            with suppress(StoreUnavailable, BadSettings):  # every check that needs it says why
                await keeper.late.open()
            return await examine(keeper, send=send)

    with output.err.status("looking at everything the keeper depends on …"):  # on a terminal only
        findings = asyncio.run(look())
    tell(findings, json=json)


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Do one whole round without a page, then leave.")] = False,
    json: Json = False,
    port: Annotated[int | None, typer.Option("--port", help="Port of the page.", min=0, max=65_535)] = None,
    rounds: Annotated[int, typer.Option("--rounds", help="With --once: how many rounds.", min=1, max=10)] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Make the local chain misbehave: a JSON rule, see contracts/devnet/README.md."),
    ] = None,
) -> None:
    """Start a local chain with three pools adrift, and bring them back.

    Example: keeper demo --once --json
    """
    options = session.Options(once=once, as_json=json, port=port, rounds=rounds, faults=tuple(fault or ()))
    raise typer.Exit(asyncio.run(session.run(options)))
