"""The three hashes of Stacks. RIPEMD-160 is also written out: OpenSSL builds without its legacy part lack it."""

import hashlib
from typing import Final

_MASK: Final = 0xFFFFFFFF
_SHIFTS_LEFT: Final = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12),
    (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5),
    (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12),
    (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6),
)
_SHIFTS_RIGHT: Final = (
    (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6),
    (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11),
    (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5),
    (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8),
    (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11),
)
_RHO: Final = (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8)
_ADD_LEFT: Final = (0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_ADD_RIGHT: Final = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0)
_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)


def _orders(first: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    orders = [first]
    for _ in range(4):
        orders.append(tuple(_RHO[i] for i in orders[-1]))
    return tuple(orders)


_ORDER_LEFT: Final = _orders(tuple(range(16)))
_ORDER_RIGHT: Final = _orders(tuple((9 * i + 5) % 16 for i in range(16)))


def _rotate(word: int, by: int) -> int:
    return ((word << by) | (word >> (32 - by))) & _MASK


def _mix(kind: int, x: int, y: int, z: int) -> int:
    match kind:
        case 0:
            return x ^ y ^ z
        case 1:
            return (x & y) | (~x & z)
        case 2:
            return (x | (~y & _MASK)) ^ z
        case 3:
            return (x & z) | (y & ~z)
        case _:
            return x ^ (y | (~z & _MASK))


def _line(state: tuple[int, ...], words: list[int], *, right: bool) -> tuple[int, ...]:
    orders, shifts, adds = (
        (_ORDER_RIGHT, _SHIFTS_RIGHT, _ADD_RIGHT) if right else (_ORDER_LEFT, _SHIFTS_LEFT, _ADD_LEFT)
    )
    a, b, c, d, e = state
    for turn in range(5):
        kind = 4 - turn if right else turn
        for i, shift in zip(orders[turn], shifts[turn], strict=True):
            mixed = (a + _mix(kind, b, c, d) + words[i] + adds[turn]) & _MASK
            a, b, c, d, e = e, (_rotate(mixed, shift) + e) & _MASK, b, _rotate(c, 10), d
    return a, b, c, d, e


def ripemd160(data: bytes) -> bytes:
    """Return the 20-byte RIPEMD-160 of `data`."""
    return hashlib.new("ripemd160", data).digest() if _OPENSSL_HAS_IT else ripemd160_written_out(data)


def ripemd160_written_out(data: bytes) -> bytes:
    """Return the 20-byte RIPEMD-160 of `data` without OpenSSL (Dobbertin, Bosselaers, Preneel 1996)."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "little")
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), 64):
        words = [int.from_bytes(padded[i : i + 4], "little") for i in range(start, start + 64, 4)]
        left = _line(state, words, right=False)
        right = _line(state, words, right=True)
        state = tuple((state[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & _MASK for i in range(5))
    return b"".join(word.to_bytes(4, "little") for word in state)


def _openssl_has_ripemd160() -> bool:
    try:
        hashlib.new("ripemd160")
    except ValueError:
        return False
    return True


_OPENSSL_HAS_IT: Final = _openssl_has_ripemd160()


def hash160(data: bytes) -> bytes:
    """Return RIPEMD-160 of SHA-256, 20 bytes: how a public key becomes an address."""
    return ripemd160(hashlib.sha256(data).digest())


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256."""
    return hashlib.sha256(data).digest()


def sha512_256(data: bytes) -> bytes:
    """Return the 32-byte SHA-512/256: sighashes and transaction ids."""
    return hashlib.new("sha512_256", data).digest()
