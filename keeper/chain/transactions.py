"""Transactions to bytes and back, exactly (SIP-005): contract calls, STX transfers and deploys, one key per signer.

The life of one: build it unsigned, sign `presign_hash()`, put the signature in with `with_signature`,
send `encode()`. A sponsored one is signed by the origin first, over a stand-in for the sponsor; then
`with_sponsor` names the sponsor, who signs `sponsor_hash()`.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from keeper.chain import auth
from keeper.chain.auth import AuthFlag, Condition
from keeper.chain.codec import Cursor, refuse
from keeper.chain.hashing import sha512_256
from keeper.chain.payloads import (
    MEMO_LENGTH,
    CallPayload,
    DeployPayload,
    Payload,
    TransferPayload,
    call,
    read_payload,
)
from keeper.chain.postconditions import Mode, PostCondition, encode_condition, read_condition
from keeper.errors import BadInput

__all__ = [
    "ANCHOR_ANY",
    "MAX_TRANSACTION",
    "MEMO_LENGTH",
    "CallPayload",
    "DeployPayload",
    "Network",
    "Payload",
    "Transaction",
    "TransferPayload",
    "call",
    "decode_transaction",
    "unsigned",
]

MAX_TRANSACTION: Final = 2 * 1024 * 1024
ANCHOR_ANY: Final = 3
_VERSIONS: Final = frozenset({0x00, 0x80})
_ANCHOR_MODES: Final = frozenset({1, 2, 3})
_FLAGS: Final = frozenset(map(int, AuthFlag))
_MODES: Final = frozenset(map(int, Mode))
_CHAIN_ID_END: Final = 1 << 32


class Network(Enum):
    """The two networks, as (transaction version, chain id)."""

    MAINNET = (0x00, 0x00000001)
    TESTNET = (0x80, 0x80000000)


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

    def __post_init__(self) -> None:
        known = self.version in _VERSIONS and self.anchor_mode in _ANCHOR_MODES
        if not known or not 0 <= self.chain_id < _CHAIN_ID_END:
            message = "a transaction needs version 00 or 80, a chain id of 4 bytes, and anchor mode 1, 2 or 3"
            raise BadInput(message, version=self.version, chain_id=self.chain_id, anchor_mode=self.anchor_mode)

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
    version = cursor.one_of(_VERSIONS, "transaction version")
    chain_id = cursor.uint(4, "chain id")
    flag = cursor.one_of(_FLAGS, "authorisation")
    origin = auth.read_condition(cursor)
    sponsor = auth.read_condition(cursor) if flag == AuthFlag.SPONSORED else None
    anchor_mode = cursor.one_of(_ANCHOR_MODES, "anchor mode")
    mode = Mode(cursor.one_of(_MODES, "post-condition mode"))
    conditions = tuple(read_condition(cursor) for _ in range(cursor.count("post-conditions")))
    payload = read_payload(cursor)
    cursor.finish()
    return Transaction(version, chain_id, origin, payload, conditions, mode, sponsor, anchor_mode)
