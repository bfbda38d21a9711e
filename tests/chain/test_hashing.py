"""RIPEMD-160 against the values its authors published, and the keys of the secp256k1 generator."""

import pytest

from keeper.chain.hashing import hash160, ripemd160, ripemd160_written_out, sha512_256


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        (b"a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe"),
        (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        (b"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
        (b"abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc"),
        (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "12a053384a9c0c88e405a06c27dcf49ada62eb2b"),
        (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
        (b"a" * 1_000, "aa69deee9a8922e92f8105e007f76110f381e9cf"),
    ],
)
def test_ripemd160__published_messages__have_their_published_digests(message: bytes, digest: str) -> None:
    assert ripemd160(message).hex() == digest
    assert ripemd160_written_out(message).hex() == digest


def test_hash160__generator_point__is_the_well_known_one() -> None:
    generator = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")

    assert hash160(generator).hex() == "751e76e8199196d454941c45d1b3a323f1433bd6"


def test_sha512_256__abc__is_the_digest_of_fips_180_4() -> None:
    assert sha512_256(b"abc").hex() == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
