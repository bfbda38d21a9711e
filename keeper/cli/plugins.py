"""`keeper plugins` shows what is installed, makes a new plugin's project, and says what is wrong with one."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from keeper import console as output
from keeper.cli import plugin_check, plugin_new
from keeper.cli.commands import DEFAULT_CONFIG, Config, Json, read_settings
from keeper.cli.found import tell
from keeper.cli.plugin_chain import check_on_chain
from keeper.errors import BadInput, PluginBroken
from keeper.registry import Installed, describe, installed

Kind = Annotated[Literal["venue", "prices", "whales", "notifier"], typer.Option("--kind", help="What it adds.")]
USE_STATES = {True: "in use", False: "installed"}


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    plugins = typer.Typer(
        help="What adds venues, price sources, whales and alert channels.\n\nExample: keeper plugins list",
        no_args_is_help=True,
    )
    plugins.command("list")(list_)
    plugins.command("new")(new)
    plugins.command("check")(check)
    app.add_typer(plugins, name="plugins")


def list_(config: Config = None, *, json: Json = False) -> None:
    """Show the installed plugins: whose they are, which hooks they have, and whether they are in use.

    With settings (--config, KEEPER_CONFIG or keeper.toml) a plugin is `in use`, `installed`, `broken` or `missing`;
    without any it is `installed` or `broken`.

    Example: keeper plugins list --config keeper.toml --json
    """
    listed = _listed(config)
    rows = [_row(name, listed) for name in (*installed(), *(name for name in listed if name not in installed()))]
    if json:
        output.as_json({"plugins": rows})
        return
    columns = ("name", "distribution", "version", "hooks", "state")
    output.table(columns, [tuple(_cell(row[column]) for column in columns) for row in rows])
    for row in rows:
        if row["trouble"]:
            output.out.print(f"{row['name']}: {row['trouble']}", markup=False)


def new(name: str, folder: Path, kind: Kind, *, json: Json = False) -> None:
    """Make the project of a new plugin in a folder that is not there yet; it works and passes its kit as it is.

    Example: keeper plugins new acme --kind venue ./keeper-acme
    """
    if name in installed():
        message = f"a plugin called {name!r} is installed already; take another name"
        raise BadInput(message)
    made = plugin_new.make(name, kind, folder)
    if json:
        output.as_json({"name": name, "kind": kind, "folder": str(folder), "files": [str(path) for path in made]})
        return
    output.out.print(f"{len(made)} files are in {folder}", markup=False)
    output.out.print(f"next: keeper plugins check {folder}, and docs/plugins.md", markup=False)


def check(
    plugin: Annotated[str, typer.Argument(help="An installed plugin's name, or the folder of its source.")],
    *,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Longest that its tests may take.", min=1, max=3_600)
    ] = 300,
    config: Config = None,
    json: Json = False,
) -> None:
    """Run a plugin's kit and say what is wrong with it, each fault with its remedy. A kit needs the plugin's source.

    With --config an installed plugin reads its section of these settings, and their node is asked whether governance
    has admitted the adapter contracts of its venues.

    Example: keeper plugins check ./keeper-acme
    """
    if Path(plugin).is_dir() and not plugin_check.has_pytest():
        message = "the kits are tests; install pytest and pytest-asyncio first"
        raise BadInput(message)
    with output.err.status(f"running the kit, {seconds:g} s at most …"):  # on a terminal only
        findings = plugin_check.check_plugin(plugin, seconds=seconds)
        if config is not None and plugin in installed():
            findings += asyncio.run(check_on_chain(plugin, read_settings(config)))
    tell(findings, json=json)


def _listed(config: Path | None) -> tuple[str, ...]:
    """Return the plugins that the settings list; none where there are no settings to read."""
    if config is None and "KEEPER_CONFIG" not in os.environ and not DEFAULT_CONFIG.exists():
        return ()
    return tuple(dict.fromkeys(read_settings(config).plugins))


def _row(name: str, listed: tuple[str, ...]) -> dict[str, Any]:
    try:
        found, state = describe(name), USE_STATES[name in listed]
    except PluginBroken as exc:
        found, state = Installed(name, "", "", "", trouble=str(exc)), "broken" if name in installed() else "missing"
    if found.trouble and state != "missing":
        state = "broken"
    return {
        "name": name,
        "distribution": found.distribution,
        "version": found.version,
        "hooks": list(found.hooks),
        "state": state,
        "trouble": found.trouble,
    }


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value) or "—"
