"""Problems from a file, one JSON document or one a line, and their plans."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from keeper.core.problems import parse_problem, plan_problem
from keeper.errors import BadInput

LARGEST: Final = 64 * 2**20
"""Bytes; a larger file is refused."""


def plans_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the plan of every problem in the file, in order, with the milliseconds it took.

    Raises:
        BadInput: the file cannot be read or is no JSON, or a problem is malformed; the message says which
            one and names the field. What came before it has been yielded.
    """
    for place, body in _documents(path):
        try:
            began = perf_counter()
            done = plan_problem(parse_problem(body))
        except BadInput as exc:
            message = f"{place}: {exc}"
            raise BadInput(message, **exc.facts) from exc
        yield {**done, "elapsed_ms": round((perf_counter() - began) * 1_000, 3)}


def _documents(path: Path) -> Iterator[tuple[str, object]]:
    text = _text(path)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - a single line is no list of lines
            message = f"{path} is neither a JSON document nor JSON lines"
            raise BadInput(message, field="problem") from None
        for number, line in lines:
            yield f"{path}, line {number}", _parsed(line, f"{path}, line {number}")
        return
    for number, body in enumerate(whole, start=1) if isinstance(whole, list) else [(0, whole)]:
        yield f"{path}, problem {number}" if number else str(path), body


def _parsed(line: str, place: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as exc:
        message = f"{place}: this is no JSON"
        raise BadInput(message, field="problem") from exc


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            message = f"{path} is larger than {LARGEST} bytes; split it"
            raise BadInput(message, field="problem")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        message = f"{path} cannot be read: {exc}"
        raise BadInput(message, field="problem") from exc
