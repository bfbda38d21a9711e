import hashlib
import json
import resource
import stat

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from keeper.chain.transactions import Network
from keeper.errors import BadSettings
from keeper.signers.keystore import new_key, open_keystore, read_keystore, write_keystore
from keeper.signers.local import KeySigner
from keeper.signers.secret import Secret
from tests.signers.kit import KEY, PASSPHRASE, QUICK, SIGNER, STRANGER, private

MIB = 1024 * 1024


@pytest.fixture
def path(tmp_path):
    write_keystore(tmp_path / "keystore.json", Secret(KEY), Secret(PASSPHRASE), Network.TESTNET, QUICK)
    return tmp_path / "keystore.json"


def opened(path, passphrase=PASSPHRASE, network=Network.TESTNET):
    return open_keystore(path, Secret(passphrase), network)


def changed(path, place, value):
    """Change one place of the file, `kdf.n` for instance."""
    body = json.loads(path.read_text())
    *above, last = place.split(".")
    part = body
    for name in above:
        part = part[name]
    part[last] = value
    path.write_text(json.dumps(body))


def flipped(text):
    return ("0" if text[0] != "0" else "1") + text[1:]


def test_keystore__right_passphrase__signs_with_the_same_key(path):
    signer = opened(path)

    assert (signer.address, signer.public_key) == (SIGNER.address, SIGNER.public_key)
    assert signer.sign_digest(bytes(32)) == SIGNER.sign_digest(bytes(32))


def test_keystore__file__is_private_and_holds_no_key(path):
    text = path.read_text()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (KEY.hex() in text, PASSPHRASE.decode() in text, SIGNER.address in text) == (False, False, True)


def test_keystore__same_key_twice__shares_nothing_secret(path, tmp_path):
    write_keystore(tmp_path / "other.json", Secret(KEY), Secret(PASSPHRASE), Network.TESTNET, QUICK)
    one, other = read_keystore(path), read_keystore(tmp_path / "other.json")

    assert one.kdf.salt != other.kdf.salt
    assert one.cipher.nonce != other.cipher.nonce
    assert one.cipher.sealed != other.cipher.sealed


@pytest.mark.parametrize("wrong", [b"correct horse battery stapl", b"", PASSPHRASE + b" ", b"\xff\xfe"])
def test_keystore__wrong_passphrase__is_refused_without_quoting_it(path, wrong):
    with pytest.raises(BadSettings, match="passphrase is wrong or the file was changed") as refused:
        opened(path, wrong)

    assert "correct" not in f"{refused.value}{refused.value.facts}"


def test_keystore__passphrase__is_forgotten_once_used(path):
    secret = Secret(PASSPHRASE)

    open_keystore(path, secret, Network.TESTNET)

    assert secret.reveal() == b""


def test_keystore__passphrase_from_another_keyboard__is_the_same_letters(tmp_path):
    composed, apart = "caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301 cafe\u0301"
    write_keystore(tmp_path / "k", Secret(KEY), Secret(composed.encode()), Network.TESTNET, QUICK)

    assert opened(tmp_path / "k", apart.encode()).address == SIGNER.address


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("address", STRANGER.address),
        ("public_key", STRANGER.public_key.hex()),
        ("kdf.n", 2**15),
        ("kdf.r", 4),
        ("kdf.p", 2),
        ("kdf.salt", flipped),
        ("cipher.nonce", flipped),
        ("cipher.sealed", flipped),
    ],
)
def test_keystore__any_place_changed__does_not_open(path, place, value):
    if callable(value):
        section, name = place.split(".")
        value = value(json.loads(path.read_text())[section][name])
    changed(path, place, value)

    with pytest.raises(BadSettings, match="the file was changed"):
        opened(path)


def test_keystore__network_changed_by_hand__does_not_open_there_either(path):
    changed(path, "network", "mainnet")

    with pytest.raises(BadSettings, match="the file was changed"):
        opened(path, network=Network.MAINNET)


def test_keystore__of_another_network__is_refused_before_any_work(path):
    with pytest.raises(BadSettings, match="is for testnet, the settings are for mainnet"):
        opened(path, network=Network.MAINNET)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("kdf.n", 2**40, "kdf.n"),
        ("kdf.n", 2**13, "kdf.n"),
        ("kdf.n", 2**14 + 1, "power of two"),
        ("kdf.n", -(2**14), "kdf.n"),
        ("kdf.n", "16384", "kdf.n"),
        ("kdf.n", 1e300, "kdf.n"),
        ("kdf.n", 2**20, "at most"),
        ("kdf.r", 2**30, "kdf.r"),
        ("kdf.r", 0, "kdf.r"),
        ("kdf.p", 2**30, "kdf.p"),
        ("kdf.salt", "00" * 10_000, "longer than|kdf.salt"),
        ("kdf.name", "none", "kdf.name"),
        ("cipher.name", "rot13", "cipher.name"),
        ("cipher.sealed", "00", "cipher.sealed"),
        ("version", 2, "version"),
        ("format", "v3", "format"),
        ("more", 1, "more"),
    ],
)
def test_keystore__absurd_work_or_shape__is_refused_by_name_and_costs_nothing(path, place, value, named):
    changed(path, place, value)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BadSettings, match=named):
        opened(path)

    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 16 * MIB


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{" * 4_000, '"' + KEY.hex() + '"', KEY.hex(), "\x00\xff"])
def test_keystore__no_keystore_at_all__is_refused_without_quoting_it(path, text):
    path.write_text(text)

    with pytest.raises(BadSettings, match=r"keeper keys new") as refused:
        opened(path)

    assert KEY.hex()[:16] not in str(refused.value)


def test_keystore__readable_by_others__is_refused(path):
    path.chmod(0o644)

    with pytest.raises(BadSettings, match="chmod 600"):
        opened(path)


def test_keystore__name_taken__is_never_overwritten(path):
    before = path.read_bytes()

    with pytest.raises(BadSettings, match="File exists"):
        write_keystore(path, new_key(), Secret(PASSPHRASE), Network.TESTNET, QUICK)

    assert path.read_bytes() == before


def test_keystore__short_passphrase__is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(BadSettings, match="12 characters"):
        write_keystore(tmp_path / "k", Secret(KEY), Secret(b"eleven char"), Network.TESTNET, QUICK)

    assert list(tmp_path.iterdir()) == []


def test_keystore__standard_cost__is_within_what_it_opens(tmp_path):
    write_keystore(tmp_path / "k", Secret(KEY), Secret(PASSPHRASE), Network.MAINNET)

    assert opened(tmp_path / "k", network=Network.MAINNET).address.startswith("SP")
    assert read_keystore(tmp_path / "k").kdf.n == 2**17


def test_new_key__each__is_another():
    keys = {KeySigner(new_key(), Network.TESTNET).address for _ in range(20)}

    assert len(keys) == 20


def by_the_book(body):
    """Return the box and what is sealed with the key, made anew from what docs/signers.md says."""
    kdf, nonce = body["kdf"], bytes.fromhex(body["cipher"]["nonce"])
    salt = bytes.fromhex(kdf["salt"])
    stretched = hashlib.scrypt(PASSPHRASE, salt=salt, n=kdf["n"], r=kdf["r"], p=kdf["p"], maxmem=64 * MIB, dklen=32)
    head = {**body, "cipher": {"name": body["cipher"]["name"], "nonce": body["cipher"]["nonce"]}}
    return ChaCha20Poly1305(stretched), nonce, json.dumps(head, sort_keys=True, separators=(",", ":")).encode()


def test_keystore__opened_by_the_book__gives_the_key(path):
    body = json.loads(path.read_text())
    box, nonce, head = by_the_book(body)

    assert box.decrypt(nonce, bytes.fromhex(body["cipher"]["sealed"]), head) == KEY


def test_keystore__lying_about_its_address_from_the_start__is_found_out(path, tmp_path):
    """Sealed by somebody who knows the passphrase: authenticated, and still not the key it says it is."""
    body = {**json.loads(path.read_text()), "address": STRANGER.address}
    box, nonce, head = by_the_book(body)
    body["cipher"]["sealed"] = box.encrypt(nonce, KEY, head).hex()

    with pytest.raises(BadSettings, match="holds the key of"):
        opened(private(tmp_path / "forged", body))
