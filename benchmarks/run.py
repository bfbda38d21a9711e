"""Prints what things cost, all of it measured now: `make bench`. Nothing here passes or fails by its time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import api, cycling, day, idle, journal, planning, rounds, scale, sending, wire  # noqa: E402 - this folder is no package of the product
from benchmarks.tables import Row, quiet, show  # noqa: E402 - the same

MEMORY = """
import {module}
from pathlib import Path
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
"""
JOURNAL = 50_000
"""Intents in the journal that is opened here; `benchmarks/journal.py` does it with a million."""


def memory_mib(module: str) -> float | None:
    """Return the resident memory of a fresh interpreter that imported `module`; None where it cannot be read."""
    script = MEMORY.format(module=module)
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return int(done.stdout) / 1_024 if done.returncode == 0 else None


def wire_rows(found: list[wire.Compared]) -> Iterator[Row]:
    """Yield two rows for each piece of work: ours, and the reference library's with the ratio."""
    for one in found:
        yield (one.name, f"{one.ours:,.0f} a second", "")
        if one.theirs is None:
            yield ("  with @stacks/transactions", "—", one.why)
            continue
        same = "the same bytes" if one.same_bytes else "OTHER BYTES"
        yield (
            "  with @stacks/transactions",
            f"{one.theirs:,.0f} a second",
            f"Python is {one.ours / one.theirs:.1f} times as fast; {same}",
        )


def sending_rows(found: sending.Sending) -> list[Row]:
    """Return the row about sending."""
    name = "from the decision to the node's acceptance"
    if found.why:
        return [(name, "—", found.why)]
    took = f"{found.median_ms:.1f} ms (p99 {found.p99_ms:.1f} ms)"
    return [(name, took, f"{found.times} slices over HTTP; {found.cpu_ms:.1f} ms CPU of the keeper's")]


def planning_rows(small: planning.Planning, large: planning.Planning) -> list[Row]:
    """Return the rows about planning."""
    rows = [
        (
            f"plan a rebalance of {one.assets} assets",
            f"{one.median_ms:.1f} ms CPU (p99 {one.p99_ms:.1f} ms)",
            f"{one.plans} targets",
        )
        for one in (small, large)
    ]
    ratio = f"{large.plans} targets; {large.median_ms / small.median_ms:.1f} times {small.assets} assets"
    return [rows[0], (*rows[1][:2], ratio)]


def solver_rows(found: planning.Against) -> list[Row]:
    """Return the rows about plans for random markets, beside a general solver on the same ones."""
    ratio = found.solver_ms / found.median_ms
    return [
        (
            "plan 10 assets over 30 pools",
            f"{found.median_ms:.1f} ms CPU (p99 {found.p99_ms:.1f} ms)",
            f"{found.markets} random markets",
        ),
        ("  with cvxpy", f"{found.solver_ms:,.0f} ms CPU", f"{ratio:,.0f} times ours; {found.solved} of the markets"),
    ]


def cycling_rows(found: cycling.Cycling) -> list[Row]:
    """Return the rows about whole cycles."""
    busy = found.proposing_cpu_ms / found.quiet_cpu_ms
    return [
        (
            f"one quiet cycle over {found.pools} pools",
            f"{found.quiet_cpu_ms:.2f} ms CPU a pool",
            f"{found.quiet_wall_ms:.2f} ms on the wall, disk included",
        ),
        (
            "one in which every pool proposes",
            f"{found.proposing_cpu_ms:.2f} ms CPU a pool",
            f"{busy:.1f} times a quiet one",
        ),
    ]


def serving_rows(found: api.Serving) -> list[Row]:
    """Return the row about the API."""
    beside = f"worst {found.worst_ms:.0f} ms, {found.failed} failed; beside {found.cycles} cycles of {api.POOLS} pools"
    return [
        (
            f"the API at {found.asked_a_second:.0f} requests a second",
            f"{found.p50_ms:.1f} ms (p99 {found.p99_ms:.1f} ms)",
            beside,
        )
    ]


def memory_rows(whole: float | None, bare: float | None) -> list[Row]:
    """Return the row about memory."""
    name = "memory after importing keeper.app"
    if whole is None or bare is None:
        return [(name, "—", "this system has no /proc")]
    return [(name, f"{whole:.0f} MiB", f"{whole / bare:.1f} times a bare interpreter")]


def main() -> int:
    """Measure and print; the exit status is 1 only if the two libraries disagree about some bytes."""
    quiet()
    compared = wire.measure()
    rows = [
        *wire_rows(compared),
        *sending_rows(sending.measure()),
        *planning_rows(planning.measure(3), planning.measure(10)),
        *solver_rows(planning.measure_against_a_solver()),
        *cycling_rows(cycling.measure()),
        *scale.rows(scale.measure()),
        *day.rows(day.measure()),
        *rounds.rows(rounds.measure()),
        *idle.rows(*idle.measure()),
        *serving_rows(api.measure()),
        *journal.rows(JOURNAL),
        *memory_rows(memory_mib("keeper.app"), memory_mib("sys")),
    ]
    show(rows)
    return 1 if any(one.same_bytes is False for one in compared) else 0


if __name__ == "__main__":
    sys.exit(main())
