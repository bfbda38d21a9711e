"""`keeper whales`: put followed wallets into the store, and show them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from keeper import console as output
from keeper.app import last_prices
from keeper.cli.commands import Config, Json, read_settings
from keeper.core.units import USTX_PER_STX
from keeper.core.whales import Whale
from keeper.settings import Settings
from keeper.store.opening import is_there, open_store
from keeper.web.text import instant
from keeper.whale_file import read_whales
from keeper.whale_mongo import MOST_DOCUMENTS, Reading, open_whale_feeds


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    whales = typer.Typer(
        help="The wallets that pools follow.\n\nExample: keeper whales load whales.json", no_args_is_help=True
    )
    whales.command("load")(load)
    whales.command("list")(list_)
    whales.command("remove")(remove)
    whales.command("preview")(preview)
    app.add_typer(whales, name="whales")


def load(
    file: Annotated[Path, typer.Argument(help="JSON file; - reads standard input.")],
    config: Config = None,
    *,
    json: Json = False,
) -> None:
    """Put the whales of a JSON file into the store; the same address and category is replaced.

    The file is a list of objects with address, category, score, allocation_bps and observed_at, and where they are
    known win_rate_bps and stacked_ustx; docs/configuration.md says what each is.

    Example: keeper whales load whales.json
    """
    settings, whales = read_settings(config), read_whales(file)

    async def put() -> None:
        async with open_store(settings.store_place()) as store:
            await store.put_whales(whales)

    asyncio.run(put())
    if json:
        output.as_json({"file": str(file), "whales": len(whales)})
        return
    output.out.print(f"{len(whales)} whales are in the store")


def remove(
    address: str,
    category: Annotated[str | None, typer.Option(help="Of this category alone; else of all.")] = None,
    config: Config = None,
    *,
    json: Json = False,
) -> None:
    """Take a whale out of the store. Exit status 1 when it is not there.

    What watched_whales or whale_mappings name comes back with the next reading; take it out of the settings instead.

    Example: keeper whales remove SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR --category defi
    """
    settings = read_settings(config)

    async def take() -> int:
        async with open_store(settings.store_place(), looking=True) as store:
            return await store.remove_whales([address], category)

    removed = asyncio.run(take())
    if json:
        output.as_json({"address": address, "category": category, "removed": removed})
    else:
        where = "" if category is None else f" in the category {category}"
        said = f"{address} is no longer followed" if removed else f"{address} is not in the store"
        output.out.print(f"{said}{where}", markup=False)
    if not removed:
        raise typer.Exit(1)


def list_(category: str, config: Config = None, *, json: Json = False) -> None:
    """Show the whales of a category.

    Example: keeper whales list defi
    """
    settings = read_settings(config)

    async def look() -> Sequence[Whale]:
        async with open_store(settings.store_place(), looking=True) as store:
            return await store.whales(category)

    found = asyncio.run(look())
    if json:
        output.as_json({"whales": [asdict(whale) for whale in found]})
        return
    show(found)


def preview(config: Config = None, *, json: Json = False) -> None:
    """Show what whale_mappings read from other databases, and what they refuse; nothing is written anywhere.

    Example: keeper whales preview --json
    """
    settings = read_settings(config)

    async def look() -> dict[str, Reading]:
        async with open_whale_feeds(settings.whale_places()) as feeds:
            valued = [feed.valued_by(settings.asset_book(), partial(_prices, settings)) for feed in feeds]
            return {feed.name: await feed.read() for feed in valued}

    found = asyncio.run(look())
    if json:
        output.as_json({"mappings": {name: asdict(reading) for name, reading in found.items()}})
        return
    for name, reading in found.items():
        output.out.print(f"{name}: {len(reading.whales)} whales, {len(reading.bad)} documents refused", markup=False)
        if reading.cut:
            said = f"{name}: there are more than {MOST_DOCUMENTS:,} documents; those after the first {MOST_DOCUMENTS:,} are not read"
            output.out.print(said, markup=False)
        show(reading.whales)
        for bad in reading.bad:
            output.out.print(f"refused: {bad.document}: {bad.why}", markup=False)
    if not found:
        output.out.print("There is no section whale_mappings in the settings; docs/stores.md has an example.")


async def _prices(settings: Settings) -> Mapping[str, int]:
    """Return the last agreed prices, none where there is no store yet."""
    place = settings.store_place()
    if not is_there(place):
        return {}
    async with open_store(place) as store:
        return await last_prices(store)


def show(whales: Sequence[Whale]) -> None:
    """Print whales as a table."""
    columns = ("address", "category", "score", "win rate", "stacked STX", "allocation", "seen at")
    output.table(columns, [_row(whale) for whale in whales])


def _row(whale: Whale) -> tuple[str, ...]:
    return (
        whale.address,
        whale.category,
        str(whale.score),
        output.percentage(whale.win_rate_bps),
        f"{whale.stacked_ustx / USTX_PER_STX:,.2f}",
        _shares(whale),
        instant(whale.observed_at),
    )


def _shares(whale: Whale) -> str:
    return ", ".join(f"{symbol} {output.percentage(bps)}" for symbol, bps in whale.allocation_bps.items())
