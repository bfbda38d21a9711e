"""Every item of the Stacks vector files. KEEPER_VECTORS names another directory with the same file names."""

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

from keeper.chain import clarity
from keeper.chain.auth import Condition, KeyEncoding, signer_hash
from keeper.chain.c32 import Address, Principal, c32_decode, c32_encode, parse_address, parse_principal
from keeper.chain.clarity_values import Value, parse
from keeper.chain.hashing import hash160
from keeper.chain.postconditions import (
    Compare,
    FtSent,
    Mode,
    NftSent,
    PostCondition,
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
    Network,
    Payload,
    Transaction,
    TransferPayload,
    call,
    decode_transaction,
)
from keeper.errors import BadInput
from keeper.signers.local import KeySigner

pytestmark = pytest.mark.vectors

Item = dict[str, Any]
FOLDER = Path(os.environ.get("KEEPER_VECTORS") or Path(__file__).parent / "vectors") / "stacks"
REQUIRED = (
    *("addresses", "boundary_accept", "clarity_values", "malformed", "tuple_order"),
    *("contract_calls", "contract_calls_sip044", "sponsored", "token_transfers"),
)


def load(name: str) -> Any:
    for path, opened in ((FOLDER / f"{name}.json", open), (FOLDER / f"{name}.json.gz", gzip.open)):
        if path.exists():
            with opened(path, "rt", encoding="utf-8") as file:
                return json.load(file)
    return {"count": 0, "items": []}


def each(*names: str) -> pytest.MarkDecorator:
    items = [(name, n, item) for name in names for n, item in enumerate(load(name)["items"])]
    return pytest.mark.parametrize("item", [pytest.param(i, id=i.get("id") or f"{f}-{n}") for f, n, i in items])


def bytes_of(written: Item) -> bytes:  # noqa: PLR0911 - one return per kind
    value = written.get("v")
    match written["t"]:
        case "none":
            return clarity.none()
        case "some" | "ok" | "err" as kind:
            return {"some": clarity.some, "ok": clarity.ok, "err": clarity.err}[kind](bytes_of(value))
        case "list":
            return clarity.list_([bytes_of(v) for v in value])
        case "tuple":
            return clarity.tuple_({k: bytes_of(v) for k, v in value})
        case "buffer":
            return clarity.buffer(bytes.fromhex(value))
        case "int" | "uint" as kind:
            return {"int": clarity.int_, "uint": clarity.uint}[kind](int(value))
        case kind:
            makers = {"bool": clarity.bool_, "principal": clarity.principal, "ascii": clarity.ascii_}
            return (makers | {"utf8": clarity.utf8})[kind](value)


def written(value: Value) -> Item:  # noqa: PLR0911 - one return per kind
    match value.kind:
        case "none":
            return {"t": "none"}
        case "some" | "ok" | "err":
            return {"t": value.kind, "v": written(value.content)}
        case "list":
            return {"t": "list", "v": [written(v) for v in value.content]}
        case "tuple":
            return {"t": "tuple", "v": [[k, written(v)] for k, v in value.content]}
        case "buffer":
            return {"t": "buffer", "v": value.content.hex()}
        case "bool":
            return {"t": "bool", "v": value.content}
        case kind:
            return {"t": kind, "v": str(value.content)}


def in_byte_order(item: Item) -> Item:
    match item["t"]:
        case "tuple":
            return {"t": "tuple", "v": sorted([k, in_byte_order(v)] for k, v in item["v"])}
        case "list":
            return {"t": "list", "v": [in_byte_order(v) for v in item["v"]]}
        case "some" | "ok" | "err":
            return {"t": item["t"], "v": in_byte_order(item["v"])}
        case _:
            return item


def plain_of(item: Item) -> Any:  # noqa: PLR0911 - one return per kind
    value = item.get("v")
    match item["t"]:
        case "int" | "uint":
            return int(value)
        case "buffer":
            return bytes.fromhex(value)
        case "some":
            return plain_of(value)
        case "ok":
            return clarity.Ok(plain_of(value))
        case "err":
            return clarity.Err(plain_of(value))
        case "list":
            return [plain_of(v) for v in value]
        case "tuple":
            return {k: plain_of(v) for k, v in value}
        case _:
            return value


COMPARE = {"eq": Compare.EQ, "gt": Compare.GT, "gte": Compare.GE, "lt": Compare.LT, "lte": Compare.LE}
SENT = {"sent": NftSent.SENT, "not-sent": NftSent.NOT_SENT, "maybe-sent": NftSent.MAY_SEND}
POX = {
    "will-not-perform": PoxAction.NOT_PERFORMED,
    "may-perform": PoxAction.MAY_PERFORM,
    "will-perform": PoxAction.PERFORMED,
}
MODES = {"allow": Mode.ALLOW, "deny": Mode.DENY, "originator": Mode.ORIGINATOR}


def condition_of(item: Item) -> PostCondition:
    who = None if item["address"] == "origin" else parse_principal(item["address"])
    code = item["condition"]
    match item["type"]:
        case "stx-postcondition":
            return StxSent(who, COMPARE[code], int(item["amount"]))
        case "ft-postcondition":
            return FtSent(who, parse_asset(item["asset"]), COMPARE[code], int(item["amount"]))
        case "nft-postcondition":
            return nft_moves(who, parse_asset(item["asset"]), bytes_of(item["asset_id"]), SENT[code])
        case "staking-postcondition":
            return StxStaked(who, COMPARE[code], int(item["amount"]))
        case "pox-postcondition":
            return PoxCalled(who, POX[code])
        case kind:
            raise AssertionError(kind)


def payload_of(item: Item) -> Payload:
    if item["kind"] == "contract_call":
        contract = f"{item['contract_address']}.{item['contract_name']}"
        return call(parse_principal(contract), item["function_name"], [bytes_of(arg) for arg in item["args"]])
    memo = bytes.fromhex(item["memo_hex"])
    assert memo == item["memo"].encode().ljust(34, b"\0")
    return TransferPayload(parse_principal(item["recipient"]), int(item["amount"]), memo)


def key_of(text: str) -> tuple[PrivateKey, KeyEncoding]:
    return PrivateKey(bytes.fromhex(text[:64])), KeyEncoding.COMPRESSED if text[64:] else KeyEncoding.UNCOMPRESSED


def origin_of(item: Item) -> Condition:
    key, encoding = key_of(item["private_key"])
    public = key.public_key.format(compressed=encoding is KeyEncoding.COMPRESSED)
    assert (public.hex(), encoding) == (item["public_key"], item["key_encoding"])
    assert signer_hash(public).hex() == item["signer_hash160"]
    return Condition(signer_hash(public), int(item["nonce"]), int(item["fee"]), encoding=encoding)


def unsigned_of(item: Item) -> Transaction:
    network = Network[item["network"].upper()]
    assert network.value == (item["version"], item["chain_id"])
    placeholder = Condition(hash160(bytes(33)), nonce=0, fee=0) if item["sponsored"] else None
    return Transaction(
        version=item["version"],
        chain_id=item["chain_id"],
        origin=origin_of(item),
        payload=payload_of(item),
        conditions=tuple(condition_of(c) for c in item["post_conditions"]),
        mode=MODES[item["post_condition_mode"]],
        sponsor=placeholder,
        anchor_mode=item["anchor_mode"],
    )


def signature_of(private_key: str, digest: bytes, network: Network = Network.MAINNET) -> bytes:
    return KeySigner(key_of(private_key)[0].secret, network).sign_digest(digest)


@pytest.mark.parametrize("name", REQUIRED)
def test_vector_file__named_in_the_list__is_there_and_whole(name: str) -> None:
    file = load(name)

    assert file["items"]
    assert file["count"] == len(file["items"])


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
    if item["kind"] == "p2pkh":
        key, encoding = key_of(item["private_key"])
        public = key.public_key.format(compressed=encoding is KeyEncoding.COMPRESSED)

        assert (public.hex(), signer_hash(public).hex()) == (item["public_key"], item["hash160"])
    else:
        assert item["kind"] in {"contract", "edge"}


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


@each("contract_calls", "contract_calls_sip044", "token_transfers", "sponsored")
def test_transaction__built_from_its_fields__equals_the_reference_byte_for_byte(item: Item) -> None:
    transaction = unsigned_of(item)
    assert transaction.encode().hex() == item["unsigned_hex"]
    assert transaction.initial_hash().hex() == item["initial_sighash"]
    assert transaction.presign_hash().hex() == item["presign_sighash"]

    signed = transaction.with_signature(signature_of(item["private_key"], transaction.presign_hash()))

    assert signed.origin.signature.hex() == item["signature_vrs"]
    assert (signed.encode().hex(), signed.txid) == (item["signed_hex"], item["txid"])


@each("contract_calls", "contract_calls_sip044", "token_transfers", "sponsored")
def test_transaction__read_back__gives_the_same_fields(item: Item) -> None:
    built = unsigned_of(item)

    assert decode_transaction(bytes.fromhex(item["unsigned_hex"])) == built
    signed = decode_transaction(bytes.fromhex(item["signed_hex"]))
    assert signed == built.with_signature(bytes.fromhex(item["signature_vrs"]))
    assert signed.encode().hex() == item["signed_hex"]
    signed.require_network(Network[item["network"].upper()])
    if not item["sponsored"]:
        signed.verify()


@each("contract_calls", "contract_calls_sip044", "sponsored")
def test_call__its_parts__equal_the_reference(item: Item) -> None:
    conditions = [condition_of(c) for c in item["post_conditions"]]

    assert [encode_condition(c).hex() for c in conditions] == item["post_condition_hex"]
    assert [decode_condition(bytes.fromhex(h)) for h in item["post_condition_hex"]] == conditions
    assert [bytes_of(arg).hex() for arg in item["args"]] == item["arg_hex"]
    assert [written(parse(bytes.fromhex(h))) for h in item["arg_hex"]] == [in_byte_order(a) for a in item["args"]]


@each("sponsored")
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
    except BadInput:
        return "parse"
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
