"""Who signs: a key file, a keystore, or a signer elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from keeper.settings.sections import HiddenSection
from keeper.settings.shapes import NodeUrl, SecretPlace
from keeper.signers.opening import Elsewhere, KeyFile, SealedKey, Source
from keeper.signers.protocol import is_this_machine


def _public_key(value: str) -> str:
    if not re.fullmatch(r"0[23][0-9a-f]{64}", value):
        msg = "must be a compressed public key, 66 small hex digits; copy it from `keeper keys address`"
        raise ValueError(msg)
    return value


class SignerSettings(HiddenSection):
    """Where the keeper's signatures come from, instead of `signer_key_file`. Each file may be `credential:NAME`, which systemd hands over."""

    kind: Literal["file", "keystore", "remote"]
    """A plain key file, a keystore made by `keeper keys`, or a signer that is asked over HTTP (docs/signers.md)."""
    file: SecretPlace | None = None
    """The key file or the keystore."""
    passphrase_file: SecretPlace | None = None
    """File with the keystore's passphrase; without it a person is asked at the terminal."""
    url: NodeUrl | None = None
    """Address of the signer elsewhere; http only on this machine."""
    public_key: Annotated[str, AfterValidator(_public_key)] | None = None
    """The key that the signer elsewhere has to have, compressed, as hex."""
    token_file: SecretPlace | None = None
    """File with the token that the signer elsewhere asks for."""
    ca_file: Path | None = None
    """PEM file with the only authorities believed for the signer's certificate; the system's when absent."""
    timeout_seconds: int = Field(default=5, ge=1, le=30)
    """How long one answer of the signer elsewhere may take, in seconds."""

    def source(self) -> Source:
        """Return the same choice as `open_signer` takes it; call it only on settings that agree."""
        match self.kind:
            case "file":
                return KeyFile(self.file or "")
            case "keystore":
                return SealedKey(self.file or "", self.passphrase_file)
            case "remote":
                ca = None if self.ca_file is None else str(self.ca_file)
                public_key = bytes.fromhex(self.public_key or "")
                return Elsewhere(self.url or "", public_key, self.token_file or "", ca, float(self.timeout_seconds))


_NEEDED = {"file": ("file",), "keystore": ("file",), "remote": ("url", "public_key", "token_file")}
_POSSIBLE = {"file": (), "keystore": ("passphrase_file",), "remote": ("ca_file", "timeout_seconds")}


def signer_disagreements(signer: SignerSettings | None, key_file: Path | None) -> Iterator[tuple[str, str]]:
    """Yield (dotted setting, what is wrong and the remedy)."""
    if signer is None:
        if key_file is None:
            yield "signer_key_file", "is missing; add it, or a section [signer] (docs/settings.md says what they mean)"
        return
    if key_file is not None:
        yield "signer", "says who signs, and so does signer_key_file; remove one of them"
    for name in sorted(signer.model_fields_set - {"kind"} - {*_NEEDED[signer.kind], *_POSSIBLE[signer.kind]}):
        yield f"signer.{name}", f"has no use with kind {signer.kind!r}; remove it"
    for name in _NEEDED[signer.kind]:
        if getattr(signer, name) is None:
            yield f"signer.{name}", f"is missing; kind {signer.kind!r} needs it"
    if (
        signer.url is not None
        and signer.url.startswith("http:")
        and not is_this_machine(urlsplit(signer.url).hostname or "")
    ):
        yield "signer.url", "would send the token in clear over a network; use https"
