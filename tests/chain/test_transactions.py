"""Transactions and post-conditions beyond the vectors."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain import clarity
from keeper.chain.auth import Condition, HashMode, KeyEncoding, signer_hash
from keeper.chain.c32 import Address, Principal, parse_principal
from keeper.chain.hashing import sha512_256
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
    decode_condition,
    encode_condition,
    nft_moves,
    parse_asset,
)
from keeper.chain.transactions import (
    MAX_TRANSACTION,
    CallPayload,
    Network,
    Transaction,
    TransferPayload,
    call,
    decode_transaction,
    unsigned,
)
from keeper.errors import BadInput

KEY = PrivateKey(bytes(31) + b"\7")
PUBLIC = KEY.public_key.format(compressed=True)
WHO = parse_principal("ST000000000000000000002AMW42H")
POOL = parse_principal(f"{WHO}.pool-rebalancer")
TOKEN = parse_asset(f"{WHO}.token-alex::alex")
quick = settings(deadline=None, max_examples=100)

u64 = st.integers(0, 2**64 - 1)
principals = st.builds(
    Principal,
    st.builds(Address, st.integers(0, 31), st.binary(min_size=20, max_size=20)),
    st.sampled_from([None, "a", "pool_share-1", "x" * 40]),
)
anyone = st.none() | principals
compares = st.sampled_from(Compare)
conditions = st.one_of(
    st.builds(StxSent, anyone, compares, u64),
    st.builds(FtSent, anyone, st.just(TOKEN), compares, u64),
    st.builds(nft_moves, anyone, st.just(TOKEN), st.integers(0, 9).map(clarity.uint), st.sampled_from(NftSent)),
    st.builds(StxStaked, anyone, compares, u64),
    st.builds(PoxCalled, anyone, st.sampled_from(PoxAction)),
)
payloads = st.one_of(
    st.builds(TransferPayload, principals, u64, st.binary(min_size=34, max_size=34)),
    st.builds(call, st.just(POOL), st.sampled_from(["go", "is-it?", "+"]), st.lists(u64.map(clarity.uint), max_size=3)),
)


def sign(digest: bytes, key: PrivateKey = KEY) -> bytes:
    made = key.sign_recoverable(digest, hasher=None)
    return made[-1:] + made[:-1]


def signed(transaction: Transaction) -> Transaction:
    return transaction.with_signature(sign(transaction.presign_hash()))


def transfer(nonce: int = 0, fee: int = 200) -> Transaction:
    return unsigned(Network.TESTNET, PUBLIC, TransferPayload(WHO, 1), nonce=nonce, fee=fee)


@quick
@given(conditions)
def test_condition__any__comes_back(condition) -> None:
    assert decode_condition(encode_condition(condition)) == condition


@quick
@given(payloads, st.lists(conditions, max_size=3), st.sampled_from(Mode), u64, u64, st.booleans())
def test_transaction__any__comes_back_and_verifies(payload, checks, mode, nonce, fee, sponsored) -> None:
    bare = replace(
        unsigned(Network.MAINNET, PUBLIC, payload, nonce=nonce, fee=fee), conditions=tuple(checks), mode=mode
    )
    made = signed(bare.with_sponsor(Condition(signer_hash(PUBLIC), 1, 2)) if sponsored else bare)
    if made.sponsor is not None:
        made = made.with_sponsor(replace(made.sponsor, signature=sign(made.sponsor_hash())))

    assert decode_transaction(made.encode()) == made
    assert made.txid == sha512_256(made.encode()).hex()
    made.verify()


@quick
@given(payloads, st.lists(conditions, max_size=2), st.data())
def test_transaction__one_byte_changed__is_refused_or_no_longer_verifies(payload, checks, data) -> None:
    made = signed(replace(unsigned(Network.TESTNET, PUBLIC, payload, nonce=1, fee=500), conditions=tuple(checks)))
    raw = bytearray(made.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(BadInput):
        decode_transaction(bytes(raw)).verify()


@quick
@given(payloads, st.data())
def test_transaction__cut_anywhere__is_refused(payload, data) -> None:
    raw = signed(unsigned(Network.TESTNET, PUBLIC, payload, nonce=1, fee=500)).encode()

    with pytest.raises(BadInput):
        decode_transaction(raw[: data.draw(st.integers(0, len(raw) - 1))])


@pytest.mark.parametrize("mode", [1, 3, 5, 7])
def test_transaction__several_keys__is_refused_by_name(mode: int) -> None:
    raw = bytearray(signed(transfer()).encode())
    raw[6] = mode

    with pytest.raises(BadInput, match="several keys"):
        decode_transaction(bytes(raw))


@pytest.mark.parametrize("version", [0x01, 0x7F, 0x81, 0xFF])
def test_transaction__version_bits_that_nodes_drop__is_refused(version: int) -> None:
    raw = bytearray(signed(transfer()).encode())
    raw[0] = version

    with pytest.raises(BadInput, match="transaction version"):
        decode_transaction(bytes(raw))


@pytest.mark.parametrize(
    ("mode", "encoding"), [(HashMode.P2PKH, KeyEncoding.UNCOMPRESSED), (HashMode.P2WPKH, KeyEncoding.COMPRESSED)]
)
def test_signature__other_forms_of_one_key__verify_too(mode: HashMode, encoding: KeyEncoding) -> None:
    public = KEY.public_key.format(compressed=encoding is KeyEncoding.COMPRESSED)
    origin = Condition(signer_hash(public, mode), 0, 200, hash_mode=mode, encoding=encoding)
    made = signed(replace(transfer(), origin=origin))

    made.verify()
    assert decode_transaction(made.encode()) == made


def test_condition__witness_hash_with_an_uncompressed_key__does_not_exist() -> None:
    with pytest.raises(BadInput, match="compressed"):
        Condition(bytes(20), 0, 0, hash_mode=HashMode.P2WPKH, encoding=KeyEncoding.UNCOMPRESSED)
    raw = bytearray(signed(transfer()).encode())
    raw[6], raw[43] = 2, 1
    with pytest.raises(BadInput, match="compressed"):
        decode_transaction(bytes(raw))


def test_sponsor__signs_after_the_origin__whose_digest_does_not_name_it() -> None:
    one, other = (Condition(bytes([n]) * 20, n, n) for n in (1, 2))

    assert transfer().with_sponsor(one).presign_hash() == transfer().with_sponsor(other).presign_hash()
    assert transfer().presign_hash() != transfer().with_sponsor(one).presign_hash()
    with pytest.raises(BadInput, match="no sponsor"):
        transfer().sponsor_hash()


def test_sponsor__unsigned__does_not_verify() -> None:
    with pytest.raises(BadInput, match="sponsor"):
        signed(transfer().with_sponsor(Condition(signer_hash(PUBLIC), 0, 0))).verify()


def test_network__of_the_other_chain__is_refused() -> None:
    transfer().require_network(Network.TESTNET)
    with pytest.raises(BadInput, match="MAINNET"):
        transfer().require_network(Network.MAINNET)


def test_call__tuple_argument_out_of_order__is_sent_in_byte_order() -> None:
    swapped = bytes.fromhex("0c00000002" + "016209" + "016109")

    assert call(POOL, "go", [swapped]).encode().endswith(bytes.fromhex("0c00000002" + "016109" + "016209"))


@pytest.mark.parametrize("function", ["", "1a", "a b", "go\n", "a" * 129])
def test_call__function_name_outside_the_grammar__is_refused(function: str) -> None:
    with pytest.raises(BadInput):
        CallPayload(POOL, function, ())


@pytest.mark.parametrize("contract", [WHO, parse_principal(f"{WHO}.{'a' * 41}")])
def test_call__contract_that_no_transaction_can_name__is_refused(contract: Principal) -> None:
    with pytest.raises(BadInput, match="cannot be called"):
        CallPayload(contract, "go", ())


@pytest.mark.parametrize(
    "text", ["", str(WHO), f"{WHO}.a", f"{WHO}.a::", f"{WHO}::a", f"{WHO}.a::1", f"{WHO}.{'a' * 41}::b"]
)
def test_asset__not_a_token_of_a_contract__is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_asset(text)


@pytest.mark.parametrize("amount", [-1, 2**64])
def test_amount__beyond_eight_bytes__is_refused(amount: int) -> None:
    with pytest.raises(BadInput):
        encode_condition(StxSent(None, Compare.EQ, amount))
    with pytest.raises(BadInput):
        TransferPayload(WHO, amount)
    with pytest.raises(BadInput):
        transfer(nonce=amount)
    with pytest.raises(BadInput):
        transfer(fee=amount)


def test_condition__principal_with_a_long_contract_name__is_refused() -> None:
    with pytest.raises(BadInput, match="40"):
        encode_condition(StxSent(parse_principal(f"{WHO}.{'a' * 41}"), Compare.EQ, 1))


def test_asset__made_of_parts__is_the_one_parsed() -> None:
    assert AssetId(parse_principal(f"{WHO}.token-alex"), "alex") == TOKEN


def test_memo__of_another_length__is_refused() -> None:
    with pytest.raises(BadInput, match="34"):
        TransferPayload(WHO, 1, b"hello")


def test_transaction__larger_than_two_mebibytes__is_refused() -> None:
    blob = clarity.buffer(bytes(1024 * 1024))
    large = unsigned(Network.TESTNET, PUBLIC, call(POOL, "go", [blob, blob]), nonce=0, fee=1)

    with pytest.raises(BadInput, match=str(MAX_TRANSACTION)):
        large.encode()
    with pytest.raises(BadInput, match=str(MAX_TRANSACTION)):
        decode_transaction(bytes(MAX_TRANSACTION + 1))
