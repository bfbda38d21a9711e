"""`keeper plan` and `keeper estimate`: what would be traded now, and what that would cost."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from keeper import app as application
from keeper import console as output
from keeper.cli.commands import Config, Json, read_settings
from keeper.core.assets import AssetBook
from keeper.core.views import decimal
from keeper.plans_now import estimate_now, plans_now
from keeper.problem_file import plans_of
from keeper.web.text import number

ProblemFile = Annotated[
    Path | None,
    typer.Option("--problem", help="Plan the market described in this file (JSON or JSON lines); needs no settings."),
]
COSTS = ("gas", "slippage", "total")
LEG_AMOUNTS = (("amount_in", "sell"), ("expected_out", "buy"), ("min_out", "buy"))


def register(app: typer.Typer) -> None:
    """Put both commands on the command line."""
    app.command()(plan)
    app.command()(estimate)


def plan(config: Config = None, *, problem: ProblemFile = None, json: Json = False) -> None:
    """Show what each pool's next trades would be now, without sending anything; or plan a described market.

    Example: keeper plan --json
    """
    if problem is not None:
        _plan_problems(problem, json=json)
        return
    settings = read_settings(config)

    async def look() -> list[dict[str, Any]]:
        async with application.open_keeper(settings, asyncio.Event()) as keeper:
            return await plans_now(keeper)

    with output.err.status("reading pools, prices and venues …"):  # on a terminal only
        plans = asyncio.run(look())
    if json:
        output.as_json({"pools": plans})
        return
    book = settings.asset_book()
    for pool in plans:
        output.named(pool["name"], pool["reason"])
        rows = [(_venue(leg), *(_amount(leg, what, of, book) for what, of in LEG_AMOUNTS)) for leg in pool["legs"]]
        if rows:
            output.table(("venue", "sell", "for about", "and at least"), rows)


def _plan_problems(path: Path, *, json: bool) -> None:
    for done in plans_of(path):
        if json:
            output.as_json_line(done)
            continue
        output.out.print(f"{done['id']}: costs {done['cost_bps']:.2f} bps; {done['reason']}", markup=False)
        rows = [(leg["venue"], leg["amount_in"], leg["from"], leg["expected_out"], leg["to"]) for leg in done["legs"]]
        if rows:
            output.table(("venue", "units in", "of", "units out", "of"), rows)


def estimate(pool: str, config: Config = None, *, json: Json = False) -> None:
    """Show what bringing a pool (its id or name) to its target would cost now, with a range, and what it would bring.

    Example: keeper estimate 1 --json
    """
    settings = read_settings(config)

    async def look() -> dict[str, Any]:
        async with application.open_keeper(settings, asyncio.Event()) as keeper:
            return await estimate_now(keeper, pool)

    with output.err.status("reading pools, prices and venues …"):  # on a terminal only
        found = asyncio.run(look())
    if json:
        output.as_json(found)
        return
    if not found["legs"]:
        output.out.print(f"{found['name']}: nothing to trade now; {found['reason']}", markup=False)
        return
    size = f"{_count(found['legs'], 'trade')} in {_count(found['slices'], 'slice')}"
    output.out.print(f"{found['name']}: {size}", markup=False)
    rows = [(what, *_range(found[what])) for what in COSTS]
    if found["benefit_ustx"] is not None:
        rows.append(("benefit", _amount_and_part(found["benefit_ustx"], found["benefit_percent"]), "", ""))
    output.table(("", "expected", "at least", "at most"), rows)
    if found["worth_it"] is not None:
        output.out.print("worth its cost" if found["worth_it"] else "not worth its cost: none would be proposed")


def _count(number_of: int, what: str) -> str:
    return f"{number_of} {what}{'' if number_of == 1 else 's'}"


def _range(part: dict[str, Any]) -> list[str]:
    return [_amount_and_part(part[f"{name}_ustx"], part[f"{name}_percent"]) for name in ("expected", "low", "high")]


def _amount_and_part(ustx: str, percent: float | None) -> str:
    return f"{number(decimal(int(ustx), 6), 6)} STX ({'—' if percent is None else f'{percent:.3f} %'})"


def _venue(leg: dict[str, Any]) -> str:
    return str(leg["venue"]) if leg["fallback"] is None else f"{leg['venue']}, else {leg['fallback']}"


def _amount(leg: dict[str, Any], what: str, of: str, book: AssetBook) -> str:
    symbol = leg[of]
    return f"{number(decimal(int(leg[what]), book[symbol].decimals), 6)} {symbol}"
