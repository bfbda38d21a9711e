"""What is said between the keeper and a signer elsewhere (docs/signers.md); both sides read it with these models."""

from ipaddress import ip_address
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

IDENTITY_PATH: Final = "/v1/identity"
SIGN_PATH: Final = "/v1/sign"
MOST_TRANSACTION: Final = 64 * 1024
"""Bytes of the largest transaction that is signed; the keeper's largest has about five thousand."""
MOST_REQUEST: Final = 2 * MOST_TRANSACTION + 1024
MOST_ANSWER: Final = 4 * 1024
SHORTEST_TOKEN: Final = 32

NetworkName = Literal["mainnet", "testnet"]
_Words = Annotated[str, Field(max_length=500)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Identity(_Said):
    """Whose signatures these are."""

    address: Annotated[str, Field(pattern=r"^S[PT][0-9A-Z]{26,39}$")]
    public_key: Annotated[str, Field(pattern=r"^0[23][0-9a-f]{64}$")]
    network: NetworkName


class SignRequest(_Said):
    """A whole unsigned transaction, and the digest that the asker takes it to have."""

    network: NetworkName
    transaction: Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$", max_length=2 * MOST_TRANSACTION)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Signature(_Said):
    """The origin's signature: recovery id, r, s."""

    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{130}$")]


class No(_Said):
    """Why there is no signature: the rule by its short name, and a sentence."""

    rule: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    reason: _Words
    least_fee_ustx: Annotated[int, Field(ge=0, lt=2**64)] | None = None
    """What another transaction of this nonce has to pay at least."""


def is_this_machine(host: str) -> bool:
    """Tell whether a host is the loopback interface, the only way that a token may go without TLS."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
