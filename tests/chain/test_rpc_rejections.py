"""Every reason for which a node refuses a transaction, in the node's own shape, and what is made of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_node import RAW, TXID, WHO, Reply, ScriptedNode

from keeper.chain.http import Answer
from keeper.chain.rejections import FATES, Reason, read_rejection, refusal
from keeper.chain.rpc import StacksNode
from keeper.errors import TransactionRefused

MESSAGE = {"message": "in the node's words"}
SAMPLES: dict[str, tuple[Any, str, bool]] = {
    "BadNonce": ({"expected": 5, "actual": 4, "is_origin": True, "principal": WHO}, "spent", False),
    "ConflictingNonceInMempool": (None, "contested", True),
    "TooMuchChaining": (
        {"message": "Nonce would exceed …", "expected": 25, "actual": 26, "principal": WHO, "is_origin": True},
        "wait",
        True,
    ),
    "FeeTooLow": ({"expected": 300, "actual": 1}, "unaffordable", False),
    "NotEnoughFunds": ({"expected": f"0x{4_000:032x}", "actual": f"0x{17:032x}"}, "unaffordable", False),
    "NoSuchContract": (None, "final", False),
    "NoSuchPublicFunction": (None, "final", False),
    "BadFunctionArgument": (MESSAGE, "final", False),
    "ContractAlreadyExists": ({"contract_identifier": f"{WHO}.pool"}, "final", False),
    "SignatureValidation": (MESSAGE, "mistake", False),
    "Serialization": (MESSAGE, "mistake", False),
    "Deserialization": (MESSAGE, "mistake", False),
    "BadTransactionVersion": (None, "mistake", False),
    "BadAddressVersionByte": (None, "mistake", False),
    "TransferRecipientCannotEqualSender": ({"recipient": WHO}, "mistake", False),
    "TransferAmountMustBePositive": (None, "mistake", False),
    "EstimatorError": (MESSAGE, "wait", True),
    "TemporarilyBlacklisted": (None, "wait", True),
    "ServerFailureNoSuchChainTip": (None, "wait", True),
    "ServerFailureDatabase": (MESSAGE, "wait", True),
    "ServerFailureOther": (MESSAGE, "wait", True),
    "PoisonMicroblocksDoNotConflict": (None, "mistake", False),
    "PoisonMicroblockHasUnknownPubKeyHash": (None, "mistake", False),
    "PoisonMicroblockIsInvalid": (None, "mistake", False),
    "NoCoinbaseViaMempool": (None, "mistake", False),
    "NoTenureChangeViaMempool": (None, "mistake", False),
}


def body(reason: Any, data: Any = None) -> dict[str, Any]:
    said = {"error": "transaction rejected", "reason": reason, "txid": TXID}
    return said if data is None else {**said, "reason_data": data}


async def refused(scripted: ScriptedNode, chain: StacksNode, reply: Any) -> TransactionRefused:
    scripted["/v2/transactions"] = Reply(reply, status=400)
    with pytest.raises(TransactionRefused) as caught:
        await chain.broadcast(RAW)
    json.dumps(caught.value.facts)
    return caught.value


def test_samples__cover_every_reason() -> None:
    assert set(SAMPLES) == {reason.value for reason in Reason} == {reason.value for reason in FATES}


@pytest.mark.parametrize("reason", SAMPLES)
async def test_broadcast__refused__says_why_and_what_follows(
    scripted: ScriptedNode, chain: StacksNode, reason: str
) -> None:
    data, fate, later = SAMPLES[reason]

    error = await refused(scripted, chain, body(reason, data))

    facts = {name: fact for name, fact in error.facts.items() if name not in {"expected", "actual"}}
    assert facts == {"reason": reason, "reason_data": data, "fate": fate, "txid": TXID, "try_later": later}
    assert reason in str(error)
    assert ";" in str(error)


@pytest.mark.parametrize(
    ("reason", "numbers"),
    [("BadNonce", (5, 4)), ("TooMuchChaining", (25, 26)), ("FeeTooLow", (300, 1)), ("NotEnoughFunds", (4_000, 17))],
)
async def test_broadcast__refused_over_numbers__has_them(
    scripted: ScriptedNode, chain: StacksNode, reason: str, numbers: tuple[int, int]
) -> None:
    error = await refused(scripted, chain, body(reason, SAMPLES[reason][0]))

    assert (error.facts["expected"], error.facts["actual"]) == numbers
    assert f"expected {numbers[0]}, actual {numbers[1]}" in str(error)


async def test_bad_nonce__above_the_accounts__is_not_spent(scripted: ScriptedNode, chain: StacksNode) -> None:
    error = await refused(scripted, chain, body("BadNonce", {"expected": 0, "actual": 4}))

    assert (error.facts["fate"], error.facts["try_later"]) == ("wait", True)


@pytest.mark.parametrize("wrong", [None, True, -1, 1.5, "300", "0x", "0x" + "f" * 33, 2**128, [300], {"a": 1}])
async def test_numbers__that_are_none__are_missing_and_not_zero(
    scripted: ScriptedNode, chain: StacksNode, wrong: Any
) -> None:
    error = await refused(scripted, chain, body("FeeTooLow", {"expected": wrong, "actual": 7}))

    assert "expected" not in error.facts
    assert error.facts["actual"] == 7
    assert error.facts["fate"] == "unaffordable"


@pytest.mark.parametrize(
    ("reply", "reason", "fate"),
    [
        (b"Failed to parse transaction", "text", "unknown"),
        ({"error": "bad"}, "text", "unknown"),
        (["BadNonce"], "text", "unknown"),
        (body(7), "text", "unknown"),
        (body(""), "text", "unknown"),
        (body("SomethingNew", {"hint": 1}), "SomethingNew", "unknown"),
        (body("badnonce"), "badnonce", "unknown"),
        (body("ServerFailureBrandNew"), "ServerFailureBrandNew", "wait"),
    ],
)
async def test_broadcast__refused_in_words_nobody_knows__is_waited_for_and_never_final(
    scripted: ScriptedNode, chain: StacksNode, reply: Any, reason: str, fate: str
) -> None:
    error = await refused(scripted, chain, reply)

    assert (error.facts["reason"], error.facts["fate"], error.facts["try_later"]) == (reason, fate, True)


async def test_reason_data__huge_and_odd__is_cut_to_what_a_journal_can_hold(
    scripted: ScriptedNode, chain: StacksNode
) -> None:
    data = {"message": "x" * 100_000, "deep": [[[1]]], "n" * 5_000: 1, **{f"k{n}": n for n in range(1_000)}}

    error = await refused(scripted, chain, body("EstimatorError", data))

    assert len(json.dumps(error.facts)) < 5_000
    assert error.facts["fate"] == "wait"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(reason=st.sampled_from(list(SAMPLES)) | st.text(), data=json_values)
def test_any_reason_with_any_data__is_read(reason: str, data: Any) -> None:
    rejection = read_rejection(reason, data)

    if reason == "BadNonce":
        assert rejection.fate in {"spent", "wait"}
    elif reason in SAMPLES:
        assert rejection.fate is FATES[Reason(reason)]
    else:
        assert rejection.fate in {"unknown", "wait"}
    assert len(rejection.reason) <= 100


@given(said=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body__is_a_refusal(said: bytes) -> None:
    error = refusal(Answer("POST /v2/transactions", 400, said), TXID)

    assert error.facts["txid"] == TXID
