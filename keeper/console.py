"""What commands print: tables for people, JSON for machines, errors on standard error."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(sentence: str) -> None:
    """Print one sentence on standard error."""
    err.print(sentence, style="red", markup=False)


def as_json(body: Any) -> None:
    """Print a document that a program can read."""
    print(json.dumps(body, indent=2, ensure_ascii=False))  # noqa: T201 - this is the output


def as_json_line(body: Any) -> None:
    """Print one document of many, each on a line of its own."""
    print(json.dumps(body, ensure_ascii=False))  # noqa: T201 - this is the output


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Print rows under headings."""
    made = Table(*columns, title=title, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for row in rows:
        made.add_row(*row)
    out.print(made)
