"""What must hold of every plan, whatever the market."""

from core_kit import Pool, PoolRoute, market, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.core.allocation import largest_remainder
from keeper.core.drift import pool_drift
from keeper.core.units import value_ustx_down

DECIMALS = {"STX": 6, "ALEX": 8, "DIKO": 6, "WELSH": 6}
PAIRS = [("STX", "ALEX"), ("STX", "WELSH"), ("ALEX", "DIKO"), ("STX", "DIKO"), ("WELSH", "DIKO")]


def value(symbol, amount, prices) -> int:
    return value_ustx_down(amount, prices[symbol], DECIMALS[symbol])


@st.composite
def problems(draw):
    prices = {"STX": 10**12} | {s: draw(st.integers(10**8, 10**14)) for s in ("ALEX", "DIKO", "WELSH")}
    worth = {s: draw(st.integers(0, 10**11)) for s in DECIMALS}
    holdings = {s: v * 10 ** (DECIMALS[s] + 6) // prices[s] for s, v in worth.items()}
    parts = {s: draw(st.integers(0, 100)) for s in DECIMALS}
    target = largest_remainder(parts if sum(parts.values()) else {"STX": 1})
    pools = {}
    for number, (one, other) in enumerate(draw(st.lists(st.sampled_from(PAIRS), min_size=2, max_size=7))):
        depth, skew = draw(st.integers(10**9, 10**14)), draw(st.integers(9_700, 10_300))
        reserves = {s: depth * 10 ** (DECIMALS[s] + 6) // prices[s] + 1 for s in (one, other)}
        pools[f"v{number % 2}_{number}"] = Pool(reserves | {other: reserves[other] * skew // 10_000 + 1}, 30)
    hops = [
        PoolRoute(("STX", "ALEX", "DIKO"), (first, second), first[:2])
        for first in (k.replace("_", ":") for k, p in pools.items() if set(p.reserves) == {"STX", "ALEX"})
        for second in (k.replace("_", ":") for k, p in pools.items() if set(p.reserves) == {"ALEX", "DIKO"})
    ]
    limit = {
        "max_slippage_bps": draw(st.sampled_from([0, 50, 200, 10_000])),
        "max_turnover_bps": draw(st.sampled_from([0, 100, 1_000, 20_000])),
        "max_legs": draw(st.integers(1, 10)),
        "dust_bps": draw(st.sampled_from([0, 25, 200])),
        "quote_slack_bps": draw(st.sampled_from([0, 50])),
    }
    pending = draw(st.integers(0, sum(worth.values()) // 2 + 1))
    return holdings, target, pending, prices, market(*hops, **pools), limit


@settings(max_examples=60)
@given(problems())
def test_plan__any_market__keeps_every_limit(problem) -> None:
    holdings, target, pending, prices, view, limit = problem

    made = plan(holdings, target, view, prices=prices, pending=pending, decimals=DECIMALS, **limit)

    total = sum(value(s, a, prices) for s, a in holdings.items())
    sold = sum(value(leg.sell, leg.amount_in, prices) for leg in made.legs)
    assert made.turnover_ustx == sold
    assert sold * 10_000 <= limit["max_turnover_bps"] * total
    assert len(made.legs) <= limit["max_legs"]
    assert made.reason
    for leg in made.legs:
        assert 0 < leg.min_out <= leg.expected_out
        kept = 10_000 - limit["max_slippage_bps"]
        assert value(leg.buy, leg.min_out, prices) * 10_000 >= value(leg.sell, leg.amount_in, prices) * kept


@settings(max_examples=60)
@given(problems())
def test_plan__carried_out_leg_by_leg__pays_what_it_said_and_never_overspends(problem) -> None:
    holdings, target, pending, prices, view, limit = problem

    made = plan(holdings, target, view, prices=prices, pending=pending, decimals=DECIMALS, **limit)

    held, worst, books = dict(holdings), dict(holdings), view.books
    for leg in made.legs:
        route = next(r for r in view.routes if (r.pool_keys, r.sell, r.buy) == (leg.pool_keys, leg.sell, leg.buy))
        fill = route.quote(books, leg.amount_in)
        books = fill.books
        assert fill.amount_out == leg.expected_out
        for wallet, paid in ((held, leg.expected_out), (worst, leg.min_out)):
            wallet[leg.sell] -= leg.amount_in
            assert wallet[leg.sell] >= 0
            wallet[leg.buy] += paid
    assert held == made.holdings_after


@settings(max_examples=60)
@given(problems())
def test_plan__any_market__lowers_the_drift_or_has_no_legs(problem) -> None:
    holdings, target, pending, prices, view, limit = problem

    made = plan(holdings, target, view, prices=prices, pending=pending, decimals=DECIMALS, **limit)

    before, after = (
        pool_drift({s: value(s, a, prices) for s, a in h.items()}, target, pending)
        for h in (holdings, made.holdings_after)
    )
    assert (made.value_before_ustx, made.value_after_ustx) == (before.value_ustx, after.value_ustx)
    if made.legs:
        assert after.drift_bps < before.drift_bps
    else:
        assert made.holdings_after == holdings
        assert (made.turnover_ustx, made.cost_ustx) == (0, 0)


@settings(max_examples=60)
@given(problems())
def test_plan__has_no_legs__only_when_no_fair_swap_would_help(problem) -> None:
    holdings, target, pending, prices, view, limit = problem
    limit |= {"dust_bps": 0, "max_turnover_bps": 20_000, "max_slippage_bps": 200}

    made = plan(holdings, target, view, prices=prices, pending=pending, decimals=DECIMALS, **limit)

    drift = pool_drift({s: value(s, a, prices) for s, a in holdings.items()}, target, pending)
    for route in () if made.legs else view.routes:
        move = min(drift.gaps_ustx[route.sell], -drift.gaps_ustx[route.buy]) // 4
        amount = move * 10 ** (DECIMALS[route.sell] + 6) // prices[route.sell]
        if move * 10_000 > 20 * max(drift.free_ustx, 10**9):
            paid = value(route.buy, route.quote(view.books, amount).amount_out, prices)
            assert paid * 10_000 < value(route.sell, amount, prices) * 9_801


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 100))
def test_plan__deep_market__always_ends_within_ten_basis_points(stx_share, target, fee) -> None:
    prices = {"STX": 10**12, "ALEX": 10**11}
    holdings = {"STX": stx_share * 10**6, "ALEX": (10_000 - stx_share) * 10**9}
    view = market(alex_1=Pool({"STX": 10**15, "ALEX": 10**18}, fee))

    made = plan(holdings, {"STX": target, "ALEX": 10_000 - target}, view, prices=prices, quote_slack_bps=0)

    values = {s: value(s, a, prices) for s, a in made.holdings_after.items()}
    after = pool_drift(values, {"STX": target, "ALEX": 10_000 - target}, 0)
    assert after.worst_bps <= 10


@settings(max_examples=60)
@given(problems())
def test_plan__same_problem_twice__is_the_same_plan(problem) -> None:
    holdings, target, pending, prices, view, limit = problem

    one, two = (
        plan(holdings, target, view, prices=prices, pending=pending, decimals=DECIMALS, **limit) for _ in range(2)
    )

    assert one == two
