"""What ALEX's contracts answered, as values; where that is not possible, the reason in one sentence."""

from typing import Final

from keeper.chain.clarity import Err, Ok
from keeper.core.units import UINT128_MAX
from keeper.errors import SourceUnavailable
from keeper_alex.curve import Pool, Side
from keeper_alex.fixed import ONE

NO_POOL: Final = "there is no such pool"
NOT_OPEN: Final = "the pool has not opened yet"
EMPTY: Final = "the pool holds nothing of one token"
TAKES_NOTHING: Final = "the pool's owner lets nothing in or nothing out"
ODD: Final = "get-pool-details answered something that cannot be used"
_NO_SUCH_POOL = 2001
_AMOUNTS = (
    "pool-id",
    "balance-x",
    "balance-y",
    "fee-rate-x",
    "fee-rate-y",
    "fee-rebate",
    "threshold-x",
    "threshold-y",
    "max-in-ratio",
    "max-out-ratio",
    "oracle-average",
    "oracle-resilient",
    "start-block",
)


_FRACTIONS = ("fee-rate-x", "fee-rate-y", "fee-rebate", "oracle-average")


class _OddError(Exception):
    """A field is missing or nonsense."""


def flag_from(answer: object, function: str) -> bool:
    """Read what a function answers with yes or no. Raises SourceUnavailable."""
    if not isinstance(answer, bool):
        msg = f"ALEX's {function} answered something that cannot be used"
        raise SourceUnavailable(msg, venue="alex", function=function)
    return answer


def pool_from(
    answer: object, *, x: tuple[str, int], y: tuple[str, int], factor: int, height: int
) -> tuple[int, Pool] | str:
    """Read `get-pool-details` into (pool id, pool); a text is the reason why it cannot be traded at.

    `x` and `y` are (ALEX token principal, native decimals) in the order that was asked. The contract
    counts start-block in tenures, of which there are never more than Stacks blocks, so a pool whose
    start lies above `height` is certainly closed.
    """
    match answer:
        case Err(value) if value == _NO_SUCH_POOL:
            return NO_POOL
        case Ok(dict() as details):
            pass
        case _:
            return ODD
    try:
        amounts = {name: _amount(details.get(name)) for name in _AMOUNTS}
    except _OddError:
        return ODD
    oracle_enabled = details.get("oracle-enabled")
    if not isinstance(oracle_enabled, bool) or any(amounts[name] > ONE for name in _FRACTIONS):
        return ODD
    pool = Pool(
        x=Side(*x, amounts["balance-x"], amounts["fee-rate-x"], amounts["threshold-x"]),
        y=Side(*y, amounts["balance-y"], amounts["fee-rate-y"], amounts["threshold-y"]),
        factor=factor,
        fee_rebate=amounts["fee-rebate"],
        max_in_ratio=amounts["max-in-ratio"],
        max_out_ratio=amounts["max-out-ratio"],
        oracle_enabled=oracle_enabled,
        oracle_average=amounts["oracle-average"],
        oracle_resilient=amounts["oracle-resilient"],
    )
    closed = NOT_OPEN if amounts["start-block"] > height else _why_not(pool)
    return closed or (amounts["pool-id"], pool)


def _why_not(pool: Pool) -> str | None:
    """Return why no amount can be swapped at a pool, None when some can."""
    if not pool.x.balance or not pool.y.balance:
        return EMPTY
    return None if pool.max_in_ratio and pool.max_out_ratio else TAKES_NOTHING


def _amount(value: object) -> int:
    if type(value) is not int or not 0 <= value <= UINT128_MAX:  # a bool is an int to isinstance
        raise _OddError
    return value
