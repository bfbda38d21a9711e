"""Says what the runs showed: a line for each, a table at the end, and the same table in a page."""

import os
import re
import sys

from keeper.points import POINTS
from tests.chaos.matrix import Row

HEAD = ("kind", "runs", "not reached", "intended", "once", "given up", "lost", "twice", "wrong", "points passed")
BEGIN, END = "<!-- results: written by make chaos -->", "<!-- end of results -->"


def say(result):
    """Tell of one run on standard error."""
    reached = "" if result.reached else ", point not reached"
    head = f"{result.kind} seed {result.seed}: {result.once} once, {result.given_up} given up{reached}"
    sys.stderr.write("\n".join([f"{head}, {result.seconds:.1f} s", *result.lines(), ""]))
    sys.stderr.flush()


def _cells(row):
    numbers = (row.runs, row.missed, row.intended, row.once, row.given_up, row.lost, row.twice, row.wrong)
    return (row.kind, *map(str, numbers), str(sum(row.points.values())))


def _total(rows):
    total = Row("all")
    for row in rows:
        total.points += row.points
        for name in ("runs", "missed", "intended", "once", "given_up", "lost", "twice", "wrong"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return total


def text(outcome):
    """Return the table as plain text, and every finding below it."""
    rows = outcome.rows()
    cells = [HEAD, *map(_cells, [*rows, _total(rows)])]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in cells]
    return "\n".join(["", *lines, "", *summary(outcome), *outcome.lines(), ""])


def summary(outcome):
    """Return in sentences how much was done."""
    passed = _total(outcome.rows()).points
    seeds = outcome.order.seeds
    said = [
        (
            f"{len(outcome.results)} runs in {outcome.seconds / 60:.1f} minutes with {outcome.order.workers} workers "
            f"on {os.cpu_count()} cores; seeds {seeds[0]} to {seeds[-1]}; "
            f"{len(set(passed) & set(POINTS))} of {len(POINTS)} points passed."
        )
    ]
    if outcome.never_reached():
        said.append(f"Never reached: {', '.join(outcome.never_reached())}.")
    if outcome.left_out:
        said.append(f"{outcome.left_out} runs were left out for want of time.")
    return said


def write(outcome, page):
    """Put the table between the marks of a page."""
    rows = outcome.rows()
    body = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *map(_cells, [*rows, _total(rows)])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in body)
    findings = [f"- {line}" for line in outcome.lines()]
    results = "\n".join([BEGIN, "", *summary(outcome), "", table, "", *findings, END])
    old = page.read_text()
    page.write_text(re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: results, old, flags=re.DOTALL))
