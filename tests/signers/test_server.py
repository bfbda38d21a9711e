import asyncio
import json

import pytest
from structlog.testing import capture_logs

from keeper.chain.transactions import decode_transaction
from keeper.errors import BadSettings
from keeper.signers.ledger import Ledger
from keeper.signers.protocol import MOST_REQUEST
from keeper.signers.secret import Secret
from keeper.signers.server import make_signer_app, serve_signer
from tests.signers.kit import KEY, SIGNER, STRANGER, TOKEN, desk, policy, request_of, transaction

GOOD = {"Authorization": f"Bearer {TOKEN.decode()}"}


@pytest.fixture
async def opened(tmp_path):
    async with desk(tmp_path) as both:
        yield both


async def post(opened, body, headers=GOOD):
    url, session = opened
    sends = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with session.post(f"{url}/v1/sign", headers=headers, **sends) as response:
        return response.status, await response.json()


async def test_identity__asked_with_the_token__names_the_key(opened):
    url, session = opened

    async with session.get(f"{url}/v1/identity", headers=GOOD) as response:
        said = await response.json()

    assert said == {"address": SIGNER.address, "public_key": SIGNER.public_key.hex(), "network": "testnet"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN.decode()[:-1]}"},
        {"Authorization": f"Bearer {TOKEN.decode()}x"},
        {"Authorization": f"Basic {TOKEN.decode()}"},
        {"Authorization": TOKEN.decode()},
        {"Authorization": "Bearer \u00fc"},
    ],
)
async def test_anything__without_the_token__is_not_even_read(opened, headers):
    url, session = opened
    status, said = await post(opened, request_of(transaction()), headers)

    assert (status, said["rule"]) == (401, "token")
    async with session.get(f"{url}/v1/identity", headers=headers) as response:
        assert response.status == 401
    async with session.get(f"{url}/nowhere", headers=headers) as response:
        assert response.status == 401


async def test_sign__allowed_transaction__answers_what_verifies(opened):
    made = transaction()

    status, said = await post(opened, request_of(made))

    assert status == 200
    made.with_signature(bytes.fromhex(said["signature"])).verify()


async def test_sign__same_request_again__answers_the_very_same(opened):
    first = await post(opened, request_of(transaction()))

    assert await post(opened, request_of(transaction())) == first


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (transaction(fee=5_001), "fee"),
        (transaction(function="post-prices"), "call"),
        (transaction(signer=STRANGER), "origin"),
    ],
)
async def test_sign__outside_the_policy__is_403_with_the_rule(opened, made, rule):
    status, said = await post(opened, request_of(made))

    assert (status, said["rule"], "signature" in said) == (403, rule, False)


async def test_sign__refused_by_policy__leaves_the_nonce_free(opened):
    await post(opened, request_of(transaction(fee=5_001)))

    assert (await post(opened, request_of(transaction(fee=10))))[0] == 200


async def test_sign__second_transaction_of_a_nonce__is_409_until_it_pays_more(opened):
    assert (await post(opened, request_of(transaction(fee=3_000))))[0] == 200

    status, said = await post(opened, request_of(transaction(fee=3_000, anchor_mode=1)))

    assert (status, said["rule"], said["least_fee_ustx"]) == (409, "nonce", 3_001)
    assert (await post(opened, request_of(transaction(fee=3_001, anchor_mode=1))))[0] == 200
    assert (await post(opened, request_of(transaction(fee=3_000))))[0] == 409


async def test_sign__restarted_server__still_knows_the_nonce(tmp_path):
    async with desk(tmp_path) as first:
        assert (await post(first, request_of(transaction())))[0] == 200

    async with desk(tmp_path) as second:
        assert (await post(second, request_of(transaction(anchor_mode=1))))[0] == 409
        assert (await post(second, request_of(transaction())))[0] == 200


async def test_sign__twenty_at_once_for_one_nonce__exactly_one_is_signed(opened):
    asked = [
        request_of(transaction(contract=transaction().payload.contract.__str__(), anchor_mode=1 + n % 3))
        for n in range(20)
    ]

    answers = await asyncio.gather(*(post(opened, body) for body in asked))

    signed = {said["signature"] for status, said in answers if status == 200}
    assert len(signed) == 1
    assert {status for status, _ in answers} == {200, 409}


async def test_sign__disk_full__is_503_and_nothing_is_signed(opened, tmp_path):
    (tmp_path / "signed.json.new").mkdir()

    status, said = await post(opened, request_of(transaction()))

    assert (status, said["rule"], "signature" in said) == (503, "state", False)


MALFORMED = [
    request_of(transaction(), digest="00" * 32),
    request_of(transaction(), transaction=transaction(nonce=8).encode().hex()),
    request_of(transaction(), network="mainnet"),
    request_of(transaction(), network="moonnet"),
    request_of(transaction(), transaction=""),
    request_of(transaction(), transaction="0"),
    request_of(transaction(), transaction="zz"),
    request_of(transaction(), transaction="00" * 70_000),
    request_of(transaction(), transaction=transaction().encode().hex() + "00"),
    request_of(transaction(), transaction=transaction().encode().hex()[:-2]),
    request_of(transaction(), more=1),
    {},
    [],
    b"",
    b"{",
    b"[" * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
async def test_sign__malformed__is_400_and_named_so(opened, body):
    status, said = await post(opened, body)

    assert (status, said["rule"]) == (400, "malformed")


async def test_sign__body_without_end__is_cut_off(opened):
    status, said = await post(opened, bytes(MOST_REQUEST + 1))

    assert (status, said["rule"], "longer than" in said["reason"]) == (400, "malformed", True)


async def test_sign__deploy__is_refused(opened):
    """A deploy in SIP-005's bytes: whether or not the keeper can read one, it is not signed."""
    made = transaction()
    raw = made.encode()
    head = raw[: len(raw) - len(made.payload.encode())]
    deploy = head + b"\x01" + b"\x01a" + (6).to_bytes(4) + b"(+ 1 )"
    try:
        digest = decode_transaction(deploy).presign_hash().hex()
    except Exception:  # noqa: BLE001 - a keeper that cannot read deploys
        digest = "00" * 32

    status, said = await post(opened, {"network": "testnet", "transaction": deploy.hex(), "digest": digest})

    assert (status, said["rule"] in {"payload", "malformed"}) in {(403, True), (400, True)}


async def test_audit__each_answer__is_one_line_with_the_facts_and_no_secret(opened):
    with capture_logs() as lines:
        await post(opened, request_of(transaction()))
        await post(opened, request_of(transaction(nonce=8, fee=5_001)))
        await post(opened, request_of(transaction(anchor_mode=1)))
        await post(opened, {})
        await post(opened, {}, {"Authorization": "Bearer wrong"})

    told = [(line["event"], line.get("nonce"), line.get("fee_ustx"), line.get("rule")) for line in lines]
    assert told == [
        ("signed", 7, 3_000, None),
        ("not_signed", 8, 5_001, "fee"),
        ("not_signed", 7, 3_000, "nonce"),
        ("not_signed", None, None, "malformed"),
        ("wrong_token", None, None, None),
    ]
    assert (lines[0]["function"], lines[0]["digest"]) == ("observe", transaction().presign_hash().hex())
    text = json.dumps(lines)
    assert (KEY.hex() in text, TOKEN.decode() in text, 'wrong"' in text) == (False, False, False)


@pytest.mark.parametrize("token", [b"short", b"x" * 31, "ü".encode() * 32])
def test_server__token_that_could_be_guessed_or_not_be_sent__does_not_start(tmp_path, token):
    with Ledger(tmp_path / "s", SIGNER.address) as ledger, pytest.raises(BadSettings, match="openssl rand"):
        make_signer_app(SIGNER, policy(), ledger, Secret(token))


async def test_server__port_taken__says_so(tmp_path, opened):
    port = int(opened[0].rpartition(":")[2])
    with Ledger(tmp_path / "other", SIGNER.address) as ledger:
        app = make_signer_app(SIGNER, policy(), ledger, Secret(TOKEN))
        with pytest.raises(BadSettings, match="--port"):
            async with serve_signer(app, "127.0.0.1", port):
                pass
