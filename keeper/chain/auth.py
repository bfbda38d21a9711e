"""Who signs a transaction, and how: single-key conditions of origin and sponsor (SIP-005).

Multi-key conditions are refused: the keeper has one key, and nothing it reads needs more.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from coincurve import PublicKey

from keeper.chain.codec import Cursor, refuse
from keeper.chain.hashing import hash160, sha512_256
from keeper.errors import BadInput

SIGNER_LENGTH: Final = 20
SIGNATURE_LENGTH: Final = 65
NO_SIGNATURE: Final = bytes(SIGNATURE_LENGTH)
_MULTISIG: Final = frozenset({1, 3, 5, 7})
_U64_END: Final = 1 << 64
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class HashMode(IntEnum):
    """How the signer's hash is made from the public key."""

    P2PKH = 0
    P2WPKH = 2


class KeyEncoding(IntEnum):
    """How the public key is written before hashing."""

    COMPRESSED = 0
    UNCOMPRESSED = 1


_HASH_MODES: Final = frozenset(map(int, HashMode))
_KEY_ENCODINGS: Final = frozenset(map(int, KeyEncoding))


class AuthFlag(IntEnum):
    """Marks whose signature a sighash is for. An origin uses STANDARD even when sponsored."""

    STANDARD = 4
    SPONSORED = 5


@dataclass(frozen=True, slots=True)
class Condition:
    """What it takes to spend: the signer's hash, the next nonce, a fee in µSTX, and the signature.

    `signature` is 65 bytes, recovery id first, then r and s; all zero while unsigned.
    """

    signer: bytes
    nonce: int
    fee: int
    signature: bytes = NO_SIGNATURE
    hash_mode: HashMode = HashMode.P2PKH
    encoding: KeyEncoding = KeyEncoding.COMPRESSED

    def __post_init__(self) -> None:
        if not (0 <= self.nonce < _U64_END and 0 <= self.fee < _U64_END):
            message = f"nonce {self.nonce} or fee {self.fee} does not fit 8 bytes"
            raise BadInput(message)
        if len(self.signer) != SIGNER_LENGTH or len(self.signature) != SIGNATURE_LENGTH:
            message = f"a signer hash has {SIGNER_LENGTH} bytes and a signature {SIGNATURE_LENGTH}"
            raise BadInput(message, signer=len(self.signer), signature=len(self.signature))
        if self.hash_mode is HashMode.P2WPKH and self.encoding is not KeyEncoding.COMPRESSED:
            message = "a P2WPKH condition needs a compressed key"
            raise BadInput(message)

    def cleared(self) -> "Condition":
        """Return it with nonce, fee and signature at zero, as the first sighash sees it."""
        return replace(self, nonce=0, fee=0, signature=NO_SIGNATURE)

    def encode(self) -> bytes:
        """Return hash mode, signer, nonce, fee, key encoding and signature."""
        numbers = self.nonce.to_bytes(8) + self.fee.to_bytes(8)
        return bytes([self.hash_mode]) + self.signer + numbers + bytes([self.encoding]) + self.signature


SPONSOR_SENTINEL: Final = Condition(signer=bytes(20), nonce=0, fee=0)
"""What stands in the sponsor's place while the origin signs: the sponsor is not known yet."""


def read_condition(cursor: Cursor) -> Condition:
    """Read a single-key condition. Raises BadInput with offset and reason."""
    if cursor.peek() in _MULTISIG:
        refuse(f"hash mode {cursor.peek():02x} takes several keys, which this keeper does not handle", cursor.offset)
    mode = cursor.one_of(_HASH_MODES, "hash mode")
    signer = cursor.take(SIGNER_LENGTH, "signer")
    nonce, fee = cursor.uint(8, "nonce"), cursor.uint(8, "fee")
    at = cursor.offset
    encoding = cursor.one_of(_KEY_ENCODINGS, "key encoding")
    if mode == HashMode.P2WPKH and encoding != KeyEncoding.COMPRESSED:
        refuse("a P2WPKH condition needs a compressed key", at)
    signature = cursor.take(SIGNATURE_LENGTH, "signature")
    return Condition(signer, nonce, fee, signature, HashMode(mode), KeyEncoding(encoding))


def presign_hash(previous: bytes, condition: Condition, flag: AuthFlag) -> bytes:
    """Return the digest a signer signs: over the digest before, its role, fee and nonce."""
    return sha512_256(previous + bytes([flag]) + condition.fee.to_bytes(8) + condition.nonce.to_bytes(8))


def postsign_hash(presign: bytes, condition: Condition) -> bytes:
    """Return the digest after a signature, which the next signer builds on."""
    return sha512_256(presign + bytes([condition.encoding]) + condition.signature)


def signer_hash(public_key: bytes, mode: HashMode = HashMode.P2PKH) -> bytes:
    """Return the 20-byte hash a public key spends under: of the key itself, or of its witness program."""
    return hash160(public_key) if mode is HashMode.P2PKH else hash160(b"\x00\x14" + hash160(public_key))


def check_signature(condition: Condition, digest: bytes, who: str) -> None:
    """Require that the key which signed `digest` is the one the condition names.

    Raises BadInput for a recovery id above 3, r or s outside the group, a high s (two signatures
    would fit one transaction), or another signer.
    """
    recovery, s = condition.signature[0], int.from_bytes(condition.signature[33:])
    r = int.from_bytes(condition.signature[1:33])
    if recovery > 3 or not 0 < r < _ORDER or not 0 < s < _ORDER:  # noqa: PLR2004 - two bits
        raise _bad_signature(who, "recovery id, r or s out of range")
    if s > _ORDER // 2:
        raise _bad_signature(who, "s is in the upper half of the group")
    try:
        key = PublicKey.from_signature_and_message(
            condition.signature[1:] + condition.signature[:1], digest, hasher=None
        )
    except ValueError as exc:
        raise _bad_signature(who, "no key fits it") from exc
    public = key.format(compressed=condition.encoding is KeyEncoding.COMPRESSED)
    if signer_hash(public, condition.hash_mode) != condition.signer:
        raise _bad_signature(who, "another key signed")


def _bad_signature(who: str, why: str) -> BadInput:
    message = f"signature of the {who}: {why}"
    return BadInput(message, reason=why)
