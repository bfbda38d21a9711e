"""The command line: `keeper demo | run | check | plan | status`. Exit status 78 means that a person is needed."""

import sys

import typer

from keeper.cli import alerts, commands, config, contracts, db, health, init, keys, pause, plan, plugins, status, whales
from keeper.console import fail
from keeper.errors import Halt, KeeperError, NodeUnavailable

EXIT_FAILED = 1
EXIT_PERSON_NEEDED = 78
"""EX_CONFIG of sysexits.h; systemd is told not to restart on it."""

app = typer.Typer(
    name="keeper",
    help=(
        "Looks after Whale Strategy Pools: compares them with their whales, proposes, trades inside mandates, reports."
        "\n\nExample: keeper demo"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
commands.register(app)
status.register(app)
plan.register(app)
keys.register(app)
plugins.register(app)
pause.register(app)
init.register(app)
config.register(app)
health.register(app)
contracts.register(app)
whales.register(app)
db.register(app)
alerts.register(app)


def main() -> None:
    """Run the command line; a deliberate error becomes one sentence and an exit status."""
    try:
        app()
    except Halt as exc:
        fail(str(exc))
        sys.exit(EXIT_PERSON_NEEDED)
    except NodeUnavailable as exc:
        fail(f"{exc}; check node_url and that the node is running (`keeper check` looks at everything)")
        sys.exit(EXIT_FAILED)
    except KeeperError as exc:
        fail(str(exc))
        sys.exit(EXIT_FAILED)
