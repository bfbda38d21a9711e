"""One Bitflow pool in one direction, quoted exactly as our adapter contracts and Bitflow's cores would trade it."""

from dataclasses import dataclass, replace
from typing import Final, NoReturn

from keeper.core.market import Books, Fill
from keeper.core.units import BPS_ONE, BaseUnits
from keeper.errors import MarketRefused
from keeper_bitflow import stable, xyk
from keeper_bitflow.parse import ONE_RATIO
from keeper_bitflow.settings import NAME

MAX_XYK_AMOUNT: Final = 10**16
"""The adapter of constant product pools offers no more base units than this, so that nothing can overflow."""
LEAST_MINIMUM: Final = 1
"""The cores refuse a minimum of zero, so the adapters always ask for at least one unit."""
MARGIN_BPS: Final = 300
"""What the adapter of stable pools lets a trade lose against the ratio, fees and its own weight included."""


@dataclass(frozen=True, slots=True)
class RatedPool:
    """A stable pool of STX (x) and stSTX (y), and STX per stSTX, 6 decimals, as Stacking DAO told it at the same tip."""

    pool: stable.Pool
    ratio: int


@dataclass(frozen=True, slots=True)
class BitflowRoute:
    """One pool in one direction, run by one of our adapter contracts.

    `tokens` are the principals that Bitflow moves, sold and bought; `scale` is what one base unit of
    the sold asset counts in the pool's arithmetic. The pool itself pays.
    """

    venue: str
    adapter: str
    payer: str
    sell: str
    buy: str
    pool_keys: tuple[str]
    tokens: tuple[str, str]
    scale: int
    x_for_y: bool

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return exactly what the contracts would pay, in native units. Raises MarketRefused."""
        if amount_in <= 0:
            _refuse("nothing cannot be swapped", amount_in)
        key = self.pool_keys[0]
        after: object
        match books.get(key):
            case xyk.Pool() as pool:
                out, after = _swap_xyk(pool, amount_in, x_for_y=self.x_for_y)
            case RatedPool() as rated:
                out, after = _swap_stable(rated, amount_in, x_for_y=self.x_for_y)
            case _:
                msg = f"the books hold no Bitflow pool {key}"
                raise MarketRefused(msg, venue=NAME, pool=key)
        return Fill(amount_in, BaseUnits(out), {**books, key: after})


def _swap_xyk(pool: xyk.Pool, amount_in: int, *, x_for_y: bool) -> tuple[int, xyk.Pool]:
    if amount_in > MAX_XYK_AMOUNT:
        _refuse("more than the adapter contract offers to Bitflow", amount_in)
    done = xyk.swap(pool, amount_in, LEAST_MINIMUM, x_for_y=x_for_y)
    return done.out, done.pool


def _swap_stable(rated: RatedPool, amount_in: int, *, x_for_y: bool) -> tuple[int, RatedPool]:
    done = stable.swap(rated.pool, amount_in, LEAST_MINIMUM, x_for_y=x_for_y)
    if done.out == rated.pool.sides(x_for_y=x_for_y)[1]:
        _refuse(
            "the steps of the stable curve do not settle: the pool would pay all it has, and no plan may count on that",
            amount_in,
        )
    if not _is_fair(amount_in, done.out, rated.ratio, sells_stx=x_for_y):
        _refuse("Bitflow's price is further from Stacking DAO's ratio than the adapter contract takes", amount_in)
    return done.out, replace(rated, pool=done.pool)


def _is_fair(amount: int, out: int, ratio: int, *, sells_stx: bool) -> bool:
    """Tell whether the adapter contract takes this price; a better one than the ratio's is welcome."""
    if sells_stx:
        return out * ratio * BPS_ONE >= amount * ONE_RATIO * (BPS_ONE - MARGIN_BPS)
    return out * ONE_RATIO * BPS_ONE >= amount * ratio * (BPS_ONE - MARGIN_BPS)


def _refuse(why: str, amount_in: int) -> NoReturn:
    raise MarketRefused(why, venue=NAME, amount_in=amount_in)
