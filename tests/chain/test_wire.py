"""Whole transactions, every kind: the same both ways, and whatever else comes is refused in an orderly manner."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.chain import clarity
from keeper.chain.auth import Condition
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity_values import MAX_WRAPPERS, parse
from keeper.chain.transactions import DeployPayload, Network, Transaction, TransferPayload, decode_transaction
from keeper.errors import BadInput
from tests.chain.wire_kit import deep, mutations, payloads, transactions, values

quick = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
WRAPS = [
    *(clarity.some, clarity.ok, clarity.err),
    lambda v: clarity.list_([v, v]),
    lambda v: clarity.tuple_({"a": v}),
]
WHO = parse_principal("ST000000000000000000002AMW42H")


def read_or_refuse(raw: bytes) -> Transaction | None:
    """Return the transaction, or None when it was refused as it has to be: with an offset inside and a reason."""
    try:
        return decode_transaction(raw)
    except BadInput as exc:
        refused = exc
    offset = refused.facts["offset"]
    assert isinstance(offset, int)
    assert 0 <= offset <= len(raw)
    assert refused.facts["reason"]
    return None


@quick
@given(transactions())
def test_transaction__of_any_kind__is_the_same_both_ways(transaction: Transaction) -> None:
    raw = transaction.encode()
    read = decode_transaction(raw)

    assert read == transaction
    assert read.encode() == raw
    assert read.initial_hash() == transaction.initial_hash()


@quick
@given(payloads)
def test_payload__alone__ends_the_transaction_it_is_in(payload) -> None:
    whole = Transaction(0, 1, Condition(bytes(20), 0, 0), payload)

    assert whole.encode().endswith(payload.encode())


@quick
@given(transactions(), st.data())
def test_transaction__mutilated__keeps_its_bytes_or_is_refused_with_an_offset(transaction, data) -> None:
    raw = data.draw(mutations(transaction.encode()))

    read = read_or_refuse(raw)

    if read is not None and read.encode() != raw:  # the keys of a tuple changed places, and nothing else
        assert sorted(read.encode()) == sorted(raw)
        assert decode_transaction(read.encode()) == read


@quick
@given(values, st.data())
def test_value__mutilated__keeps_its_bytes_or_is_refused_with_an_offset(value, data) -> None:
    raw = data.draw(mutations(value))
    try:
        again = parse(raw).encode()
    except BadInput as exc:
        refused = exc
    else:
        assert sorted(again) == sorted(raw)
        assert parse(again).encode() == again
        return
    assert {"offset", "reason"} <= refused.facts.keys()


@quick
@given(values)
def test_value__from_a_constructor__knows_what_the_decoder_would_find(made: bytes) -> None:
    known, found = clarity.value_of(made), parse(bytes(made))

    assert known == found
    assert known.type == found.type
    assert known.encode() == found.encode() == made


@quick
@given(deep(), st.integers(1, 20))
def test_value__wrapped_further_and_further__stops_at_the_same_depth_for_both(made: bytes, more: int) -> None:
    raw = bytes(made)
    for _ in range(more):
        raw = b"\x0a" + raw
        try:
            made = clarity.some(made)
        except BadInput:
            with pytest.raises(BadInput, match="inside each other"):
                parse(raw)
            return
        assert parse(raw).encode() == made


@quick
@given(deep(), st.sampled_from(WRAPS))
def test_value__put_together_from_bare_bytes__is_judged_like_one_from_constructors(made: bytes, wrap) -> None:
    def outcome(part: bytes) -> str:
        try:
            return wrap(part).hex()
        except BadInput as exc:
            return str(exc)

    assert outcome(bytes(made)) == outcome(made)


@pytest.mark.parametrize("prefix", ["0a", "07", "08", "0b00000001", "0c00000001" + "0161"])
def test_nesting__a_mebibyte_of_wrappers__is_refused_where_it_gets_too_deep(prefix: str) -> None:
    wrapper = bytes.fromhex(prefix)
    with pytest.raises(BadInput, match="inside each other") as refused:
        parse(wrapper * (2**20 // len(wrapper)))

    assert refused.value.facts["offset"] == len(wrapper) * (MAX_WRAPPERS + 1)


@pytest.mark.parametrize(
    ("payload", "spelt"),
    [
        (DeployPayload("a", ""), "01" + "0161" + "00000000"),
        (DeployPayload("pool", "(ok 1)\n"), "01" + "04706f6f6c" + "00000007" + "286f6b2031290a"),
        (DeployPayload("pool", "\t", 6), "06" + "06" + "04706f6f6c" + "00000001" + "09"),
    ],
)
def test_deploy__with_and_without_a_version__is_spelt_as_nodes_do(payload: DeployPayload, spelt: str) -> None:
    assert payload.encode().hex() == spelt


@pytest.mark.parametrize("name", ["", "1a", "a b", "a\n", "-a", "x" * 41, "ä"])
def test_deploy__name_no_contract_can_have__is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="contract name"):
        DeployPayload(name, "")


@pytest.mark.parametrize(("source", "at"), [("a\r\n", 1), ("\0", 0), ("(ok 1)\x0b", 6), ("abcü", 3), ("\x7f", 0)])
def test_deploy__source_beyond_printable_ascii__is_refused_where_it_stands(source: str, at: int) -> None:
    with pytest.raises(BadInput) as refused:
        DeployPayload("a", source)
    assert refused.value.facts["offset"] == at

    whole = Transaction(0, 1, Condition(bytes(20), 0, 0), DeployPayload("a", "x" * len(source.encode()))).encode()
    length = len(source.encode())
    with pytest.raises(BadInput, match="contract source") as refused:
        decode_transaction(whole[:-length] + source.encode())
    assert refused.value.facts["offset"] == len(whole) - length + at


@pytest.mark.parametrize("version", [0, 7, 255])
def test_deploy__clarity_version_that_does_not_exist__is_refused(version: int) -> None:
    with pytest.raises(BadInput, match="Clarity version"):
        DeployPayload("a", "", version)

    raw = bytearray(Transaction(0, 1, Condition(bytes(20), 0, 0), DeployPayload("a", "", 1)).encode())
    raw[-7] = version
    with pytest.raises(BadInput, match="unknown Clarity version"):
        decode_transaction(bytes(raw))


@pytest.mark.parametrize("kind", [3, 4, 5, 7, 8, 9, 255])
def test_payload__that_only_miners_send__is_refused_by_its_type(kind: int) -> None:
    raw = bytearray(Transaction(0, 1, Condition(bytes(20), 0, 0), TransferPayload(WHO, 1)).encode())
    at = len(raw) - len(TransferPayload(WHO, 1).encode())
    raw[at] = kind

    with pytest.raises(BadInput, match="payload type") as refused:
        decode_transaction(bytes(raw))
    assert refused.value.facts["offset"] == at


@pytest.mark.parametrize(
    "parts", [{"version": 1}, {"version": 256}, {"chain_id": -1}, {"chain_id": 2**32}, {"anchor_mode": 0}]
)
def test_transaction__of_impossible_numbers__cannot_be_made(parts) -> None:
    version, chain_id = Network.MAINNET.value
    fields = {"version": version, "chain_id": chain_id, "origin": Condition(bytes(20), 0, 0), **parts}
    with pytest.raises(BadInput):
        Transaction(payload=TransferPayload(WHO, 1), **fields)


@pytest.mark.parametrize(("signer", "signature"), [(19, 65), (21, 65), (20, 64), (20, 66), (20, 0)])
def test_condition__of_parts_too_long_or_short__cannot_be_made(signer: int, signature: int) -> None:
    with pytest.raises(BadInput, match="65"):
        Condition(bytes(signer), 0, 0, bytes(signature))
