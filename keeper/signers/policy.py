"""What a signer signs: named functions of named contracts on one network, with bounds on what leaves its own account.

A signer that signs whatever it is asked to is only a key in another place. This one reads the transaction.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from keeper.chain.auth import NO_SIGNATURE, HashMode, KeyEncoding, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.names import is_clarity_name
from keeper.chain.postconditions import Compare, Mode, PostCondition, StxSent
from keeper.chain.transactions import CallPayload, Network, Transaction, TransferPayload
from keeper.errors import BadInput, BadSettings, SignerRefused
from keeper.signers.protocol import NetworkName

_BOUNDED: Final = {Compare.EQ, Compare.LE, Compare.LT}
_LONGEST_FILE: Final = 256 * 1024


def _principal(text: str) -> str:
    try:
        return str(parse_principal(text))
    except BadInput as exc:
        message = f"is no principal ({exc})"
        raise ValueError(message) from None


def _contract(text: str) -> str:
    if "." not in _principal(text):
        message = "has to name a contract: ADDRESS.name"
        raise ValueError(message)
    return text


def _function(text: str) -> str:
    if not is_clarity_name(text) or not text[0].isalpha():  # `*` is a name in Clarity, and would look like "all" here
        message = "has to be the whole name of a function; there are no patterns"
        raise ValueError(message)
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Allowed(_Part):
    """Functions of one contract that may be called, with any arguments."""

    contract: Annotated[str, AfterValidator(_contract)]
    functions: Annotated[tuple[Annotated[str, AfterValidator(_function)], ...], Field(min_length=1, max_length=100)]


class TransferAllowed(_Part):
    """A recipient of plain STX transfers, and how much one of them may carry."""

    recipient: Annotated[str, AfterValidator(_principal)]
    max_ustx: Annotated[int, Field(ge=1)]


class Policy(_Part):
    """Everything that is signed; what is not named here is refused. Deploys are always refused."""

    network: NetworkName
    max_fee_ustx: Annotated[int, Field(ge=1, le=100_000_000)]
    """Most that one transaction may pay, in µSTX."""
    modes: Annotated[tuple[Literal["deny", "originator"], ...], Field(min_length=1)] = ("deny", "originator")
    """Post-condition modes; allow is not on offer, since it lets everything go that no condition names."""
    max_own_ustx: Annotated[int, Field(ge=0)] = 0
    """Most of the signer's own STX that conditions of one call may let go, in µSTX, besides the fee."""
    allow: Annotated[tuple[Allowed, ...], Field(max_length=1000)] = ()
    transfers: Annotated[tuple[TransferAllowed, ...], Field(max_length=100)] = ()
    """Plain transfers of STX; none unless listed."""

    def judge(self, transaction: Transaction, public_key: bytes) -> None:
        """Return when it may be signed by this key. Raises SignerRefused naming the rule."""
        for rule, trouble in self._troubles(transaction, public_key):
            message = f"{trouble}; if it should be signed, a person has to change the signer's policy"
            raise SignerRefused(message, rule=rule)

    def network_id(self) -> Network:
        """Return the network as transactions spell it."""
        return Network[self.network.upper()]

    def _troubles(self, transaction: Transaction, public_key: bytes) -> Iterator[tuple[str, str]]:
        origin = transaction.origin
        if (transaction.version, transaction.chain_id) != self.network_id().value:
            yield "network", f"the transaction is not for {self.network}"
        if transaction.sponsor is not None:
            yield "sponsor", "sponsored transactions are not signed"
        if (origin.hash_mode, origin.encoding) != (HashMode.P2PKH, KeyEncoding.COMPRESSED):
            yield "origin", "only plain single-key accounts are signed for"
        if origin.signer != signer_hash(public_key):
            yield "origin", "the transaction belongs to another key"
        if origin.signature != NO_SIGNATURE:
            yield "origin", "the transaction carries a signature already"
        if origin.fee > self.max_fee_ustx:
            yield "fee", f"a fee of {origin.fee} µSTX; the policy allows {self.max_fee_ustx}"
        if transaction.mode is Mode.ALLOW or transaction.mode.name.lower() not in self.modes:
            yield (
                "mode",
                f"post-condition mode {transaction.mode.name.lower()}; the policy allows {', '.join(self.modes)}",
            )
        yield from self._about_payload(transaction)
        yield from self._about_conditions(transaction)

    def _about_payload(self, transaction: Transaction) -> Iterator[tuple[str, str]]:
        match transaction.payload:
            case CallPayload(contract=contract, function=function):
                if not any(str(contract) == one.contract and function in one.functions for one in self.allow):
                    yield "call", f"{contract} {function} is not in the policy"
            case TransferPayload(recipient=recipient, amount=amount):
                if not any(str(recipient) == one.recipient and amount <= one.max_ustx for one in self.transfers):
                    yield "transfer", f"a transfer of {amount} µSTX to {recipient} is not in the policy"
            case _:
                yield "payload", "only calls and transfers are signed, no deploys"

    def _about_conditions(self, transaction: Transaction) -> Iterator[tuple[str, str]]:
        if not isinstance(transaction.payload, CallPayload):
            return
        let_go = 0
        for condition in transaction.conditions:
            if not _is_own(condition, transaction.origin.signer):
                continue
            if not isinstance(condition, StxSent) or condition.compare not in _BOUNDED:
                yield "own_assets", "a condition lets go of the signer's own assets without a bound in STX"
                return
            let_go += condition.amount
        if let_go > self.max_own_ustx:
            yield (
                "own_assets",
                f"conditions let go of {let_go} µSTX of the signer; the policy allows {self.max_own_ustx}",
            )


def read_policy(path: Path) -> Policy:
    """Return the policy of a TOML file. Raises BadSettings with the first thing that is wrong."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_FILE + 1)
        if len(text) > _LONGEST_FILE:
            raise _bad(path, f"is longer than {_LONGEST_FILE} bytes")
        return Policy.model_validate(tomllib.loads(text.decode("utf-8")))
    except OSError as exc:
        raise _bad(path, str(exc.strerror)) from exc
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        raise _bad(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as exc:
        raise _bad(path, f"is no TOML ({exc})") from None


def _bad(path: Path, why: str) -> BadSettings:
    message = f"signer policy {path}: {why}; docs/signers.md has an example"
    return BadSettings(message, path=str(path))


def _is_own(condition: PostCondition, signer: bytes) -> bool:
    who = condition.who
    return who is None or (who.contract is None and who.address.hash160 == signer)
