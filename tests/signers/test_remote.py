import asyncio
import copy
import datetime as dt
import ipaddress
import json
import pickle
import ssl
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keeper.chain.transactions import Network
from keeper.errors import BadSettings, SignerRefused, SignerUnavailable
from keeper.retry import Retry
from keeper.signers.opening import authorities
from keeper.signers.protocol import MOST_ANSWER
from tests.signers.kit import SIGNER, STRANGER, TOKEN, desk, policy, remote, transaction

TWICE = Retry(attempts=2, budget=1, first_wait=0.01)
IDENTITY = {"address": SIGNER.address, "public_key": SIGNER.public_key.hex(), "network": "testnet"}


@asynccontextmanager
async def lying(answer, identity=None):
    """Serve a right identity, and whatever `answer` makes of a request to sign; yields (url, session, requests)."""
    asked = []

    async def sign(request):
        asked.append(await request.json())
        return await answer(len(asked))

    async def identify(_):
        return web.json_response(IDENTITY if identity is None else identity)

    app = web.Application()
    app.add_routes([web.post("/v1/sign", sign), web.get("/v1/identity", identify)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}", session, asked
    finally:
        await runner.cleanup()


def always(body, status=200, **more):
    async def answer(_):
        if isinstance(body, (bytes, str)):
            return web.Response(body=body if isinstance(body, bytes) else body.encode(), status=status, **more)
        return web.json_response(body, status=status, **more)

    return answer


async def outcome(answer, error, **client):
    async with lying(answer) as (url, session, asked):
        with pytest.raises(error) as caught:
            await remote(session, url, seconds=0.2, retry=TWICE, **client).sign(transaction())
    assert TOKEN.decode() not in f"{caught.value!r}{caught.value.facts}"
    return caught.value, asked


async def test_sign__allowed__is_the_signature_that_the_key_itself_makes(tmp_path):
    async with desk(tmp_path) as (url, session):
        signer = remote(session, url)

        assert await signer.sign(transaction()) == await SIGNER.sign(transaction())
        assert (signer.address, signer.public_key) == (SIGNER.address, SIGNER.public_key)


async def test_sign__against_the_policy__is_refused_with_its_rule(tmp_path):
    async with desk(tmp_path) as (url, session):
        with pytest.raises(SignerRefused, match="policy allows 5000") as caught:
            await remote(session, url).sign(transaction(fee=9_000))

    assert caught.value.facts["rule"] == "fee"


async def test_sign__nonce_of_another__is_refused_with_the_price(tmp_path):
    async with desk(tmp_path) as (url, session):
        await remote(session, url).sign(transaction())
        with pytest.raises(SignerRefused) as caught:
            await remote(session, url).sign(transaction(anchor_mode=1))

    assert (caught.value.facts["rule"], caught.value.facts["least_fee_ustx"]) == ("nonce", 3_001)


async def test_sign__transaction_of_another_key__is_not_even_asked():
    async with lying(always({})) as (url, session, asked):
        with pytest.raises(SignerRefused, match="does not belong"):
            await remote(session, url).sign(transaction(signer=STRANGER))

    assert asked == []


async def test_sign__server_down__is_unavailable():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SignerUnavailable, match="could not be reached"):
            await remote(session, "http://127.0.0.1:1", retry=TWICE).sign(transaction())


async def test_sign__no_answer_in_time__never_counts_as_signed():
    async def never(_):
        await asyncio.Event().wait()

    error, asked = await outcome(never, SignerUnavailable)

    assert "did not answer in time" in str(error)
    assert (len(asked), asked[0] == asked[1]) == (2, True)


async def test_sign__first_answer_lost__is_asked_again_for_the_very_same():
    async def second_time(times):
        if times == 1:
            await asyncio.Event().wait()
        return web.json_response({"signature": SIGNER.sign_digest(transaction().presign_hash()).hex()})

    async with lying(second_time) as (url, session, asked):
        signature = await remote(session, url, seconds=0.3).sign(transaction())

    assert (signature, len(asked), asked[0] == asked[1]) == (await SIGNER.sign(transaction()), 2, True)


def high_s(signature):
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    return bytes([signature[0] ^ 1]) + signature[1:33] + (order - int.from_bytes(signature[33:])).to_bytes(32)


RIGHT = SIGNER.sign_digest(transaction().presign_hash())
WRONG = [
    STRANGER.sign_digest(transaction().presign_hash()),
    SIGNER.sign_digest(transaction(nonce=8).presign_hash()),
    high_s(RIGHT),
    bytes([RIGHT[0] ^ 1]) + RIGHT[1:],
    bytes([RIGHT[0] + 4]) + RIGHT[1:],
    RIGHT[1:] + RIGHT[:1],
    bytes(65),
    b"\xff" * 65,
]


@pytest.mark.parametrize("signature", WRONG, ids=range(len(WRONG)))
async def test_sign__signature_that_does_not_fit__is_never_handed_on(signature):
    error, _ = await outcome(always({"signature": signature.hex()}), SignerUnavailable)

    assert "does not fit" in str(error)


NONSENSE = [
    always({"signature": RIGHT.hex()[:-2]}),
    always({"signature": RIGHT.hex().upper()}),
    always({"signature": RIGHT.hex(), "more": 1}),
    always({"signature": None}),
    always({}),
    always([]),
    always("<html>"),
    always(b"\xff\xfe"),
    always(b"[" * 4_000),
    always(b" " * (MOST_ANSWER + 1)),
    always("", 204),
    always({"signature": RIGHT.hex()}, 201),
    always("", 302, headers={"Location": "/v1/identity"}),
    always("gone", 404),
    always("broken", 500),
    always({"rule": "state", "reason": "disk"}, 503),
    always("no json", 403),
    always({"rule": "A B", "reason": "x"}, 403),
    always({"rule": "fee", "reason": "x" * 501}, 403),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
async def test_sign__no_answer_worth_the_name__is_unavailable(answer):
    await outcome(answer, SignerUnavailable)


async def test_sign__reason_with_control_characters__is_told_without_them():
    error, _ = await outcome(always({"rule": "fee", "reason": "a\x1b[31m\nb"}, 403), SignerRefused)

    assert "a?[31m?b" in str(error)


async def test_sign__wrong_token__needs_a_person(tmp_path):
    async with desk(tmp_path) as (url, session):
        with pytest.raises(BadSettings, match=r"signer\.token_file"):
            await remote(session, url, token=b"1" * 64).sign(transaction())


@pytest.mark.parametrize(
    "identity",
    [
        {**IDENTITY, "public_key": STRANGER.public_key.hex(), "address": STRANGER.address},
        {**IDENTITY, "network": "mainnet"},
    ],
)
async def test_sign__server_of_another_key_or_network__needs_a_person_and_is_not_asked(identity):
    async with lying(always({"signature": RIGHT.hex()}), identity) as (url, session, asked):
        with pytest.raises(BadSettings, match=r"signer\.public_key"):
            await remote(session, url).sign(transaction())

    assert asked == []


async def test_sign__keeper_on_the_other_network__needs_a_person(tmp_path):
    async with desk(tmp_path) as (url, session):
        with pytest.raises(BadSettings, match="pin SP"):
            await remote(session, url, network=Network.MAINNET).sign(transaction(network=Network.MAINNET))


async def test_signer__shown_copied_or_pickled__does_not_give_the_token_away():
    async with aiohttp.ClientSession() as session:
        signer = remote(session, "http://127.0.0.1:1")

        assert TOKEN.decode() not in f"{signer!r} {signer}"
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                leak(signer)
        with pytest.raises(TypeError):
            vars(signer)


def certificate(folder):
    """Write a certificate of 127.0.0.1 that signs itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    begun = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "both.pem").write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    return folder / "cert.pem", folder / "both.pem"


async def test_tls__authority_named__signs_and_without_it_does_not(tmp_path):
    authority, both = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)

    async with desk(tmp_path, certificate=context) as (url, session):
        known = remote(session, url, authorities=authorities(str(authority)))
        assert url.startswith("https:")
        assert await known.sign(transaction()) == await SIGNER.sign(transaction())
        with pytest.raises(SignerUnavailable, match="Certificate"):
            await remote(session, url, retry=TWICE).sign(transaction())


def test_tls__authority_file_missing_or_broken__says_which_setting(tmp_path):
    (tmp_path / "bad.pem").write_text("no certificate")

    for name in ("none.pem", "bad.pem"):
        with pytest.raises(BadSettings, match=r"signer\.ca_file"):
            authorities(str(tmp_path / name))


async def test_request__what_is_sent__is_the_whole_transaction_and_its_digest():
    async with lying(always({"signature": RIGHT.hex()})) as (url, session, asked):
        await remote(session, url).sign(transaction())

    made = transaction()
    assert asked == [{"network": "testnet", "transaction": made.encode().hex(), "digest": made.presign_hash().hex()}]
    assert json.dumps(asked).isascii()


async def test_policy__of_another_network__refuses_what_the_client_asks(tmp_path):
    async with desk(tmp_path, rules=policy(network="mainnet")) as (url, session):
        with pytest.raises(BadSettings):
            await remote(session, url).sign(transaction())
