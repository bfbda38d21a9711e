import os
import socket

import pytest

from keeper.telemetry.sdnotify import Systemd


@pytest.fixture
def heard(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(2)
        yield path, listening


@pytest.mark.devnet
def test_systemd__listening__hears_each_word(heard):
    path, listening = heard
    systemd = Systemd({"NOTIFY_SOCKET": str(path)})

    systemd.ready("watching 3 pools\nnow")
    systemd.alive()
    systemd.stopping()

    said = [listening.recv(200).decode() for _ in range(3)]
    assert said == ["READY=1\nSTATUS=watching 3 pools now", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.devnet
def test_systemd__abstract_socket__is_reached():
    name = f"whale-keeper-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(2)

        Systemd({"NOTIFY_SOCKET": "@" + name}).status("calm")

        assert listening.recv(200) == b"STATUS=calm"


@pytest.mark.devnet
def test_systemd__nobody_listening__does_not_stop_the_keeper(tmp_path):
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


def test_systemd__not_there__does_nothing():
    systemd = Systemd({})

    systemd.ready()

    assert systemd.watchdog_seconds is None


@pytest.mark.parametrize(
    ("env", "seconds"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog__asked_for__is_fed_at_half_its_time(env, seconds):
    assert Systemd(env).watchdog_seconds == seconds
