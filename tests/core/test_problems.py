"""Described markets: what is read, what is refused, and what the answer says."""

import json
from copy import deepcopy

import pytest

from keeper.core.problems import parse_problem, plan_problem
from keeper.errors import BadInput
from keeper.problem_file import plans_of

PROBLEM = {
    "id": "p1",
    "unit": "STX",
    "assets": {"STX": {"decimals": 6, "price": "1"}, "ALEX": {"decimals": 8, "price": "0.1"}},
    "holdings": {"STX": "10000000000", "ALEX": "0"},
    "target_bps": {"STX": 6000, "ALEX": 4000},
    "venues": [
        {"id": "alex:0", "dex": "alex", "kind": "constant_product", "x": "STX", "y": "ALEX",
         "reserve_x": "1000000000000", "reserve_y": "1000000000000000", "fee_bps": 50},
        {"id": "velar:1", "dex": "velar", "kind": "constant_product", "x": "STX", "y": "ALEX",
         "reserve_x": "1000000000000", "reserve_y": "1000000000000000", "fee_bps": 30},
    ],
    "limits": {"tolerance_bps": 25, "max_legs": 30, "max_slippage_bps": 10_000, "gas_per_leg_ustx": "0"},
}  # fmt: skip


def changed(*path, to) -> dict:
    body = deepcopy(PROBLEM)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return body


def test_plan_problem__two_venues__replays_to_the_unit_and_ends_on_target() -> None:
    done = plan_problem(parse_problem(PROBLEM))

    pools = {v["id"]: [int(v["reserve_x"]), int(v["reserve_y"]), v["fee_bps"]] for v in PROBLEM["venues"]}
    stx, alex = 10**10, 0
    for leg in done["legs"]:
        amount, pool = int(leg["amount_in"]), pools[leg["venue"]]
        net = amount * (10_000 - pool[2]) // 10_000
        out = pool[1] * net // (pool[0] + net)
        assert (leg["from"], leg["to"]) == ("STX", "ALEX")
        assert (leg["expected_out"], leg["min_out"]) == (str(out), str(out))
        stx, alex = stx - amount, alex + out
    assert done["holdings_after"] == {"STX": str(stx), "ALEX": str(alex)}
    assert (done["value_before"], done["value_after"]) == ("10000000000", str(stx + alex // 1_000))
    assert 0.397 < alex / 1_000 / (stx + alex / 1_000) < 0.4
    assert done["cost_bps"] == pytest.approx((10**10 - stx - alex / 1_000) / 10**6)
    assert done["reason"]


def test_plan_problem__nothing_to_do__has_no_legs_and_says_why() -> None:
    done = plan_problem(parse_problem(changed("target_bps", to={"STX": 10_000})))

    assert (done["legs"], done["cost_bps"]) == ([], 0)
    assert "too little to trade for" in done["reason"]


def test_plan_problem__gas_dearer_than_a_second_leg__keeps_to_one() -> None:
    free = plan_problem(parse_problem(PROBLEM))
    dear = plan_problem(parse_problem(changed("limits", "gas_per_leg_ustx", to="50000000")))

    assert [len(free["legs"]), len(dear["legs"])] == [2, 1]
    assert dear["legs"][0]["venue"] == "velar:1"


@pytest.mark.parametrize(
    ("path", "to", "field"),
    [
        (("unit",), "USD", "unit"),
        (("assets",), [], "assets"),
        (("assets",), {"ALEX": {"decimals": 8, "price": "1"}}, "assets"),
        (("assets", "ALEX"), 1, "assets.ALEX"),
        (("assets", "ALEX"), {"price": "1"}, "assets.ALEX.decimals"),
        (("assets", "ALEX", "decimals"), 1.5, "assets.ALEX.decimals"),
        (("assets", "ALEX", "decimals"), 99, "assets.ALEX.decimals"),
        (("assets", "ALEX", "price"), "0", "assets.ALEX.price"),
        (("assets", "ALEX", "price"), "NaN", "assets.ALEX.price"),
        (("assets", "ALEX", "price"), "one", "assets.ALEX.price"),
        (("assets", "ALEX", "price"), None, "assets.ALEX.price"),
        (("assets", "ALEX", "price"), "0.0000000000001", "assets.ALEX.price"),
        (("assets", "STX", "price"), "2", "assets.STX.price"),
        (("holdings", "ALEX"), "-1", "holdings.ALEX"),
        (("holdings", "ALEX"), True, "holdings.ALEX"),
        (("holdings", "ALEX"), "9" * 60, "holdings.ALEX"),
        (("holdings", "LEO"), "1", "holdings.LEO"),
        (("target_bps", "ALEX"), 3_999, "target_bps"),
        (("venues",), {}, "venues"),
        (("venues", 0, "kind"), "curve", "venues[0].kind"),
        (("venues", 0, "x"), "LEO", "venues[0].x"),
        (("venues", 0, "y"), "STX", "venues[0].y"),
        (("venues", 1, "id"), "alex:0", "venues[1].id"),
        (("venues", 1, "id"), 7, "venues[1].id"),
        (("venues", 1, "reserve_x"), "0", "venues[1].reserve_x"),
        (("venues", 1, "fee_bps"), 10_000, "venues[1].fee_bps"),
        (("limits",), {}, "limits.max_slippage_bps"),
        (("limits", "max_legs"), "many", "limits.max_legs"),
    ],
)
def test_parse_problem__malformed__names_the_field(path, to, field) -> None:
    with pytest.raises(BadInput) as refused:
        parse_problem(changed(*path, to=to))

    assert refused.value.facts["field"] == field
    assert field in str(refused.value)


@pytest.mark.parametrize("missing", ["assets", "holdings", "target_bps", "venues", "limits"])
def test_parse_problem__part_is_missing__names_it(missing) -> None:
    with pytest.raises(BadInput, match=f"{missing} is missing"):
        parse_problem({key: value for key, value in PROBLEM.items() if key != missing})


@pytest.mark.parametrize(
    "text",
    [json.dumps(PROBLEM, indent=2), json.dumps(PROBLEM), json.dumps([PROBLEM])],
)
def test_plans_of__one_problem_however_written__is_planned(tmp_path, text) -> None:
    file = tmp_path / "problem.json"
    file.write_text(text)

    [done] = plans_of(file)

    assert done["id"] == "p1"
    assert done["elapsed_ms"] > 0


def test_plans_of__lines__come_in_order_up_to_the_malformed_one(tmp_path) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(f"{json.dumps(PROBLEM)}\n\n{json.dumps(changed('id', to='p2'))}\n{json.dumps({'id': 'p3'})}\n")

    plans = plans_of(file)

    assert [next(plans)["id"], next(plans)["id"]] == ["p1", "p2"]
    with pytest.raises(BadInput, match="line 4: assets is missing"):
        next(plans)


@pytest.mark.parametrize("text", ["", "{", "{}\n{", "[" * 100_000, "\xff"])
def test_plans_of__no_problem_in_it__is_refused(tmp_path, text) -> None:
    file = tmp_path / "problem.json"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(BadInput):
        list(plans_of(file))


def test_plans_of__no_such_file__is_refused(tmp_path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(plans_of(tmp_path / "none.json"))
