"""The key file is private, the key stays inside, and the signature is the deterministic one."""

import copy
import pickle
import struct
from pathlib import Path

import pytest
from coincurve import PrivateKey, PublicKey

from keeper.chain.c32 import parse_principal
from keeper.chain.transactions import Network, TransferPayload, unsigned
from keeper.errors import BadInput, BadSettings
from keeper.signers.local import KeySigner, sign_transaction
from keeper.signers.places import readable_by_others

SECRET = "11" * 31 + "0a"
PAYLOAD = TransferPayload(parse_principal("ST000000000000000000002AMW42H"), 1)


def key_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "signer_key"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [SECRET, SECRET.upper(), f"{SECRET}01", f"{SECRET}01\n", f"  {SECRET}\n"])
def test_key_file__64_or_66_digits__is_the_same_compressed_key(tmp_path: Path, content: str) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, content), Network.TESTNET)

    assert signer.public_key == PrivateKey(bytes.fromhex(SECRET)).public_key.format(compressed=True)
    assert (signer.address[:2], len(signer.public_key)) == ("ST", 33)


def test_key__on_mainnet__spends_for_a_mainnet_address(tmp_path: Path) -> None:
    path = key_file(tmp_path, SECRET)

    assert KeySigner.from_file(path, Network.MAINNET).address[:2] == "SP"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o601])
def test_key_file__open_to_others__is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, SECRET, mode)

    with pytest.raises(BadSettings, match="chmod 600"):
        KeySigner.from_file(path, Network.TESTNET)


@pytest.mark.parametrize("content", ["", "hello", SECRET[:-1], f"{SECRET}02", f"0x{SECRET}", f"{SECRET} {SECRET}"])
def test_key_file__no_key_inside__is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadSettings) as refused:
        KeySigner.from_file(key_file(tmp_path, content), Network.TESTNET)

    assert SECRET[:16] not in f"{refused.value!r}{refused.value.facts}"


@pytest.mark.parametrize("number", ["00" * 32, "ff" * 32])
def test_key_file__number_outside_the_group__is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(BadSettings, match="order"):
        KeySigner.from_file(key_file(tmp_path, number), Network.TESTNET)


def test_key_file__missing__is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="nowhere is not there; correct the setting"):
        KeySigner.from_file(tmp_path / "nowhere", Network.TESTNET)


def entry(tag: int, rights: int, who: int = 0xFFFFFFFF) -> bytes:
    return struct.pack("<HHI", tag, rights, who)


OWNER, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
HEAD = struct.pack("<I", 2)


@pytest.mark.parametrize(
    ("entries", "open_to_others"),
    [
        # As systemd hands a credential to a service user: mode 0440, but the group itself has nothing.
        ([entry(OWNER, 4), entry(USER, 4, 990), entry(GROUP_OBJ, 0), entry(MASK, 4), entry(OTHER, 0)], False),
        ([entry(OWNER, 4), entry(USER, 4, 991), entry(GROUP_OBJ, 0), entry(MASK, 4), entry(OTHER, 0)], True),
        ([entry(OWNER, 4), entry(USER, 4, 991), entry(GROUP_OBJ, 0), entry(MASK, 0), entry(OTHER, 0)], False),
        ([entry(OWNER, 4), entry(GROUP_OBJ, 4), entry(MASK, 4), entry(OTHER, 0)], True),
        ([entry(OWNER, 4), entry(GROUP_OBJ, 0), entry(GROUP, 4, 5), entry(MASK, 4), entry(OTHER, 0)], True),
        ([entry(OWNER, 4), entry(GROUP_OBJ, 0), entry(MASK, 4), entry(OTHER, 4)], True),
    ],
)
def test_access_list__instead_of_plain_bits__is_what_counts(entries: list[bytes], *, open_to_others: bool) -> None:
    assert readable_by_others(0o100440, HEAD + b"".join(entries), 990) is open_to_others


def test_signature__of_a_digest__is_deterministic_low_and_recovers_the_key(tmp_path: Path) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, SECRET), Network.TESTNET)

    signature = signer.sign_digest(bytes(range(32)))

    assert signature == signer.sign_digest(bytes(range(32)))
    assert (len(signature), signature[0] < 4, signature[33] < 0x80) == (65, True, True)
    recovered = PublicKey.from_signature_and_message(signature[1:] + signature[:1], bytes(range(32)), hasher=None)
    assert recovered.format(compressed=True) == signer.public_key


@pytest.mark.parametrize("length", [0, 31, 33])
def test_signature__of_something_else_than_32_bytes__is_refused(tmp_path: Path, length: int) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, SECRET), Network.TESTNET)

    with pytest.raises(ValueError, match="32 bytes"):
        signer.sign_digest(bytes(length))


def test_signer__shown_copied_or_pickled__does_not_give_the_key_away(tmp_path: Path) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, SECRET), Network.TESTNET)

    assert SECRET not in f"{signer!r} {signer}".lower()
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            leak(signer)
    with pytest.raises(TypeError):
        vars(signer)


async def test_transaction__signed_by_its_origin__verifies(tmp_path: Path) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, SECRET), Network.TESTNET)

    signed = await sign_transaction(unsigned(Network.TESTNET, signer.public_key, PAYLOAD, nonce=3, fee=200), signer)

    signed.verify()
    signed.require_network(Network.TESTNET)
    assert (signed.origin.nonce, signed.origin.fee) == (3, 200)


async def test_transaction__signed_by_somebody_else__never_leaves(tmp_path: Path) -> None:
    signer = KeySigner.from_file(key_file(tmp_path, SECRET), Network.TESTNET)
    stranger = PrivateKey(bytes(31) + b"\1").public_key.format(compressed=True)

    with pytest.raises(BadInput, match="another key"):
        await sign_transaction(unsigned(Network.TESTNET, stranger, PAYLOAD, nonce=0, fee=200), signer)
