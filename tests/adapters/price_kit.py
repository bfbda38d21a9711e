"""Every price source there is, each with a server that says what a test wants it to say."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from keeper.chain import clarity
from keeper.chain.nodes import NodeAddress, Nodes, open_nodes
from keeper.core.assets import Asset, AssetBook
from keeper.ports import PriceSource
from keeper.settings import Settings, load_settings
from keeper.testing import build
from keeper.testing.conformance import PriceSourceConformance
from keeper.testing.fakes import ManualClock
from keeper_coingecko.adapter import CoinGecko
from keeper_coingecko.settings import settings_from as coingecko_settings
from keeper_onchain_prices.dia import Dia
from keeper_onchain_prices.ratio import Ratio
from keeper_onchain_prices.settings import settings_from as onchain_settings
from keeper_pyth.adapter import Pyth
from keeper_pyth.settings import STX_USD
from keeper_pyth.settings import settings_from as pyth_settings

NOW = 1_795_000_000
BLOCK = f"{1_000:064x}"
OTHER_FEED = "ab" * 32
CONFIG = """
network = "testnet"
node_url = "{root}"
deployer = "{deployer}"
signer_key_file = "{folder}/keeper.key"
store_path = "{folder}/keeper.sqlite3"
plugins = ["alex", "velar", "pyth", "coingecko", "onchain_prices"]

[plugin.coingecko]
base_url = "{root}/coingecko"

[[assets]]
symbol = "STX"
decimals = 6
contract = "stx"

[[assets]]
symbol = "stSTX"
decimals = 6
contract = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token"
token_name = "ststx"

[[pools]]
pool_id = 1
name = "Conservative Stacker"
share_token = "pool-share-1"
assets = ["STX", "stSTX"]
whales = {{ category = "stacker" }}
"""
"""A keeper without any key, whose node and CoinGecko are on loopback."""
GONE = object()
"""Stands for a field that is not there."""


class StxSourceConformance(PriceSourceConformance):
    """The kit for a source that knows STX alone and stands before a server that breaks in every way."""

    @pytest.fixture
    def known(self) -> tuple[Asset, ...]:
        return (build.STX,)

    @pytest.fixture
    def outage(self, no_answer: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return no_answer


@dataclass
class Node:
    """A Stacks node that stands at one block and answers read-only calls by function name with Clarity values."""

    results: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path == "/v3/tenures/info":
            return web.json_response({"tip_block_id": BLOCK, "tip_height": 1_000})
        if request.path.startswith("/extended/v2/blocks/"):
            return web.json_response({"height": 1_000, "index_block_hash": f"0x{BLOCK}", "block_time": NOW})
        result = self.results.get(request.path.rsplit("/", 1)[-1])
        if result is None:
            return web.json_response({"okay": False, "cause": "NoSuchContract"})
        said = result(json.loads(await request.read())["arguments"]) if callable(result) else result
        return web.json_response({"okay": True, "result": "0x" + said.hex()})


def nodes_at(root: str, session: aiohttp.ClientSession) -> Nodes:
    return open_nodes(session, [NodeAddress(root, None, None, None)], asyncio.Event(), timeout=0.5)


def settings_at(root: str, folder: Path) -> Settings:
    """Return settings as an operator without any key has them, read from a file."""
    (folder / "keeper.key").write_text("01" * 32 + "01\n")
    (folder / "keeper.key").chmod(0o600)
    file = folder / "keeper.toml"
    file.write_text(CONFIG.format(root=root, folder=folder, deployer=build.DEPLOYER))
    return load_settings(file, {})


@dataclass(frozen=True)
class Case:
    """A source, what it is asked for, and how its server says a price and a time of the asset it is judged by."""

    source: PriceSource
    assets: tuple[Asset, ...]
    spoiled: str
    say: Callable[..., None]
    """say(price=…, at=…, whose=…): whatever JSON or Clarity value a test likes in place of a good one."""


def _written(price: Any) -> Any:
    """Write a number as Pyth does: as a text."""
    return price if price is GONE or price is None or isinstance(price, (str, list, dict)) else str(price)


def _without_gaps(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value is not GONE}


def hermes(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    settings = {"api_key": "k", "base_url": remote.root, "feeds": {"STX": STX_USD, "ALEX": OTHER_FEED}}

    def say(price: Any = "47240000", at: Any = NOW - 3, whose: str = STX_USD) -> None:
        good = {"price": "110000", "conf": "10", "expo": -8, "publish_time": NOW - 3}
        body = _without_gaps({"price": _written(price), "conf": "35000", "expo": -8, "publish_time": at})
        remote.says({"parsed": [{"id": whose, "price": body}, {"id": OTHER_FEED, "price": good}]})

    source = Pyth(pyth_settings(settings), session, clock)
    return Case(source, (build.STX, build.ALEX), "STX", say)


def lazer(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    settings = {"lazer_key": "k", "lazer_url": remote.root, "lazer_streams": (), "lazer_feeds": {"STX": 45, "ALEX": 46}}

    def say(price: Any = "47240000", at: Any = NOW - 3, whose: int = 45) -> None:
        at_us = at * 1_000_000 if type(at) is int else at
        good = {"priceFeedId": 46, "price": "110000", "confidence": 10, "exponent": -8}
        odd = {"priceFeedId": whose, "price": _written(price), "confidence": 35_000, "exponent": -8}
        if at is not GONE:  # a feed without a time of its own has the answer's
            odd["feedUpdateTimestamp"] = at_us
        feeds = [_without_gaps(odd), good]
        remote.says({"parsed": {"timestampUs": str((NOW - 3) * 1_000_000), "priceFeeds": feeds}})

    source = Pyth(pyth_settings(settings), session, clock)
    return Case(source, (build.STX, build.ALEX), "STX", say)


def coingecko(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    settings = coingecko_settings({"base_url": remote.root, "min_interval": 0})

    def say(price: Any = 0.4724, at: Any = NOW - 40, whose: str = "blockstack") -> None:
        odd = _without_gaps({"usd": price, "last_updated_at": at})
        remote.says({whose: odd, "alexgo": {"usd": 0.0011, "last_updated_at": NOW - 40}})

    source = CoinGecko(settings, AssetBook(build.LAUNCH_ASSETS), session, clock)
    return Case(source, (build.STX, build.ALEX), "STX", say)


def _clarity(value: Any) -> bytes:
    """Write what a contract might say in place of an unsigned integer."""
    if type(value) is int:
        return clarity.uint(value) if 0 <= value < 2**128 else clarity.int_(max(value, -(2**127)))
    return clarity.bool_(value) if isinstance(value, bool) else clarity.utf8(str(value)[:30])


def dia(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    node = Node()
    remote.answer = node.handle
    good = clarity.tuple_({"value": clarity.uint(110_000), "timestamp": clarity.uint((NOW - 60) * 1_000)})
    odd_key = "0x" + clarity.ascii_("STX/USD").hex()

    def say(price: Any = 47_240_000, at: Any = NOW - 60, whose: str = odd_key) -> None:
        millis = at * 1_000 if type(at) is int else at
        fields = {
            name: _clarity(value) for name, value in (("value", price), ("timestamp", millis)) if value is not GONE
        }
        said = clarity.tuple_(fields or {"nothing": clarity.none()})
        unknown = clarity.tuple_({"value": clarity.uint(0), "timestamp": clarity.uint(0)})

        def answer(arguments: list[str]) -> bytes:
            if arguments[0] != odd_key:
                return clarity.ok(good)
            return clarity.ok(said if whose == odd_key else unknown)

        node.results["get-value"] = answer

    settings = onchain_settings({"dia_keys": {"STX": "STX/USD", "ALEX": "ALEX/USD"}})
    source = Dia(settings, nodes_at(remote.root, session), clock)
    return Case(source, (build.STX, build.ALEX), "STX", say)


def ratio(remote: Any, session: aiohttp.ClientSession, clock: ManualClock) -> Case:
    node = Node()
    remote.answer = node.handle

    def say(price: Any = 1_120_000, at: Any = None, whose: Any = None) -> None:
        node.results["get-ststx-ratio"] = clarity.none() if price is GONE else clarity.ok(_clarity(price))

    source = Ratio(onchain_settings({}), nodes_at(remote.root, session), clock)
    return Case(source, (build.STX, build.STSTX), "stSTX", say)


CASES: dict[str, Callable[..., Case]] = {
    "hermes": hermes,
    "lazer": lazer,
    "coingecko": coingecko,
    "dia": dia,
    "ratio": ratio,
}
