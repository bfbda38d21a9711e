"""A known key, passphrase and token go through everything that can be said or kept; none of them may turn up.

Tracebacks are looked at with all local variables, further than anything the keeper writes or sends.
"""

import asyncio
import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import aiohttp
import pytest
from sentry_sdk.utils import event_from_exception
from structlog.tracebacks import ExceptionDictTransformer

from keeper.chain.transactions import Network
from keeper.errors import KeeperError
from keeper.retry import Retry
from keeper.settings import load_settings
from keeper.signers.keystore import open_keystore, write_keystore
from keeper.signers.ledger import Ledger
from keeper.signers.local import KeySigner
from keeper.signers.opening import open_signer
from keeper.signers.secret import Secret
from keeper.signers.server import make_signer_app
from keeper.telemetry.redact import Redactor
from keeper.telemetry.sentry import scrubbed
from tests.signers.kit import KEY, PASSPHRASE, QUICK, SIGNER, TOKEN, desk, policy, private, remote, transaction

ONCE = Retry(attempts=1, budget=1)
PERSON_NEEDED = 78


def spellings(secret):
    """Return every way in which a secret is likely to be written."""
    hexed, python = secret.hex(), repr(secret)[2:-1]
    words = {hexed, hexed.upper(), hexed[:32], python, base64.b64encode(secret).decode(), str(int.from_bytes(secret))}
    return {word.encode() for word in words} | {secret}


SECRETS = spellings(KEY) | spellings(PASSPHRASE) | spellings(TOKEN) | spellings(bytes.fromhex(TOKEN.decode()))


def found(*told):
    """Return which spellings of a secret occur in anything told."""
    texts = [one if isinstance(one, bytes) else str(one).encode("utf-8", "surrogatepass") for one in told]
    return {word for word in SECRETS for text in texts if word in text}


def test_search__secrets_in_plain_sight__are_found():
    assert found(KEY.hex()) and found(f"x{KEY!r}") and found(PASSPHRASE) and found(TOKEN.decode())  # noqa: PT018


def chain_of(error):
    """Return an error and all it came from, also what `from None` keeps out of sight."""
    seen, left = [], [error]
    while left:
        one = left.pop()
        if one is not None and one not in seen:
            seen.append(one)
            left += [one.__cause__, one.__context__]
    return seen


def everything_about(error):
    """Return an error as text, with the local variables of every frame in our own code and libraries."""
    told = []
    for one in chain_of(error):
        one.__traceback__ = one.__traceback__.tb_next if one.__traceback__ else None  # this file's own frame
        told += [repr(one), str(vars(one)), str(one.args)]
        told += traceback.TracebackException.from_exception(one, capture_locals=True).format()
        told.append(
            str(
                ExceptionDictTransformer(show_locals=True, locals_max_string=10_000)(
                    (type(one), one, one.__traceback__)
                )
            )
        )
        options = {"include_local_variables": True, "include_source_context": False, "max_value_length": 10_000}
        event, _ = event_from_exception(one, client_options=options)
        told += [json.dumps(event, default=repr), json.dumps(scrubbed(event, Redactor()), default=repr)]
    return told


@pytest.fixture
def folder(tmp_path):
    write_keystore(tmp_path / "ks.json", Secret(KEY), Secret(PASSPHRASE), Network.TESTNET, QUICK)
    private(tmp_path / "key", KEY.hex().encode())
    private(tmp_path / "two-keys", KEY.hex().encode() * 2)
    private(tmp_path / "open", KEY.hex().encode()).chmod(0o644)
    private(tmp_path / "pass", PASSPHRASE)
    private(tmp_path / "token", TOKEN)
    private(tmp_path / "lines", TOKEN + b"\n" + TOKEN)
    return tmp_path


def broken_keystore(folder):
    body = json.loads((folder / "ks.json").read_text())
    body["address"] = SIGNER.address[:-1] + ("A" if SIGNER.address[-1] != "A" else "B")
    return open_keystore(private(folder / "broken.json", body), Secret(PASSPHRASE), Network.TESTNET)


FAILURES = {
    "key file with two keys": lambda f: KeySigner.from_file(f / "two-keys", Network.TESTNET),
    "key file open to all": lambda f: KeySigner.from_file(f / "open", Network.TESTNET),
    "key of the wrong length": lambda _: KeySigner(KEY + KEY, Network.TESTNET),
    "key outside the group": lambda _: KeySigner(Secret(b"\xff" * 16 + KEY[:16] + KEY), Network.TESTNET),
    "digest of the wrong length": lambda _: SIGNER.sign_digest(b"short"),
    "keystore in place of a key": lambda f: KeySigner.from_file(f / "ks.json", Network.TESTNET),
    "key in place of a keystore": lambda f: open_keystore(f / "key", Secret(PASSPHRASE), Network.TESTNET),
    "keystore of another network": lambda f: open_keystore(f / "ks.json", Secret(PASSPHRASE), Network.MAINNET),
    "keystore changed": broken_keystore,
    "wrong passphrase": lambda f: open_keystore(f / "ks.json", Secret(PASSPHRASE + b"!"), Network.TESTNET),
    "name taken": lambda f: write_keystore(f / "ks.json", Secret(KEY), Secret(PASSPHRASE), Network.TESTNET, QUICK),
    "key that is none": lambda f: write_keystore(f / "n", Secret(KEY * 2), Secret(PASSPHRASE), Network.TESTNET, QUICK),
    "token of two lines": lambda f: opened(f, place="lines"),
    "token too short": lambda f: make_signer_app(SIGNER, policy(), Ledger(f / "s", SIGNER.address), Secret(TOKEN[:31])),
    "signer pickled": lambda _: pickle.dumps(SIGNER),
    "secret pickled": lambda _: pickle.dumps(Secret(KEY)),
}


def settings(folder, **more):
    env = {
        "KEEPER_NETWORK": "testnet",
        "KEEPER_NODE_URL": "http://127.0.0.1:1",
        "KEEPER_DEPLOYER": SIGNER.address,
        "KEEPER_ASSETS": '[{"symbol": "STX", "decimals": 6, "contract": "stx"}]',
        "KEEPER_STORE_PATH": str(folder / "keeper.sqlite3"),
        "KEEPER_WEB_PORT": "0",
        "KEEPER_CYCLE_SECONDS": "1",
        "KEEPER_LOG_LEVEL": "debug",
        "KEEPER_LOG_FORMAT": "json",
        **more,
    }
    return env, load_settings(None, env)


def elsewhere(url, place):
    return {
        "KEEPER_SIGNER__KIND": "remote",
        "KEEPER_SIGNER__URL": url,
        "KEEPER_SIGNER__PUBLIC_KEY": SIGNER.public_key.hex(),
        "KEEPER_SIGNER__TOKEN_FILE": place,
    }


KINDS = {
    "file": lambda f: {"KEEPER_SIGNER_KEY_FILE": f"{f}/key"},
    "keystore": lambda f: {
        "KEEPER_SIGNER__KIND": "keystore",
        "KEEPER_SIGNER__FILE": f"{f}/ks.json",
        "KEEPER_SIGNER__PASSPHRASE_FILE": f"{f}/pass",
    },
    "remote": lambda f: elsewhere("http://127.0.0.1:1", f"{f}/token"),
}


def opened(folder, place):
    made = settings(folder, **elsewhere("http://127.0.0.1:1", f"{folder}/{place}"))[1]
    return open_signer(made.signer_source(), Network.TESTNET, None, {})


@pytest.mark.parametrize("what", FAILURES)
def test_error__with_every_local_variable__shows_no_secret(folder, what):
    with pytest.raises((KeeperError, ValueError, TypeError)) as caught:
        FAILURES[what](folder)

    told = everything_about(caught.value)
    assert any("Traceback" in text for text in told)
    assert found(*told) == set()


@pytest.mark.parametrize("trouble", ["down", "refused", "wrong token", "wrong key"])
async def test_error__of_a_signer_elsewhere__shows_no_secret(folder, trouble):
    async with desk(folder) as (url, session):
        signer = remote(
            session,
            "http://127.0.0.1:1" if trouble == "down" else url,
            token=TOKEN[::-1] + TOKEN if trouble == "wrong token" else TOKEN,
            network=Network.MAINNET if trouble == "wrong key" else Network.TESTNET,
            retry=ONCE,
        )
        with pytest.raises(KeeperError) as caught:
            await signer.sign(transaction(fee=9_000))

    assert found(*everything_about(caught.value)) == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_settings_and_signer__shown_in_every_way__hold_no_secret(folder, kind):
    made = settings(folder, **KINDS[kind](folder))[1]
    async with aiohttp.ClientSession() as session:
        source = made.signer_source()
        signer = open_signer(source, Network.TESTNET, session, {})
        slots = {name: getattr(signer, name) for name in type(signer).__slots__}

    shown = [made.public(), made, repr(made), made.model_dump_json(), pickle.dumps(made), repr(source), repr(signer)]
    assert found(*shown, *map(repr, slots.values()), str(vars(made))) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_daemon__at_debug__keeps_and_tells_no_secret(folder, tmp_path, kind):
    env, _ = settings(folder, **KINDS[kind](folder))
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "keeper", "run"], stdout=log, stderr=log, env={**os.environ, **env}
    )
    try:
        deadline = time.monotonic() + 60
        while b"step_skipped" not in (tmp_path / "log").read_bytes() and time.monotonic() < deadline:
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        outside = [Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        core = [
            line.split()[4] for line in Path(f"/proc/{process.pid}/limits").read_text().splitlines() if "core" in line
        ]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()

    kept = [path.read_bytes() for path in folder.glob("keeper.sqlite3*")]
    assert SIGNER.address.encode() in (tmp_path / "log").read_bytes()
    assert kept
    assert found((tmp_path / "log").read_bytes(), *outside, *kept) == set()
    assert kind == "remote" or core == ["0"]


def test_daemon__that_cannot_open_its_key__tells_no_secret(folder):
    env, _ = settings(folder, **KINDS["keystore"](folder))
    private(folder / "pass", PASSPHRASE + b" and more")

    done = subprocess.run(
        [sys.executable, "-m", "keeper", "run"], capture_output=True, timeout=60, env={**os.environ, **env}, check=False
    )

    assert (done.returncode, b"passphrase is wrong" in done.stderr) == (PERSON_NEEDED, True)
    assert found(done.stdout, done.stderr) == set()


def test_desk__at_work__writes_no_secret_to_its_state(folder):
    async def work():
        async with desk(folder) as (url, session):
            await remote(session, url).sign(transaction())

    asyncio.run(work())

    assert found((folder / "signed.json").read_bytes(), (folder / "ks.json").read_bytes()) == set()
