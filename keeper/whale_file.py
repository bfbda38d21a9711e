"""Reads whales from a JSON file: a list of objects with the fields of `Whale`. Everything is checked; nothing is guessed."""

import sys
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from keeper.chain.c32 import parse_principal
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import LATEST, MOST_SCORE, MOST_SHARE_BPS, MOST_STACKED_USTX, Whale
from keeper.errors import BadInput

MAX_BYTES = 16 * 1024 * 1024
STANDARD_INPUT: Final = Path("-")


Share = Annotated[int, Field(ge=0, le=MOST_SHARE_BPS)]


class _WhaleRow(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    address: str = Field(min_length=1, max_length=200)
    category: str = Field(min_length=1, max_length=60)
    score: int = Field(ge=0, le=MOST_SCORE)
    win_rate_bps: int | None = Field(default=None, ge=0, le=10_000)
    stacked_ustx: int = Field(default=0, ge=0, le=MOST_STACKED_USTX)
    allocation_bps: dict[str, Share]
    observed_at: int = Field(ge=1, le=LATEST)


_ROWS = TypeAdapter(list[_WhaleRow])


def read_whales(path: Path) -> tuple[Whale, ...]:
    """Return the whales in `path`, of standard input for STANDARD_INPUT. Raises BadInput, naming the row and the field."""
    try:
        rows = _ROWS.validate_json(_content(path))
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        trouble = f", whale {where}: {first['msg']}" if where else f" {_not_a_list(first['msg'])}"
        message = f"{_name(path)}{trouble}; docs/configuration.md says what a whale looks like"
        raise BadInput(message) from None
    return tuple(_whale(path, index, row) for index, row in enumerate(rows))


def _not_a_list(said: str) -> str:
    _, invalid, where = said.partition("Invalid JSON: ")
    return f"is not JSON: {where}" if invalid else "is not a list; write [ … ] around the whales"


def _name(path: Path) -> str:
    return "standard input" if path == STANDARD_INPUT else str(path)


def _content(path: Path) -> bytes:
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        message = f"{_name(path)} cannot be read: {exc.strerror}"
        raise BadInput(message) from None
    if len(content) > MAX_BYTES:
        message = f"{_name(path)} is larger than {MAX_BYTES} bytes"
        raise BadInput(message)
    return content


def _whale(path: Path, index: int, row: _WhaleRow) -> Whale:
    try:
        parse_principal(row.address)
    except BadInput as exc:
        message = f"{_name(path)}, whale {index}.address: {exc}"
        raise BadInput(message) from None
    return Whale(
        address=row.address,
        category=row.category,
        score=row.score,
        win_rate_bps=None if row.win_rate_bps is None else Bps(row.win_rate_bps),
        stacked_ustx=MicroStx(row.stacked_ustx),
        allocation_bps=dict(row.allocation_bps),
        observed_at=Seconds(row.observed_at),
    )
