"""The shapes that settings must have, each with the sentence that says so."""

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from keeper.telemetry.redact import is_secret_url

_ADDRESS: Final = r"S[PMTN][0-9A-HJKMNP-TV-Z]{26,39}"
_NAME: Final = r"[A-Za-z][A-Za-z0-9_-]{0,39}"


def _address(value: str) -> str:
    if not re.fullmatch(_ADDRESS, value):
        msg = "must be a Stacks address that starts with SP, SM, ST or SN; copy it again"
        raise ValueError(msg)
    return value


def _contract(value: str) -> str:
    if value != "stx" and not re.fullmatch(rf"{_ADDRESS}\.{_NAME}", value):
        msg = 'must be "stx" or a contract principal such as SP….token-name; copy it again'
        raise ValueError(msg)
    return value


def _contract_name(value: str) -> str:
    if not re.fullmatch(_NAME, value):
        msg = "must be a contract name of up to 40 letters, digits, - or _ without an address; correct it"
        raise ValueError(msg)
    return value


def node_url(value: str) -> str:
    """Return a node's address without a slash at its end. Raises ValueError, which does not repeat it."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = "must be an http or https address; correct it"
        raise ValueError(msg)
    if is_secret_url(value):
        msg = "must not carry a user, password or query; put the key into the setting for it"
        raise ValueError(msg)
    return value.rstrip("/")


def _key_file(value: Path) -> Path:
    if re.fullmatch(r"(0x)?[0-9a-fA-F]{64}(01)?", str(value)):
        msg = "must name a file, not hold the key itself; write the key to a file only the keeper can read"
        raise ValueError(msg)
    return value


def _secret_place(value: str) -> str:
    if not value.startswith("credential:"):
        _key_file(Path(value))
    return value


Address = Annotated[str, AfterValidator(_address)]
ContractName = Annotated[str, AfterValidator(_contract_name)]
Name = Annotated[str, Field(min_length=1, max_length=32)]
Principal = Annotated[str, AfterValidator(_contract)]
NodeUrl = Annotated[str, AfterValidator(node_url)]
KeyFile = Annotated[Path, AfterValidator(_key_file)]
SecretPlace = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_secret_place)]
