from typing import Any

import pytest

from keeper.chain.clarity import principal
from keeper.core.assets import AssetBook
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused, SourceUnavailable
from keeper.testing import build
from keeper.testing.conformance import DexConformance
from keeper.testing.fakes import ScriptedReader
from keeper_velar.adapter import Velar
from keeper_velar.settings import VELAR_DEPLOYER, VelarSettings, settings_from

CORE = f"{VELAR_DEPLOYER}.univ2-core"
WSTX = f"{VELAR_DEPLOYER}.wstx"
WELSH = build.WELSH.principal


def pool(reserve0: int, reserve1: int, /, *, token0: str = WSTX, token1: str = WELSH, **changes: Any) -> dict[str, Any]:
    body = {
        "symbol": "wstx-welsh",
        "token0": token0,
        "token1": token1,
        "lp-token": f"{VELAR_DEPLOYER}.wstx-welsh",
        "reserve0": reserve0,
        "reserve1": reserve1,
        "swap-fee": {"num": 997, "den": 1000},
        "protocol-fee": {"num": 250, "den": 1000},
        "share-fee": {"num": 50, "den": 1000},
        "block-height": 1,
        "burn-block-height": 1,
    }
    return {"pool": body | {k.replace("_", "-"): v for k, v in changes.items()}, "flipped": token0 != WSTX}


LIQUID = pool(100_000 * 10**6, 60_000_000 * 10**6)


def node(answer: Any) -> ScriptedReader:
    return ScriptedReader({(CORE, "lookup-pool"): answer})


def velar(settings: VelarSettings | None = None) -> Velar:
    return Velar(settings or VelarSettings(), AssetBook(build.LAUNCH_ASSETS), build.DEPLOYER)


class TestVelarConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> Velar:
        return velar()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        return node(LIQUID)


async def test_market__launch_pool__is_looked_up_by_its_tokens_and_gives_both_directions() -> None:
    reader = node(LIQUID)

    view = await velar().market(reader, build.tip())

    assert reader.asked[0].args == (principal(WSTX), principal(WELSH))
    assert [(r.sell, r.buy, r.pool_keys) for r in view.routes] == [
        ("STX", "WELSH", ("velar:STX-WELSH",)),
        ("WELSH", "STX", ("velar:STX-WELSH",)),
    ]
    assert {(r.adapter, r.payer) for r in view.routes} == {(f"{build.DEPLOYER}.velar-adapter", CORE)}


async def test_quote__worked_example__pays_to_the_unit() -> None:
    # The venue's facts: 1000 STX into 100k STX / 10M of the other pays 98 715 803 439.
    view = await velar().market(node(pool(100_000 * 10**6, 10_000_000 * 10**6)), build.tip())

    fill = view.between("STX", "WELSH")[0].quote(view.books, BaseUnits(1_000 * 10**6))

    assert fill.amount_out == 98_715_803_439


async def test_market__pool_in_the_other_order__swaps_in_the_right_direction() -> None:
    view = await velar().market(node(pool(10_000_000, 1_000, token0=WELSH, token1=WSTX)), build.tip())

    fill = view.between("STX", "WELSH")[0].quote(view.books, BaseUnits(1_000))

    assert fill.amount_out > 1_000_000


async def test_quote__swap_that_would_give_nothing__is_refused_with_the_contracts_code() -> None:
    view = await velar().market(node(LIQUID), build.tip())

    with pytest.raises(MarketRefused) as caught:
        view.between("WELSH", "STX")[0].quote(view.books, BaseUnits(100))

    assert caught.value.facts["code"] == 109


async def test_quote__more_than_the_adapter_contract_offers__is_refused() -> None:
    view = await velar().market(node(pool(10**18, 10**18)), build.tip())
    route = view.between("STX", "WELSH")[0]

    assert route.quote(view.books, BaseUnits(10**16)).amount_out > 0
    with pytest.raises(MarketRefused, match="does not offer"):
        route.quote(view.books, BaseUnits(10**16 + 1))


async def test_market__no_such_pool__has_no_route() -> None:
    view = await velar().market(node(None), build.tip())

    assert view.routes == ()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"pool": None},
        pool(1, 1, token1="SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token"),
        pool(1, 1, reserve0=-1),
        pool(1, 1, reserve1="1"),
        pool(1, 1, swap_fee=None),
        pool(1, 1, share_fee={"num": 50}),
        pool(1, 1, protocol_fee={"num": True, "den": 1}),
    ],
    ids=["empty", "none", "other tokens", "negative", "text", "no fee", "half a fee", "bool"],
)
async def test_market__odd_answer__is_source_unavailable(answer: Any) -> None:
    with pytest.raises(SourceUnavailable, match="lookup-pool"):
        await velar().market(node(answer), build.tip())


def test_settings__configured_pool_with_an_unknown_asset__is_refused_by_name() -> None:
    section = {"pools": [{"token0": WSTX, "token1": WELSH, "symbol0": "STX", "symbol1": "VELAR"}]}

    with pytest.raises(BadSettings, match="VELAR"):
        velar(settings_from(section))
