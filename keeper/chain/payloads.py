"""What a transaction carries: a contract call, an STX transfer or a new contract, to bytes and back (SIP-005)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keeper.chain.c32 import Principal
from keeper.chain.clarity import value_of
from keeper.chain.clarity_values import Value, read_value, sized
from keeper.chain.codec import Cursor, refuse
from keeper.chain.names import MAX_CONTRACT_NAME_IN_TX, is_clarity_name, is_contract_name, short
from keeper.chain.principals import encode_principal, read_clarity_name, read_contract, read_contract_name
from keeper.errors import BadInput

MEMO_LENGTH: Final = 34
CLARITY_VERSIONS: Final = range(1, 7)
_U64_END: Final = 1 << 64
_TRANSFER: Final = 0
_DEPLOY: Final = 1
_CONTRACT_CALL: Final = 2
_DEPLOY_VERSIONED: Final = 6
_PRINCIPALS: Final = (5, 6)
_SOURCE: Final = bytes(range(0x20, 0x7F)) + b"\t\n"
"""What nodes let a contract source consist of. Unlike a Clarity string it must not hold a carriage return."""


@dataclass(frozen=True, slots=True)
class CallPayload:
    """A public function to call; `args` are values, in order."""

    contract: Principal
    function: str
    args: tuple[Value, ...]

    def __post_init__(self) -> None:
        name = self.contract.contract
        if name is None or not is_contract_name(name, MAX_CONTRACT_NAME_IN_TX) or not is_clarity_name(self.function):
            message = f"{self.contract} {self.function[:60]!r} cannot be called from a transaction"
            raise BadInput(message)

    def encode(self) -> bytes:
        """Return the payload bytes; fee estimates want these alone."""
        address, name = self.contract.address, self.contract.contract or ""
        head = bytes([_CONTRACT_CALL, address.version]) + address.hash160 + short(name) + short(self.function)
        return head + len(self.args).to_bytes(4) + b"".join([arg.encode() for arg in self.args])


@dataclass(frozen=True, slots=True)
class TransferPayload:
    """µSTX for `recipient`; `memo` is 34 raw bytes, zero-padded, not necessarily text."""

    recipient: Principal
    amount: int
    memo: bytes = bytes(MEMO_LENGTH)

    def __post_init__(self) -> None:
        if len(self.memo) != MEMO_LENGTH or not 0 <= self.amount < _U64_END:
            message = f"a transfer needs an amount of 8 bytes and a memo of {MEMO_LENGTH}"
            raise BadInput(message, amount=self.amount, memo_length=len(self.memo))

    def encode(self) -> bytes:
        """Return the payload bytes."""
        return bytes([_TRANSFER]) + encode_principal(self.recipient) + self.amount.to_bytes(8) + self.memo


@dataclass(frozen=True, slots=True)
class DeployPayload:
    """A contract to put on the chain, under the origin's address.

    `source` is printable ASCII, tabs and newlines. `clarity_version` is 1 to 6; None leaves it to the
    epoch (an older payload type). Raises BadInput for anything else.
    """

    name: str
    source: str
    clarity_version: int | None = None

    def __post_init__(self) -> None:
        if not is_contract_name(self.name, MAX_CONTRACT_NAME_IN_TX):
            message = f"{self.name[:60]!r} is not a contract name of 1 to {MAX_CONTRACT_NAME_IN_TX} characters"
            raise BadInput(message)
        if self.clarity_version is not None and self.clarity_version not in CLARITY_VERSIONS:
            message = f"there is no Clarity version {self.clarity_version}"
            raise BadInput(message)
        wrong = _first_unprintable(self.source.encode("utf-8", "surrogatepass"))
        if wrong is not None:
            message = f"a contract source is printable ASCII, tabs and newlines; byte {wrong} of {self.name} is not"
            raise BadInput(message, offset=wrong)

    def encode(self) -> bytes:
        """Return the payload bytes."""
        version = self.clarity_version
        head = bytes([_DEPLOY]) if version is None else bytes([_DEPLOY_VERSIONED, version])
        return head + short(self.name) + sized(self.source.encode("ascii"))


Payload = CallPayload | TransferPayload | DeployPayload


def call(contract: Principal, function: str, args: Sequence[bytes]) -> CallPayload:
    """Return a contract call from serialised arguments. Raises BadInput."""
    return CallPayload(contract, function, tuple([value_of(arg) for arg in args]))


def read_payload(cursor: Cursor) -> Payload:
    """Read a payload. Raises BadInput with offset and reason; also for those that only miners send."""
    start = cursor.offset
    kind = cursor.uint(1, "payload type")
    reader = _READERS.get(kind)
    if reader is None:
        refuse(f"unknown payload type {kind:02x}", start)
    return reader(cursor)


def _read_call(cursor: Cursor) -> CallPayload:
    contract = read_contract(cursor, MAX_CONTRACT_NAME_IN_TX)
    function = read_clarity_name(cursor, "function name")
    args = tuple([read_value(cursor) for _ in range(cursor.count("arguments"))])
    return CallPayload(contract, function, args)


def _read_transfer(cursor: Cursor) -> TransferPayload:
    start = cursor.offset
    if cursor.peek() not in _PRINCIPALS:
        refuse("recipient is not a principal", start)
    recipient = read_value(cursor).content
    return TransferPayload(recipient, cursor.uint(8, "amount"), cursor.take(MEMO_LENGTH, "memo"))


def _read_deploy(cursor: Cursor) -> DeployPayload:
    return _read_contract(cursor, None)


def _read_versioned_deploy(cursor: Cursor) -> DeployPayload:
    start = cursor.offset
    version = cursor.uint(1, "Clarity version")
    if version not in CLARITY_VERSIONS:
        refuse(f"unknown Clarity version {version:02x}", start)
    return _read_contract(cursor, version)


def _read_contract(cursor: Cursor, clarity_version: int | None) -> DeployPayload:
    name = read_contract_name(cursor, MAX_CONTRACT_NAME_IN_TX)
    source = cursor.take(cursor.uint(4, "length of source"), "source")
    wrong = _first_unprintable(source)
    if wrong is not None:
        at = cursor.offset - len(source) + wrong
        refuse(f"{source[wrong]:02x} in a contract source, which is printable ASCII, tabs and newlines", at)
    return DeployPayload(name, source.decode("ascii"), clarity_version)


def _first_unprintable(source: bytes) -> int | None:
    wrong = source.translate(None, _SOURCE)
    return source.index(wrong[:1]) if wrong else None


_READERS: Final[Mapping[int, Callable[[Cursor], Payload]]] = {
    _TRANSFER: _read_transfer,
    _DEPLOY: _read_deploy,
    _CONTRACT_CALL: _read_call,
    _DEPLOY_VERSIONED: _read_versioned_deploy,
}
