"""A key everybody may know, transactions it signs, and a signer's desk on loopback."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp

from keeper.chain.c32 import parse_principal
from keeper.chain.clarity import list_
from keeper.chain.transactions import Network, call, unsigned
from keeper.signers.keystore import Cost
from keeper.signers.ledger import Ledger
from keeper.signers.local import KeySigner
from keeper.signers.policy import Policy
from keeper.signers.remote import RemoteSigner
from keeper.signers.secret import Secret
from keeper.signers.server import make_signer_app, serve_signer
from keeper.testing.build import DEPLOYER

KEY = bytes.fromhex("11" * 31 + "0a")
SIGNER = KeySigner(KEY, Network.TESTNET)
STRANGER = KeySigner(bytes(31) + b"\x01", Network.TESTNET)
PASSPHRASE = b"correct horse battery staple"
TOKEN = b"0f" * 32
QUICK = Cost(n=2**14)
ORACLE = f"{DEPLOYER}.pool-oracle"
POLICY = {"network": "testnet", "max_fee_ustx": 5_000, "allow": [{"contract": ORACLE, "functions": ["observe"]}]}


def policy(**changes):
    return Policy.model_validate({**POLICY, **changes})


def transaction(
    *, nonce=7, fee=3_000, function="observe", contract=ORACLE, signer=SIGNER, network=Network.TESTNET, **changes
):
    payload = call(parse_principal(contract), function, [list_([])])
    return replace(unsigned(network, signer.public_key, payload, nonce=nonce, fee=fee), **changes)


def private(path, content):
    path.touch(mode=0o600)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def request_of(made, **changes):
    body = {"network": "testnet", "transaction": made.encode().hex(), "digest": made.presign_hash().hex()}
    return {**body, **changes}


def remote(session, url, *, public_key=SIGNER.public_key, token=TOKEN, network=Network.TESTNET, **changes):
    return RemoteSigner(session, url, public_key=public_key, network=network, token=Secret(token), **changes)


@asynccontextmanager
async def desk(folder, *, rules=None, signer=SIGNER, certificate=None):
    """Serve a signer whose state lies in `folder`; yields its address and a session."""
    with Ledger(folder / "signed.json", signer.address) as ledger:
        app = make_signer_app(signer, rules or policy(), ledger, Secret(TOKEN))
        async with serve_signer(app, "127.0.0.1", 0, certificate) as url, aiohttp.ClientSession() as session:
            yield url, session
