"""Reading the Stacks vector files, and building from their fields what their bytes should be.

KEEPER_VECTORS names another directory with files of the same shape, in `stacks/` or beside each other: some or
all of those named here, and others of transactions. Fields that nobody here knows are passed over.
"""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

from keeper.chain import clarity
from keeper.chain.auth import Condition, KeyEncoding, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity_values import Value
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
    nft_moves,
    parse_asset,
)
from keeper.chain.transactions import (
    ANCHOR_ANY,
    DeployPayload,
    Network,
    Payload,
    Transaction,
    TransferPayload,
    call,
)
from keeper.signers.local import KeySigner

Item = dict[str, Any]
OWN = Path(__file__).parent / "vectors"
GIVEN = Path(os.environ.get("KEEPER_VECTORS") or OWN)
FOLDER = GIVEN / "stacks" if (GIVEN / "stacks").is_dir() else GIVEN
OTHERS = ("addresses", "boundary_accept", "clarity_values", "malformed", "tuple_order")
TRANSACTIONS = ("contract_calls", "contract_calls_sip044", "sponsored", "token_transfers", "deploys")
PRESENT = {path.name.split(".")[0] for path in FOLDER.glob("*.json*")}
REQUIRED = (*OTHERS, *TRANSACTIONS) if GIVEN == OWN else tuple(sorted(PRESENT & {*OTHERS, *TRANSACTIONS}))


def load(name: str) -> Any:
    for path, opened in ((FOLDER / f"{name}.json", open), (FOLDER / f"{name}.json.gz", gzip.open)):
        if path.exists():
            with opened(path, "rt", encoding="utf-8") as file:
                return json.load(file)
    return {"items": []}


def unknown_transactions() -> list[str]:
    """The files of another set that carry transactions under a name we do not know."""
    unknown = sorted(PRESENT - {*OTHERS, *TRANSACTIONS, "official"})
    return [name for name in unknown if any("signed_hex" in item for item in load(name).get("items", []))]


def each(*names: str, having: str = "") -> pytest.MarkDecorator:
    """One case for every item of these files, or for those that have a field."""
    items = [(name, n, item) for name in names for n, item in enumerate(load(name)["items"])]
    items = [one for one in items if not having or having in one[2]]
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
DEPLOYS = {"smart_contract", "versioned_smart_contract", "contract_deploy"}
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
    if item["kind"] in DEPLOYS:
        return DeployPayload(item["contract_name"], item["code_body"], item.get("clarity_version"))
    if item["kind"] == "contract_call":
        contract = f"{item['contract_address']}.{item['contract_name']}"
        return call(parse_principal(contract), item["function_name"], [bytes_of(arg) for arg in item["args"]])
    memo = bytes.fromhex(item["memo_hex"])
    assert memo == item.get("memo", "").encode().ljust(34, b"\0") or "memo" not in item
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
        anchor_mode=item.get("anchor_mode", ANCHOR_ANY),
    )


def signature_of(private_key: str, digest: bytes, network: Network = Network.MAINNET) -> bytes:
    return KeySigner(key_of(private_key)[0].secret, network).sign_digest(digest)


ALL_TRANSACTIONS = (*TRANSACTIONS, *unknown_transactions())
