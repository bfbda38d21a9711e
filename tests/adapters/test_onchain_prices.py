"""DIA and the stSTX ratio, read from a node over real HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from keeper.chain import clarity
from keeper.core.assets import Asset
from keeper.core.prices import Fault, PricePoint, RefusedPrice
from keeper.errors import SourceUnavailable
from keeper.ports import PriceSource
from keeper.testing import build
from keeper.testing.conformance import PriceSourceConformance
from keeper.testing.fakes import ManualClock
from keeper.toolbox import Toolbox
from keeper_onchain_prices import keeper_price_sources
from keeper_onchain_prices.dia import Dia
from keeper_onchain_prices.ratio import Ratio
from keeper_onchain_prices.settings import settings_from
from tests.adapters.price_kit import NOW, Node, nodes_at


def value(usd_e8: int, at: int) -> bytes:
    return clarity.ok(clarity.tuple_({"value": clarity.uint(usd_e8), "timestamp": clarity.uint(at * 1_000)}))


@pytest.fixture
def node(remote: Any) -> Node:
    there = Node({"get-value": value(47_240_000, NOW - 60), "get-ststx-ratio": clarity.ok(clarity.uint(1_123_456))})
    remote.answer = there.handle
    return there


class _Conformance(PriceSourceConformance):
    @pytest.fixture
    def outage(self, node: Node) -> Callable[[], Awaitable[None]]:
        async def start() -> None:
            node.results.clear()

        return start

    @pytest.fixture
    def secret(self) -> None:
        return None


class TestDiaConformance(_Conformance):
    @pytest.fixture
    def source(self, node: Node, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> PriceSource:
        return Dia(settings_from({}), nodes_at(remote.root, session), clock)

    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return (build.STX,)


class TestRatioConformance(_Conformance):
    @pytest.fixture
    def source(self, node: Node, remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> PriceSource:
        return Ratio(settings_from({}), nodes_at(remote.root, session), clock)

    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return (build.STSTX,)


def sources(remote: Any, session: aiohttp.ClientSession, clock: ManualClock, **section: Any) -> list[PriceSource]:
    settings = {"onchain_prices": section}
    chain = nodes_at(remote.root, session)
    toolbox = build.toolbox(session, clock, settings=settings)
    with_chain = Toolbox(session, clock, toolbox.assets, toolbox.deployer, settings, chain)
    return list(keeper_price_sources(with_chain))


async def test_hook__both_sources__say_what_the_contracts_say(
    node: Node, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    dia, ratio = sources(remote, session, clock)

    found = [*await dia.prices(build.LAUNCH_ASSETS), *await ratio.prices(build.LAUNCH_ASSETS)]

    assert found == [
        PricePoint("dia", "STX", "USD", 472_400_000_000, NOW - 60, kind="chain"),
        PricePoint("stacking-dao", "stSTX", "STX", 1_123_456_000_000, NOW, kind="chain"),
    ]
    assert [path.split("/", 4)[-1] for path in node.asked if "call-read" in path] == [
        "SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0/dia-oracle/get-value",
        "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG/block-info-nakamoto-ststx-ratio-v2/get-ststx-ratio",
    ]


async def test_dia__key_it_does_not_know__is_missing_and_the_other_asset_counts(
    node: Node, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    stx = "0x" + clarity.ascii_("STX/USD").hex()
    node.results["get-value"] = lambda args: value(47_240_000, NOW) if args == [stx] else value(0, 0)
    dia, _ = sources(remote, session, clock, dia_keys={"STX": "STX/USD", "ALEX": "ALEX/USD"})

    found = await dia.prices(build.LAUNCH_ASSETS)

    assert [item.asset for item in found if isinstance(item, PricePoint)] == ["STX"]
    assert [(item.asset, item.fault) for item in found if isinstance(item, RefusedPrice)] == [("ALEX", Fault.MISSING)]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (0, Fault.NOT_POSITIVE),
        (1, Fault.ABSURD),
        (112_345_600, Fault.ABSURD),
        (499_999, Fault.ABSURD),
        (10**9, Fault.ABSURD),
    ],
)
async def test_ratio__with_other_decimals__is_refused(
    said: int, fault: Fault, node: Node, remote: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    node.results["get-ststx-ratio"] = clarity.ok(clarity.uint(said))
    _, ratio = sources(remote, session, clock)

    with pytest.raises(SourceUnavailable) as caught:
        await ratio.prices([build.STSTX])

    assert [row.fault for row in caught.value.facts["refused"]] == [fault]


async def test_hook__without_a_chain__says_what_is_not_there(
    session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    with pytest.raises(ValueError, match="needs the chain"):
        keeper_price_sources(build.toolbox(session, clock))


@pytest.mark.parametrize(
    "section",
    [{"dia_contract": "dia"}, {"dia_keys": {"STX": "x" * 33}}, {"max_ahead_seconds": -1}, {"typo": 1}],
    ids=["no principal", "long key", "negative", "typo"],
)
def test_settings__out_of_bounds__are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings_from(section)
