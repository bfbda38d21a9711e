"""Asks a person for a passphrase, without showing it. Never an argument, never the environment: others can read those."""

import getpass
import warnings

from keeper.errors import BadSettings
from keeper.signers.secret import Secret

REMEDY = "write it to a file only the keeper can read and name that file (signer.passphrase_file, --passphrase-file)"


def ask(prompt: str) -> Secret:
    """Return what a person types at the terminal. Raises BadSettings where there is none, or nothing was typed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            typed = Secret(getpass.getpass(f"{prompt}: ").encode("utf-8", "surrogateescape"))
        except (getpass.GetPassWarning, EOFError, OSError):
            # Without a terminal that can be made silent, getpass would go on and show every letter.
            message = f"there is no terminal to ask for the passphrase at; {REMEDY}"
            raise BadSettings(message) from None
    if not typed.reveal():
        message = f"no passphrase was typed; type it, or {REMEDY}"
        raise BadSettings(message)
    return typed


def ask_twice(prompt: str) -> Secret:
    """Return what a person types twice alike. Raises BadSettings when it differs."""
    first, second = ask(prompt), ask(f"{prompt}, again")
    same = first.reveal() == second.reveal()
    second.forget()
    if not same:
        first.forget()
        message = "the two passphrases differ; start over"
        raise BadSettings(message)
    return first
