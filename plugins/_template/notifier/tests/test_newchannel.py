"""The channel against the kit, with every outage there is."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from keeper.ports import Notifier
from keeper.testing import build
from keeper.testing.conformance import NotifierConformance
from keeper.testing.fakes import ManualClock
from keeper.testing.outages import REFUSALS, Remote, open_remote
from keeper_newchannel import keeper_notifiers

TOKEN = "a-token-that-stays-inside"  # noqa: S105


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with open_remote() as server:
        server.says(lambda query: {"ok": True})
        yield server


@pytest.fixture
async def notifier(remote: Remote) -> AsyncIterator[Notifier]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        settings = {"newchannel": {"webhook_url": f"{remote.url}/{TOKEN}"}}
        (found,) = keeper_notifiers(build.toolbox(session, ManualClock(), settings=settings))
        yield found


class TestConformance(NotifierConformance):
    @pytest.fixture
    def delivered(self, remote: Remote) -> Callable[[], str]:
        return lambda: "\n".join(body["text"] for body in remote.bodies)

    @pytest.fixture
    def secret(self) -> str:
        return TOKEN

    @pytest.fixture(params=REFUSALS)
    def outage(self, request: pytest.FixtureRequest, remote: Remote) -> Callable[[], Awaitable[None]]:
        return lambda: remote.breaks(request.param)


async def test_send__mention__reaches_nobody(notifier: Notifier, remote: Remote) -> None:
    await notifier.send(build.alert(what="@everyone"))

    assert "@everyone" not in remote.bodies[0]["text"]
