"""The whole keeper as it is built from settings without any key: where two keyless sources agree, it has a price."""

import asyncio
from dataclasses import dataclass

import pytest
from aiohttp import web

from keeper.app import open_keeper
from keeper.chain import clarity
from keeper.price_check import check_prices
from tests.adapters.price_kit import NOW, Node, settings_at


@dataclass
class World:
    """A node with DIA and the ratio, and CoinGecko; nobody there takes a key."""

    coingecko: dict
    node: Node

    async def handle(self, request):
        if {"authorization", "x-api-key", "x-cg-demo-api-key", "x-cg-pro-api-key"} & {
            name.lower() for name in request.headers
        }:
            return web.Response(status=400, text="a key was sent")
        if request.path.startswith("/coingecko"):
            return web.json_response(self.coingecko)
        return await self.node.handle(request)


@pytest.fixture
def world(remote):
    dia = clarity.tuple_({"value": clarity.uint(47_240_000), "timestamp": clarity.uint((NOW - 60) * 1_000)})
    node = Node({"get-value": clarity.ok(dia), "get-ststx-ratio": clarity.ok(clarity.uint(1_120_000))})
    coins = {"blockstack": (0.4724, NOW - 40), "stacking-dao": (0.5290, NOW - 40)}
    there = World({coin: {"usd": usd, "last_updated_at": at} for coin, (usd, at) in coins.items()}, node)
    remote.answer = there.handle
    return there


async def self_test(remote, folder):
    """Return the price self-test of a keeper that was built from the settings."""
    settings = settings_at(remote.root, folder)
    async with open_keeper(settings, asyncio.Event()) as keeper:
        await keeper.observer.tip()
        return await check_prices(keeper.observer, keeper.assets.symbols(), settings.limits(), keeper.clock)


async def test_keeper__no_key_at_all__has_prices_where_two_agree_and_says_what_a_key_would_add(world, remote, tmp_path):
    report = await self_test(remote, tmp_path)

    assert dict(report.thin) == {}
    assert dict(report.live) == {"STX/USD": ("coingecko", "dia"), "stSTX": ("coingecko", "stacking-dao")}
    assert set(report.hints) == {"pyth", "coingecko"}
    assert "api_key (Hermes) or lazer_key (Lazer)" in report.hints["pyth"]
    assert "pyth" not in report.silent


async def test_keeper__no_key_and_one_keyless_source_is_out__names_every_asset_without_two(world, remote, tmp_path):
    world.coingecko = {}

    report = await self_test(remote, tmp_path)

    assert set(report.thin) == {"STX/USD", "stSTX"}
    assert "stSTX" in report.shortage()
    assert "coingecko is silent" in report.shortage()
