"""The keeper's key: read once from a file nobody else may read, and never shown again."""

import os
import re
import struct
from pathlib import Path
from typing import Final, NoReturn

from coincurve import PrivateKey
from typing_extensions import override

from keeper.chain.auth import signer_hash
from keeper.chain.c32 import MAINNET_SINGLE, TESTNET_SINGLE, Address
from keeper.chain.transactions import Network, Transaction
from keeper.errors import BadSettings
from keeper.ports import Signable, Signer

DIGEST_LENGTH: Final = 32
_KEY: Final = re.compile(rb"\s*([0-9a-fA-F]{64})(?:01)?\s*")
_LONGEST_FILE: Final = 1024
_READ: Final = 4
_ACL: Final = "system.posix_acl_access"
_ACL_ENTRY: Final = struct.Struct("<HHI")
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP, _ACL_MASK, _ACL_OTHER = 0x02, 0x04, 0x08, 0x10, 0x20


class KeySigner:
    """Signs with one secp256k1 key; the key leaves it in no form: not printed, copied or pickled."""

    __slots__ = ("_address", "_key", "_public_key")

    def __init__(self, secret: bytes, network: Network) -> None:
        try:
            self._key = PrivateKey(secret)
        except ValueError:
            message = "the signer key is not a number below the order of secp256k1"
            raise BadSettings(message) from None
        self._public_key = self._key.public_key.format(compressed=True)
        version = MAINNET_SINGLE if network is Network.MAINNET else TESTNET_SINGLE
        self._address = str(Address(version, signer_hash(self._public_key)))

    @classmethod
    def from_file(cls, path: Path, network: Network) -> "KeySigner":
        """Read the key from `path`: 64 hex digits, or 66 ending in 01; the public key is compressed either way.

        Raises BadSettings when the file is missing, readable by anyone but its user, or not a key.
        """
        match = _KEY.fullmatch(_read_private(path))
        if match is None:
            message = f"signer key file {path}: expected 64 hex digits, or 66 ending in 01"
            raise BadSettings(message, path=str(path))
        return cls(bytes.fromhex(match[1].decode("ascii")), network)

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
        return f"KeySigner({self._address})"

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a signer cannot be pickled or copied"
        raise TypeError(message)


async def sign_transaction(transaction: Transaction, signer: Signer) -> Transaction:
    """Return the transaction signed by its origin. Raises BadInput when the signer is not that origin."""
    signed = transaction.with_signature(await signer.sign(transaction))
    signed.verify()
    return signed


def readable_by_others(mode: int, acl: bytes | None, uid: int) -> bool:
    """Tell whether someone besides the owner and `uid` may read a file.

    With an access list, the group bits of the mode are only its mask (systemd grants credentials to a
    service user that way), so the list itself is judged: acl(5), xattr layout of Linux.
    """
    if acl is None:
        return bool(mode & 0o077)
    entries = list(_ACL_ENTRY.iter_unpack(acl[4 : 4 + (len(acl) - 4) // _ACL_ENTRY.size * _ACL_ENTRY.size]))
    mask = next((rights for tag, rights, _ in entries if tag == _ACL_MASK), 7)
    for tag, rights, who in entries:
        if tag == _ACL_OTHER and rights:
            return True
        stranger = tag in {_ACL_GROUP_OBJ, _ACL_GROUP} or (tag == _ACL_USER and who != uid)
        if stranger and rights & mask & _READ:
            return True
    return False


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if readable_by_others(mode, _access_list(file.fileno()), os.geteuid()):
                message = f"signer key file {path} can be read by others; run: chmod 600 {path}"
                raise BadSettings(message, path=str(path))
            return file.read(_LONGEST_FILE)
    except OSError as exc:
        message = f"signer key file {path}: {exc.strerror}"
        raise BadSettings(message, path=str(path)) from exc


def _access_list(descriptor: int) -> bytes | None:
    try:
        return os.getxattr(descriptor, _ACL)
    except OSError:
        return None  # no list, or a file system without them: the mode says it all
