"""What univ2-core answered, as values. Anything odd is an outage, never a guess."""

from typing import NoReturn

from keeper.errors import SourceUnavailable
from keeper_velar.arithmetic import Rate
from keeper_velar.univ2 import Pool


def pool_from(answer: object, *, tokens: frozenset[str]) -> Pool | None:
    """Read `lookup-pool`, which also finds a pool asked for in the other order; None when there is none.

    `tokens` are the two that were asked for. The pool comes back in its own canonical order.
    Raises SourceUnavailable.
    """
    if answer is None:
        return None
    match answer:
        case {"pool": {"token0": str(token0), "token1": str(token1)} as body} if {token0, token1} == tokens:
            pass
        case _:
            _odd()
    return Pool(
        token0=token0,
        token1=token1,
        reserve0=_amount(body.get("reserve0")),
        reserve1=_amount(body.get("reserve1")),
        swap_fee=_rate(body.get("swap-fee")),
        protocol_fee=_rate(body.get("protocol-fee")),
        share_fee=_rate(body.get("share-fee")),
    )


def _rate(value: object) -> Rate:
    fraction = value if isinstance(value, dict) else {}
    return Rate(_amount(fraction.get("num")), _amount(fraction.get("den")))


def _amount(value: object) -> int:
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        _odd()
    return value


def _odd() -> NoReturn:
    msg = "Velar's lookup-pool answered something that cannot be used"
    raise SourceUnavailable(msg, venue="velar", function="lookup-pool")
