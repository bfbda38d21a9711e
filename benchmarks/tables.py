"""How measurements are printed: one table for all, and none of the log in between."""

import logging
from collections.abc import Sequence
from typing import Final

import structlog

from keeper import console

Row = tuple[str, str, str]
WIDTH: Final = 120
"""So that the table stays whole when it goes into a file."""


def quiet() -> None:
    """Keep the log out of what is printed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def show(rows: Sequence[Row]) -> None:
    """Print what was measured, what it costs and what that compares with."""
    console.out.width = max(console.out.width, WIDTH)
    console.table(("what", "cost", "compared"), rows)
