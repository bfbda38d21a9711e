"""c32check addresses and the principals made from them (SIP-005).

Text is read as nodes read it: lower case and the look-alikes O, L, I are taken, but unlike a node we
insist on the leading S. What we write is always the canonical upper case form.
"""

from base64 import b32encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from typing_extensions import override

from keeper.chain.hashing import sha256
from keeper.chain.names import is_contract_name
from keeper.errors import BadInput

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HASH_LENGTH: Final = 20
MAX_VERSION: Final = 31
MAINNET_SINGLE: Final = 22  # P
MAINNET_MULTI: Final = 20  # M
TESTNET_SINGLE: Final = 26  # T
TESTNET_MULTI: Final = 21  # N

_CHECK: Final = 4
_SHORTEST: Final = 26  # S, version, and 24 characters: nothing but zero bytes
_LONGEST: Final = 41  # S, version, and 39 characters for 24 bytes
_VALUES: Final = {c: i for i, c in enumerate(ALPHABET)} | {c.lower(): i for i, c in enumerate(ALPHABET)} | {
    "O": 0, "o": 0, "L": 1, "l": 1, "I": 1, "i": 1,
}  # fmt: skip
_GROUP: Final = 5  # bytes that come to whole characters
_FROM_RFC_4648: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
_TO_PYTHON: Final = {ord(char): "0123456789abcdefghijklmnopqrstuv"[value] for char, value in _VALUES.items()}


def _not_an_address(text: str, why: str) -> BadInput:
    message = f"{text[:60]!r} is not a Stacks address: {why}"
    return BadInput(message, reason=why)


def c32_encode(data: bytes) -> str:
    """Write bytes in base 32; each leading zero byte becomes one leading `0`."""
    number = data.lstrip(b"\0")
    aligned = number.rjust(-(-len(number) // _GROUP) * _GROUP, b"\0")  # RFC 4648 fills up from the left
    return "0" * (len(data) - len(number)) + b32encode(aligned).translate(_FROM_RFC_4648).decode().lstrip("0")


def c32_decode(text: str) -> bytes:
    """Read base 32. Raises BadInput for a character outside the alphabet."""
    wrong = next((char for char in text if char not in _VALUES), None)
    if wrong is not None:
        raise _not_an_address(text, f"character {wrong!r} is not in the alphabet")
    digits = text.translate(_TO_PYTHON)
    number = int(digits or "0", 32)
    return bytes(len(digits) - len(digits.lstrip("0"))) + number.to_bytes((number.bit_length() + 7) // 8)


def _checksum(version: int, payload: bytes) -> bytes:
    return sha256(sha256(bytes([version]) + payload))[:_CHECK]


@dataclass(frozen=True, slots=True)
class Address:
    """A standard principal: version below 32 and the hash of a key or script."""

    version: int
    hash160: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.version <= MAX_VERSION or len(self.hash160) != HASH_LENGTH:
            message = f"an address needs a version up to {MAX_VERSION} and a hash of {HASH_LENGTH} bytes"
            raise BadInput(message, version=self.version, length=len(self.hash160))

    @override
    def __str__(self) -> str:
        return _encode(self.version, self.hash160)


@lru_cache(maxsize=512)
def _encode(version: int, hashed: bytes) -> str:
    return "S" + ALPHABET[version] + c32_encode(hashed + _checksum(version, hashed))


@lru_cache(maxsize=512)
def parse_address(text: str) -> Address:
    """Return the address that `text` spells. Raises BadInput."""
    if not _SHORTEST <= len(text) <= _LONGEST or text[0] not in "Ss":
        raise _not_an_address(text, "it has to start with S and be 26 to 41 characters long")
    version = _VALUES.get(text[1])
    if version is None:
        raise _not_an_address(text, f"character {text[1]!r} is not in the alphabet")
    payload = c32_decode(text[2:])
    if len(payload) != HASH_LENGTH + _CHECK:
        raise _not_an_address(text, f"it holds {len(payload)} bytes, not 24")
    if _checksum(version, payload[:HASH_LENGTH]) != payload[HASH_LENGTH:]:
        raise _not_an_address(text, "the checksum is wrong")
    return Address(version, payload[:HASH_LENGTH])


@dataclass(frozen=True, slots=True)
class Principal:
    """An address, or a contract deployed by one."""

    address: Address
    contract: str | None = None

    def __post_init__(self) -> None:
        if self.contract is not None and not is_contract_name(self.contract):
            message = f"{self.contract[:60]!r} is not a contract name"
            raise BadInput(message, contract=self.contract[:60])

    @override
    def __str__(self) -> str:
        return str(self.address) if self.contract is None else f"{self.address}.{self.contract}"


def parse_principal(text: str) -> Principal:
    """Return the principal that `text` spells: `S…` or `S….contract`. Raises BadInput."""
    address, dot, contract = text.partition(".")
    return Principal(parse_address(address), contract if dot else None)
