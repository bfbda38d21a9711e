import json
from pathlib import Path

import pytest

from keeper.errors import BadSettings, SignerRefused, SignerUnavailable
from keeper.signers.ledger import AHEAD, KEPT, Ledger
from tests.signers.kit import SIGNER, STRANGER

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signed.json"


def book(path, address=SIGNER.address):
    return Ledger(path, address)


def refused(ledger, nonce, fee, digest):
    with pytest.raises(SignerRefused) as caught:
        ledger.admit(nonce, fee, digest)
    assert caught.value.facts["rule"] == "nonce"
    return caught.value


def test_ledger__same_transaction__is_admitted_again_and_again(path):
    with book(path) as ledger:
        for _ in range(3):
            ledger.admit(7, 3_000, ONE)


@pytest.mark.parametrize("fee", [0, 2_999, 3_000])
def test_ledger__another_that_pays_no_more__is_refused_and_told_the_price(path, fee):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)

        assert refused(ledger, 7, fee, OTHER).facts["least_fee_ustx"] == 3_001


def test_ledger__another_that_pays_more__replaces_the_first_for_good(path):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)
        ledger.admit(7, 3_001, OTHER)

        refused(ledger, 7, 3_000, ONE)


def test_ledger__opened_anew__remembers(path):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)

    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)
        refused(ledger, 7, 3_000, OTHER)


def test_ledger__two_at_once__is_refused_until_the_first_is_closed(path):
    with book(path), pytest.raises(BadSettings, match="in use by another signer"):
        book(path)

    with book(path):
        pass


def test_ledger__of_another_key__is_refused(path):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)

    with pytest.raises(BadSettings, match="belongs to"):
        book(path, STRANGER.address)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": "whale-keeper signer ledger", "version": 2}', "[" * 9_000]
)
def test_ledger__unreadable__is_never_taken_for_empty(path, text):
    path.write_text(text)

    with pytest.raises(BadSettings, match="do not delete it"):
        book(path)

    assert path.read_text() == text


def test_ledger__disk_that_takes_nothing__promises_nothing(path):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)
        (path.parent / "signed.json.new").mkdir()

        with pytest.raises(SignerUnavailable, match="nothing is signed"):
            ledger.admit(8, 3_000, ONE)

        (path.parent / "signed.json.new").rmdir()
        ledger.admit(8, 9, OTHER)  # ONE was not promised nonce 8


def test_ledger__far_above_the_highest__is_refused(path):
    with book(path) as ledger:
        ledger.admit(7, 3_000, ONE)
        ledger.admit(7 + AHEAD, 3_000, ONE)

        assert "used elsewhere" in str(refused(ledger, 7 + 2 * AHEAD + 1, 3_000, ONE))


def test_ledger__long_life__forgets_the_oldest_and_signs_nothing_below(path):
    with book(path) as ledger:
        ledger.admit(0, 3_000, ONE)
    body = json.loads(path.read_text())
    entry = body["nonces"]["0"]
    body["nonces"] = {str(nonce): entry for nonce in range(10, 10 + KEPT)}
    path.write_text(json.dumps(body))

    with book(path) as ledger:
        ledger.admit(10 + KEPT, 3_000, ONE)
        refused(ledger, 10, 10**9, OTHER)

    with book(path) as ledger:
        refused(ledger, 10, 10**9, OTHER)
        ledger.admit(11, 3_001, OTHER)
    assert len(json.loads(path.read_text())["nonces"]) == KEPT


def test_ledger__closed__leaves_no_descriptor_behind(path):
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        with book(path) as ledger:
            ledger.admit(7, 3_000, ONE)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
