"""Clarity values beyond the vectors: properties, limits, and what every refusal says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain import clarity
from keeper.chain.clarity import Err, Ok
from keeper.chain.clarity_values import Value, parse
from keeper.errors import BadInput

WHO = "ST000000000000000000002AMW42H"
MIB = 1024 * 1024
quick = settings(deadline=None, max_examples=150)

letters = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=3)
names = st.builds(lambda a, b: a + b, letters, st.text("aZ09-_!?+<>=/*", max_size=6))
printable = st.text([chr(c) for c in (*range(0x20, 0x7F), 9, 10, 12, 13)], max_size=20)
Pair = tuple[bytes, Any]


def wrapped(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        inner.filter(lambda p: p[1] is not None).map(lambda p: (clarity.some(p[0]), p[1])),
        inner.map(lambda p: (clarity.ok(p[0]), Ok(p[1]))),
        inner.map(lambda p: (clarity.err(p[0]), Err(p[1]))),
        st.tuples(inner, st.integers(0, 3)).map(lambda p: (clarity.list_([p[0][0]] * p[1]), [p[0][1]] * p[1])),
        st.dictionaries(names, inner, min_size=1, max_size=4).map(
            lambda d: (clarity.tuple_({k: v[0] for k, v in d.items()}), {k: v[1] for k, v in d.items()})
        ),
    )


leaves: st.SearchStrategy[Pair] = st.one_of(
    st.integers(0, 2**128 - 1).map(lambda n: (clarity.uint(n), n)),
    st.integers(-(2**127), 2**127 - 1).map(lambda n: (clarity.int_(n), n)),
    st.booleans().map(lambda b: (clarity.bool_(b), b)),
    st.binary(max_size=20).map(lambda b: (clarity.buffer(b), b)),
    printable.map(lambda s: (clarity.ascii_(s), s)),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(lambda s: (clarity.utf8(s), s)),
    st.sampled_from([WHO, f"{WHO}.pool-share-1"]).map(lambda s: (clarity.principal(s), s)),
    st.just((clarity.none(), None)),
)
values = st.recursive(leaves, wrapped, max_leaves=8)


def read_or_refuse(data: bytes) -> Value | None:
    refusal = None
    try:
        return parse(data)
    except BadInput as exc:
        refusal = exc
    assert 0 <= int(str(refusal.facts["offset"])) <= len(data)
    assert refusal.facts["reason"]
    return None


@quick
@given(values)
def test_value__built_and_read__is_the_same(pair: Pair) -> None:
    made, meant = pair

    assert clarity.decode(made) == meant
    assert clarity.decode(f"0x{made.hex()}") == meant
    assert parse(made).encode() == made


@quick
@given(values, st.data())
def test_value__one_byte_changed__is_another_value_or_refused(pair: Pair, data: st.DataObject) -> None:
    made = bytearray(pair[0])
    made[data.draw(st.integers(0, len(made) - 1))] ^= data.draw(st.integers(1, 255))

    value = read_or_refuse(bytes(made))

    assert value is None or parse(value.encode()) == value


@quick
@given(values, st.data())
def test_value__cut_anywhere__is_refused(pair: Pair, data: st.DataObject) -> None:
    made = pair[0]

    with pytest.raises(BadInput):
        parse(made[: data.draw(st.integers(0, len(made) - 1))])


@quick
@given(st.binary(max_size=80))
def test_bytes__any_at_all__are_a_value_or_refused_with_an_offset(data: bytes) -> None:
    value = read_or_refuse(data)

    assert value is None or parse(value.encode()) == value


@pytest.mark.parametrize("n", [-1, 2**128])
def test_uint__out_of_range__is_refused(n: int) -> None:
    with pytest.raises(BadInput):
        clarity.uint(n)


@pytest.mark.parametrize("n", [-(2**127) - 1, 2**127])
def test_int__out_of_range__is_refused(n: int) -> None:
    with pytest.raises(BadInput):
        clarity.int_(n)


@pytest.mark.parametrize("text", ["ü", "a\x0bb", "\x7f", "\0"])
def test_ascii__character_the_chain_refuses__is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        clarity.ascii_(text)


def test_utf8__lone_surrogate__is_refused() -> None:
    with pytest.raises(BadInput):
        clarity.utf8("a\ud800")


@pytest.mark.parametrize("text", ["0x0", "3", "zz", "0x03 ", " 03", "0X03", "03\n"])
def test_hex__not_hex__is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="hex"):
        clarity.decode(text)


@pytest.mark.parametrize("key", ["", "1a", "_a", "a b", "<==", "a" * 129, "ä"])
def test_tuple__key_outside_the_grammar__is_refused(key: str) -> None:
    with pytest.raises(BadInput):
        clarity.tuple_({key: clarity.none()})


def test_tuple__without_keys__is_refused() -> None:
    with pytest.raises(BadInput, match="without keys"):
        clarity.tuple_({})


def test_tuple__keys_in_any_order__are_written_in_byte_order() -> None:
    made = clarity.tuple_({k: clarity.none() for k in ("b", "a-b", "ab", "B", "a_b", "a")})

    assert list(clarity.decode(made)) == ["B", "a", "a-b", "a_b", "ab", "b"]


def test_some__around_a_tuple_in_another_order__is_not_passed_on() -> None:
    out_of_order = bytes.fromhex("0c00000002" + "016209" + "016109")

    assert clarity.decode(out_of_order) == {"a": None, "b": None}
    with pytest.raises(BadInput, match="byte order"):
        clarity.some(out_of_order)


NESTING = [clarity.some, clarity.ok, clarity.err, lambda v: clarity.list_([v]), lambda v: clarity.tuple_({"a": v})]


@pytest.mark.parametrize("wrap", NESTING)
def test_nesting__fifteen_deep__is_the_most(wrap: Any) -> None:
    made = clarity.uint(1)
    for _ in range(15):
        made = wrap(made)

    assert parse(made).encode() == made
    with pytest.raises(BadInput, match="inside each other"):
        wrap(made)


@pytest.mark.parametrize(
    "items",
    [
        [clarity.uint(1), clarity.int_(1)],
        [clarity.none(), clarity.uint(1)],
        [clarity.some(clarity.uint(1)), clarity.some(clarity.int_(1))],
        [clarity.ascii_("a"), clarity.utf8("a")],
        [clarity.tuple_({"a": clarity.uint(1)}), clarity.tuple_({"b": clarity.uint(1)})],
        [clarity.tuple_({"a": clarity.uint(1), "b": clarity.uint(1)}), clarity.tuple_({"a": clarity.uint(1)})],
        [clarity.ok(clarity.uint(1)), clarity.err(clarity.uint(1)), clarity.err(clarity.int_(1))],
    ],
)
def test_list__items_without_a_common_type__is_refused(items: list[bytes]) -> None:
    with pytest.raises(BadInput, match="common type"):
        clarity.list_(items)


@pytest.mark.parametrize(
    "items",
    [
        [clarity.none(), clarity.some(clarity.uint(1)), clarity.none()],
        [clarity.ok(clarity.uint(1)), clarity.err(clarity.bool_(b=True))],
        [clarity.list_([]), clarity.list_([clarity.uint(1)]), clarity.list_([])],
        [clarity.buffer(b""), clarity.buffer(b"abc")],
        [clarity.principal(WHO), clarity.principal(f"{WHO}.a")],
        [clarity.tuple_({"a": clarity.none()}), clarity.tuple_({"a": clarity.some(clarity.uint(1))})],
    ],
)
def test_list__items_of_related_types__is_one_list(items: list[bytes]) -> None:
    assert clarity.decode(clarity.list_(items)) == [clarity.decode(item) for item in items]


# The sizes below are what the type checker of the reference node computes for the types implied.


def test_buffer__of_a_mebibyte__is_the_largest() -> None:
    assert len(clarity.decode(clarity.buffer(bytes(MIB)))) == MIB
    with pytest.raises(BadInput, match="1 MiB"):
        clarity.buffer(bytes(MIB + 1))


def test_some__around_a_buffer__leaves_five_bytes_less() -> None:
    largest = MIB - 4 - 1

    assert clarity.decode(clarity.some(clarity.buffer(bytes(largest)))) == bytes(largest)
    with pytest.raises(BadInput, match="1 MiB"):
        clarity.some(clarity.buffer(bytes(largest + 1)))


def test_list__short_items_beside_a_long_one__counts_all_as_long() -> None:
    half = clarity.buffer(bytes(MIB // 2))

    assert clarity.decode(clarity.list_([half])) == [bytes(MIB // 2)]
    with pytest.raises(BadInput, match="1 MiB"):
        clarity.list_([half, clarity.buffer(b"")])


def test_tuple__two_large_values__is_refused_by_its_type() -> None:
    half = clarity.buffer(bytes(MIB // 2 - 4))

    with pytest.raises(BadInput, match="1 MiB"):
        clarity.tuple_({"a": half, "b": half})


def test_utf8__more_characters_than_a_quarter_mebibyte__is_refused() -> None:
    assert len(clarity.decode(clarity.utf8("a" * (MIB // 4)))) == MIB // 4
    with pytest.raises(BadInput, match="characters"):
        clarity.utf8("a" * (MIB // 4 + 1))


def test_refusal__deep_inside__names_the_offset_of_the_fault() -> None:
    with pytest.raises(BadInput) as refused:
        clarity.decode("0a0b0000000203ff")

    assert refused.value.facts == {"offset": 7, "reason": "unknown type prefix ff"}
