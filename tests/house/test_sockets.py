"""The block itself: what it stops, and what it lets through."""

import asyncio
import socket

import pytest

from keeper.errors import KeeperError

BLOCK = "DoorClosed"
OUTSIDE = ("192.0.2.1", 9)
"""TEST-NET-1 of RFC 5737: nobody's address, should the block ever fail."""


def listening():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def refused(connect):
    """Return the name of what a connection attempt raised."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the class lives in a conftest, so its name is compared
        connect()
    assert not isinstance(caught.value, (OSError, KeeperError)), "code under test could mistake it for an outage"
    return type(caught.value).__name__


def plain(address):
    with socket.socket() as one:
        one.settimeout(1)
        one.connect(address)


def by_asyncio(address):
    async def connect():
        _, writer = await asyncio.open_connection(*address)
        writer.close()
        await writer.wait_closed()

    asyncio.run(connect())


def by_shortcut(address):
    socket.create_connection(address, timeout=1).close()


def by_datagram(address):
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(b"?", address)


WAYS = [plain, by_asyncio, by_shortcut, by_datagram]


@pytest.mark.parametrize("connect", WAYS)
def test_unit_test__connects_to_loopback__is_stopped(connect):
    with listening() as server:
        assert refused(lambda: connect(server.getsockname())) == BLOCK


@pytest.mark.devnet
@pytest.mark.parametrize("connect", WAYS)
def test_devnet_test__connects_to_loopback__is_let_through(connect):
    with listening() as server:
        connect(server.getsockname())


@pytest.mark.devnet
@pytest.mark.parametrize("connect", WAYS)
def test_devnet_test__connects_elsewhere__is_stopped(connect):
    assert refused(lambda: connect(OUTSIDE)) == BLOCK


@pytest.mark.devnet
def test_devnet_test__looks_up_a_name__is_stopped():
    assert refused(lambda: socket.getaddrinfo("api.example.invalid", 443)) == BLOCK


def test_unit_test__unix_socket__is_let_through(tmp_path):
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one,
    ):
        server.bind(str(tmp_path / "socket"))
        one.sendto(b"!", str(tmp_path / "socket"))
        assert server.recv(1) == b"!"
