"""The venues' arithmetic against what their deployed contracts really did, row by row.

`KEEPER_VECTORS` names a directory whose `markets/` holds the full files; without it the sample
beside this file is used. Every field of a row that describes a result is compared.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keeper.errors import MarketRefused
from keeper_alex import curve
from keeper_velar import univ2, univ2_gen2
from keeper_velar.arithmetic import Pool, Rate

pytestmark = pytest.mark.vectors

SAMPLE = Path(__file__).parent / "vectors"


def rows(name: str) -> Iterator[dict[str, Any]]:
    folder = Path(os.environ.get("KEEPER_VECTORS", SAMPLE)) / "markets"
    plain = folder / f"{name}.jsonl"
    text = plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())
    return (json.loads(line) for line in text.splitlines())


def outcome(run: Callable[[], Any]) -> Any:
    """The value as the vectors write it; errors and aborts in their form."""
    try:
        value = run()
    except MarketRefused as refusal:
        code = refusal.facts.get("code")
        return {"panic": True} if code is None else {"err": str(code)}
    return str(value) if isinstance(value, int) else value


def failed(result: Any) -> bool:
    return isinstance(result, dict) and ("err" in result or "panic" in result)


def assert_every_row(name: str, check: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    seen, wrong = 0, []
    for row in rows(name):
        seen += 1
        got = check(row)
        differing = {k: (row[k], v) for k, v in got.items() if row[k] != v}
        if differing:
            wrong.append((row["id"], differing))
    assert seen > 0
    assert wrong[:5] == [], f"{len(wrong)} of {seen} rows differ"


def number(value: str | None) -> int | None:
    return None if value is None else int(value)


def alex_pool(row: dict[str, Any]) -> curve.Pool:
    x, y = (
        curve.Side(
            token=row[f"token_{s}"],
            decimals=row[f"native_decimals_{s}"],
            balance=int(row[f"balance_{s}"]),
            fee_rate=int(row[f"fee_rate_{s}"]),
            threshold=int(row[f"threshold_{s}"]),
        )
        for s in "xy"
    )
    return curve.Pool(
        x=x,
        y=y,
        factor=int(row["factor"]),
        fee_rebate=int(row["fee_rebate"]),
        max_in_ratio=int(row["max_in_ratio"]),
        max_out_ratio=int(row["max_out_ratio"]),
        oracle_enabled=row["oracle_enabled"],
        oracle_average=int(row["oracle_average"]),
        oracle_resilient=int(row["oracle_resilient"]),
    )


def alex_result(row: dict[str, Any]) -> dict[str, Any]:
    pool, dx, x_for_y = alex_pool(row), int(row["dx"]), row["direction"] == "x_for_y"
    done = outcome(lambda: curve.swap(pool, dx, x_for_y=x_for_y, min_out=number(row["min_dy"])))
    ok = isinstance(done, curve.Swap)
    after = done.pool if ok else pool
    return {
        "get_helper": outcome(lambda: curve.quote(pool, dx, x_for_y=x_for_y)),
        "swap_out": str(done.out) if ok else done,
        "fee": str(done.fee) if ok else None,
        "fee_rebate_amount": str(done.fee_rebate) if ok else None,
        "native_in": str(done.native_in) if ok else None,
        "native_out": str(done.native_out) if ok else None,
        "balance_x_after": str(after.x.balance),
        "balance_y_after": str(after.y.balance),
        "oracle_resilient_after": str(after.oracle_resilient),
    }


def alex_state(pool: curve.Pool) -> dict[str, str]:
    return {
        "balance_x": str(pool.x.balance),
        "balance_y": str(pool.y.balance),
        "oracle_resilient": str(pool.oracle_resilient),
    }


def native_moves(steps: list[curve.Swap]) -> list[dict[str, str]]:
    moves = []
    for step in steps:
        moves.append({"dir": "in", "amount": str(step.native_in)})
        if step.native_out:
            moves.append({"dir": "out", "amount": str(step.native_out)})
    return moves


def alex_hop2_result(row: dict[str, Any]) -> dict[str, Any]:
    second = "1" if row["same_pool"] else "2"
    pools = {"1": alex_pool(row["pool1"]), second: alex_pool(row[f"pool{second}"])}
    hops = [("1", row["direction1"] == "x_for_y"), (second, row["direction2"] == "x_for_y")]
    dx, minimum = int(row["dx"]), number(row["min_dz"])
    steps = outcome(lambda: curve.swap_path(pools, hops, dx, min_out=minimum))
    ok = not failed(steps)
    after = pools | ({hops[0][0]: steps[0].pool} | {hops[1][0]: steps[1].pool} if ok else {})
    return {
        "get_helper_a": outcome(lambda: curve.quote_path([(pools[k], d) for k, d in hops], dx)),
        "swap_out": str(steps[-1].out) if ok else steps,
        "hop1_out": str(steps[0].out) if ok else None,
        "native_moves": native_moves(steps) if ok else None,
        "pool1_after": alex_state(after["1"]),
        "pool2_after": alex_state(after[second]),
    }


def rate(row: dict[str, Any], name: str) -> Rate:
    return Rate(int(row[f"{name}_num"]), int(row[f"{name}_den"]))


def velar_result(row: dict[str, Any]) -> dict[str, Any]:
    pool = univ2.Pool(
        token0=row["token0"],
        token1=row["token1"],
        reserve0=int(row["reserve0"]),
        reserve1=int(row["reserve1"]),
        swap_fee=rate(row, "swap_fee"),
        protocol_fee=rate(row, "protocol_fee"),
        share_fee=rate(row, "share_fee"),
    )
    amount, forward = int(row["amt_in"]), row["direction"] == "0_for_1"
    if row["entry"] == "path2":
        done = outcome(lambda: univ2.path_swap(pool, amount, zero_for_one=forward))
    else:
        done = outcome(lambda: univ2.router_swap(pool, amount, int(row["amt_out_min"]), zero_for_one=forward))
    ok = isinstance(done, univ2.Swap)
    after = done.pool if ok else pool
    return {
        "quote": outcome(lambda: univ2.library_quote(pool, amount, zero_for_one=forward)),
        "quote_path": outcome(lambda: univ2.path_quote(pool, amount, zero_for_one=forward)),
        "swap_out": str(done.out) if ok else done,
        "amt_in_adjusted": str(done.split.adjusted) if ok else None,
        "amt_fee_lps": str(done.split.to_lps) if ok else None,
        "amt_fee_protocol": str(done.split.to_protocol) if ok else None,
        "amt_fee_share": str(done.to_share) if ok else None,
        "amt_fee_rest": str(done.to_rest) if ok else None,
        "reserve0_after": str(after.reserve0),
        "reserve1_after": str(after.reserve1),
    }


def velar_gen2_result(row: dict[str, Any]) -> dict[str, Any]:
    pool = Pool(
        token0=row["token0"],
        token1=row["token1"],
        reserve0=int(row["reserve0"]),
        reserve1=int(row["reserve1"]),
        swap_fee=rate(row, "swap_fee"),
        protocol_fee=rate(row, "protocol_fee"),
    )
    amount, forward = int(row["amt_in"]), row["direction"] == "0_for_1"
    enter = univ2_gen2.pool_swap if row["entry"] == "pool" else univ2_gen2.router_swap
    done = outcome(lambda: enter(pool, amount, int(row["amt_out_min"]), zero_for_one=forward))
    fees = outcome(lambda: univ2_gen2.calc_fees(pool, amount))
    ok = isinstance(done, univ2_gen2.Swap)
    after = done.pool if ok else pool
    return {
        "quote": outcome(lambda: univ2_gen2.quote(pool, amount, zero_for_one=forward)),
        "calc_fees": fees if failed(fees) else split_as_written(fees),
        "swap_out": str(done.out) if ok else done,
        **(split_as_written(done.split) if ok else dict.fromkeys(SPLIT_FIELDS)),
        "reserve0_after": str(after.reserve0),
        "reserve1_after": str(after.reserve1),
    }


SPLIT_FIELDS = ("amt_in_adjusted", "amt_fee_lps", "amt_fee_protocol")


def split_as_written(parts: Any) -> dict[str, str]:
    return dict(zip(SPLIT_FIELDS, map(str, (parts.adjusted, parts.to_lps, parts.to_protocol)), strict=True))


def test_alex__every_recorded_swap__is_reproduced_to_the_unit() -> None:
    assert_every_row("alex", alex_result)


def test_alex_two_hops__every_recorded_swap__is_reproduced_to_the_unit() -> None:
    assert_every_row("alex_hop2", alex_hop2_result)


def test_velar_first_generation__every_recorded_swap__is_reproduced_to_the_unit() -> None:
    assert_every_row("velar", velar_result)


def test_velar_second_generation__every_recorded_swap__is_reproduced_to_the_unit() -> None:
    assert_every_row("velar_gen2", velar_gen2_result)
