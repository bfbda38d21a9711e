"""A venue's price is one that could be had at the size of the probe."""

import pytest

from keeper.core.assets import AssetBook
from keeper.core.consensus import PriceBounds, usable
from keeper.core.prices import Fault
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.venue_prices import PROBE_USTX, Probe, venue_points
from keeper.testing import build
from keeper.testing.build import ALEX, DIKO, STX
from keeper.testing.fakes import FakeDex, FakePool, ScriptedReader

NOW = Seconds(1_795_000_000)
ASSETS = AssetBook((STX, ALEX, DIKO))
DEEP = FakePool("STX", "ALEX", 10**13, 10**16)  # 10 million STX against 100 million ALEX: 0.1 STX each


async def points_of(*pools, probe=PROBE_USTX, name="alex", paths=()):
    dex = FakeDex({pool.y: pool for pool in pools}, name=name, paths=paths)
    return venue_points(await dex.market(ScriptedReader(), build.tip()), ASSETS, NOW, probe)


async def test_points__deep_pool__is_the_middle_with_its_fee_as_confidence() -> None:
    [point] = await points_of(DEEP)

    assert (point.source, point.asset, point.quote, point.kind) == ("alex", "ALEX", "STX", "venue")
    assert point.price_e12 == pytest.approx(100_000_000_000, rel=2e-4)
    assert (point.seen_at, point.confidence_bps) == (NOW, 32)  # 30 bps of fee, and a little slippage


@pytest.mark.parametrize(("probe_stx", "usable_there"), [(10, True), (100, True), (10_000, False), (100_000, False)])
async def test_points__pool_too_shallow_for_the_probe__says_so_and_is_set_aside(probe_stx, usable_there) -> None:
    shallow = FakePool("STX", "ALEX", 10**10, 10**13)  # 10,000 STX

    points = await points_of(shallow, probe=MicroStx(probe_stx * 10**6))
    kept, aside = usable(points, now=NOW, bounds=PriceBounds())

    assert bool(kept) is usable_there
    assert [item.fault for item in aside] == ([] if usable_there else [Fault.UNSURE])


async def test_points__spot_pushed_in_a_shallow_pool__is_not_believed() -> None:
    pushed = FakePool("STX", "ALEX", 2 * 10**9, 2 * 10**11)  # 2,000 STX, ten times the price

    [point] = await points_of(pushed)
    _, aside = usable([point], now=NOW, bounds=PriceBounds())

    assert [item.fault for item in aside] == [Fault.UNSURE]


@pytest.mark.parametrize("pool", [FakePool("STX", "ALEX", 0, 10**16), FakePool("STX", "ALEX", 10**13, 0)])
async def test_points__empty_side__gives_no_point_instead_of_zero(pool) -> None:
    assert await points_of(pool) == ()


async def test_points__two_ways_at_one_venue__give_one_point_by_the_shorter() -> None:
    other = FakePool("ALEX", "DIKO", 10**16, 10**14)
    direct = FakePool("STX", "DIKO", 10**13, 10**13)
    dex = FakeDex({"1": DEEP, "2": other, "3": direct}, name="alex", paths=[("STX", "ALEX", "DIKO")])

    points = venue_points(await dex.market(ScriptedReader(), build.tip()), ASSETS, NOW)

    assert {point.asset: point.price_e12 // 10**9 for point in points} == {"ALEX": 100, "DIKO": 1_000}


@pytest.mark.parametrize(
    ("holdings", "stx"),
    [
        ({}, 1_000),
        ({"STX": 50_000 * 10**6}, 1_000),
        ({"STX": 500_000 * 10**6}, 5_000),
        ({"STX": 500_000 * 10**6, "ALEX": 1_000_000 * 10**8}, 7_000),  # at the dearer of 0.1 and 0.2 STX
        ({"STX": 500_000 * 10**6, "DIKO": 10**15}, 5_000),
    ],
    ids=["nothing", "small", "a hundredth", "by the dearest venue", "no price adds nothing"],
)
def test_probe__pool__is_a_hundredth_of_its_value_and_never_less_than_the_least(holdings, stx) -> None:
    points = [build.price_point("ALEX", price, quote="STX") for price in (200_000_000_000, 100_000_000_000)]

    assert Probe().size_for(holdings, points, ASSETS) == stx * 10**6


def test_probe__without_a_share__is_the_least() -> None:
    assert Probe(MicroStx(5), Bps(0)).size_for({"STX": 10**18}, (), ASSETS) == 5
