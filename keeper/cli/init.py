"""`keeper init`: a settings file with every setting explained in it, and a key. Nothing that is there is overwritten."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from keeper import console as output
from keeper.chain.transactions import Network
from keeper.cli.commands import DEFAULT_CONFIG, Json
from keeper.errors import BadSettings
from keeper.settings import load_settings
from keeper.settings.template import commented, toml
from keeper.signers.harden import not_readable_by_neighbours
from keeper.signers.keystore import new_key, write_keystore
from keeper.signers.local import KeySigner, read_key
from keeper.signers.opening import take_passphrase
from keeper.signers.places import CREDENTIAL
from keeper.signers.secret import Secret

PRIVATE = 0o600
NODES = {"mainnet": "https://api.hiro.so", "testnet": "https://api.testnet.hiro.so"}
ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="Settings file to write.")]
NetworkName = Annotated[
    Literal["mainnet", "testnet"] | None, typer.Option("--network", help="Network; testnet with --yes.")
]
NodeUrl = Annotated[str | None, typer.Option("--node-url", help="Address of the node; Hiro's with --yes.")]
Deployer = Annotated[str | None, typer.Option("--deployer", help="Address under which the contracts stand.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="Key file; made when it is not there. signer_key beside the settings when absent."),
]
KeystoreFile = Annotated[
    Path | None, typer.Option("--keystore", help="Seal the new key into this keystore instead of a key file.")
]
PassphraseFile = Annotated[str | None, typer.Option("--passphrase-file", help="File with the keystore's passphrase.")]
Store = Annotated[Path | None, typer.Option("--store", help="SQLite file; keeper.sqlite3 beside the settings.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the options and the defaults.")]


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command()(init)


def init(  # noqa: PLR0913 - each is a thing of its own that an operator decides
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    network: NetworkName = None,
    node_url: NodeUrl = None,
    deployer: Deployer = None,
    key_file: KeyFile = None,
    keystore: KeystoreFile = None,
    passphrase_file: PassphraseFile = None,
    store: Store = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write a settings file with every setting explained in it, and make a key; overwrites nothing.

    Example: keeper init --yes --network testnet --deployer ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM
    """
    not_readable_by_neighbours()
    if config.exists():
        message = f"{config} is there already and is not overwritten; choose another name with --config"
        raise BadSettings(message)
    if keystore is not None and key_file is not None:
        message = "--keystore and --key-file both say where the key goes; give one of them"
        raise BadSettings(message)
    named = network or _asked("Network (mainnet or testnet)", "testnet", yes=yes)
    if named not in NODES:
        message = f"the network is mainnet or testnet, not {named[:20]!r}"
        raise BadSettings(message)
    chosen: dict[str, Any] = {
        "network": named,
        "node_url": node_url or _asked("Address of the node", NODES[named], yes=yes),
        "deployer": deployer or _asked("Address under which the contracts stand", None, yes=yes, option="--deployer"),
        "store_path": str((store or config.parent / "keeper.sqlite3").resolve()),
    }
    place = keystore or key_file or config.parent / "signer_key"
    extra = _signer_section(place, passphrase_file) if keystore is not None else ""
    if keystore is None:
        chosen["signer_key_file"] = str(place.resolve())
    draft = _checked(config, commented(chosen) + extra)
    try:
        made, address = not place.exists(), _key(place, named, passphrase_file, sealed=keystore is not None)
        _publish(draft, config)
    finally:
        draft.unlink(missing_ok=True)
    _tell({"config": str(config), "key": str(place), "key_made": made, "address": address}, json=json)


def _asked(question: str, default: str | None, *, yes: bool, option: str = "") -> str:
    if yes and default is None:
        message = f"{option} is needed with --yes; give it"
        raise BadSettings(message)
    return default if yes and default is not None else str(typer.prompt(question, default=default))


def _signer_section(place: Path, passphrase_file: str | None) -> str:
    lines = ["", "[signer]", 'kind = "keystore"', f"file = {toml(place.resolve())}"]
    if passphrase_file:
        credential = passphrase_file.startswith(CREDENTIAL)
        lines.append(f"passphrase_file = {toml(passphrase_file if credential else Path(passphrase_file).resolve())}")
    return "\n".join([*lines, ""])


def _checked(config: Path, text: str) -> Path:
    """Write the text beside `config` and read it back as a start would; return the draft's path. Raises BadSettings."""
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{config.name}.", dir=config.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as exc:
        message = f"{config} cannot be written: {exc.strerror}; choose another place with --config"
        raise BadSettings(message) from exc
    draft = Path(name)
    try:
        load_settings(draft, {})
    except BadSettings:
        draft.unlink()
        raise
    return draft


def _key(place: Path, network: str, passphrase_file: str | None, *, sealed: bool) -> str:
    """Make the key, or take a key file that is there; return its address."""
    if sealed:
        if place.exists():
            message = f"{place} is there already and is not overwritten; choose another name with --keystore"
            raise BadSettings(message)
        key, secret = new_key(), take_passphrase(passphrase_file, os.environ, f"Passphrase for {place}", twice=True)
        signer = write_keystore(place, key, secret, Network[network.upper()])
        secret.forget()
    else:
        key = read_key(place) if place.exists() else _new_key_file(place)
        signer = KeySigner(key, Network[network.upper()])
    key.forget()
    return signer.address


def _new_key_file(place: Path) -> Secret:
    key = new_key()
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.reveal().hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        message = f"key file {place} cannot be made: {exc.strerror}; choose another place with --key-file"
        raise BadSettings(message) from exc
    return key


def _publish(draft: Path, config: Path) -> None:
    """Give the draft its name, unless something has that name by now."""
    try:
        os.link(draft, config)
    except OSError as exc:
        message = f"{config} cannot be made: {exc.strerror}; choose another name with --config"
        raise BadSettings(message) from exc


def _tell(facts: dict[str, Any], *, json: bool) -> None:
    if json:
        output.as_json(facts)
        return
    key = "a new key" if facts["key_made"] else "the key that was there"
    for line in (
        f"settings  {facts['config']}",
        f"key       {facts['key']} ({key}; keep a copy where nobody else can read it)",
        f"address   {facts['address']}",
        "next      fill in assets and pools, send STX for fees to the address, have governance grant it the roles,",
        f"          then: keeper check --config {facts['config']}",
    ):
        output.out.print(line, markup=False)
