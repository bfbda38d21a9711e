"""What a pool is worth at agreed prices, and what of it is owed to queued withdrawals."""

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.core.assets import AssetBook
from keeper.core.drift import Drift, pool_drift
from keeper.core.prices import Prices
from keeper.core.units import PRICE_ONE, MicroStx, PriceE12, mul_div_down, value_ustx_down
from keeper.errors import BadInput, TooFewSources


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A pool's holdings in base units and their values in µSTX."""

    holdings: Mapping[str, int]
    values_ustx: Mapping[str, int]
    total_ustx: MicroStx
    pending_ustx: MicroStx
    """Value of the shares that wait to be paid out."""
    share_price_e12: PriceE12 | None
    """STX per whole share; None when there are no shares."""

    @property
    def free_ustx(self) -> MicroStx:
        """Return the value that is not owed, which the target applies to."""
        return MicroStx(self.total_ustx - self.pending_ustx)

    def drift(self, target_bps: Mapping[str, int]) -> Drift:
        """Return how far the pool is from a target, as the vault measures it."""
        return pool_drift(self.values_ustx, target_bps, self.pending_ustx)


def value_portfolio(
    holdings: Mapping[str, int],
    prices: Prices,
    assets: AssetBook,
    *,
    pending_shares: int = 0,
    total_shares: int = 0,
) -> Portfolio:
    """Value holdings (base units by symbol), each rounded down as the vault does.

    An asset of which nothing is held needs no price. The value of pending shares is their part of the
    whole, rounded down, which is how the vault prices a withdrawal.

    Raises:
        BadInput: a holding or a number of shares cannot be.
        TooFewSources: something that is held has no agreed price; its value is unknown, not zero.
    """
    if not 0 <= pending_shares <= total_shares:
        message = f"{pending_shares} pending of {total_shares} shares cannot be"
        raise BadInput(message, pending_shares=pending_shares, total_shares=total_shares)
    values = {symbol: _value(symbol, amount, prices, assets) for symbol, amount in holdings.items()}
    total = sum(values.values())
    return Portfolio(
        holdings=dict(holdings),
        values_ustx=values,
        total_ustx=MicroStx(total),
        pending_ustx=MicroStx(mul_div_down(pending_shares, total, total_shares) if pending_shares else 0),
        share_price_e12=share_price_down(total, total_shares),
    )


def share_price_down(total_ustx: int, total_shares: int) -> PriceE12 | None:
    """Return STX per whole share with 12 decimals, rounded down; None when there are no shares.

    Shares and STX both have 6 decimals, so these cancel.
    """
    return PriceE12(mul_div_down(total_ustx, PRICE_ONE, total_shares)) if total_shares else None


def _value(symbol: str, amount: int, prices: Prices, assets: AssetBook) -> MicroStx:
    if symbol not in assets:
        message = f"{symbol} is held but not a configured asset"
        raise BadInput(message, asset=symbol)
    if amount < 0:
        message = f"a holding of {amount} {symbol} cannot be"
        raise BadInput(message, asset=symbol, amount=amount)
    if amount == 0:
        return MicroStx(0)
    if symbol not in prices:
        message = f"{symbol} is held but has no agreed price"
        raise TooFewSources(message, asset=symbol)
    return value_ustx_down(amount, prices[symbol].price_e12, assets[symbol].decimals)
