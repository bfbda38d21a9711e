"""Measure the planner on described markets, against the best possible.

    python -m tests.core.measure_plans markets.jsonl      files with their own bounds
    python -m tests.core.measure_plans --seeded 500       markets made here, with a bound from cvxpy
    python -m tests.core.measure_plans --few 100          ten assets over thirty pools with the keeper's own limits

Prints the distribution of cost over bound and of the time; the exit status is 1 if a plan is not good:
an asset outside its tolerance, or a cost above 1.005 · bound + 0.05 bps.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from keeper.core.problems import parse_problem, plan_problem
from keeper.core.slicing import LEG_COST_USTX

FEW_LEGS = 6
"""Legs of a slice where the settings say nothing else."""


def measure(problem: dict[str, Any], bound: float) -> dict[str, Any]:
    """Plan one problem and say how good the plan is."""
    wall, cpu = perf_counter(), process_time()
    done = plan_problem(parse_problem(problem))
    cpu, wall = process_time() - cpu, perf_counter() - wall
    unit = {s: Decimal(a["price"]) / 10 ** a["decimals"] for s, a in problem["assets"].items()}
    values = {s: int(amount) * unit[s] for s, amount in done["holdings_after"].items()}
    total = sum(values.values())
    worst = max(abs(values[s] / total * 10_000 - problem["target_bps"].get(s, 0)) for s in values)
    drift = sum(abs(values[s] / total * 10_000 - problem["target_bps"].get(s, 0)) for s in values) / 2
    cost = done["cost_bps"]
    good = worst <= problem["limits"]["tolerance_bps"] and cost <= 1.005 * bound + 0.05
    return {"id": problem["id"], "assets": len(unit), "legs": len(done["legs"]), "cost": cost, "bound": bound,
            "ratio": cost / bound if bound > 0 else 1.0, "worst": float(worst), "drift": float(drift), "good": good,
            "cpu": cpu * 1_000, "wall": wall * 1_000}  # fmt: skip


def spread(name: str, numbers: list[float], shape: str) -> str:
    """Return one line: least, median, 99th percentile and most."""
    ranked = sorted(numbers)
    parts = (ranked[0], median(ranked), ranked[min(len(ranked) * 99 // 100, len(ranked) - 1)], ranked[-1])
    return (
        f"{name:<14} min {parts[0]:{shape}}  median {parts[1]:{shape}}  p99 {parts[2]:{shape}}  max {parts[3]:{shape}}"
    )


def problems(args: argparse.Namespace) -> Any:
    """Yield problems with their bounds."""
    for file in args.files:
        for line in file.read_text().splitlines():
            problem = json.loads(line)
            yield problem, problem["bound_cost_bps"]
    if args.seeded:
        from tests.core.markets_kit import convex_bound_bps, make_market  # noqa: PLC0415 - cvxpy takes a while to import

        for seed in range(args.first, args.first + args.seeded):
            problem = make_market(seed)
            yield problem, convex_bound_bps(problem)


def main() -> int:
    """Measure and print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("files", nargs="*", type=Path)
    reader.add_argument("--seeded", type=int, default=0, help="how many markets to make")
    reader.add_argument("--first", type=int, default=1, help="seed of the first one")
    reader.add_argument("--few", type=int, default=0, help="how many markets to plan with few legs, each at its cost")
    args = reader.parse_args()
    if args.few:
        return few(args.few)
    results = [measure(problem, bound) for problem, bound in problems(args)]
    for bad in (r for r in results if not r["good"]):
        say("not good: " + json.dumps(bad))
    say(f"{len(results)} markets, {sum(r['good'] for r in results)} good")
    say(spread("cost / bound", [r["ratio"] for r in results], "8.5f"))
    say(spread("above, bps", [r["cost"] - r["bound"] for r in results], "8.4f"))
    say(spread("off target", [r["worst"] for r in results], "8.3f"))
    say(spread("CPU, ms", [r["cpu"] for r in results], "8.2f"))
    say(spread("on the wall", [r["wall"] for r in results], "8.2f"))
    return 0 if all(r["good"] for r in results) else 1


def few(markets: int) -> int:
    """Plan with fewer legs than there are assets, and print what is left of the drift; there is no bound to hold it to."""
    from tests.core.markets_kit import make_market  # noqa: PLC0415 - cvxpy takes a while to import

    left, took = [], []
    for seed in range(1, markets + 1):
        problem = make_market(seed, assets=10, pools=30)
        problem["limits"] |= {"max_legs": FEW_LEGS, "gas_per_leg_ustx": int(LEG_COST_USTX)}
        result = measure(problem, 0.0)
        left.append(result["drift"])
        took.append(result["cpu"])
    say(f"{markets} markets, {FEW_LEGS} legs at {LEG_COST_USTX} µSTX each")
    say(spread("drift left", left, "8.2f"))
    say(spread("CPU, ms", took, "8.2f"))
    return 0


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
