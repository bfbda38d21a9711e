"""Two rules for every test: no test leaves this machine, and a unit test opens no connection at all.

Replacing parts of the socket module for the block is the only patching in these tests.
"""

import ipaddress
import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
SERVERS_ARE_REAL_IN = ("adapters", "chain", "cli", "signers", "telemetry", "web")
"""Folders whose tests talk to a server of their own, on loopback."""
LISTENING = ("", "localhost", "0.0.0.0", "::")  # noqa: S104 - names a server may look up to listen on

# A busy machine must not fail a rule, so no profile has a deadline. `--hypothesis-profile=ci` is the thorough one;
# an automatic build takes the one in the middle, which is the same every time and still quick.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("middle", deadline=None, max_examples=100, derandomize=True, database=None)
settings.register_profile("ci", deadline=None, max_examples=500, derandomize=True, database=None)
settings.load_profile("middle" if os.environ.get("CI", "").lower() == "true" else "dev")


class DoorClosed(Exception):
    """A test tried to reach what it may not. No error the keeper handles, so nothing mistakes it for an outage."""


def is_path(address):
    """Tell whether an address is that of a Unix socket, which is a file."""
    return isinstance(address, (str, bytes))


def is_loopback(host):
    """Tell whether a host is this machine talking to itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def is_name(host):
    """Tell whether a resolver would be asked for this: not for what cannot be a name at all."""
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False


class Doorkeeper:
    """Judges every address before the real socket sees it."""

    def __init__(self, *, loopback):
        self._loopback = loopback

    def judge(self, address):
        if is_path(address):
            return
        if not is_loopback(address[0]):
            raise DoorClosed(f"a test tried to leave this machine for {address}")
        if not self._loopback:
            raise DoorClosed(f"a unit test tried to connect to {address}")

    def guard(self, real):
        """Return `real` (connect, connect_ex, sendto: the address comes last) behind the door."""

        def guarded(sock, *args):
            try:
                self.judge(args[-1])
            except DoorClosed:
                sock.close()  # create_connection forgets it on any error but OSError
                raise
            return real(sock, *args)

        return guarded

    def guard_lookup(self, real):
        """Return getaddrinfo behind the door, since a look-up asks servers elsewhere."""

        def guarded(host, *args, **kwargs):
            text = host.decode() if isinstance(host, bytes) else host
            if text is not None and text not in LISTENING and not is_loopback(text) and is_name(text):
                raise DoorClosed(f"a test tried to look up {text}")
            return real(host, *args, **kwargs)

        return guarded


def may_use_loopback(node):
    """Tell whether this test may connect to a server on this machine."""
    if node.get_closest_marker("devnet") is not None:
        return True
    return node.path.is_relative_to(HERE) and node.path.relative_to(HERE).parts[0] in SERVERS_ARE_REAL_IN


@pytest.fixture(autouse=True)
def closed_doors(request, monkeypatch):
    """Let nothing out but what the folder or the mark allows. Every way to connect ends in one of these calls."""
    door = Doorkeeper(loopback=may_use_loopback(request.node))
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, door.guard(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", door.guard_lookup(socket.getaddrinfo))
