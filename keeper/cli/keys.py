"""`keeper keys` makes and names keys, `keeper signer` keeps one for others. A key is never printed."""

import asyncio
import os
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal

import aiohttp
import typer

from keeper import console as output
from keeper.app import network_of
from keeper.chain.transactions import Network
from keeper.cli.commands import Config, Json, read_settings
from keeper.errors import BadSettings
from keeper.settings import Settings
from keeper.signers import passphrase
from keeper.signers.harden import not_readable_by_neighbours
from keeper.signers.keystore import new_key, read_keystore, write_keystore
from keeper.signers.ledger import Ledger
from keeper.signers.local import KeySigner, address_of, read_key
from keeper.signers.opening import Elsewhere, KeyFile, SealedKey, open_key, open_signer, take_passphrase
from keeper.signers.places import locate, read_line
from keeper.signers.policy import Policy, read_policy
from keeper.signers.protocol import is_this_machine
from keeper.signers.remote import RemoteSigner
from keeper.signers.secret import Secret
from keeper.signers.server import make_signer_app, serve_signer
from keeper.supervisor import stop_on_signals
from keeper.telemetry.logs import setup_logging

NetworkName = Annotated[Literal["mainnet", "testnet"], typer.Option("--network", help="Network the key is for.")]
PassphraseFile = Annotated[
    str | None,
    typer.Option(
        "--passphrase-file", help="File (or credential:NAME) with the passphrase; without it you are asked for it."
    ),
]
KeyPlace = Annotated[str | None, typer.Option("--key-file", help="File (or credential:NAME) with the key as hex.")]


def register(app: typer.Typer) -> None:
    """Put both groups on the command line."""
    keys = typer.Typer(
        help="The keeper's key, in a keystore.\n\nExample: keeper keys address keystore.json", no_args_is_help=True
    )
    keys.command("new")(new)
    keys.command("import")(import_)
    keys.command("address")(address)
    app.add_typer(keys, name="keys")
    signer = typer.Typer(
        help="A signer in a process of its own.\n\nExample: keeper signer serve --help", no_args_is_help=True
    )
    signer.command("serve")(serve)
    signer.callback()(_alone)
    app.add_typer(signer, name="signer")


def _alone() -> None:
    """Keep `serve` a command by name although it is the only one."""


def new(keystore: Path, network: NetworkName, passphrase_file: PassphraseFile = None, *, json: Json = False) -> None:
    """Make a new key and seal it into a keystore; prints its address and public key.

    Example: keeper keys new /etc/keeper/keystore.json --network mainnet
    """
    not_readable_by_neighbours()
    _seal(new_key(), keystore, network, passphrase_file, json=json)


def import_(
    keystore: Path,
    network: NetworkName,
    key_file: KeyPlace = None,
    passphrase_file: PassphraseFile = None,
    *,
    json: Json = False,
) -> None:
    """Seal an existing key into a keystore: from a key file, else typed without being shown.

    Example: keeper keys import /etc/keeper/keystore.json --network mainnet --key-file /etc/keeper/signer_key
    """
    not_readable_by_neighbours()
    key = _typed_key() if key_file is None else read_key(locate(key_file, os.environ))
    _seal(key, keystore, network, passphrase_file, json=json)


def address(
    keystore: Annotated[Path | None, typer.Argument(help="A keystore; else the signer that the settings name.")] = None,
    config: Config = None,
    *,
    json: Json = False,
) -> None:
    """Show address and public key, of a keystore (no passphrase is needed) or of whoever the settings name.

    Example: keeper keys address --config keeper.toml --json
    """
    if keystore is not None:
        _show_keystore(keystore, json=json)
        return
    settings = read_settings(config)
    source = settings.signer_source()
    match source:
        case SealedKey():
            _show_keystore(locate(source.place, os.environ), json=json)
        case KeyFile():
            signer = open_key(source, network_of(settings), os.environ)
            _show(signer.address, signer.public_key.hex(), settings.network, json=json)
        case Elsewhere():
            asyncio.run(_ask_elsewhere(settings, source))
            where = address_of(source.public_key, network_of(settings))
            _show(where, source.public_key.hex(), settings.network, json=json)


def serve(  # noqa: PLR0913 - each is a thing of its own that an operator decides
    policy: Annotated[Path, typer.Option("--policy", help="TOML file that says what is signed; see docs/signers.md.")],
    token_file: Annotated[str, typer.Option("--token-file", help="File (or credential:NAME) with the token.")],
    state: Annotated[Path, typer.Option("--state", help="File that remembers what was signed for which nonce.")],
    *,
    keystore: Annotated[str | None, typer.Option("--keystore", help="Keystore (or credential:NAME).")] = None,
    passphrase_file: PassphraseFile = None,
    key_file: KeyPlace = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port; 0 lets the system choose.", min=0, max=65_535)] = 5183,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM file with certificate and its key, for https.")
    ] = None,
    log_format: Annotated[
        Literal["console", "json"], typer.Option("--log-format", help="How log lines look.")
    ] = "json",
) -> None:
    """Hold a key and sign what the policy allows, for whoever knows the token. One line is logged for each answer.

    Example: keeper signer serve --policy policy.toml --token-file token --keystore keystore.json --state signed.json
    """
    not_readable_by_neighbours()
    rules = read_policy(policy)
    context = _tls(host, certificate)
    token = read_line(locate(token_file, os.environ), "signer token file")
    setup_logging(level="info", fmt=log_format, secrets=[token.reveal().decode("ascii", "replace")])
    signer = open_key(_one_of(key_file, keystore, passphrase_file), rules.network_id(), os.environ)
    with Ledger(state, signer.address) as ledger:
        asyncio.run(_serve(signer, rules, ledger, token, (host, port, context)))


async def _serve(
    signer: KeySigner, policy: Policy, ledger: Ledger, token: Secret, where: tuple[str, int, ssl.SSLContext | None]
) -> None:
    stop = asyncio.Event()
    with stop_on_signals(stop):
        async with serve_signer(make_signer_app(signer, policy, ledger, token), *where) as url:
            output.out.print(f"{signer.address} signs at {url}", markup=False)
            await stop.wait()


def _one_of(key_file: str | None, keystore: str | None, passphrase_file: str | None) -> KeyFile | SealedKey:
    if (key_file is None) == (keystore is None):
        message = "say where the key lies: either --keystore or --key-file"
        raise BadSettings(message)
    return KeyFile(key_file) if key_file is not None else SealedKey(keystore or "", passphrase_file)


def _tls(host: str, certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        if not is_this_machine(host):
            message = f"--host {host} is open to a network and the token would travel in clear; give --certificate"
            raise BadSettings(message)
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # Never asks for a pass phrase: a key that needs one is refused instead of waiting for a person.
        context.load_cert_chain(certificate, password=lambda: b"")
    except (OSError, ssl.SSLError) as exc:
        message = f"--certificate {certificate}: {exc}; name a PEM file with the certificate and its unencrypted key"
        raise BadSettings(message) from exc
    return context


def _seal(key: Secret, keystore: Path, network: str, passphrase_file: str | None, *, json: bool) -> None:
    if keystore.exists():
        message = f"{keystore} is there already and is not overwritten; choose another name"
        raise BadSettings(message)
    secret = take_passphrase(passphrase_file, os.environ, f"Passphrase for {keystore}", twice=True)
    signer = write_keystore(keystore, key, secret, Network[network.upper()])
    key.forget()
    secret.forget()
    _show(signer.address, signer.public_key.hex(), network, json=json)


def _typed_key() -> Secret:
    typed = passphrase.ask("Private key (hex, not shown)")
    try:
        key = Secret(bytes.fromhex(typed.reveal().decode("ascii").strip().removeprefix("0x")))
    except ValueError:
        message = "that is no private key; type 64 hex digits, or 66 ending in 01"
        raise BadSettings(message) from None
    finally:
        typed.forget()
    return Secret(key.reveal()[:-1]) if key.reveal()[32:] == b"\x01" else key


async def _ask_elsewhere(settings: Settings, source: Elsewhere) -> None:
    """Require that the signer elsewhere holds the pinned key."""
    async with aiohttp.ClientSession() as session:
        signer = open_signer(source, network_of(settings), session, os.environ)
        if isinstance(signer, RemoteSigner):
            await signer.check()


def _show_keystore(path: Path, *, json: bool) -> None:
    store = read_keystore(path)
    _show(store.address, store.public_key, store.network, json=json)


def _show(where: str, public_key: str, network: str, *, json: bool) -> None:
    facts: dict[str, Any] = {"address": where, "public_key": public_key, "network": network}
    if json:
        output.as_json(facts)
        return
    for name, value in facts.items():
        output.out.print(f"{name.replace('_', ' '):<11} {value}", markup=False)
