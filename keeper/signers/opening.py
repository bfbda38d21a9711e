"""From what the settings say to a signer that can be asked."""

import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from keeper.chain.transactions import Network
from keeper.errors import BadSettings
from keeper.ports import Signer
from keeper.signers import passphrase
from keeper.signers.harden import no_core_dumps
from keeper.signers.keystore import open_keystore, read_keystore
from keeper.signers.local import KeySigner
from keeper.signers.places import locate, read_line
from keeper.signers.remote import RemoteSigner
from keeper.signers.secret import Secret


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A plain key in a private file; `place` is a path or `credential:NAME`, here and below."""

    place: str


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A keystore; without a place for the passphrase a person is asked."""

    place: str
    passphrase: str | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A signer behind HTTP, with its public key (33 bytes) pinned."""

    url: str
    public_key: bytes
    token: str
    ca_file: str | None = None
    seconds: float = 5.0


Source = KeyFile | SealedKey | Elsewhere


def open_signer(source: Source, network: Network, session: aiohttp.ClientSession, environ: Mapping[str, str]) -> Signer:
    """Return the signer that `source` names; nobody else is asked yet. A keystore takes about a second.

    Raises BadSettings with the remedy for whatever cannot be read or opened.
    """
    match source:
        case Elsewhere():
            return RemoteSigner(
                session,
                source.url,
                public_key=source.public_key,
                network=network,
                token=read_line(locate(source.token, environ), "signer token file"),
                seconds=source.seconds,
                authorities=authorities(source.ca_file),
            )
        case _:
            return open_key(source, network, environ)


def open_key(source: KeyFile | SealedKey, network: Network, environ: Mapping[str, str]) -> KeySigner:
    """Return a signer whose key is in this process, which leaves no core file from here on. Raises BadSettings."""
    no_core_dumps()
    path = locate(source.place, environ)
    match source:
        case KeyFile():
            return KeySigner.from_file(path, network)
        case SealedKey():
            read_keystore(path)  # what is wrong with the file should come out before anybody types
            return open_keystore(path, take_passphrase(source.passphrase, environ, f"Passphrase of {path}"), network)


def take_passphrase(place: str | None, environ: Mapping[str, str], prompt: str, *, twice: bool = False) -> Secret:
    """Return a passphrase from its file, else from a person. Raises BadSettings."""
    if place is not None:
        return read_line(locate(place, environ), "passphrase file")
    if not sys.stdin.isatty():
        message = f"there is no terminal to ask for the passphrase at; {passphrase.REMEDY}"
        raise BadSettings(message)
    return passphrase.ask_twice(prompt) if twice else passphrase.ask(prompt)


def authorities(ca_file: str | None) -> ssl.SSLContext | None:
    """Return a context that trusts only the certificates of a PEM file; None leaves it to the system's."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        message = f"signer.ca_file {ca_file}: {exc}; name a PEM file with the certificate of the signer's authority"
        raise BadSettings(message, setting="signer.ca_file") from exc
