"""What an API says about an account's nonces, in its new shape (v3) and its old one (v1).

Both list the nonces *between* the last confirmed and the highest waiting one; the highest itself stands in a field
of its own. Of an account that never had a transaction mined they list nothing but that highest one.
"""

from typing import Final

from keeper.chain.http import Answer
from keeper.chain.shapes import Fields
from keeper.core.chain_types import MempoolNonces

MOST: Final = 100
"""Nonces of a kind that are kept; a node takes no more than 26 of one account."""


def from_v3(answer: Answer) -> MempoolNonces:
    """Read `/extended/v3/principals/{p}/nonces`. Raises NodeUnavailable for anything else."""
    fields = Fields.of(answer)
    mempool = fields.inner("mempool")
    confirmed = _or_none(fields, "last_confirmed_nonce")
    pending = _with_last(mempool.wholes("pending_nonces", MOST), _or_none(mempool, "last_nonce"), confirmed)
    return MempoolNonces(fields.whole("next_nonce"), pending, mempool.wholes("missing_nonces", MOST))


def from_v1(answer: Answer) -> MempoolNonces:
    """Read `/extended/v1/address/{p}/nonces`. Raises NodeUnavailable for anything else."""
    fields = Fields.of(answer)
    confirmed = _or_none(fields, "last_executed_tx_nonce")
    between = fields.wholes("detected_mempool_nonces", MOST)
    pending = _with_last(between, _or_none(fields, "last_mempool_tx_nonce"), confirmed)
    missing = fields.wholes("detected_missing_nonces", MOST)
    return MempoolNonces(fields.whole("possible_next_nonce"), pending, missing)


def _or_none(fields: Fields, key: str) -> int | None:
    return fields.whole(key) if fields.has(key) else None


def _with_last(between: tuple[int, ...], last: int | None, confirmed: int | None) -> tuple[int, ...]:
    """Add the highest waiting nonce, unless it is mined already and only the mempool does not know yet."""
    if last is None or (confirmed is not None and last <= confirmed):
        return between
    return tuple(sorted({*between, last})[:MOST])
