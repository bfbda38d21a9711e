"""Strategies for whole transactions: every payload, condition, mode and signer form that the codec knows."""

from typing import Any

from hypothesis import strategies as st

from keeper.chain import clarity
from keeper.chain.auth import NO_SIGNATURE, Condition, HashMode, KeyEncoding
from keeper.chain.c32 import Address, Principal
from keeper.chain.clarity_values import MAX_WRAPPERS
from keeper.chain.postconditions import (
    AssetId,
    Compare,
    FtSent,
    Mode,
    NftSent,
    PoxAction,
    PoxCalled,
    StxSent,
    StxStaked,
    nft_moves,
)
from keeper.chain.transactions import DeployPayload, Network, Transaction, TransferPayload, call

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII = "".join(map(chr, range(0x20, 0x7F)))

u64 = st.integers(0, 2**64 - 1)
hashes = st.binary(min_size=20, max_size=20)


def named(more: str, longest: int) -> st.SearchStrategy[str]:
    """Return names: a letter, then letters and `more`."""
    rest = st.text(LETTERS + more, max_size=longest - 1)
    return st.builds(str.__add__, st.sampled_from(LETTERS), rest)


contract_names = named("0123456789-_", 40)
clarity_names = st.one_of(
    named("0123456789-_!?+<>=/*", 128), st.sampled_from(["+", "-", "*", "/", "=", "<", ">", "<=", ">="])
)
addresses = st.builds(Address, st.integers(0, 31), hashes)
contracts = st.builds(Principal, addresses, contract_names)
tx_principals = st.builds(Principal, addresses, st.none() | contract_names)
principals = st.builds(Principal, addresses, st.none() | named("0123456789-_", 128))
assets = st.builds(AssetId, contracts, clarity_names)

leaves: st.SearchStrategy[bytes] = st.one_of(
    st.integers(0, 2**128 - 1).map(clarity.uint),
    st.integers(-(2**127), 2**127 - 1).map(clarity.int_),
    st.booleans().map(clarity.bool_),
    st.binary(max_size=40).map(clarity.buffer),
    st.text(ASCII + "\t\n\x0c\r", max_size=20).map(clarity.ascii_),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(clarity.utf8),
    principals.map(str).map(clarity.principal),
    st.just(clarity.none()),
)


@st.composite
def wrapped(draw: Any, inner: st.SearchStrategy[bytes]) -> bytes:
    """Return a value around others; a list repeats one, so that its items have a common type."""
    value = draw(inner)
    match draw(st.sampled_from(["some", "ok", "err", "list", "tuple"])):
        case "some":
            return clarity.some(value)
        case "ok":
            return clarity.ok(value)
        case "err":
            return clarity.err(value)
        case "list":
            return clarity.list_([value] * draw(st.integers(0, 3)))
        case _:
            more = draw(st.dictionaries(clarity_names, leaves, max_size=3))
            return clarity.tuple_({**more, draw(clarity_names): value})


@st.composite
def deep(draw: Any) -> bytes:
    """Return a value with up to as many wrappers around a leaf as a node lets through."""
    value = draw(leaves)
    for _ in range(draw(st.integers(1, MAX_WRAPPERS))):
        value = draw(wrapped(st.just(value)))
    return value


values = st.one_of(leaves, wrapped(leaves), wrapped(wrapped(leaves)), deep())

anyone = st.none() | tx_principals
compares = st.sampled_from(Compare)
conditions = st.one_of(
    st.builds(StxSent, anyone, compares, u64),
    st.builds(FtSent, anyone, assets, compares, u64),
    st.builds(nft_moves, anyone, assets, values, st.sampled_from(NftSent)),
    st.builds(StxStaked, anyone, compares, u64),
    st.builds(PoxCalled, anyone, st.sampled_from(PoxAction)),
)

payloads = st.one_of(
    st.builds(call, contracts, clarity_names, st.lists(values, max_size=4)),
    st.builds(TransferPayload, principals, u64, st.binary(min_size=34, max_size=34)),
    st.builds(DeployPayload, contract_names, st.text(ASCII + "\t\n", max_size=200), st.none() | st.integers(1, 6)),
)

forms = st.sampled_from(
    [
        (HashMode.P2PKH, KeyEncoding.COMPRESSED),
        (HashMode.P2PKH, KeyEncoding.UNCOMPRESSED),
        (HashMode.P2WPKH, KeyEncoding.COMPRESSED),
    ]
)
signatures = st.just(NO_SIGNATURE) | st.binary(min_size=65, max_size=65)
signers = st.builds(
    lambda who, nonce, fee, sig, form: Condition(who, nonce, fee, sig, *form), hashes, u64, u64, signatures, forms
)


@st.composite
def transactions(draw: Any) -> Transaction:
    """Return any transaction; its signatures are of the right length and otherwise arbitrary."""
    version, chain_id = draw(st.sampled_from(Network)).value
    return Transaction(
        version=version,
        chain_id=chain_id,
        origin=draw(signers),
        payload=draw(payloads),
        conditions=tuple(draw(st.lists(conditions, max_size=4))),
        mode=draw(st.sampled_from(Mode)),
        sponsor=draw(st.none() | signers),
        anchor_mode=draw(st.integers(1, 3)),
    )


@st.composite
def mutations(draw: Any, raw: bytes) -> bytes:
    """Return `raw` with one to three things done to it: bytes changed, cut, doubled, put in, or a length field blown up."""
    made = bytearray(raw)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(made) - 1, 0)))
        width = draw(st.integers(1, 8))
        match draw(st.sampled_from(["change", "cut", "double", "insert", "length", "nest"])):
            case "change":
                made[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del made[at : at + width]
            case "double":
                made[at:at] = made[at : at + width]
            case "insert":
                made[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "length":
                made[at : at + 4] = draw(
                    st.sampled_from([b"\0\0\0\0", b"\0\0\0\x01", b"\0\x10\0\0", b"\xff\xff\xff\xff"])
                )
            case _:
                made[at:at] = bytes([draw(st.sampled_from([7, 8, 10]))]) * draw(st.integers(1, 5000))
    return bytes(made)
