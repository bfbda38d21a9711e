"""`keeper config show | explain`: what is in force, where it comes from, and what it means."""

import json as json_
import os
from typing import Annotated, Any

import typer

from keeper import console as output
from keeper.cli.commands import DEFAULT_CONFIG, Config, Json
from keeper.errors import BadSettings
from keeper.settings import load_settings
from keeper.settings.origin import config_file, explained, in_force, shown

Changed = Annotated[bool, typer.Option("--changed", help="Only what is not the default.")]


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    config = typer.Typer(
        help="The settings in force, and what each means.\n\nExample: keeper config show --changed",
        no_args_is_help=True,
    )
    config.command("show")(show)
    config.command("explain")(explain)
    app.add_typer(config, name="config")


def show(config: Config = None, *, changed: Changed = False, json: Json = False) -> None:
    """Show every setting in force and where its value comes from; secrets are stars.

    Example: keeper config show --changed
    """
    file = config_file(config, DEFAULT_CONFIG)
    rows = shown(load_settings(file, os.environ), file, os.environ)
    rows = [row for row in rows if row.origin != "default"] if changed else rows
    if json:
        output.as_json({"settings": [{"name": r.name, "value": r.value, "origin": r.origin} for r in rows]})
        return
    output.table(("setting", "value", "from"), [(row.name, _text(row.value), row.origin) for row in rows])


def explain(name: str, config: Config = None, *, json: Json = False) -> None:
    """Say what a setting means, its bounds and default, and its value now where the settings can be read.

    Example: keeper config explain policy.max_slippage_bps
    """
    known: dict[str, Any] = {**explained(name), **_now(name, config)}
    if json:
        output.as_json(known)
        return
    for what, words in known.items():
        if words not in ([], None):
            output.out.print(f"{what:<12} {_text(words)}", markup=False)


def _now(name: str, config: Config) -> dict[str, Any]:
    """Return the value in force and its origin; nothing when there are no settings that could be read."""
    try:
        file = config_file(config, DEFAULT_CONFIG)
        rows = shown(load_settings(file, os.environ), file, os.environ)
    except BadSettings as exc:
        return {"now": f"not known: {exc}"}
    found = in_force(rows, name)
    return {} if found is None else {"now": found.value, "from": found.origin}


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, (list, dict)):
        return json_.dumps(value, ensure_ascii=False)
    return "absent" if value is None else str(value)
