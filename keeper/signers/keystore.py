"""The key in a file that is of no use without its passphrase: scrypt and ChaCha20-Poly1305 (ADR 18).

Everything in the file but the sealed key itself is authenticated with it, so that an address or a cost
that somebody changed is noticed.
"""

import hashlib
import json
import os
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keeper.chain.transactions import Network
from keeper.errors import BadSettings
from keeper.signers.local import KEY_LENGTH, KeySigner
from keeper.signers.places import read_private
from keeper.signers.secret import Secret

SHORTEST_PASSPHRASE: Final = 12
_MOST_MEMORY: Final = 256 * 1024 * 1024
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SEALED_BYTES: Final = KEY_LENGTH + 16
_WHAT: Final = "keystore"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of a passphrase costs; 128·n·r bytes of memory."""

    n: int = 2**17
    r: int = 8
    p: int = 1


STANDARD: Final = Cost()
"""128 MiB and about a second."""


def _hex(length: int) -> Any:
    return Field(pattern=rf"^[0-9a-f]{{{2 * length}}}$")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class _Kdf(_Part):
    name: Literal["scrypt"]
    n: Annotated[int, Field(ge=2**14, le=2**20)]
    r: Annotated[int, Field(ge=1, le=32)]
    p: Annotated[int, Field(ge=1, le=4)]
    salt: Annotated[str, _hex(_SALT_BYTES)]


class _Cipher(_Part):
    name: Literal["chacha20-poly1305"]
    nonce: Annotated[str, _hex(_NONCE_BYTES)]
    sealed: Annotated[str, _hex(_SEALED_BYTES)]


class Keystore(_Part):
    """A keystore as it stands in its file. Everything is public but `cipher.sealed`, which is encrypted."""

    format: Literal["whale-keeper keystore"] = "whale-keeper keystore"
    version: Literal[1] = 1
    network: Literal["mainnet", "testnet"]
    address: Annotated[str, Field(pattern=r"^S[PT][0-9A-Z]{26,39}$")]
    public_key: Annotated[str, _hex(33)]
    kdf: _Kdf
    cipher: _Cipher

    def head(self) -> bytes:
        """Return what is authenticated beside the key: all but the sealed bytes, in one spelling."""
        return _head(self.model_dump())


def _head(body: dict[str, Any]) -> bytes:
    told = {**body, "cipher": {name: value for name, value in body["cipher"].items() if name != "sealed"}}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


def read_keystore(path: Path) -> Keystore:
    """Return a keystore, still closed. Raises BadSettings for one that is none, or asks for absurd work."""
    store = _parsed(read_private(path, _WHAT))
    if isinstance(store, str):
        message = f"{_WHAT} {path}: {store}; restore it from a copy or make one with `keeper keys new`"
        raise BadSettings(message, path=str(path))
    kdf = store.kdf
    if kdf.n & (kdf.n - 1) or 128 * kdf.n * kdf.r > _MOST_MEMORY:
        message = (
            f"{_WHAT} {path}: kdf: n has to be a power of two and 128·n·r at most {_MOST_MEMORY} bytes; "
            "restore the file from a copy, this is not what `keeper keys` writes"
        )
        raise BadSettings(message, path=str(path), n=kdf.n, r=kdf.r)
    return store


def _parsed(read: Secret) -> Keystore | str:
    """Return the keystore, or what is wrong. The library's error quotes what it read, perhaps a key: it stays here."""
    try:
        return Keystore.model_validate_json(read.reveal())
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"


def open_keystore(path: Path, passphrase: Secret, network: Network) -> KeySigner:
    """Return the signer that a keystore holds, and forget the passphrase.

    Blocks for about a second. Raises BadSettings for another network, a wrong passphrase or a changed file.
    """
    store = read_keystore(path)
    if Network[store.network.upper()] is not network:
        passphrase.forget()
        message = (
            f"{_WHAT} {path} is for {store.network}, the settings are for {network.name.lower()}; name the other one"
        )
        raise BadSettings(message, path=str(path))
    key = _unsealed(store, passphrase)
    passphrase.forget()
    if key is None:
        message = (
            f"{_WHAT} {path}: the passphrase is wrong or the file was changed; "
            "check the passphrase, then restore the file from a copy"
        )
        raise BadSettings(message, path=str(path))
    signer = KeySigner(key, network)
    key.forget()
    if (signer.address, signer.public_key.hex()) != (store.address, store.public_key):
        message = f"{_WHAT} {path} says {store.address} and holds the key of {signer.address}; make it anew"
        raise BadSettings(message, path=str(path))
    return signer


def write_keystore(path: Path, key: Secret, passphrase: Secret, network: Network, cost: Cost = STANDARD) -> KeySigner:
    """Seal a key into a new file of mode 0600, and return its signer. Forgets neither secret.

    Raises BadSettings for a short passphrase, a number that is no key, or a file that exists already.
    """
    if len(passphrase.reveal().decode("utf-8", "replace")) < SHORTEST_PASSPHRASE:
        message = f"the passphrase is short of {SHORTEST_PASSPHRASE} characters; take several words"
        raise BadSettings(message)
    signer = KeySigner(key, network)
    body = _sealed(key, passphrase, signer, network, cost)
    text = Keystore.model_validate(body).model_dump_json(indent=2) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        message = f"{_WHAT} {path}: {exc.strerror}; choose a name that is free, in a folder that can be written"
        raise BadSettings(message, path=str(path)) from exc
    return signer


def new_key() -> Secret:
    """Return a new private key from the system's randomness."""
    return Secret(secrets.token_bytes(KEY_LENGTH))  # outside the group once in 2^128; KeySigner would refuse it


def _sealed(key: Secret, passphrase: Secret, signer: KeySigner, network: Network, cost: Cost) -> dict[str, Any]:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body: dict[str, Any] = {
        "format": "whale-keeper keystore",
        "version": 1,
        "network": network.name.lower(),
        "address": signer.address,
        "public_key": signer.public_key.hex(),
        "kdf": {
            "name": "scrypt",
            "n": cost.n,
            "r": cost.r,
            "p": cost.p,
            "salt": secrets.token_bytes(_SALT_BYTES).hex(),
        },
        "cipher": {"name": "chacha20-poly1305", "nonce": nonce.hex()},
    }
    box = ChaCha20Poly1305(_stretched(passphrase, _Kdf(**body["kdf"])).reveal())
    body["cipher"]["sealed"] = box.encrypt(nonce, key.reveal(), _head(body)).hex()
    return body


def _unsealed(store: Keystore, passphrase: Secret) -> Secret | None:
    box = ChaCha20Poly1305(_stretched(passphrase, store.kdf).reveal())
    try:
        return Secret(box.decrypt(bytes.fromhex(store.cipher.nonce), bytes.fromhex(store.cipher.sealed), store.head()))
    except InvalidTag:
        return None


def _stretched(passphrase: Secret, kdf: _Kdf) -> Secret:
    """Return the key that a passphrase gives. One spelling of its letters, whatever keyboard they come from."""
    return Secret(
        hashlib.scrypt(
            unicodedata.normalize("NFC", passphrase.reveal().decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            ),
            salt=bytes.fromhex(kdf.salt),
            n=kdf.n,
            r=kdf.r,
            p=kdf.p,
            maxmem=_MOST_MEMORY + 2**20,
            dklen=_KEY_BYTES,
        )
    )
