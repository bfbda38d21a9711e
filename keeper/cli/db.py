"""`keeper db`: carry everything from one store to another, look whether it is sound, and thin what is old."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.core.retention import Thinned
from keeper.core.units import Seconds
from keeper.errors import BadInput
from keeper.housekeeping import thin
from keeper.ports import Store
from keeper.settings import Settings
from keeper.store.archive import Progress, check_archive, read_archive, write_archive
from keeper.store.checking import check_store
from keeper.store.opening import open_store

T = TypeVar("T")
_TELL_EVERY: Final = 5_000
"""Records between two words of progress."""
LeaveOut = Annotated[
    bool, typer.Option("--leave-out-damaged", help="Export without the damaged records, and name each of them.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")]


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    db = typer.Typer(
        help="The store: everything that must survive a restart.\n\nExample: keeper db check", no_args_is_help=True
    )
    db.command("export")(export)
    db.command("import")(import_)
    db.command("check")(check)
    db.command("prune")(prune)
    app.add_typer(db, name="db")


def export(file: Path, config: Config = None, *, leave_out_damaged: LeaveOut = False, json: Json = False) -> None:
    """Write everything in the store to a file, as it is at one moment; the daemon may be running.

    The file holds signed transactions: keep it as private as the store. Nothing that is there is
    overwritten. Before moving to another store stop the daemon first, so that nothing is missing. A damaged record is
    named and ends it, since no store would take that one.

    Example: keeper db export keeper.jsonl
    """
    if str(file) == "-":
        message = "an export goes into a file of its own, not to standard output; name one"
        raise BadInput(message, field="file")
    settings = read_settings(config)
    left_out = list[str]()
    told = left_out.append if leave_out_damaged else None
    header = _with_store(settings, lambda store: write_archive(store, file, _progress(json=json), leave_out=told))
    done = {"file": str(file), "records": header.records, "counts": dict(header.counts), "left_out": left_out}
    _tell(done, json=json, note=f"; {len(left_out):,} damaged were left out" if left_out else "")
    if not json:
        for damaged in left_out:
            output.out.print(f"left out: {damaged}", markup=False)


def import_(file: Path, config: Config = None, *, json: Json = False) -> None:
    """Fill an empty store from a file of `keeper db export`. The same file again changes nothing.

    Example: keeper db import keeper.jsonl --config new.toml
    """
    settings = read_settings(config)
    found = _with_store(settings, lambda store: read_archive(store, file, _progress(json=json)), half_filled=True)
    header = check_archive(file) if found is None else found
    done = {"file": str(file), "records": header.records, "counts": dict(header.counts), "new": found is not None}
    _tell(done, json=json, note="" if found is not None else "; they were there already, nothing was changed")


def check(config: Config = None, *, json: Json = False) -> None:
    """Read every record in the store and say which are damaged. Exit status 1 when there are any.

    Example: keeper db check --json
    """
    settings = read_settings(config)
    health = _with_store(settings, lambda store: check_store(store, _progress(json=json)))
    if json:
        output.as_json({"ok": health.ok, "store": settings.store_place().words(), **asdict(health)})
    else:
        for fault in health.damaged:
            output.out.print(f"damaged: {fault}", markup=False)
        _table(health.counts)
    if not health.ok:
        raise typer.Exit(1)


def prune(config: Config = None, *, dry_run: DryRun = False, json: Json = False) -> None:
    """Remove what the settings say is no longer kept, as the daemon does once a day.

    Ages are counted from the newest decision in the store, whatever this machine's clock says.

    Example: keeper db prune --dry-run
    """
    settings = read_settings(config)
    rule = settings.store.retention()

    async def work(store: Store) -> Thinned:
        newest = await store.decisions(limit=1)
        now = newest[0].at if newest else Seconds(0)
        return await store.thinnable(rule, now) if dry_run else await thin(store, rule, now, asyncio.Event())

    done = asdict(_with_store(settings, work))
    if json:
        output.as_json({"dry_run": dry_run, **done})
        return
    output.out.print("would be removed:" if dry_run else "removed:")
    _table(done)


def _with_store(settings: Settings, work: Callable[[Store], Awaitable[T]], *, half_filled: bool = False) -> T:
    async def whole() -> T:
        # A store that may be filled by half is one to be filled; all other work needs one that is there.
        place = settings.store_place()
        async with open_store(place, half_filled=half_filled, looking=not half_filled) as store:
            return await work(store)

    return asyncio.run(whole())


def _progress(*, json: bool) -> Progress:
    def tell(done: int, of: int | None) -> None:
        if not json and done and (done % _TELL_EVERY == 0 or done == of):
            output.err.print(f"{done:,} records" if of is None else f"{done:,} of {of:,} records")

    return tell


def _tell(done: dict[str, Any], *, json: bool, note: str = "") -> None:
    if json:
        output.as_json(done)
        return
    output.out.print(f"{done['file']}: {done['records']:,} records{note}", markup=False)
    _table(done["counts"])


def _table(counts: Any) -> None:
    output.table(("kind", "records"), [(kind, f"{count:,}") for kind, count in counts.items()])
