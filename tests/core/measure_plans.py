"""Measure the planner on described markets: `python tests/core/measure_plans.py markets.jsonl [id ...]`.

Prints, per problem, the cost against the bound and whether every asset ends within its tolerance, and a
summary at the end. It gates nothing.
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from core_kit import Pool, market, plan


def solve(problem: dict) -> dict:
    """Plan one problem and return what came of it."""
    decimals = {s: a["decimals"] for s, a in problem["assets"].items()}
    prices = {s: int(Decimal(a["price"]) * 10**12) for s, a in problem["assets"].items()}
    pools = {
        v["id"].replace(":", "_"): Pool({v["x"]: int(v["reserve_x"]), v["y"]: int(v["reserve_y"])}, v["fee_bps"])
        for v in problem["venues"]
    }
    holdings = {s: int(amount) for s, amount in problem["holdings"].items()}
    limit = problem["limits"]
    began = time.perf_counter()
    made = plan(
        holdings,
        problem["target_bps"],
        market(**pools),
        prices=prices,
        decimals=decimals,
        max_slippage_bps=limit["max_slippage_bps"],
        max_legs=limit["max_legs"],
        max_turnover_bps=10**6,
        quote_slack_bps=0,
        leg_cost_ustx=int(limit["gas_per_leg_ustx"]),
        aim_bps=limit["tolerance_bps"],
    )
    elapsed = time.perf_counter() - began
    exact = {s: made.holdings_after[s] * prices[s] / 10 ** (decimals[s] + 6) for s in decimals}
    start = sum(holdings[s] * prices[s] / 10 ** (decimals[s] + 6) for s in decimals)
    total = sum(exact.values())
    worst = max(abs(exact[s] / total * 10_000 - problem["target_bps"].get(s, 0)) for s in exact)
    cost, bound = (start - total) / start * 10_000, problem["bound_cost_bps"]
    good = worst <= limit["tolerance_bps"] and cost <= 1.005 * bound + 0.05
    return {"id": problem["id"], "n": len(decimals), "legs": len(made.legs), "cost": cost, "bound": bound,
            "ratio": cost / bound, "worst": worst, "good": good, "ms": elapsed * 1000, "reason": made.reason}  # fmt: skip


def main() -> None:
    """Read problems, print one line each and a summary."""
    wanted = set(sys.argv[2:])
    lines = Path(sys.argv[1]).read_text().splitlines()
    results = [solve(p) for p in map(json.loads, lines) if not wanted or p["id"] in wanted]
    shape = "{id:5} n={n:2} legs={legs:2} cost={cost:9.3f} bound={bound:9.3f} ratio={ratio:.4f} worst={worst:6.2f} "
    for result in sorted(results, key=lambda r: r["ratio"]):
        say((shape + "good={good} {ms:7.1f} ms").format(**result))
        if wanted:
            say("      " + result["reason"])
    ratios = sorted(r["ratio"] for r in results)
    say(f"{len(results)} problems: good {sum(r['good'] for r in results)}")
    say(f"cost/bound median {median(ratios):.4f} p90 {ratios[int(len(ratios) * 0.9)]:.4f} max {ratios[-1]:.4f}")
    say(f"time median {median(r['ms'] for r in results):.0f} ms max {max(r['ms'] for r in results):.0f} ms")


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
