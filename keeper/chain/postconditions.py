"""Post-conditions: what may leave whom, checked by the chain after a transaction ran.

Kinds and codes: SIP-005 (STX, fungible, non-fungible), SIP-040 (originator mode, NFT "may send", from
epoch 3.4), SIP-044 (staking and PoX, from epoch 4.0).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

from keeper.chain.c32 import Principal, parse_principal
from keeper.chain.clarity_values import Value, parse, read_value
from keeper.chain.codec import Cursor, refuse
from keeper.chain.names import MAX_CONTRACT_NAME_IN_TX, is_clarity_name, is_contract_name, short
from keeper.chain.principals import read_address, read_clarity_name, read_contract, read_contract_name
from keeper.errors import BadInput

Code = TypeVar("Code", bound=IntEnum)

U64_END: Final = 1 << 64


class Mode(IntEnum):
    """What happens to transfers that no condition names."""

    ALLOW = 1
    DENY = 2
    ORIGINATOR = 3
    """Denied for the origin's own assets, allowed for everyone else's."""


class Compare(IntEnum):
    """How an amount sent has to compare with the condition's amount."""

    EQ = 1
    GT = 2
    GE = 3
    LT = 4
    LE = 5


class NftSent(IntEnum):
    """Whether the token has to leave."""

    SENT = 0x10
    NOT_SENT = 0x11
    MAY_SEND = 0x12


class PoxAction(IntEnum):
    """Whether the principal performs a PoX call."""

    NOT_PERFORMED = 0x30
    MAY_PERFORM = 0x31
    PERFORMED = 0x32


@dataclass(frozen=True, slots=True)
class AssetId:
    """A token as conditions name it: its contract and the name after `::`."""

    contract: Principal
    name: str

    def __post_init__(self) -> None:
        contract = self.contract.contract
        if (
            contract is None
            or not is_contract_name(contract, MAX_CONTRACT_NAME_IN_TX)
            or not is_clarity_name(self.name)
        ):
            message = f"{self.contract}::{self.name[:60]} does not name an asset"
            raise BadInput(message)

    def encode(self) -> bytes:
        """Return address, contract name, asset name."""
        address = self.contract.address
        return bytes([address.version]) + address.hash160 + short(self.contract.contract or "") + short(self.name)


def parse_asset(text: str) -> AssetId:
    """Return the asset that `S….contract::name` spells. Raises BadInput."""
    contract, _, name = text.partition("::")
    return AssetId(parse_principal(contract), name)


@dataclass(frozen=True, slots=True)
class StxSent:
    """µSTX that `who` sends; None is the origin."""

    who: Principal | None
    compare: Compare
    amount: int


@dataclass(frozen=True, slots=True)
class FtSent:
    """Base units of a fungible token that `who` sends; None is the origin."""

    who: Principal | None
    asset: AssetId
    compare: Compare
    amount: int


@dataclass(frozen=True, slots=True)
class NftMoves:
    """One non-fungible token, by its id, and whether `who` sends it; None is the origin."""

    who: Principal | None
    asset: AssetId
    token: Value
    sent: NftSent


@dataclass(frozen=True, slots=True)
class StxStaked:
    """µSTX that `who` locks up; None is the origin."""

    who: Principal | None
    compare: Compare
    amount: int


@dataclass(frozen=True, slots=True)
class PoxCalled:
    """Whether `who` performs a PoX call; None is the origin."""

    who: Principal | None
    action: PoxAction


PostCondition = StxSent | FtSent | NftMoves | StxStaked | PoxCalled
_STX, _FT, _NFT, _STAKED, _POX = range(5)


def encode_condition(condition: PostCondition) -> bytes:
    """Return the serialisation of one condition. Raises BadInput for an amount beyond u64."""
    who = _encode_who(condition.who)
    match condition:
        case StxSent():
            return bytes([_STX]) + who + bytes([condition.compare]) + _amount(condition.amount)
        case FtSent():
            body = condition.asset.encode() + bytes([condition.compare]) + _amount(condition.amount)
            return bytes([_FT]) + who + body
        case NftMoves():
            return bytes([_NFT]) + who + condition.asset.encode() + condition.token.encode() + bytes([condition.sent])
        case StxStaked():
            return bytes([_STAKED]) + who + bytes([condition.compare]) + _amount(condition.amount)
        case PoxCalled():
            return bytes([_POX]) + who + bytes([condition.action])


def decode_condition(data: bytes) -> PostCondition:
    """Return the one condition that `data` spells, all of it. Raises BadInput."""
    cursor = Cursor(data)
    condition = read_condition(cursor)
    cursor.finish()
    return condition


def read_condition(cursor: Cursor) -> PostCondition:
    """Read one condition. Raises BadInput with offset and reason."""
    start = cursor.offset
    kind = cursor.uint(1, "post-condition type")
    if kind > _POX:
        refuse(f"unknown post-condition type {kind:02x}", start)
    who = _read_who(cursor)
    match kind:
        case 0:
            return StxSent(who, _read_code(cursor, Compare), cursor.uint(8, "amount"))
        case 1:
            return FtSent(who, _read_asset(cursor), _read_code(cursor, Compare), cursor.uint(8, "amount"))
        case 2:
            return NftMoves(who, _read_asset(cursor), read_value(cursor), _read_code(cursor, NftSent))
        case 3:
            return StxStaked(who, _read_code(cursor, Compare), cursor.uint(8, "amount"))
        case _:
            return PoxCalled(who, _read_code(cursor, PoxAction))


def nft_moves(who: Principal | None, asset: AssetId, token: bytes, sent: NftSent) -> NftMoves:
    """Return a condition on the non-fungible token whose id is the serialised value `token`."""
    return NftMoves(who, asset, parse(token), sent)


def _amount(amount: int) -> bytes:
    if not 0 <= amount < U64_END:
        message = f"{amount} does not fit a post-condition"
        raise BadInput(message)
    return amount.to_bytes(8)


def _encode_who(who: Principal | None) -> bytes:
    if who is None:
        return b"\x01"
    standard = bytes([who.address.version]) + who.address.hash160
    if who.contract is None:
        return b"\x02" + standard
    if not is_contract_name(who.contract, MAX_CONTRACT_NAME_IN_TX):
        message = f"{who} has a contract name of more than {MAX_CONTRACT_NAME_IN_TX} characters"
        raise BadInput(message)
    return b"\x03" + standard + short(who.contract)


def _read_who(cursor: Cursor) -> Principal | None:
    start = cursor.offset
    kind = cursor.uint(1, "post-condition principal")
    if kind not in (1, 2, 3):
        refuse(f"unknown post-condition principal {kind:02x}", start)
    if kind == 1:
        return None
    address = read_address(cursor)
    standard = kind == 2  # noqa: PLR2004 - the table in the reference
    return Principal(address, None if standard else read_contract_name(cursor, MAX_CONTRACT_NAME_IN_TX))


def _read_asset(cursor: Cursor) -> AssetId:
    contract = read_contract(cursor, MAX_CONTRACT_NAME_IN_TX)
    return AssetId(contract, read_clarity_name(cursor, "asset name"))


def _read_code(cursor: Cursor, codes: type[Code]) -> Code:
    start = cursor.offset
    code = cursor.uint(1, "condition code")
    try:
        return codes(code)
    except ValueError:
        refuse(f"{code:02x} is not a code of {codes.__name__}", start)
