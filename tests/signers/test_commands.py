"""The commands as an operator runs them: real processes, a real terminal where a person is asked."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from keeper.chain.transactions import Network
from keeper.errors import SignerRefused, SignerUnavailable
from keeper.retry import Retry
from keeper.signers.keystore import open_keystore, write_keystore
from keeper.signers.secret import Secret
from tests.signers.kit import KEY, ORACLE, PASSPHRASE, QUICK, SIGNER, TOKEN, private, remote, transaction

KEEPER = [sys.executable, "-m", "keeper"]
POLICY = f'network = "testnet"\nmax_fee_ustx = 5000\n[[allow]]\ncontract = "{ORACLE}"\nfunctions = ["observe"]\n'
PERSON_NEEDED = 78
ONCE = Retry(attempts=1, budget=1)


@pytest.fixture
def folder(tmp_path):
    private(tmp_path / "key", KEY.hex().encode())
    private(tmp_path / "pass", PASSPHRASE + b"\n")
    private(tmp_path / "token", TOKEN + b"\n")
    (tmp_path / "policy.toml").write_text(POLICY)
    return tmp_path


def keeper(folder, *arguments, env=None):
    return subprocess.run(
        [*KEEPER, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
        check=False,
    )


def sealed(folder):
    write_keystore(folder / "ks.json", Secret(KEY), Secret(PASSPHRASE), Network.TESTNET, QUICK)


def typed(folder, arguments, answers):
    """Run a command at a terminal of its own, type `answers`, return (status, everything that could be seen)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(KEEPER[0], [*KEEPER, *arguments])  # noqa: S606 - no shell is the point
    seen, waiting = b"", list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:  # the terminal is gone with the process
            break
        seen += read
        if waiting and seen.rstrip().endswith(b":"):
            os.write(terminal, waiting.pop(0) + b"\n")
            seen += b"|"
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen.decode()


def test_import__key_file__prints_address_and_public_key_only(folder):
    options = "--network testnet --key-file key --passphrase-file pass --json"

    done = keeper(folder, "keys", "import", "ks.json", *options.split())

    said = {"address": SIGNER.address, "public_key": SIGNER.public_key.hex(), "network": "testnet"}
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, said, "")
    assert open_keystore(folder / "ks.json", Secret(PASSPHRASE), Network.TESTNET).address == SIGNER.address


def test_new__asked_at_the_terminal__shows_nothing_of_what_is_typed(folder):
    status, seen = typed(folder, ["keys", "new", "ks.json", "--network", "testnet"], [PASSPHRASE, PASSPHRASE])

    assert (status, "ST" in seen, PASSPHRASE.decode() in seen) == (0, True, False)
    assert (folder / "ks.json").stat().st_mode & 0o777 == 0o600


def test_import__key_typed_at_the_terminal__shows_nothing_of_it(folder):
    answers = [KEY.hex().encode() + b"01", PASSPHRASE, PASSPHRASE]

    status, seen = typed(folder, ["keys", "import", "ks.json", "--network", "testnet"], answers)

    assert (status, SIGNER.address in seen) == (0, True)
    assert (KEY.hex() in seen, PASSPHRASE.decode() in seen) == (False, False)


def test_new__second_passphrase_differs__makes_nothing(folder):
    status, seen = typed(folder, ["keys", "new", "ks.json", "--network", "testnet"], [PASSPHRASE, b"something else"])

    assert (status, "differ" in seen, (folder / "ks.json").exists()) == (PERSON_NEEDED, True, False)


def test_new__no_terminal_and_no_file__needs_a_person(folder):
    done = keeper(folder, "keys", "new", "ks.json", "--network", "testnet")

    assert (done.returncode, done.stdout) == (PERSON_NEEDED, "")
    assert "--passphrase-file" in done.stderr


def test_new__name_taken__needs_a_person_and_asks_nothing(folder):
    sealed(folder)

    done = keeper(folder, "keys", "new", "ks.json", "--network", "testnet")

    assert (done.returncode, "not overwritten" in done.stderr) == (PERSON_NEEDED, True)


def test_new__passphrase_as_an_argument__is_no_option(folder):
    done = keeper(folder, "keys", "new", "ks.json", "--network", "testnet", "--passphrase", "secret words here")

    assert (done.returncode, "No such option" in done.stderr) == (2, True)


def test_address__keystore__needs_no_passphrase(folder):
    sealed(folder)

    done = keeper(folder, "keys", "address", "ks.json", "--json")

    assert json.loads(done.stdout)["address"] == SIGNER.address


SETTINGS = {
    "KEEPER_NETWORK": "testnet",
    "KEEPER_NODE_URL": "http://127.0.0.1:1",
    "KEEPER_DEPLOYER": SIGNER.address,
    "KEEPER_ASSETS": '[{"symbol": "STX", "decimals": 6, "contract": "stx"}]',
}


def test_address__of_the_settings_by_credential__is_the_key_files(folder):
    env = {**SETTINGS, "CREDENTIALS_DIRECTORY": str(folder), "KEEPER_SIGNER_KEY_FILE": "credential:key"}

    done = keeper(folder, "keys", "address", "--json", env=env)

    assert json.loads(done.stdout)["address"] == SIGNER.address, done.stderr


@contextmanager
def serving(folder, *more):
    """Start `keeper signer serve` with the keystore; yields the process and its address."""
    if not (folder / "ks.json").exists():
        sealed(folder)
    log = (folder / "log").open("a")
    command = [
        "signer",
        "serve",
        "--policy",
        "policy.toml",
        "--token-file",
        "token",
        "--state",
        "signed.json",
        "--port",
        "0",
    ]
    process = subprocess.Popen(
        [*KEEPER, *command, "--keystore", "ks.json", "--passphrase-file", "pass", *more],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        said = process.stdout.readline()
        assert SIGNER.address in said, (folder / "log").read_text()
        yield process, said.split()[-1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        log.close()


async def signed(url, made):
    async with aiohttp.ClientSession() as session:
        return await remote(session, url, retry=ONCE).sign(made)


def test_serve__killed_and_started_again__remembers_the_nonce(folder):
    with serving(folder) as (process, url):
        assert asyncio.run(signed(url, transaction())) == SIGNER.sign_digest(transaction().presign_hash())
        process.send_signal(signal.SIGKILL)
        process.wait()

    with serving(folder) as (_, url):
        with pytest.raises(SignerRefused, match="belongs to another"):
            asyncio.run(signed(url, transaction(anchor_mode=1)))
        asyncio.run(signed(url, transaction(anchor_mode=1, fee=3_001)))


def test_serve__stopped_in_its_tracks__never_counts_as_signed(folder):
    with serving(folder) as (process, url):
        process.send_signal(signal.SIGSTOP)

        async def ask():
            async with aiohttp.ClientSession() as session:
                return await remote(session, url, seconds=0.3, retry=ONCE).sign(transaction())

        with pytest.raises(SignerUnavailable, match="in time"):
            asyncio.run(ask())
        process.send_signal(signal.SIGCONT)


def test_serve__told_to_stop__leaves_with_zero(folder):
    with serving(folder) as (process, _):
        process.terminate()

        assert process.wait(timeout=20) == 0


def test_serve__crashing__leaves_no_core_file(folder):
    with serving(folder) as (process, _):
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        process.send_signal(signal.SIGSEGV)
        process.wait()

    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]
    assert [path.name for path in folder.iterdir() if path.name.startswith("core")] == []


def test_memory__closed_to_neighbours__is_so_for_the_kernel():
    code = "import ctypes; from keeper.signers.harden import not_readable_by_neighbours as close; "
    code += "get = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0); print(get(), close(), get())"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["1", "True", "0"]


def test_serve__second_on_the_same_state__needs_a_person(folder):
    with serving(folder):
        done = keeper(
            folder,
            *[
                "signer",
                "serve",
                "--policy",
                "policy.toml",
                "--token-file",
                "token",
                "--state",
                "signed.json",
                "--key-file",
                "key",
            ],
        )

    assert (done.returncode, "in use by another signer" in done.stderr) == (PERSON_NEEDED, True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--key-file key --keystore ks.json", "either --keystore or --key-file"),
        ("", "either --keystore or --key-file"),
        ("--key-file key --host 0.0.0.0", "--certificate"),
        ("--key-file key --certificate none.pem", "none.pem"),
        ("--key-file policy.toml", "chmod 600"),
        ("--key-file pass", "64 hex digits"),
    ],
)
def test_serve__what_is_wrong__needs_a_person_and_is_named(folder, arguments, named):
    start = "signer serve --policy policy.toml --token-file token --state signed.json"

    done = keeper(folder, *start.split(), *arguments.split())

    assert (done.returncode, named in done.stderr) == (PERSON_NEEDED, True)


def test_address__signer_elsewhere__is_asked_whether_it_holds_the_pinned_key(folder):
    with serving(folder) as (_, url):
        env = {
            **SETTINGS,
            "KEEPER_SIGNER__KIND": "remote",
            "KEEPER_SIGNER__URL": url,
            "KEEPER_SIGNER__PUBLIC_KEY": SIGNER.public_key.hex(),
            "KEEPER_SIGNER__TOKEN_FILE": "token",
        }
        done = keeper(folder, "keys", "address", "--json", env=env)
        other = keeper(folder, "keys", "address", env={**env, "KEEPER_SIGNER__PUBLIC_KEY": "02" + "79be667e" * 8})

    assert json.loads(done.stdout)["address"] == SIGNER.address
    assert other.returncode == PERSON_NEEDED
    assert "signer.public_key" in other.stderr
