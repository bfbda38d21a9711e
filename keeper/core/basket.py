"""What a pool holds and should hold, in fine value units, while a plan is being made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from keeper.core.assets import STX, AssetBook
from keeper.core.prices import Prices
from keeper.core.units import BPS_ONE
from keeper.errors import BadInput

FINE_PER_USTX = 10**6
"""Values are compared in 10^-12 STX, so that rounding never decides between two routes."""
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Band:
    """The values between which an asset may end, fine."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Basket:
    """The problem: holdings and target by asset, prices to compare them by, and what counts as met.

    All lists are indexed alike, by `symbols`.
    """

    symbols: tuple[str, ...]
    holdings: tuple[int, ...]
    target_bps: tuple[int, ...]
    prices_e12: tuple[int, ...]
    scales: tuple[int, ...]
    """10 to the decimals of each asset."""
    pending: int
    """Fine value of the queued withdrawals, owed in STX."""
    slack: tuple[int, ...]
    """How far from its target each asset may end, in parts per million of the whole value."""
    accepted_e12: tuple[int, ...] = ()
    """The contracts' own prices, 0 where they have none; empty where they are not asked."""

    def value(self, index: int, amount: int) -> int:
        """Return the fine value of `amount` base units, rounded down."""
        return amount * self.prices_e12[index] // self.scales[index]

    def amount(self, index: int, value: int) -> int:
        """Return the base units that a fine value is worth, rounded down."""
        return value * self.scales[index] // self.prices_e12[index]

    def values(self, holdings: Sequence[int]) -> list[int]:
        """Return the fine value of every holding."""
        return [self.value(index, amount) for index, amount in enumerate(holdings)]

    def wanted(self, total: int) -> list[int]:
        """Return the fine value each asset should have when all together are worth `total`."""
        free = total - self.pending
        wanted = [bps * free // BPS_ONE for bps in self.target_bps]
        wanted[self.symbols.index(STX)] += self.pending
        return wanted

    def priced_apart(self, sell: int, buy: int) -> float:
        """Return how much more a swap has to pay by the contracts' prices than by ours, as a factor; inf without theirs."""
        if not self.accepted_e12:
            return 1.0
        if not (self.accepted_e12[sell] and self.accepted_e12[buy]):
            return inf
        theirs = self.accepted_e12[sell] * self.prices_e12[buy]
        return theirs / (self.prices_e12[sell] * self.accepted_e12[buy])

    def bands(self, total: int) -> list[Band]:
        """Return where each asset may end when all together are worth `total`."""
        rooms = [parts * total // MILLION for parts in self.slack]
        pairs = zip(self.wanted(total), rooms, strict=True)
        return [Band(max(want - room, 0), want + room) for want, room in pairs]


def make_basket(
    holdings: Mapping[str, int],
    target_bps: Mapping[str, int],
    pending_ustx: int,
    prices: Prices,
    assets: AssetBook,
) -> Basket:
    """Check and index the problem; no slack is given yet.

    Raises:
        BadInput: the message names what is wrong: an unknown or unpriced asset, a negative number,
            or a target that does not sum to 10,000.
    """
    if pending_ustx < 0:
        message = f"the queued withdrawals are worth {pending_ustx} µSTX, which cannot be"
        raise BadInput(message, field="pending_ustx", value=pending_ustx)
    if sum(target_bps.values()) != BPS_ONE:
        message = f"the target sums to {sum(target_bps.values())} bps instead of {BPS_ONE}"
        raise BadInput(message, field="target_bps", value=sum(target_bps.values()))
    symbols = _symbols(holdings, target_bps, prices, assets)
    return Basket(
        symbols=symbols,
        holdings=tuple(holdings.get(symbol, 0) for symbol in symbols),
        target_bps=tuple(target_bps.get(symbol, 0) for symbol in symbols),
        prices_e12=tuple(prices[symbol].price_e12 for symbol in symbols),
        scales=tuple(10 ** assets[symbol].decimals for symbol in symbols),
        pending=pending_ustx * FINE_PER_USTX,
        slack=(0,) * len(symbols),
    )


def _symbols(
    holdings: Mapping[str, int], target_bps: Mapping[str, int], prices: Prices, assets: AssetBook
) -> tuple[str, ...]:
    """List STX and everything held or wanted; an asset of which there is none needs no price."""
    symbols = []
    for symbol in dict.fromkeys((STX, *holdings, *target_bps)):
        if symbol not in assets:
            message = f"{symbol} is not a configured asset"
            raise BadInput(message, field="assets", asset=symbol)
        amount, bps = holdings.get(symbol, 0), target_bps.get(symbol, 0)
        if amount < 0 or bps < 0:
            message = f"{symbol} has a negative holding or target: {amount} base units, {bps} bps"
            raise BadInput(message, field=symbol, amount=amount, target_bps=bps)
        priced = symbol in prices and prices[symbol].price_e12 > 0
        if not priced and (amount or bps or symbol == STX):
            message = f"{symbol} has no price, so nothing can be planned with it"
            raise BadInput(message, field="prices", asset=symbol)
        if priced:
            symbols.append(symbol)
    return tuple(symbols)
