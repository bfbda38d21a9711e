"""Transactions to bytes and back, exactly (SIP-005): contract calls and STX transfers, one key per signer.

The life of one: build it unsigned, sign `presign_hash()`, put the signature in with `with_signature`,
send `encode()`. A sponsored one is signed by the origin first, over a stand-in for the sponsor; then
`with_sponsor` names the sponsor, who signs `sponsor_hash()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from keeper.chain import auth
from keeper.chain.auth import AuthFlag, Condition
from keeper.chain.c32 import Principal
from keeper.chain.clarity_values import (
    Value,
    encode_principal,
    parse,
    read_address,
    read_clarity_name,
    read_contract_name,
    read_value,
    short,
)
from keeper.chain.codec import Cursor, refuse
from keeper.chain.hashing import sha512_256
from keeper.chain.names import MAX_CONTRACT_NAME_IN_TX, is_clarity_name, is_contract_name
from keeper.chain.postconditions import U64_END, Mode, PostCondition, encode_condition, read_condition
from keeper.errors import BadInput

MAX_TRANSACTION: Final = 2 * 1024 * 1024
MEMO_LENGTH: Final = 34
ANCHOR_ANY: Final = 3
_TRANSFER: Final = 0
_CONTRACT_CALL: Final = 2


class Network(Enum):
    """The two networks, as (transaction version, chain id)."""

    MAINNET = (0x00, 0x00000001)
    TESTNET = (0x80, 0x80000000)


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
        return head + len(self.args).to_bytes(4) + b"".join(arg.encode() for arg in self.args)


@dataclass(frozen=True, slots=True)
class TransferPayload:
    """µSTX for `recipient`; `memo` is 34 raw bytes, zero-padded, not necessarily text."""

    recipient: Principal
    amount: int
    memo: bytes = bytes(MEMO_LENGTH)

    def __post_init__(self) -> None:
        if len(self.memo) != MEMO_LENGTH or not 0 <= self.amount < U64_END:
            message = f"a transfer needs an amount of 8 bytes and a memo of {MEMO_LENGTH}"
            raise BadInput(message, amount=self.amount, memo_length=len(self.memo))

    def encode(self) -> bytes:
        """Return the payload bytes."""
        return bytes([_TRANSFER]) + encode_principal(self.recipient) + self.amount.to_bytes(8) + self.memo


Payload = CallPayload | TransferPayload


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, signed or not. `version` and `chain_id` are checked only by `require_network`."""

    version: int
    chain_id: int
    origin: Condition
    payload: Payload
    conditions: tuple[PostCondition, ...] = ()
    mode: Mode = Mode.DENY
    sponsor: Condition | None = None
    anchor_mode: int = ANCHOR_ANY

    def encode(self) -> bytes:
        """Return the serialised transaction. Raises BadInput above 2 MiB."""
        head = bytes([self.version]) + self.chain_id.to_bytes(4)
        flag = AuthFlag.STANDARD if self.sponsor is None else AuthFlag.SPONSORED
        authorised = bytes([flag]) + self.origin.encode() + (b"" if self.sponsor is None else self.sponsor.encode())
        body = bytes([self.anchor_mode, self.mode]) + len(self.conditions).to_bytes(4)
        made = head + authorised + body + b"".join(map(encode_condition, self.conditions)) + self.payload.encode()
        if len(made) > MAX_TRANSACTION:
            message = f"a transaction of {len(made)} bytes; the limit is {MAX_TRANSACTION}"
            raise BadInput(message)
        return made

    @property
    def txid(self) -> str:
        """Hash of the whole transaction as 64 hex digits; final once all signatures are in."""
        return sha512_256(self.encode()).hex()

    def initial_hash(self) -> bytes:
        """Return the digest before any signature: nonce, fee and signature of the origin at zero."""
        sponsor = None if self.sponsor is None else auth.SPONSOR_SENTINEL
        return sha512_256(replace(self, origin=self.origin.cleared(), sponsor=sponsor).encode())

    def presign_hash(self) -> bytes:
        """Return the 32 bytes the origin signs."""
        return auth.presign_hash(self.initial_hash(), self.origin, AuthFlag.STANDARD)

    def postsign_hash(self) -> bytes:
        """Return the digest after the origin's signature."""
        return auth.postsign_hash(self.presign_hash(), self.origin)

    def sponsor_hash(self) -> bytes:
        """Return the 32 bytes the sponsor signs, once the origin has. Raises BadInput when there is none."""
        if self.sponsor is None:
            message = "this transaction has no sponsor"
            raise BadInput(message)
        return auth.presign_hash(self.postsign_hash(), self.sponsor, AuthFlag.SPONSORED)

    def with_signature(self, signature: bytes) -> "Transaction":
        """Return it signed by the origin; `signature` is recovery id, r, s."""
        return replace(self, origin=replace(self.origin, signature=signature))

    def with_sponsor(self, sponsor: Condition) -> "Transaction":
        """Return it with this sponsor condition in place."""
        return replace(self, sponsor=sponsor)

    def verify(self) -> None:
        """Require that origin and sponsor signed exactly this. Raises BadInput."""
        auth.check_signature(self.origin, self.presign_hash(), "origin")
        if self.sponsor is not None:
            auth.check_signature(self.sponsor, self.sponsor_hash(), "sponsor")

    def require_network(self, network: Network) -> None:
        """Require version and chain id of `network`. Raises BadInput."""
        if (self.version, self.chain_id) != network.value:
            message = f"version {self.version:02x} and chain id {self.chain_id:08x} are not those of {network.name}"
            raise BadInput(message, network=network.name)


def call(contract: Principal, function: str, args: Sequence[bytes]) -> CallPayload:
    """Return a contract call from serialised arguments. Raises BadInput."""
    return CallPayload(contract, function, tuple(parse(arg) for arg in args))


def unsigned(network: Network, public_key: bytes, payload: Payload, *, nonce: int, fee: int) -> Transaction:
    """Return an unsigned transaction of the compressed `public_key`, which denies every transfer.

    `fee` is µSTX. Add what may move with `dataclasses.replace(…, conditions=…, mode=…)`. Raises BadInput.
    """
    version, chain_id = network.value
    return Transaction(version, chain_id, Condition(auth.signer_hash(public_key), nonce, fee), payload)


def decode_transaction(data: bytes) -> Transaction:
    """Return the transaction that `data` spells, all of it, without judging signatures or network.

    Raises BadInput with offset and reason; also for payloads and multi-key conditions this keeper
    never makes.
    """
    if len(data) > MAX_TRANSACTION:
        refuse(f"a transaction of {len(data)} bytes; the limit is {MAX_TRANSACTION}", 0)
    cursor = Cursor(data)
    version = _one_of(cursor, (0x00, 0x80), "transaction version")
    chain_id = cursor.uint(4, "chain id")
    flag = _one_of(cursor, tuple(AuthFlag), "authorisation")
    origin = auth.read_condition(cursor)
    sponsor = auth.read_condition(cursor) if flag == AuthFlag.SPONSORED else None
    anchor_mode = _one_of(cursor, (1, 2, 3), "anchor mode")
    mode = Mode(_one_of(cursor, tuple(Mode), "post-condition mode"))
    conditions = tuple(read_condition(cursor) for _ in range(_count(cursor, "post-conditions")))
    payload = _read_payload(cursor)
    cursor.finish()
    return Transaction(version, chain_id, origin, payload, conditions, mode, sponsor, anchor_mode)


def _one_of(cursor: Cursor, allowed: tuple[int, ...], what: str) -> int:
    start = cursor.offset
    value = cursor.uint(1, what)
    if value not in allowed:
        refuse(f"unknown {what} {value:02x}", start)
    return value


def _count(cursor: Cursor, what: str) -> int:
    start = cursor.offset
    count = cursor.uint(4, f"count of {what}")
    if count > cursor.left:
        refuse(f"{count} {what} announced, {cursor.left} bytes left", start)
    return count


def _read_payload(cursor: Cursor) -> Payload:
    kind = _one_of(cursor, (_TRANSFER, _CONTRACT_CALL), "payload type")
    return _read_transfer(cursor) if kind == _TRANSFER else _read_call(cursor)


def _read_call(cursor: Cursor) -> CallPayload:
    contract = Principal(read_address(cursor), read_contract_name(cursor, MAX_CONTRACT_NAME_IN_TX))
    function = read_clarity_name(cursor, "function name")
    args = tuple(read_value(cursor) for _ in range(_count(cursor, "arguments")))
    return CallPayload(contract, function, args)


def _read_transfer(cursor: Cursor) -> TransferPayload:
    start = cursor.offset
    recipient = read_value(cursor)
    if recipient.kind != "principal":
        refuse(f"recipient is a {recipient.kind}, not a principal", start)
    return TransferPayload(recipient.content, cursor.uint(8, "amount"), cursor.take(MEMO_LENGTH, "memo"))
