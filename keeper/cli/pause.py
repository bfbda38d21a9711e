"""`keeper pause | resume`: whether the keeper sends anything new. What governance pauses on the chain is another thing."""

import asyncio
import getpass
from typing import Annotated, Any

import typer

from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.clock import ChainClock
from keeper.core.leases import SENDER
from keeper.core.paused import ONE_LINE, PAUSED_NOTE, RESUMED, Paused, is_one_line, paused_from
from keeper.errors import BadInput
from keeper.settings import Settings
from keeper.store.opening import Place, SqlitePlace, open_store

Why = Annotated[str, typer.Option("--why", help="What people should read beside the pause.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; your user's name when left out.")]
NOT_THE_CHAINS = "It does not pause the pools: deposits, withdrawals and anybody's calls go on; that is governance's."


def register(app: typer.Typer) -> None:
    """Put both commands on the command line."""
    app.command()(pause)
    app.command()(resume)


def pause(config: Config = None, *, why: Why = "", by: By = None, json: Json = False) -> None:
    """Have the keeper send nothing new, from its next step on; what is on its way is still followed to its end.

    The pools themselves go on: pausing them on the chain is governance's. The keeper stays paused over restarts.

    Example: keeper pause --why "looking into the prices of ALEX"
    """
    paused = Paused(_short(by or _user(), "--by"), _short(why, "--why"), ChainClock().told_at())
    before = asyncio.run(_put(read_settings(config), paused.note()))
    if json:
        output.as_json({"paused": paused.note(), "before": before})
        return
    output.out.print(f"{paused.words()}. {NOT_THE_CHAINS}", markup=False)


def resume(config: Config = None, *, json: Json = False) -> None:
    """Let a paused keeper go on, from its next round.

    Example: keeper resume
    """
    before = asyncio.run(_put(read_settings(config), dict(RESUMED)))
    if json:
        output.as_json({"paused": None, "before": before})
        return
    was = paused_from(before)
    told = "it was not paused" if was is None else f"it was paused by {was.by}{f': {was.why}' if was.why else ''}"
    output.out.print(f"the keeper goes on; {told}", markup=False)


async def _put(settings: Settings, note: dict[str, Any]) -> dict[str, Any] | None:
    """Write the note and return the one before, None when there was no pause. Raises BadInput for a store of nobody."""
    place = settings.store_place()
    if isinstance(place, SqlitePlace) and not place.path.exists():
        raise _nobodys(place)
    async with open_store(place) as store:
        if await store.lease(SENDER) is None:
            raise _nobodys(place)
        before = await store.note(PAUSED_NOTE)
        await store.put_note(PAUSED_NOTE, note)
    return dict(before) if before else None


def _nobodys(place: Place) -> BadInput:
    remedy = "name the settings the keeper runs with, or use keeperctl for the unit"
    message = f"no keeper has used this store: {place.words()}; {remedy}"
    return BadInput(message, field="store")


def _short(text: str, option: str) -> str:
    if not is_one_line(text):
        message = f"{option} {ONE_LINE}; shorten it"
        raise BadInput(message, field=option)
    return text


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no name belongs to
        return "an operator"
