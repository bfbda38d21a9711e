"""Random but plausible markets in the format of the problem files, and the least any plan can cost on them."""

import random
from typing import Any

import cvxpy

SYMBOLS = (("ALEX", 8), ("DIKO", 6), ("WELSH", 6), ("SBTC", 8), ("VELAR", 6), ("SUSDT", 8), ("STSTX", 6),
           ("LEO", 6), ("USDH", 8))  # fmt: skip
DEXES = (("alex", 50), ("velar", 30), ("bitflow", 25), ("charisma", 10))


def make_market(seed: int, assets: int | None = None, pools: int | None = None) -> dict[str, Any]:
    """Return a problem; the same seed is the same problem. `assets` and `pools` are drawn unless given."""
    draw = random.Random(seed)  # noqa: S311 - a seeded market, not a secret
    count = assets or draw.randint(2, 10)
    decimals = {"STX": 6} | dict(draw.sample(SYMBOLS, count - 1))
    prices = {s: 1.0 if s == "STX" else 10 ** draw.uniform(-2, 2) for s in decimals}
    value = 10 ** draw.uniform(3, 5)
    held, wanted = ([draw.random() ** 2 + 0.02 for _ in decimals] for _ in range(2))
    shares = [int(w / sum(wanted) * 10_000) for w in wanted]
    shares[0] += 10_000 - sum(shares)
    venues = list(_venues(draw, list(decimals), prices, decimals, value, pools))
    return {
        "id": f"s{seed}",
        "unit": "STX",
        "assets": {s: {"decimals": d, "price": f"{prices[s]:.10g}"} for s, d in decimals.items()},
        "holdings": {
            s: str(int(value * h / sum(held) / prices[s] * 10 ** decimals[s]))
            for s, h in zip(decimals, held, strict=True)
        },
        "target_bps": dict(zip(decimals, shares, strict=True)),
        "venues": venues,
        "limits": {"tolerance_bps": 25, "max_legs": 60, "max_slippage_bps": 10_000, "gas_per_leg_ustx": "0"},
    }


def _venues(draw, symbols, prices, decimals, value, pools):
    pairs = [("STX", s) for s in symbols[1:]]
    cross = [(a, b) for i, a in enumerate(symbols[1:], 1) for b in symbols[i + 1 :]]
    most = pools or draw.randint(len(pairs), 30)
    chosen = pairs + [draw.choice(cross) if cross and draw.random() < 0.35 else draw.choice(pairs)
                      for _ in range(max(most - len(pairs), 0))]  # fmt: skip
    for number, (x, y) in enumerate(chosen):
        dex, fee = draw.choice(DEXES)
        depth = value * 10 ** draw.uniform(0.3, 2.5)
        off = 1 + draw.uniform(-5e-4, 5e-4)
        yield {
            "id": f"{dex}:{number}", "dex": dex, "kind": "constant_product", "x": x, "y": y,
            "reserve_x": str(int(depth / prices[x] * 10 ** decimals[x])),
            "reserve_y": str(int(depth * off / prices[y] * 10 ** decimals[y])),
            "fee_bps": fee,
        }  # fmt: skip


def convex_bound_bps(problem: dict[str, Any]) -> float:
    """Return the cost of the ideal continuous plan in bps: no plan can cost less. Solved by cvxpy, independently.

    A pool pays fee · y / x · (in - in² / (x / fee + in)), which is concave; all numbers are values at given prices.
    """
    symbols = list(problem["assets"])
    unit = {s: float(a["price"]) / 10 ** a["decimals"] for s, a in problem["assets"].items()}
    start = [int(problem["holdings"][s]) * unit[s] for s in symbols]
    total = sum(start)
    rows = [
        (symbols.index(sell), symbols.index(buy), int(v[rs]) * unit[sell] / total, int(v[rb]) * unit[buy] / total,
         1 - v["fee_bps"] / 10_000)
        for v in problem["venues"]
        for sell, buy, rs, rb in ((v["x"], v["y"], "reserve_x", "reserve_y"), (v["y"], v["x"], "reserve_y", "reserve_x"))
    ]  # fmt: skip
    n = len(rows)
    given = cvxpy.Variable(n, nonneg=True)
    paid = [
        fee * into_y / into_x * (given[i] - cvxpy.quad_over_lin(given[i], into_x / fee + given[i]))
        for i, (_, _, into_x, into_y, fee) in enumerate(rows)
    ]
    taken = cvxpy.Variable(n, nonneg=True)
    ends = [
        value / total
        - sum(given[i] for i, row in enumerate(rows) if row[0] == k)
        + sum(taken[i] for i, row in enumerate(rows) if row[1] == k)
        for k, value in enumerate(start)
    ]
    left = sum(ends)
    room = problem["limits"]["tolerance_bps"] / 10_000
    rules = [taken[i] <= paid[i] for i in range(n)]
    for end, symbol in zip(ends, symbols, strict=True):
        share = problem["target_bps"].get(symbol, 0) / 10_000
        rules += [end <= (share + room) * left, end >= (share - room) * left, end >= 0]
    search = cvxpy.Problem(cvxpy.Maximize(left), rules)
    search.solve(solver=cvxpy.CLARABEL)
    if search.status != cvxpy.OPTIMAL:
        message = f"{problem['id']}: the general solver says {search.status}"
        raise ArithmeticError(message)
    return (1 - float(search.value)) * 10_000
