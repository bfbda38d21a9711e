"""Every item of the Stacks vector files: bytes both ways, signatures, and what has to be refused."""

from dataclasses import replace

import pytest

from keeper.chain import clarity
from keeper.chain.auth import Condition, KeyEncoding, signer_hash
from keeper.chain.c32 import Address, Principal, c32_decode, c32_encode, parse_address, parse_principal
from keeper.chain.clarity_values import parse
from keeper.chain.postconditions import (
    decode_condition,
    encode_condition,
)
from keeper.chain.transactions import (
    Network,
    decode_transaction,
)
from keeper.errors import BadInput
from tests.stacks_vectors import (
    ALL_TRANSACTIONS,
    FOLDER,
    GIVEN,
    OWN,
    PRESENT,
    REQUIRED,
    Item,
    bytes_of,
    condition_of,
    each,
    in_byte_order,
    key_of,
    load,
    plain_of,
    signature_of,
    unknown_transactions,
    unsigned_of,
    written,
)

pytestmark = pytest.mark.vectors


def test_vector_folder__ours_or_another__holds_vectors_of_a_known_shape() -> None:
    assert [*REQUIRED, *unknown_transactions()] or "official" in PRESENT, f"no vector file in {FOLDER}"


@pytest.mark.parametrize("name", REQUIRED)
def test_vector_file__named_in_the_list__is_there_and_whole(name: str) -> None:
    file = load(name)

    assert file["items"] or GIVEN != OWN
    assert file.get("count", len(file["items"])) == len(file["items"])


@each("addresses")
def test_address__both_ways__equals_the_reference(item: Item) -> None:
    address = Address(item["version"], bytes.fromhex(item["hash160"]))

    assert (str(address), parse_address(item["address"])) == (item["address"], address)
    assert str(parse_principal(item["principal"])) == item["principal"]
    assert clarity.principal(item["principal"]).hex() == item["clarity_hex"]
    assert clarity.decode(item["clarity_hex"]) == item["principal"]
    assert Principal(address, item.get("contract_name")) == parse_principal(item["principal"])


@each("addresses")
def test_address__made_from_a_key__equals_the_reference(item: Item) -> None:
    if item["kind"] == "p2pkh":  # the others are names and edges
        key, encoding = key_of(item["private_key"])
        public = key.public_key.format(compressed=encoding is KeyEncoding.COMPRESSED)

        assert (public.hex(), signer_hash(public).hex()) == (item["public_key"], item["hash160"])


@each("clarity_values", "tuple_order")
def test_value__both_ways__equals_the_reference(item: Item) -> None:
    value = parse(bytes.fromhex(item["hex"]))

    assert bytes_of(item["value"]).hex() == item["hex"]
    assert value.encode().hex() == item["hex"]
    assert written(value) == in_byte_order(item["value"])
    assert clarity.decode(item["hex"]) == plain_of(item["value"])


@each("tuple_order")
def test_tuple__keys_in_another_order__is_read_and_written_in_byte_order(item: Item) -> None:
    other = parse(bytes.fromhex(item.get("stacksjs_hex", item["hex"])))

    assert other.encode().hex() == item["hex"]


@each(*ALL_TRANSACTIONS)
def test_transaction__built_from_its_fields__equals_the_reference_byte_for_byte(item: Item) -> None:
    transaction = unsigned_of(item)
    assert transaction.encode().hex() == item["unsigned_hex"]
    assert transaction.initial_hash().hex() == item["initial_sighash"]
    assert transaction.presign_hash().hex() == item["presign_sighash"]

    signed = transaction.with_signature(signature_of(item["private_key"], transaction.presign_hash()))

    assert signed.origin.signature.hex() == item["signature_vrs"]
    assert (signed.encode().hex(), signed.txid) == (item["signed_hex"], item["txid"])


@each(*ALL_TRANSACTIONS)
def test_transaction__read_back__gives_the_same_fields(item: Item) -> None:
    built = unsigned_of(item)

    assert decode_transaction(bytes.fromhex(item["unsigned_hex"])) == built
    signed = decode_transaction(bytes.fromhex(item["signed_hex"]))
    assert signed == built.with_signature(bytes.fromhex(item["signature_vrs"]))
    assert signed.encode().hex() == item["signed_hex"]
    signed.require_network(Network[item["network"].upper()])
    if not item["sponsored"]:
        signed.verify()


@each(*ALL_TRANSACTIONS, having="arg_hex")
def test_call__its_parts__equal_the_reference(item: Item) -> None:
    conditions = [condition_of(c) for c in item["post_conditions"]]

    assert [encode_condition(c).hex() for c in conditions] == item["post_condition_hex"]
    assert [decode_condition(bytes.fromhex(h)) for h in item["post_condition_hex"]] == conditions
    assert [bytes_of(arg).hex() for arg in item["args"]] == item["arg_hex"]
    assert [written(parse(bytes.fromhex(h))) for h in item["arg_hex"]] == [in_byte_order(a) for a in item["args"]]


@each(*ALL_TRANSACTIONS, having="sponsor")
def test_sponsored__signed_by_the_sponsor_too__equals_the_reference(item: Item) -> None:
    side = item["sponsor"]
    key, encoding = key_of(side["private_key"])
    public = key.public_key.format(compressed=encoding is KeyEncoding.COMPRESSED)
    assert public.hex() == side["public_key"]
    sponsor = Condition(signer_hash(public), int(side["nonce"]), int(side["fee"]), encoding=encoding)

    half = decode_transaction(bytes.fromhex(item["signed_hex"])).with_sponsor(sponsor)
    full = half.with_sponsor(replace(sponsor, signature=signature_of(side["private_key"], half.sponsor_hash())))

    assert half.postsign_hash().hex() == side["origin_postsign_sighash"]
    assert half.sponsor_hash().hex() == side["presign_sighash"]
    assert full.sponsor is not None
    assert full.sponsor.signature.hex() == side["signature_vrs"]
    assert (full.encode().hex(), full.txid) == (side["full_hex"], side["txid"])
    assert decode_transaction(bytes.fromhex(side["full_hex"])) == full
    full.verify()


STAGES = ("parse", "verify", "network")


def stage_of_refusal(raw: bytes) -> str | None:
    try:
        transaction = decode_transaction(raw)
    except BadInput as refused:
        return "parse" if {"offset", "reason"} <= refused.facts.keys() else "refused without offset and reason"
    try:
        transaction.verify()
    except BadInput:
        return "verify"
    try:
        transaction.require_network(Network.MAINNET if transaction.version == 0 else Network.TESTNET)
    except BadInput:
        return "network"
    return None


@each("malformed")
def test_malformed__any_domain__is_refused(item: Item) -> None:
    match item["domain"]:
        case "clarity":
            with pytest.raises(BadInput) as refused:
                clarity.decode(item["input"])
            assert {"offset", "reason"} <= refused.value.facts.keys()
        case "c32":
            with pytest.raises(BadInput):
                parse_principal(item["input"])
        case domain:
            assert domain == "tx"
            stage = stage_of_refusal(bytes.fromhex(item["input"]))
            assert stage is not None
            assert STAGES.index(stage) <= STAGES.index(item["stage"])


@each("boundary_accept")
def test_boundary__odd_but_right__is_accepted_and_written_canonically(item: Item) -> None:
    match item["domain"]:
        case "clarity":
            value = parse(bytes.fromhex(item["input"]))
            assert value.encode().hex() == item.get("canonical", item["input"])
        case "c32":
            assert str(parse_principal(item["input"])) == item.get("canonical", item["input"])
        case domain:
            assert domain == "tx"
            assert stage_of_refusal(bytes.fromhex(item["input"])) is None


# The reference projects' own vectors are not ours to carry; they are checked where they lie.
OFFICIAL = load("official")["items"]


def test_official__every_kind__is_one_of_those_checked_below() -> None:
    assert {item["kind"] for item in OFFICIAL} <= {"c32_address", "c32_raw", "c32_alias", "clarity", "transaction"}


def test_official__addresses_and_base_32__both_ways() -> None:
    for item in OFFICIAL:
        if item["kind"] in {"c32_address", "c32_alias"}:
            address = Address(item["version"], bytes.fromhex(item["hash160"]))
            assert parse_address(item["address"]) == address, item
            assert str(address) == item["address"] or item["kind"] == "c32_alias", item
        elif item["kind"] == "c32_raw":
            assert c32_encode(bytes.fromhex(item["hex"])) == item["c32"], item
            assert c32_decode(item["c32"]).hex() == item["hex"], item


def test_official__values__are_accepted_or_refused_as_stated() -> None:
    for item in (i for i in OFFICIAL if i["kind"] == "clarity"):
        try:
            verdict = "accept" if parse(bytes.fromhex(item["hex"])).encode().hex() == item["hex"] else "changed"
        except BadInput:
            verdict = "reject"
        assert verdict == item["expect"], item


def test_official__transactions__keep_their_bytes_txid_and_verdict() -> None:
    for item in (i for i in OFFICIAL if i["kind"] == "transaction"):
        transaction = decode_transaction(bytes.fromhex(item["hex"]))
        assert (transaction.encode().hex(), transaction.txid) == (item["hex"], item["txid"]), item
        try:
            transaction.verify()
            verdict = "verifies"
        except BadInput:
            verdict = "does not verify"
        assert item["signature"].startswith(verdict), item
