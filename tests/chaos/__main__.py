"""`python -m tests.chaos`: kill the keeper at every point, and put it into every disorder; exit 1 on any finding."""

import argparse
import asyncio
import sys
from pathlib import Path

from keeper.points import POINTS
from tests.chaos import report
from tests.chaos.faults import FAULTS
from tests.chaos.matrix import Order, go


def _chosen(text, known):
    """Return what of `known` is meant: all, none, or a list of names and beginnings of names."""
    if text in ("all", "none"):
        return tuple(known) if text == "all" else ()
    names = [name.strip() for name in text.split(",")]
    found = tuple(each for each in known if any(each.startswith(name) for name in names))
    missing = [name for name in names if not any(each.startswith(name) for each in known)]
    if missing:
        sys.exit(f"unknown: {', '.join(missing)}; known: {', '.join(known)}")
    return found


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--points", default="all", help="points to kill at, by name or beginning: all, none, a,b")
    parser.add_argument("--faults", default="all", help="kinds of disorder: all, none, a,b")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds each, counted from --first-seed")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="chains at once")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no run after so long")
    parser.add_argument("--report", type=Path, help="page to write the results into, such as docs/chaos.md")
    return parser.parse_args()


def main():
    """Run, print the table, write the page if asked; return the exit status."""
    options = _options()
    order = Order(
        points=_chosen(options.points, POINTS),
        faults=_chosen(options.faults, FAULTS),
        seeds=tuple(range(options.first_seed, options.first_seed + options.seeds)),
        workers=options.workers,
        minutes=options.minutes,
    )
    outcome = asyncio.run(go(order, report.say))
    sys.stdout.write(report.text(outcome))
    if options.report is not None:
        report.write(outcome, options.report)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
