"""What Bitflow's pools answered, as values; where that is not possible, the reason in one sentence."""

from collections.abc import Mapping
from typing import Any, Final

from keeper.chain.clarity import Ok
from keeper.core.units import BPS_ONE, UINT128_MAX
from keeper_bitflow import stable, xyk
from keeper_bitflow.arithmetic import Fees

ODD: Final = "get-pool answered something that cannot be used"
NOT_OPENED: Final = "the pool has not been created"
OTHER_CORE: Final = "the pool belongs to another core contract"
OTHER_TOKENS: Final = "the pool holds other tokens than configured"
SWITCHED_OFF: Final = "Bitflow has switched the pool off"
EMPTY: Final = "the pool holds nothing of one token"
NO_RATIO: Final = "Stacking DAO tells no ratio of stSTX to STX, or one that cannot be right"
ONE_RATIO: Final = 10**6
_MOST_RATIO: Final = 10 * ONE_RATIO
"""The adapter contract believes no ratio above this; stSTX began at one STX and only gains."""


class _OddError(Exception):
    """A field is missing or nonsense."""


def xyk_pool_from(answer: object, *, core: str, tokens: tuple[str, str]) -> xyk.Pool | str:
    """Read `get-pool` of a constant product pool; a text is the reason why it cannot be traded at.

    `tokens` are the configured (x, y) principals, `core` the contract swaps have to go through.
    """
    try:
        body = _body(answer)
        return _why_not(body, core, tokens) or xyk.Pool(*tokens, *_balances(body), *_fees(body))
    except _OddError:
        return ODD


def stable_pool_from(
    answer: object, *, core: str, tokens: tuple[str, str], decimals: tuple[int, int]
) -> stable.Pool | str:
    """Read `get-pool` of a stable pool; a text is the reason why it cannot be traded at.

    `decimals` are those of x and y: the core counts both in units of the finer token.
    """
    finer = max(decimals)
    try:
        body = _body(answer)
        return _why_not(body, core, tokens) or stable.Pool(
            *(*tokens, *_balances(body)),
            *(10 ** (finer - decimals[0]), 10 ** (finer - decimals[1])),
            *_fees(body),
            midpoint_num=_positive(body, "midpoint-primary-numerator"),
            midpoint_den=_positive(body, "midpoint-primary-denominator"),
            amplification=_positive(body, "amplification-coefficient"),
            threshold=_amount(body, "convergence-threshold"),
        )
    except _OddError:
        return ODD


def ratio_from(answer: object) -> int | str:
    """Read `get-ststx-ratio`: STX per stSTX, 6 decimals; a text is the reason why there is none."""
    value = answer.value if isinstance(answer, Ok) else None
    if type(value) is not int or not ONE_RATIO <= value <= _MOST_RATIO:
        return NO_RATIO
    return value


def _body(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, Ok) or not isinstance(answer.value, dict):
        raise _OddError
    return answer.value


def _why_not(body: Mapping[str, Any], core: str, tokens: tuple[str, str]) -> str | None:
    """Return why nobody can swap at a well-formed pool, None when somebody can."""
    created, status = body.get("pool-created"), body.get("pool-status")
    named = body.get("core-address"), body.get("x-token"), body.get("y-token")
    if not isinstance(created, bool) or not isinstance(status, bool) or not all(isinstance(n, str) for n in named):
        raise _OddError
    empty = 0 in _balances(body)
    reasons = (
        (not created, NOT_OPENED),
        (named[0] != core, OTHER_CORE),
        (named[1:] != tokens, OTHER_TOKENS),
        (not status, SWITCHED_OFF),
        (empty, EMPTY),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _balances(body: Mapping[str, Any]) -> tuple[int, int]:
    return _amount(body, "x-balance"), _amount(body, "y-balance")


def _fees(body: Mapping[str, Any]) -> tuple[Fees, Fees]:
    return _fees_of(body, "x"), _fees_of(body, "y")


def _fees_of(body: Mapping[str, Any], side: str) -> Fees:
    fees = Fees(_amount(body, f"{side}-protocol-fee"), _amount(body, f"{side}-provider-fee"))
    if fees.protocol + fees.provider >= BPS_ONE:  # no core takes such fees
        raise _OddError
    return fees


def _positive(body: Mapping[str, Any], field: str) -> int:
    value = _amount(body, field)
    if not value:
        raise _OddError
    return value


def _amount(body: Mapping[str, Any], field: str) -> int:
    value = body.get(field)
    if type(value) is not int or not 0 <= value <= UINT128_MAX:  # a bool is an int to isinstance
        raise _OddError
    return value
