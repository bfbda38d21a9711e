"""What Velar's contracts answered, as values; where that is not possible, the reason in one sentence."""

from typing import Any, Final

from keeper.chain.clarity import Ok
from keeper.core.units import UINT128_MAX
from keeper_velar import arithmetic, univ2
from keeper_velar.arithmetic import Rate

NO_POOL: Final = "there is no such pool"
EMPTY: Final = "the pool holds nothing of one token"
OTHER_TOKENS: Final = "the pool holds other tokens than configured"
OTHER_FEES: Final = "the pool charges by another fees contract than configured"
_ODD: Final = "{} answered something that cannot be used"


class _OddError(Exception):
    """A field is missing or nonsense."""


def pool_from(answer: object, *, tokens: frozenset[str]) -> univ2.Pool | str:
    """Read `lookup-pool`, which also finds a pool asked for in the other order.

    `tokens` are the two that were asked for. The pool comes back in its own canonical order; a text is
    the reason why it cannot be traded at.
    """
    if answer is None:
        return NO_POOL
    match answer:
        case {"pool": {"token0": str(token0), "token1": str(token1)} as body} if {token0, token1} == tokens:
            pass
        case _:
            return _ODD.format("lookup-pool")
    try:
        pool = univ2.Pool(
            token0=token0,
            token1=token1,
            reserve0=_amount(body.get("reserve0")),
            reserve1=_amount(body.get("reserve1")),
            swap_fee=_rate(body.get("swap-fee")),
            protocol_fee=_rate(body.get("protocol-fee")),
            share_fee=_rate(body.get("share-fee")),
        )
    except _OddError:
        return _ODD.format("lookup-pool")
    return pool if pool.reserve0 and pool.reserve1 else EMPTY


def second_pool_from(
    pool: object, fees: object, *, tokens: tuple[str, str], fees_contract: str
) -> arithmetic.Pool | str:
    """Read `get-pool` of a second-generation pool and `get-fees` of its fees contract, as for `pool_from`.

    `tokens` are the configured ones in the pool's own order.
    """
    match pool:
        case Ok({"token0": str(token0), "token1": str(token1), "fees": str(charges)} as body):
            pass
        case _:
            return _ODD.format("get-pool")
    if (token0, token1) != tokens:
        return OTHER_TOKENS
    if charges != fees_contract:
        return OTHER_FEES
    try:
        reserves = _amount(body.get("reserve0")), _amount(body.get("reserve1"))
    except _OddError:
        return _ODD.format("get-pool")
    try:
        rates = _rates(fees)
    except _OddError:
        return _ODD.format("get-fees")
    return arithmetic.Pool(*tokens, *reserves, *rates) if all(reserves) else EMPTY


def _rates(answer: object) -> tuple[Rate, Rate]:
    body: Any = answer.value if isinstance(answer, Ok) else None
    if not isinstance(body, dict):
        raise _OddError
    return _rate(body.get("swap-fee")), _rate(body.get("protocol-fee"))


def _rate(value: object) -> Rate:
    fraction = value if isinstance(value, dict) else {}
    rate = Rate(_amount(fraction.get("num")), _amount(fraction.get("den")))
    if not rate.num <= rate.den or rate.den == 0:
        raise _OddError
    return rate


def _amount(value: object) -> int:
    if type(value) is not int or not 0 <= value <= UINT128_MAX:  # a bool is an int to isinstance
        raise _OddError
    return value
