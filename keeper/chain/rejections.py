"""Why a node turned a transaction away, and what that means for the very bytes that were offered.

Reasons and their data as stacks-core 4.0 writes them (`MemPoolRejection` as JSON).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from keeper.chain.http import Answer
from keeper.errors import NodeUnavailable, TransactionRefused


class Fate(StrEnum):
    """What may be done after a refusal."""

    FINAL = "final"
    """The chain as it is will never take these bytes: plan anew."""
    SPENT = "spent"
    """Something has used the nonce, perhaps these very bytes: look the transaction up before anything else."""
    WAIT = "wait"
    """The node cannot take them now: offer the same bytes later."""
    CONTESTED = "contested"
    """Something else waits by the same nonce and pays as much: look it up; the same bytes may win later."""
    UNAFFORDABLE = "unaffordable"
    """The fee is below the node's floor or above the balance; `expected` and `actual` say by how much."""
    MISTAKE = "mistake"
    """No chain would take these bytes: the fault is ours, and a person has to look."""
    UNKNOWN = "unknown"
    """The node said something we do not know: wait and warn, and never sign anew because of it."""


class Reason(StrEnum):
    """Every reason that a node of version 4.0 gives."""

    BAD_NONCE = "BadNonce"
    CONFLICTING_NONCE = "ConflictingNonceInMempool"
    TOO_MUCH_CHAINING = "TooMuchChaining"
    FEE_TOO_LOW = "FeeTooLow"
    NOT_ENOUGH_FUNDS = "NotEnoughFunds"
    NO_SUCH_CONTRACT = "NoSuchContract"
    NO_SUCH_FUNCTION = "NoSuchPublicFunction"
    BAD_ARGUMENT = "BadFunctionArgument"
    CONTRACT_EXISTS = "ContractAlreadyExists"
    SIGNATURE = "SignatureValidation"
    SERIALIZATION = "Serialization"
    DESERIALIZATION = "Deserialization"
    BAD_VERSION = "BadTransactionVersion"
    BAD_ADDRESS = "BadAddressVersionByte"
    TO_ITSELF = "TransferRecipientCannotEqualSender"
    NOTHING_MOVED = "TransferAmountMustBePositive"
    ESTIMATOR = "EstimatorError"
    BLACKLISTED = "TemporarilyBlacklisted"
    NO_CHAIN_TIP = "ServerFailureNoSuchChainTip"
    DATABASE = "ServerFailureDatabase"
    OTHER_FAILURE = "ServerFailureOther"
    POISON_NO_CONFLICT = "PoisonMicroblocksDoNotConflict"
    POISON_UNKNOWN_KEY = "PoisonMicroblockHasUnknownPubKeyHash"
    POISON_INVALID = "PoisonMicroblockIsInvalid"
    COINBASE = "NoCoinbaseViaMempool"
    TENURE_CHANGE = "NoTenureChangeViaMempool"


FATES: Final[Mapping[Reason, Fate]] = {
    Reason.BAD_NONCE: Fate.SPENT,
    Reason.CONFLICTING_NONCE: Fate.CONTESTED,
    Reason.TOO_MUCH_CHAINING: Fate.WAIT,
    Reason.FEE_TOO_LOW: Fate.UNAFFORDABLE,
    Reason.NOT_ENOUGH_FUNDS: Fate.UNAFFORDABLE,
    Reason.NO_SUCH_CONTRACT: Fate.FINAL,
    Reason.NO_SUCH_FUNCTION: Fate.FINAL,
    Reason.BAD_ARGUMENT: Fate.FINAL,
    Reason.CONTRACT_EXISTS: Fate.FINAL,
    Reason.SIGNATURE: Fate.MISTAKE,
    Reason.SERIALIZATION: Fate.MISTAKE,
    Reason.DESERIALIZATION: Fate.MISTAKE,
    Reason.BAD_VERSION: Fate.MISTAKE,
    Reason.BAD_ADDRESS: Fate.MISTAKE,
    Reason.TO_ITSELF: Fate.MISTAKE,
    Reason.NOTHING_MOVED: Fate.MISTAKE,
    Reason.ESTIMATOR: Fate.WAIT,
    Reason.BLACKLISTED: Fate.WAIT,
    Reason.NO_CHAIN_TIP: Fate.WAIT,
    Reason.DATABASE: Fate.WAIT,
    Reason.OTHER_FAILURE: Fate.WAIT,
    Reason.POISON_NO_CONFLICT: Fate.MISTAKE,
    Reason.POISON_UNKNOWN_KEY: Fate.MISTAKE,
    Reason.POISON_INVALID: Fate.MISTAKE,
    Reason.COINBASE: Fate.MISTAKE,
    Reason.TENURE_CHANGE: Fate.MISTAKE,
}

REMEDIES: Final[Mapping[Fate, str]] = {
    Fate.FINAL: "it is given up; what it was for is planned anew",
    Fate.SPENT: "its nonce is used; the transaction is looked up",
    Fate.WAIT: "the same bytes are offered again later",
    Fate.CONTESTED: "another transaction waits by its nonce; look at what else uses this key",
    Fate.UNAFFORDABLE: "fund the keeper's address, or see the fees section of the settings",
    Fate.MISTAKE: "the bytes themselves are wrong; compare the network setting and the keeper's version with the node's",
    Fate.UNKNOWN: "this reason is not known; the same bytes are offered again later, and a person should look",
}
TRY_LATER: Final = frozenset({Fate.WAIT, Fate.CONTESTED, Fate.UNKNOWN})
"""After these the same bytes may still be mined, so nothing may be signed in their place."""

PLAIN_TEXT: Final = "text"
"""The reason that is noted when a node answers in plain text."""
_SERVER_FAILURE: Final = re.compile(r"ServerFailure\w*")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,32}")
_NUMBERED: Final = frozenset({Reason.BAD_NONCE, Reason.TOO_MUCH_CHAINING, Reason.FEE_TOO_LOW, Reason.NOT_ENOUGH_FUNDS})
_LARGEST: Final = 2**128 - 1
_MOST_DATA: Final = 10
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refusal, read and bounded.

    `expected` and `actual` are nonces or µSTX, as the reason has it: what the account's next nonce is and what was
    offered, the most chained transactions and how many they would be, the least fee and the one offered, what the
    transaction needs and what the account has.
    """

    reason: str
    fate: Fate
    data: Mapping[str, Any] | None = None
    expected: int | None = None
    actual: int | None = None

    def error(self, txid: str, said: str) -> TransactionRefused:
        """Return the error for it; `said` are the node's own words."""
        numbers = {"expected": self.expected, "actual": self.actual}
        known = {name: number for name, number in numbers.items() if number is not None}
        shown = ", ".join(f"{name} {number}" for name, number in known.items())
        message = f"the node refused the transaction: {said}{f' ({shown})' if shown else ''}; {REMEDIES[self.fate]}"
        facts = {"reason": self.reason, "reason_data": self.data, "fate": self.fate, "txid": txid}
        return TransactionRefused(message, **facts, try_later=self.fate in TRY_LATER, **known)


def refusal(answer: Answer, txid: str) -> TransactionRefused:
    """Return what an answer of status 400 to an offer means."""
    try:
        body = answer.object()
    except NodeUnavailable:
        body = {}
    reason = body.get("reason")
    if not isinstance(reason, str) or not reason:
        return Rejection(PLAIN_TEXT, Fate.UNKNOWN).error(txid, answer.text())
    rejection = read_rejection(reason, body.get("reason_data"))
    return rejection.error(txid, rejection.reason)


def read_rejection(reason: str, data: object) -> Rejection:
    """Return the meaning of a reason and its data, which may be anything."""
    kept = _bounded(data)
    try:
        known = Reason(reason)
    except ValueError:
        later = _SERVER_FAILURE.fullmatch(reason) is not None
        return Rejection(reason[:100], Fate.WAIT if later else Fate.UNKNOWN, kept)
    if known not in _NUMBERED or kept is None:
        return Rejection(known.value, FATES[known], kept)
    expected, actual = _number(kept.get("expected")), _number(kept.get("actual"))
    return Rejection(known.value, _fate(known, expected, actual), kept, expected, actual)


def _fate(reason: Reason, expected: int | None, actual: int | None) -> Fate:
    """A nonce that is not below the account's is not spent: that node is behind the one the nonce came from."""
    if reason is Reason.BAD_NONCE and expected is not None and actual is not None and actual >= expected:
        return Fate.WAIT
    return FATES[reason]


def _number(value: object) -> int | None:
    """Return a number written as such or as 0x… of up to 128 bits; None for anything else."""
    if isinstance(value, str) and _HEX.fullmatch(value):
        return int(value, 16)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and isinstance(value, int) and 0 <= value <= _LARGEST else None


def _bounded(data: object) -> Mapping[str, Any] | None:
    """Keep what a node sends as reason data: a few names with short texts, numbers and yes or no."""
    if not isinstance(data, dict):
        return None
    kept: dict[str, Any] = {}
    for name, value in list(data.items())[:_MOST_DATA]:
        if isinstance(value, str):
            kept[name[:_LONGEST]] = value[:_LONGEST]
        elif isinstance(value, bool) or _number(value) is not None:
            kept[name[:_LONGEST]] = value
    return kept
