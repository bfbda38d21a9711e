"""What commands print: tables for people, JSON for machines, errors on standard error."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keeper.core.units import percent

out = Console(highlight=False, soft_wrap=True)
_piped = Console(highlight=False, soft_wrap=True, width=1_000)
"""For tables that no terminal shows: no line of them is folded."""
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(sentence: str) -> None:
    """Print one sentence on standard error."""
    err.print(sentence, style="red", markup=False)


def named(name: str, rest: str) -> None:
    """Print a name in bold, a colon and what there is to say of it."""
    out.print(Text.assemble((name, "bold"), ": ", rest))


def percentage(bps: int | None) -> str:
    """Write basis points as a cell or a sentence shows them; a dash for what is not known."""
    return "—" if bps is None else percent(bps)


def as_json(body: Any) -> None:
    """Print a document that a program can read."""
    print(json.dumps(body, indent=2, ensure_ascii=False))  # noqa: T201 - this is the output


def as_json_line(body: Any) -> None:
    """Print one document of many, each on a line of its own."""
    print(json.dumps(body, ensure_ascii=False))  # noqa: T201 - this is the output


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Print rows under headings. What is too wide for the terminal is folded, never cut; a file gets one line a row."""
    made = Table(title=title, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    (out if out.is_terminal else _piped).print(made)
