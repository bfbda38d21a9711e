"""The key in this process: read once, and never shown again."""

import re
from pathlib import Path
from typing import Final, NoReturn

from coincurve import PrivateKey
from typing_extensions import override

from keeper.chain.auth import signer_hash
from keeper.chain.c32 import MAINNET_SINGLE, TESTNET_SINGLE, Address
from keeper.chain.transactions import Network, Transaction
from keeper.errors import BadSettings
from keeper.ports import Signable, Signer
from keeper.signers.places import read_private
from keeper.signers.secret import Secret

DIGEST_LENGTH: Final = 32
KEY_LENGTH: Final = 32
_KEY: Final = re.compile(rb"\s*([0-9a-fA-F]{64})(?:01)?\s*")


class KeySigner:
    """Signs with one secp256k1 key; the key leaves it in no form: not printed, copied or pickled."""

    __slots__ = ("_address", "_key", "_public_key")

    def __init__(self, secret: bytes | Secret, network: Network) -> None:
        boxed = secret if isinstance(secret, Secret) else Secret(secret)
        del secret  # an error below must not have it among the local variables
        key = _private_key(boxed)
        if key is None:
            message = "the signer key is not a number below the order of secp256k1; make one with `keeper keys new`"
            raise BadSettings(message)
        self._key = key
        self._public_key = key.public_key.format(compressed=True)
        self._address = address_of(self._public_key, network)

    @classmethod
    def from_file(cls, path: Path, network: Network) -> "KeySigner":
        """Read the key from `path`: 64 hex digits, or 66 ending in 01; the public key is compressed either way.

        Raises BadSettings when the file is missing, readable by anyone but its user, or not a key.
        """
        return cls(read_key(path), network)

    @property
    def address(self) -> str:
        """The principal that this key spends for."""
        return self._address

    @property
    def public_key(self) -> bytes:
        """Compressed public key, 33 bytes."""
        return self._public_key

    async def sign(self, transaction: Signable) -> bytes:
        """Return the origin's 65-byte recoverable signature: recovery id, r, low s (RFC 6979)."""
        return self.sign_digest(transaction.presign_hash())

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the 65-byte recoverable signature of a 32-byte digest. Raises ValueError for another length."""
        if len(digest) != DIGEST_LENGTH:
            message = f"a digest has {DIGEST_LENGTH} bytes, not {len(digest)}"
            raise ValueError(message)
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[-1:] + signature[:-1]

    @override
    def __repr__(self) -> str:
        return f"KeySigner({getattr(self, '_address', 'of no key')})"

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a signer cannot be pickled or copied"
        raise TypeError(message)


def read_key(path: Path) -> Secret:
    """Return the 32 bytes of a key file: 64 hex digits, or 66 ending in 01. Raises BadSettings."""
    read = read_private(path, "signer key file")
    key = _parsed(read)
    read.forget()
    if key is None:
        message = f"signer key file {path}: expected 64 hex digits, or 66 ending in 01; is it the right file?"
        raise BadSettings(message, path=str(path))
    return key


def address_of(public_key: bytes, network: Network) -> str:
    """Return the principal that a compressed public key spends for."""
    version = MAINNET_SINGLE if network is Network.MAINNET else TESTNET_SINGLE
    return str(Address(version, signer_hash(public_key)))


async def sign_transaction(transaction: Transaction, signer: Signer) -> Transaction:
    """Return the transaction signed by its origin. Raises BadInput when the signer is not that origin."""
    signed = transaction.with_signature(await signer.sign(transaction))
    signed.verify()
    return signed


def _parsed(read: Secret) -> Secret | None:
    match = _KEY.fullmatch(read.reveal())
    return None if match is None else Secret(bytes.fromhex(match[1].decode("ascii")))


def _private_key(secret: Secret) -> PrivateKey | None:
    """Return the key; an error inside the library would carry the number in its frames, so none comes out."""
    if len(secret.reveal()) != KEY_LENGTH:
        return None
    try:
        return PrivateKey(secret.reveal())
    except ValueError:
        return None
