"""Addresses and principals beyond the vectors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain.c32 import ALPHABET, Address, Principal, c32_decode, c32_encode, parse_address, parse_principal
from keeper.errors import BadInput

BURN = "SP000000000000000000002Q6VF78"
BOOT = "ST000000000000000000002AMW42H"
addresses = st.builds(Address, st.integers(0, 31), st.binary(min_size=20, max_size=20))
quick = settings(deadline=None, max_examples=100)


@quick
@given(addresses)
def test_address__any_version_and_hash__comes_back(address: Address) -> None:
    assert parse_address(str(address)) == address


@quick
@given(st.binary(max_size=40))
def test_base_32__any_bytes__come_back(data: bytes) -> None:
    assert c32_decode(c32_encode(data)) == data


@quick
@given(addresses, st.integers(1, 40), st.sampled_from(ALPHABET))
def test_address__one_character_changed__is_refused(address: Address, at: int, other: str) -> None:
    text = str(address)
    at = at % (len(text) - 1) + 1
    changed = text[:at] + other + text[at + 1 :]

    if changed != text:
        with pytest.raises(BadInput):
            parse_address(changed)


@quick
@given(st.text(max_size=60))
def test_text__any_at_all__is_a_principal_or_refused(text: str) -> None:
    try:
        principal = parse_principal(text)
    except BadInput:
        return
    assert parse_principal(str(principal)) == principal


@pytest.mark.parametrize(
    "spelling",
    [BURN.lower(), "s" + BURN[1:], BURN.replace("0", "O"), BURN.replace("0", "o"), "SP" + "0" * 20 + "2Q6VF78"],
)
def test_address__spelt_as_nodes_take_it__is_written_canonically(spelling: str) -> None:
    assert str(parse_address(spelling)) == BURN


@pytest.mark.parametrize(
    "text", ["", "S", BURN[1:], BURN + "0", "SP" + BURN[3:], f" {BURN}", f"{BURN} ", f"{BURN}\n", "T" + BURN[1:]]
)
def test_address__nearly_right__is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a Stacks address"):
        parse_address(text)


@pytest.mark.parametrize("name", ["a", "pool-share-1", "A_b-9", "__transient", "a" * 128])
def test_contract_name__in_a_principal__may_be_long(name: str) -> None:
    assert str(parse_principal(f"{BOOT}.{name}")) == f"{BOOT}.{name}"


@pytest.mark.parametrize("name", ["", "1a", "-a", "_a", "a!", "a.b", "a\n", "a" * 129, "__transient2", "ä"])
def test_contract_name__outside_the_grammar__is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        parse_principal(f"{BOOT}.{name}")


@pytest.mark.parametrize(("version", "hashed"), [(32, bytes(20)), (-1, bytes(20)), (22, bytes(19)), (22, bytes(21))])
def test_address__made_of_impossible_parts__is_refused(version: int, hashed: bytes) -> None:
    with pytest.raises(BadInput):
        Address(version, hashed)


def test_principal__made_with_a_bad_name__is_refused() -> None:
    with pytest.raises(BadInput):
        Principal(parse_address(BOOT), "9lives")
