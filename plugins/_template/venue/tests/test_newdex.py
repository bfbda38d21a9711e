"""The venue against the kit, and against its own arithmetic."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from keeper.core.units import BaseUnits
from keeper.errors import SourceUnavailable
from keeper.ports import Dex
from keeper.testing import build
from keeper.testing.conformance import DexConformance
from keeper.testing.fakes import ManualClock, ScriptedReader
from keeper_newdex import keeper_dexes

CONTRACT = f"{build.DEPLOYER}.newdex-pool"
SETTINGS = {"newdex": {"pools": [{"contract": CONTRACT, "x": "STX", "y": "ALEX"}]}}
POOL = {"reserve-x": 10**12, "reserve-y": 5 * 10**14, "fee-bps": 30}


@pytest.fixture
async def dex() -> AsyncIterator[Dex]:
    async with aiohttp.ClientSession() as session:
        (venue,) = keeper_dexes(build.toolbox(session, ManualClock(), settings=SETTINGS))
        yield venue


@pytest.fixture
def reader() -> ScriptedReader:
    return ScriptedReader({(CONTRACT, "get-pool"): POOL})


class TestConformance(DexConformance):
    pass


async def test_quote__swap__pays_the_product_after_the_fee(dex: Dex, reader: ScriptedReader) -> None:
    view = await dex.market(reader, build.tip())

    fill = view.between("STX", "ALEX")[0].quote(view.books, BaseUnits(10**10))

    assert fill.amount_out == 5 * 10**14 * 9_970_000_000 // (10**12 + 9_970_000_000)


async def test_market__half_an_answer__is_source_unavailable(dex: Dex) -> None:
    with pytest.raises(SourceUnavailable):
        await dex.market(ScriptedReader({(CONTRACT, "get-pool"): {"reserve-x": 5}}), build.tip())
