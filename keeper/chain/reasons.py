"""What an error code of a contract means to the keeper, and which of its errors that is."""

from dataclasses import dataclass
from typing import Final

from keeper.chain.reason import Reason
from keeper.chain.reason_table import OURS
from keeper.chain.venue_reasons import VENUES
from keeper.errors import KeeperError, UnknownContractError

_TOKENS: Final = frozenset({"flow-token", "stx-token", "pool-share"})
_BY_CONTRACT: Final = {(reason.contract, reason.code): reason for reason in OURS}


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Codes that pass through a contract from the ones it calls, in the order they are looked for.

    Our blocks do not overlap, but venues count as they like: ALEX's u1000 is no answer of flow-token,
    which no pool call reaches, so venues come before our tokens.
    """

    tables: tuple[dict[int, Reason], ...]

    def find(self, code: int) -> Reason | None:
        return next((table[code] for table in self.tables if code in table), None)


_PASSED_ON: Final = _Lookup(
    (
        {reason.code: reason for reason in OURS if reason.contract not in _TOKENS},
        {reason.code: reason for reason in VENUES},
        {reason.code: reason for reason in OURS if reason.contract in _TOKENS},
    )
)


def reason_for(contract: str, code: int) -> Reason | None:
    """Return what `(err uCODE)` from a call of `contract` means: its own code, or one of a contract it called.

    `contract` is a name or a whole principal. None when nobody we know answers with that code.
    """
    return _BY_CONTRACT.get((contract.rpartition(".")[2], code)) or _PASSED_ON.find(code)


def error_for(contract: str, code: int) -> KeeperError:
    """Return the error to raise for `(err uCODE)`; UnknownContractError when the code is in no table."""
    reason = reason_for(contract, code)
    if reason is None:
        message = f"{contract} answered (err u{code}), a code this keeper does not know"
        return UnknownContractError(message, contract=contract, code=code)
    message = f"{reason.sentence} ({contract}: {reason.name} u{code})"
    return reason.error(message, contract=contract, code=code, name=reason.name)
