"""Builders for the core tests: a constant-product venue, prices, limits, and a plan in one call."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from keeper.core.assets import Asset, AssetBook
from keeper.core.market import Books, Fill, MarketView
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Limits, Plan
from keeper.core.prices import AgreedPrice
from keeper.core.units import BaseUnits, Bps, MicroStx, PriceE12, Seconds
from keeper.errors import MarketRefused

DECIMALS = {"STX": 6, "ALEX": 8, "DIKO": 6, "WELSH": 6, "STSTX": 6}


@dataclass(frozen=True)
class Pool:
    """Reserves by symbol and a fee; the whole input joins the reserve, as in problems/README.md."""

    reserves: dict[str, int]
    fee_bps: int = 30

    def swap(self, sell: str, buy: str, amount: int) -> tuple[int, "Pool"]:
        net = amount * (10_000 - self.fee_bps) // 10_000
        out = self.reserves[buy] * net // (self.reserves[sell] + net)
        if net <= 0 or out <= 0:
            raise MarketRefused("dust")
        moved = {sell: self.reserves[sell] + amount, buy: self.reserves[buy] - out}
        return out, Pool(self.reserves | moved, self.fee_bps)


@dataclass(frozen=True)
class PoolRoute:
    """A path of assets through pools, one pool per hop."""

    assets: tuple[str, ...]
    pool_keys: tuple[str, ...]
    venue: str = "alex"
    most: int | None = None
    least: int = 0

    @property
    def adapter(self) -> str:
        return f"{self.venue}-adapter"

    @property
    def payer(self) -> str:
        return f"{self.venue}-vault"

    @property
    def sell(self) -> str:
        return self.assets[0]

    @property
    def buy(self) -> str:
        return self.assets[-1]

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        if self.most is not None and amount_in > self.most:
            raise MarketRefused("too much at once")
        if books[self.pool_keys[0]].reserves[self.sell] < self.least:
            raise MarketRefused("too little in the pool")
        after: dict[str, Any] = dict(books)
        amount = int(amount_in)
        for (sell, buy), key in zip(pairwise(self.assets), self.pool_keys, strict=True):
            amount, after[key] = after[key].swap(sell, buy, amount)
        return Fill(amount_in, BaseUnits(amount), after)


def both_ways(key: str, pool: Pool, **route) -> Iterator[PoolRoute]:
    one, other = pool.reserves
    venue = key.partition(":")[0]
    yield PoolRoute((one, other), (key,), venue, **route)
    yield PoolRoute((other, one), (key,), venue, **route)


def market(*extra: PoolRoute, only_extra=False, **pools: Pool) -> MarketView:
    """Return a market over pools by key (`alex_1` stands for `alex:1`), each traded both ways."""
    books = {key.replace("_", ":"): pool for key, pool in pools.items()}
    direct = [] if only_extra else [route for key, pool in books.items() for route in both_ways(key, pool)]
    return MarketView(books, (*direct, *extra))


def book(decimals=None) -> AssetBook:
    return AssetBook(
        tuple(
            Asset(symbol, places, f"SP.{symbol.lower()}", None if symbol == "STX" else symbol.lower())
            for symbol, places in (decimals or DECIMALS).items()
        )
    )


def agreed(prices: dict[str, int]) -> dict[str, AgreedPrice]:
    """Return agreed prices from STX e12 per whole token; STX is one unless named."""
    whole = {"STX": 10**12} | prices
    return {s: AgreedPrice(s, PriceE12(p), Seconds(0), Bps(0), ()) for s, p in whole.items()}


def limits(**changes) -> Limits:
    wide = {"max_slippage_bps": 200, "max_turnover_bps": 20_000, "max_legs": 10, "dust_bps": 0, "quote_slack_bps": 50}
    return Limits(**(wide | changes))


def plan(holdings, target, view, *, prices, pending=0, decimals=None, **limit) -> Plan:
    return plan_rebalance(holdings, target, MicroStx(pending), agreed(prices), book(decimals), view, limits(**limit))
