"""The venues' arithmetic against what their deployed contracts really did, row by row.

`KEEPER_VECTORS` names a directory whose `markets/` holds other files of the same shape, for some
venues or all, with further fields or without; without it the files beside this one are used. Every
field of a row that describes a result is compared.
"""

import gzip
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from keeper.chain.clarity import Ok
from keeper.core.units import BaseUnits
from keeper.errors import MarketRefused
from keeper_alex import curve
from keeper_bitflow import stable, xyk
from keeper_bitflow.arithmetic import Fees
from keeper_bitflow.parse import ratio_from
from keeper_bitflow.routes import BitflowRoute, RatedPool
from keeper_velar import univ2, univ2_gen2
from keeper_velar.arithmetic import Pool, Rate

pytestmark = pytest.mark.vectors

OURS = Path(__file__).parent / "vectors"
GIVEN = Path(os.environ.get("KEEPER_VECTORS", OURS)) / "markets"
Row = dict[str, Any]


@cache
def rows_by_venue(folder: Path) -> dict[str, list[Row]]:
    """Every row of every file, plain or packed; a file may mix venues. A plain file goes before a packed one."""
    plain = {path.stem: path.read_bytes() for path in folder.glob("*.jsonl")}
    packed = {path.name.removesuffix(".jsonl.gz"): gzip.decompress(path.read_bytes()) for path in folder.glob("*.gz")}
    found: dict[str, list[Row]] = {}
    for name, text in (packed | plain).items():
        for line in text.splitlines():
            if line.strip():
                row = json.loads(line)
                found.setdefault(row.get("venue", name), []).append(row)
    return found


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


def agrees(got: Any, want: Any) -> bool:
    """Whether a row says the same; it may know more than is asked here."""
    if isinstance(got, dict) and isinstance(want, dict):
        return all(name in want and agrees(value, want[name]) for name, value in got.items())
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(agrees(*pair) for pair in zip(got, want, strict=True))
    return bool(got == want)


def differences(row: Row, got: Row) -> Row:
    return {name: (row.get(name), value) for name, value in got.items() if not agrees(value, row.get(name))}


def number(value: str | None) -> int | None:
    return None if value is None else int(value)


def alex_pool(row: Row) -> curve.Pool:
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


def alex_result(row: Row) -> Row:
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


def alex_hop2_result(row: Row) -> Row:
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


def rate(row: Row, name: str) -> Rate:
    return Rate(int(row[f"{name}_num"]), int(row[f"{name}_den"]))


def velar_result(row: Row) -> Row:
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


def velar_gen2_result(row: Row) -> Row:
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


def bitflow_fees(row: Row, side: str) -> Fees:
    return Fees(int(row[f"{side}_protocol_fee_bps"]), int(row[f"{side}_provider_fee_bps"]))


def bitflow_xyk_result(row: Row) -> Row:
    pool = xyk.Pool(
        x_token=row["x_token"],
        y_token=row["y_token"],
        x_balance=int(row["x_balance"]),
        y_balance=int(row["y_balance"]),
        x_fees=bitflow_fees(row, "x"),
        y_fees=bitflow_fees(row, "y"),
    )
    amount, minimum, x_for_y = int(row["amount"]), int(row["min_out"]), row["direction"] == "x_for_y"
    done = outcome(lambda: xyk.swap(pool, amount, minimum, x_for_y=x_for_y))
    ok = isinstance(done, xyk.Swap)
    after = done.pool if ok else pool
    return {
        "quote": outcome(lambda: xyk.venue_quote(pool, amount, x_for_y=x_for_y)),
        "swap_out": str(done.out) if ok else done,
        "fees_protocol": str(done.split.protocol) if ok else None,
        "fees_provider": str(done.split.provider) if ok else None,
        "x_balance_after": str(after.x_balance),
        "y_balance_after": str(after.y_balance),
    }


def stable_pool(row: Row) -> stable.Pool:
    numbers = ("x_balance", "y_balance", "x_scale", "y_scale")
    return stable.Pool(
        x_token=row["x_token"],
        y_token=row["y_token"],
        **{name: int(row[name]) for name in numbers},
        x_fees=bitflow_fees(row, "x"),
        y_fees=bitflow_fees(row, "y"),
        midpoint_num=int(row["midpoint_num"]),
        midpoint_den=int(row["midpoint_den"]),
        amplification=int(row["amplification"]),
        threshold=int(row["threshold"]),
    )


def bitflow_stable_result(row: Row) -> Row:
    pool = stable_pool(row)
    amount, minimum, x_for_y = int(row["amount"]), int(row["min_out"]), row["direction"] == "x_for_y"
    done = outcome(lambda: stable.swap(pool, amount, minimum, x_for_y=x_for_y))
    ok = isinstance(done, stable.Swap)
    after = done.pool if ok else pool
    return {
        "quote": outcome(lambda: stable.venue_quote(pool, amount, x_for_y=x_for_y)),
        "swap_out": str(done.out) if ok else done,
        "x_balance_after": str(after.x_balance),
        "y_balance_after": str(after.y_balance),
    }


CHECKS: dict[str, Callable[[Row], Row]] = {
    "alex": alex_result,
    "alex_hop2": alex_hop2_result,
    "velar": velar_result,
    "velar_gen2": velar_gen2_result,
    "bitflow_xyk": bitflow_xyk_result,
    "bitflow_stable": bitflow_stable_result,
}


@pytest.mark.parametrize("venue", [name for name in CHECKS if name in rows_by_venue(GIVEN)])
def test_venue__every_recorded_swap__is_reproduced_to_the_unit(venue: str) -> None:
    rows = rows_by_venue(GIVEN)[venue]

    wrong = [(row.get("id"), found) for row in rows if (found := differences(row, CHECKS[venue](row)))]

    assert wrong[:5] == [], f"{len(wrong)} of {len(rows)} rows differ"


def test_bitflow_stable__route__quotes_what_our_adapter_contract_does() -> None:
    """The route also refuses where the core would abort after the adapter's quote, or pay all that the pool has."""
    rows = rows_by_venue(OURS / "markets")["bitflow_stable"]

    wrong = [(row["id"], *answers) for row in rows if len(set(answers := adapter_answers(row))) > 1]

    assert wrong[:5] == [], f"{len(wrong)} of {len(rows)} rows differ"


def adapter_answers(row: Row) -> tuple[str, str]:
    """What the route says to a row, and what it has to say."""
    x_for_y, want = row["direction"] == "x_for_y", row["adapter_quote"]
    all_there_is = row["y_balance" if x_for_y else "x_balance"]
    ratio = ratio_from(Ok(int(row["ratio"])))
    got: Any = {"err": "no ratio"}
    if not isinstance(ratio, str):
        route = BitflowRoute("bitflow", "", "", "", "", ("pool",), ("", ""), 1, x_for_y)
        books = {"pool": RatedPool(stable_pool(row), ratio)}
        got = outcome(lambda: route.quote(books, BaseUnits(int(row["amount"]))).amount_out)
    refused = failed(want) or row["swap_out"] == {"panic": True} or want == all_there_is
    return "refused" if failed(got) else got, "refused" if refused else want


def test_rows__the_given_ones__are_of_venues_we_know() -> None:
    assert set(rows_by_venue(GIVEN)) & set(CHECKS), f"{GIVEN} holds no row that could be checked"


def test_rows__our_own__cover_every_venue_and_every_outcome() -> None:
    ours = rows_by_venue(OURS / "markets")

    assert set(ours) == set(CHECKS)
    for rows in ours.values():
        outcomes = [row["swap_out"] for row in rows]
        assert len(rows) >= 400
        assert any(isinstance(out, str) for out in outcomes)
        assert any("err" in out for out in outcomes if isinstance(out, dict))
