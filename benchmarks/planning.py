"""How long a plan takes, for a small basket and for the largest there can be."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time

from keeper.core.assets import Asset, AssetBook
from keeper.core.market import MarketView
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Limits
from keeper.core.prices import AgreedPrice, Prices
from keeper.core.problems import parse_problem, plan_problem
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.testing.build import STX, tip
from keeper.testing.fakes import FakeDex, FakePool, ScriptedReader

SECONDS = 22.0
"""Longest that one size may take; a large basket gets through fewer targets."""
MOST = 400
LIMITS = Limits(max_slippage_bps=Bps(150), max_turnover_bps=Bps(3_500), max_legs=10, dust_bps=Bps(10))
UNIT = 10**6
DEPTH = 2_000_000 * UNIT


@dataclass(frozen=True, slots=True)
class Planning:
    """Milliseconds of processor time per plan over `plans` different targets."""

    assets: int
    plans: int
    median_ms: float
    p99_ms: float


def basket(count: int) -> tuple[AssetBook, Prices]:
    """Return STX and `count - 1` tokens worth 1, 2, 3 … STX."""
    tokens = [Asset(f"T{i}", 6, f"{STX.principal[:-9]}token-{i}", f"t{i}") for i in range(1, count)]
    prices = {
        asset.symbol: AgreedPrice(asset.symbol, PriceE12(max(i, 1) * 10**12), Seconds(0), Bps(0), ())
        for i, asset in enumerate([STX, *tokens])
    }
    return AssetBook((STX, *tokens)), prices


def market(count: int) -> MarketView:
    """Return two venues where every token trades against STX and against the next token."""
    venues = [FakeDex(pools_of(count, depth), name=name) for name, depth in (("deep", DEPTH), ("shallow", DEPTH // 3))]
    views = [asyncio.run(venue.market(ScriptedReader(), tip())) for venue in venues]
    books: dict[str, object] = {}
    for view in views:
        books.update(view.books)
    return MarketView(books=books, routes=tuple(route for view in views for route in view.routes))


def pools_of(count: int, depth: int) -> dict[str, FakePool]:
    """Return one venue's pools, balanced at the prices of `basket`."""
    direct = {f"stx-{i}": FakePool("STX", f"T{i}", depth, depth // i) for i in range(1, count)}
    across = {f"{i}-{i + 1}": FakePool(f"T{i}", f"T{i + 1}", depth // i, depth // (i + 1)) for i in range(1, count - 1)}
    return direct | across


def target(symbols: tuple[str, ...], number: int) -> dict[str, int]:
    """Return the `number`-th target: weights that differ from asset to asset and from target to target."""
    weights = [1 + (7 * number + 13 * i * (number % 11 + 1)) % 29 for i in range(len(symbols))]
    shares = [weight * 10_000 // sum(weights) for weight in weights]
    shares[0] += 10_000 - sum(shares)
    return dict(zip(symbols, shares, strict=True))


def measure(count: int) -> Planning:
    """Plan for one target after the other until time or targets run out."""
    assets, prices = basket(count)
    view, symbols = market(count), assets.symbols()
    value = 100_000 * UNIT // count
    holdings = {symbol: value * 10**12 // prices[symbol].price_e12 for symbol in symbols}
    took: list[float] = []
    began = perf_counter()
    while len(took) < MOST and perf_counter() - began < SECONDS:
        wanted = target(symbols, len(took))
        start = process_time()
        plan_rebalance(holdings, wanted, MicroStx(0), prices, assets, view, LIMITS)
        took.append((process_time() - start) * 1_000)
    return Planning(count, len(took), median(took), quantiles(took, n=100, method="inclusive")[98])


@dataclass(frozen=True, slots=True)
class Against:
    """Milliseconds of processor time for random markets of ten assets and thirty pools: ours, and the general solver's."""

    markets: int
    median_ms: float
    p99_ms: float
    solver_ms: float
    """Median of the general solver on the first few of them."""
    solved: int


def measure_against_a_solver(markets: int = 100, solved: int = 3) -> Against:
    """Plan random markets, some of them with a general convex solver as well."""
    from tests.core import markets_kit  # noqa: PLC0415 - the solver takes seconds to import

    described = [markets_kit.make_market(seed, assets=10, pools=30) for seed in range(1, markets + 1)]
    parsed = [parse_problem(problem) for problem in described]
    ours = [_cpu_ms(lambda one=one: plan_problem(one)) for one in parsed]
    theirs = [_cpu_ms(lambda one=one: markets_kit.convex_bound_bps(one)) for one in described[:solved]]
    return Against(markets, median(ours), quantiles(ours, n=100, method="inclusive")[98], median(theirs), solved)


def _cpu_ms(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return (process_time() - began) * 1_000
