"""Addresses, principals and names as they stand in bytes (SIP-005)."""

from functools import lru_cache
from typing import Final

from keeper.chain.c32 import HASH_LENGTH, MAX_VERSION, Address, Principal
from keeper.chain.codec import Cursor, refuse
from keeper.chain.names import MAX_NAME, clarity_name, contract_name, short

_STANDARD: Final = [bytes([5, version]) for version in range(MAX_VERSION + 1)]
_CONTRACT: Final = [bytes([6, version]) for version in range(MAX_VERSION + 1)]


def encode_principal(principal: Principal) -> bytes:
    """Return the serialisation of a principal: 05 for an address, 06 for a contract."""
    address = principal.address
    if principal.contract is None:
        return _STANDARD[address.version] + address.hash160
    return _CONTRACT[address.version] + address.hash160 + short(principal.contract)


def read_standard(cursor: Cursor) -> Principal:
    """Read an address as a principal, behind its prefix. Raises BadInput."""
    return _principal(_read_raw_address(cursor), None)


def read_contract(cursor: Cursor, longest: int = MAX_NAME) -> Principal:
    """Read a contract, its name of at most `longest` characters, behind its prefix. Raises BadInput."""
    return _principal(_read_raw_address(cursor), read_contract_name(cursor, longest))


def read_address(cursor: Cursor) -> Address:
    """Read an address: version below 32, then the hash. Raises BadInput."""
    return _principal(_read_raw_address(cursor), None).address


def _read_raw_address(cursor: Cursor) -> bytes:
    start = cursor.offset
    raw = cursor.take(1 + HASH_LENGTH, "address")
    if raw[0] > MAX_VERSION:
        refuse(f"address version {raw[0]} is not below 32", start)
    return raw


@lru_cache(maxsize=512)
def _principal(address: bytes, contract: str | None) -> Principal:
    """Return the principal of bytes and a name that are known to be good; remembered, for the same few come again."""
    return Principal(Address(address[0], address[1:]), contract)


def read_contract_name(cursor: Cursor, longest: int) -> str:
    """Read a contract name of at most `longest` characters. Raises BadInput."""
    start = cursor.offset
    return contract_name(cursor.short_text("contract name"), start, longest)


def read_clarity_name(cursor: Cursor, what: str) -> str:
    """Read a function, asset or key name. Raises BadInput."""
    start = cursor.offset
    return clarity_name(cursor.short_text(what), start)
