"""What the pool contract answered, as values. Anything odd is an outage, never a guess."""

from typing import NoReturn

from keeper.chain.clarity import Err, Ok
from keeper.errors import SourceUnavailable
from keeper_alex.curve import Pool, Side

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


def paused_from(answer: object) -> bool:
    """Read `is-paused`. Raises SourceUnavailable."""
    if not isinstance(answer, bool):
        _odd("is-paused")
    return answer


def pool_from(
    answer: object, *, x: tuple[str, int], y: tuple[str, int], factor: int, height: int
) -> tuple[int, Pool] | None:
    """Read `get-pool-details` into (pool id, pool); None when there is no such pool, or it has not opened.

    `x` and `y` are (ALEX token principal, native decimals) in the order that was asked. The contract
    counts start-block in tenures, of which there are never more than Stacks blocks, so a pool whose
    start lies above `height` is certainly closed. Raises SourceUnavailable.
    """
    match answer:
        case Err(value) if value == _NO_SUCH_POOL:
            return None
        case Ok(dict() as details):
            amounts = {name: _amount(details.get(name)) for name in _AMOUNTS}
        case _:
            _odd("get-pool-details")
    oracle_enabled = details.get("oracle-enabled")
    if not isinstance(oracle_enabled, bool):
        _odd("get-pool-details")
    if amounts["start-block"] > height:
        return None
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
    return amounts["pool-id"], pool


def _amount(value: object) -> int:
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        _odd("get-pool-details")
    return value


def _odd(function: str) -> NoReturn:
    msg = f"ALEX's {function} answered something that cannot be used"
    raise SourceUnavailable(msg, venue="alex", function=function)
