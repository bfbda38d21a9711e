"""A described market planned without a chain: parsing with bounds, constant-product venues, the answer as a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from keeper.core.assets import STX, Asset, AssetBook
from keeper.core.market import Books, Fill, MarketView, Route
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Limits, Plan
from keeper.core.prices import AgreedPrice
from keeper.core.units import BPS_ONE, PRICE_ONE, BaseUnits, Bps, MicroStx, PriceE12, Seconds
from keeper.errors import BadInput, MarketRefused

MOST_ASSETS: Final = 50
MOST_VENUES: Final = 500
MOST_DECIMALS: Final = 18
MOST_UNITS: Final = 10**38
MOST_LEGS: Final = 100
LONGEST_NAME: Final = 128
MOST_BPS: Final = 10**6
NO_TURNOVER_LIMIT: Final = Bps(10**6)
KINDS: Final = ("constant_product",)


@dataclass(frozen=True, slots=True)
class Reserves:
    """One pool: what it holds by symbol, and its fee."""

    held: Mapping[str, int]
    fee_bps: int


@dataclass(frozen=True, slots=True)
class PoolRoute:
    """One constant-product pool in one direction."""

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str, ...]

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return what the pool pays: the fee comes off the input, and the whole input joins the reserve."""
        pool = books[self.pool_keys[0]]
        if not isinstance(pool, Reserves):
            raise MarketRefused(venue=self.venue)
        net = amount_in * (BPS_ONE - pool.fee_bps) // BPS_ONE
        sell, buy = pool.held[self.sell], pool.held[self.buy]
        out = buy * net // (sell + net) if net > 0 else 0
        if out <= 0:
            message = "the pool would pay nothing"
            raise MarketRefused(message, venue=self.venue)
        after = Reserves({self.sell: sell + amount_in, self.buy: buy - out}, pool.fee_bps)
        return Fill(amount_in, BaseUnits(out), {**books, self.pool_keys[0]: after})


@dataclass(frozen=True, slots=True)
class Problem:
    """A described market, ready to be planned."""

    problem_id: str
    assets: AssetBook
    prices: Mapping[str, AgreedPrice]
    holdings: Mapping[str, int]
    target_bps: Mapping[str, int]
    market: MarketView
    limits: Limits


def parse_problem(body: object) -> Problem:
    """Read one problem.

    Raises:
        BadInput: the message and the fact `field` name what is wrong.
    """
    found = _mapping(body, "problem")
    if found.get("unit", STX) != STX:
        _refuse("unit", "must be STX; prices are in STX per whole token")
    described = _mapping(_need(found, "assets"), "assets")
    if not 1 <= len(described) <= MOST_ASSETS or STX not in described:
        _refuse("assets", f"must name STX and at most {MOST_ASSETS} assets")
    assets, prices = [], {}
    for symbol, each in described.items():
        asset, price = _asset(symbol, _mapping(each, f"assets.{symbol}"))
        assets.append(asset)
        prices[symbol] = AgreedPrice(symbol, price, Seconds(0), Bps(0), ())
    holdings = _amounts(_need(found, "holdings"), "holdings", described, MOST_UNITS)
    target = _amounts(_need(found, "target_bps"), "target_bps", described, BPS_ONE)
    if sum(target.values()) != BPS_ONE:
        _refuse("target_bps", f"must sum to {BPS_ONE} and sums to {sum(target.values())}")
    return Problem(
        problem_id=_name(found.get("id", ""), "id", least=0),
        assets=AssetBook(tuple(assets)),
        prices=prices,
        holdings=holdings,
        target_bps=target,
        market=_market(_need(found, "venues"), described),
        limits=_limits(_mapping(_need(found, "limits"), "limits")),
    )


def plan_problem(problem: Problem) -> dict[str, Any]:
    """Return the plan of a problem as a document: legs, what is held afterwards, values in µSTX, cost and reason.

    Raises:
        BadInput: the problem itself makes no sense; the message names the field.
    """
    made = plan_rebalance(
        problem.holdings,
        problem.target_bps,
        MicroStx(0),
        problem.prices,
        problem.assets,
        problem.market,
        problem.limits,
    )
    before = _worth(problem, problem.holdings)
    after = _worth(problem, made.holdings_after)
    return {
        "id": problem.problem_id,
        "legs": _legs(made),
        "holdings_after": {s: str(made.holdings_after.get(s, 0)) for s in problem.assets.symbols()},
        "value_before": str(before // PRICE_ONE),
        "value_after": str(after // PRICE_ONE),
        "cost_bps": float(Decimal(before - after) * BPS_ONE / Decimal(before)) if before else 0.0,
        "reason": made.reason,
    }


def _legs(made: Plan) -> list[dict[str, str]]:
    return [
        {
            "venue": leg.venue,
            "from": leg.sell,
            "to": leg.buy,
            "amount_in": str(leg.amount_in),
            "expected_out": str(leg.expected_out),
            "min_out": str(leg.min_out),
        }
        for leg in made.legs
    ]


def _worth(problem: Problem, holdings: Mapping[str, int]) -> int:
    """Return the value in 10^-12 µSTX, rounded down per asset."""
    return sum(
        amount * problem.prices[s].price_e12 * 10**6 // 10 ** problem.assets[s].decimals
        for s, amount in holdings.items()
    )


def _asset(symbol: object, body: Mapping[str, Any]) -> tuple[Asset, PriceE12]:
    name = _name(symbol, "assets")
    where = f"assets.{name}"
    decimals = _whole(_need(body, "decimals", where), f"{where}.decimals", MOST_DECIMALS)
    price = _price(_need(body, "price", where), f"{where}.price")
    if name == STX and price != PRICE_ONE:
        _refuse(f"{where}.price", "must be 1, since prices are in STX")
    return Asset(name, decimals, name, None if name == STX else name), price


def _price(given: object, field: str) -> PriceE12:
    text = str(given) if isinstance(given, (str, int, float)) else ""
    # Decimal also reads underscores and the digits of other scripts, which nobody writes into a price on purpose.
    try:
        price = Decimal(text if text.isascii() and "_" not in text and len(text) <= LONGEST_NAME else "NaN")
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or not 0 < price < PRICE_ONE:
        _refuse(field, "must be a number above 0, as text")
    whole = PriceE12(int(price * PRICE_ONE))
    if whole == 0:
        _refuse(field, "is below the smallest price, 0.000000000001")
    return whole


def _market(body: object, described: Mapping[str, Any]) -> MarketView:
    if not isinstance(body, Sequence) or isinstance(body, str) or len(body) > MOST_VENUES:
        _refuse("venues", f"must be a list of at most {MOST_VENUES} venues")
    books: dict[str, object] = {}
    routes: list[Route] = []
    for number, each in enumerate(body):
        where = f"venues[{number}]"
        venue = _mapping(each, where)
        key = _name(_need(venue, "id", where), f"{where}.id")
        if key in books:
            _refuse(f"{where}.id", f"is there twice: {key}")
        books[key], ways = _venue(venue, where, described)
        dex = _name(venue.get("dex", key), f"{where}.dex")
        routes += [PoolRoute(key, f"{dex}:{key}", dex, sell, buy, (key,)) for sell, buy in ways]
    return MarketView(books, tuple(routes))


def _venue(
    venue: Mapping[str, Any], where: str, described: Mapping[str, Any]
) -> tuple[Reserves, tuple[tuple[str, str], ...]]:
    if _need(venue, "kind", where) not in KINDS:
        _refuse(f"{where}.kind", f"must be one of {', '.join(KINDS)}")
    x, y = (_name(_need(venue, side, where), f"{where}.{side}") for side in ("x", "y"))
    for side, symbol in (("x", x), ("y", y)):
        if symbol not in described:
            _refuse(f"{where}.{side}", f"names {symbol}, which is not among the assets")
    if x == y:
        _refuse(f"{where}.y", "must be another asset than x")
    held = {
        symbol: _whole(_need(venue, f"reserve_{side}", where), f"{where}.reserve_{side}", MOST_UNITS, least=1)
        for side, symbol in (("x", x), ("y", y))
    }
    fee = _whole(_need(venue, "fee_bps", where), f"{where}.fee_bps", BPS_ONE - 1)
    return Reserves(held, fee), ((x, y), (y, x))


def _limits(body: Mapping[str, Any]) -> Limits:
    def limit(name: str, most: int) -> int:
        return _whole(_need(body, name, "limits"), f"limits.{name}", most)

    return Limits(
        max_slippage_bps=Bps(limit("max_slippage_bps", BPS_ONE)),
        max_turnover_bps=Bps(
            _whole(body.get("max_turnover_bps", NO_TURNOVER_LIMIT), "limits.max_turnover_bps", MOST_BPS)
        ),
        max_legs=limit("max_legs", MOST_LEGS),
        dust_bps=Bps(0),
        quote_slack_bps=Bps(0),
        aim_bps=Bps(limit("tolerance_bps", BPS_ONE)),
        leg_cost_ustx=MicroStx(limit("gas_per_leg_ustx", MOST_UNITS)),
    )


def _amounts(body: object, field: str, described: Mapping[str, Any], most: int) -> dict[str, int]:
    found = {}
    for symbol, amount in _mapping(body, field).items():
        if symbol not in described:
            _refuse(f"{field}.{symbol}", "is not among the assets")
        found[symbol] = _whole(amount, f"{field}.{symbol}", most)
    return found


def _whole(given: object, field: str, most: int, least: int = 0) -> int:
    """Take a whole number, or one as text; never a float, which may have lost units already."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= len(str(most)):
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        _refuse(field, f"must be a whole number from {least} to {most}")
    return given


def _name(given: object, field: str, least: int = 1) -> str:
    if not isinstance(given, str) or not least <= len(given) <= LONGEST_NAME:
        _refuse(field, f"must be text of at most {LONGEST_NAME} characters")
    return given


def _mapping(given: object, field: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        _refuse(field, "must be an object")
    return given


def _need(body: Mapping[str, Any], key: str, where: str = "") -> Any:
    if key not in body:
        _refuse(f"{where}.{key}" if where else key, "is missing")
    return body[key]


def _refuse(field: str, what: str) -> NoReturn:
    message = f"{field} {what}"
    raise BadInput(message, field=field)
