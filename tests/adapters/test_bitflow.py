"""Bitflow: how its pools are read, what routes come of them, and what has to hold for every quote."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from keeper.chain.clarity import Err, Ok
from keeper.core.assets import Asset, AssetBook
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused, NodeUnavailable, SourceUnavailable
from keeper.testing import build
from keeper.testing.conformance import DexConformance
from keeper.testing.fakes import ManualClock, ScriptedReader
from keeper_bitflow import keeper_dexes, parse, stable, xyk
from keeper_bitflow.adapter import Bitflow
from keeper_bitflow.settings import BITFLOW_DEPLOYER, STABLE_POOLS, VENUE_STX, XYK_POOLS, BitflowSettings, settings_from

SBTC = Asset("sBTC", 8, "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token", "sbtc-token")
ASSETS = (*build.LAUNCH_ASSETS, SBTC)
SBTC_POOL, WELSH_POOL = (pool.contract for pool in XYK_POOLS)
STSTX_POOL = STABLE_POOLS[0].contract
RATIO = BitflowSettings().ratio
XYK_CORE, STABLE_CORE = BitflowSettings().xyk_core, BitflowSettings().stable_core
KEYS = {contract: f"bitflow:{contract.partition('.')[2]}" for contract in (SBTC_POOL, WELSH_POOL, STSTX_POOL)}
M = 10**6


def pool(core: str, x: tuple[str, int], y: tuple[str, int], /, **changes: Any) -> Ok:
    body = {
        "pool-id": 1,
        "pool-name": "a pool",
        "pool-created": True,
        "pool-status": True,
        "core-address": core,
        "fee-address": build.DEPLOYER,
        "x-token": x[0],
        "y-token": y[0],
        "x-balance": x[1],
        "y-balance": y[1],
        "x-protocol-fee": 10,
        "x-provider-fee": 20,
        "y-protocol-fee": 10,
        "y-provider-fee": 20,
    }
    return Ok(body | {name.replace("_", "-"): value for name, value in changes.items()})


def sbtc(**changes: Any) -> Ok:
    return pool(XYK_CORE, (SBTC.principal, 200_000_000), (VENUE_STX, 475_000 * M), **changes)


def welsh(**changes: Any) -> Ok:
    return pool(XYK_CORE, (build.WELSH.principal, 90_000_000 * M), (VENUE_STX, 150_000 * M), **changes)


def ststx(**changes: Any) -> Ok:
    curve = {
        "midpoint_primary_numerator": M,
        "midpoint_primary_denominator": 1_090_000,
        "amplification_coefficient": 100,
        "convergence_threshold": 2,
    }
    x, y = (VENUE_STX, 3_000_000 * M), (build.STSTX.principal, 2_700_000 * M)
    return pool(STABLE_CORE, x, y, **(curve | changes))


def node(**changes: Any) -> ScriptedReader:
    answers = {"sbtc": sbtc(), "welsh": welsh(), "ststx": ststx(), "ratio": Ok(1_090_000)} | changes
    places = {
        "sbtc": (SBTC_POOL, "get-pool"),
        "welsh": (WELSH_POOL, "get-pool"),
        "ststx": (STSTX_POOL, "get-pool"),
        "ratio": (RATIO, "get-ststx-ratio"),
    }
    return ScriptedReader({places[name]: answer for name, answer in answers.items()})


def bitflow(settings: BitflowSettings | None = None, assets: tuple[Asset, ...] = ASSETS) -> Bitflow:
    return Bitflow(settings or BitflowSettings(), AssetBook(assets), build.DEPLOYER)


class TestBitflowConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> Bitflow:
        return bitflow()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        # So deep in sBTC that ten million sats are a small trade too, as the kit's amounts have to be.
        return node(sbtc=sbtc(x_balance=200_000 * 10**8, y_balance=475_000_000 * M))


async def test_market__launch_pools__are_read_with_one_call_each_and_one_for_the_ratio() -> None:
    reader = node()

    await bitflow().market(reader, build.tip(7))

    assert sorted((call.contract, call.function, call.args) for call in reader.asked) == sorted(
        [(contract, "get-pool", ()) for contract in KEYS] + [(RATIO, "get-ststx-ratio", ())]
    )
    assert {call.tip for call in reader.asked} == {build.tip(7)}


async def test_market__no_stable_pool_wanted__does_not_ask_for_the_ratio() -> None:
    reader = node()

    view = await bitflow(assets=(build.STX, build.WELSH)).market(reader, build.tip())

    assert [call.contract for call in reader.asked] == [WELSH_POOL]
    assert [(route.sell, route.buy) for route in view.routes] == [("WELSH", "STX"), ("STX", "WELSH")]


async def test_route__each__names_our_adapter_the_pool_that_pays_and_the_venues_tokens() -> None:
    view = await bitflow().market(node(), build.tip())

    named = {(r.sell, r.buy): (r.adapter, r.payer, r.tokens, r.scale) for r in view.routes}  # type: ignore[attr-defined]
    xyk_adapter, stable_adapter = (f"{build.DEPLOYER}.bitflow-{kind}-adapter" for kind in ("xyk", "stable"))
    assert named == {
        ("sBTC", "STX"): (xyk_adapter, SBTC_POOL, (SBTC.principal, VENUE_STX), 1),
        ("STX", "sBTC"): (xyk_adapter, SBTC_POOL, (VENUE_STX, SBTC.principal), 1),
        ("WELSH", "STX"): (xyk_adapter, WELSH_POOL, (build.WELSH.principal, VENUE_STX), 1),
        ("STX", "WELSH"): (xyk_adapter, WELSH_POOL, (VENUE_STX, build.WELSH.principal), 1),
        ("STX", "stSTX"): (stable_adapter, STSTX_POOL, (VENUE_STX, build.STSTX.principal), 1),
        ("stSTX", "STX"): (stable_adapter, STSTX_POOL, (build.STSTX.principal, VENUE_STX), 1),
    }


@pytest.mark.parametrize(
    ("changes", "contract", "reason"),
    [
        ({"sbtc": sbtc(pool_status=False)}, SBTC_POOL, parse.SWITCHED_OFF),
        ({"sbtc": sbtc(pool_created=False)}, SBTC_POOL, parse.NOT_OPENED),
        ({"sbtc": sbtc(core_address=STABLE_CORE)}, SBTC_POOL, parse.OTHER_CORE),
        ({"sbtc": sbtc(x_token=build.WELSH.principal)}, SBTC_POOL, parse.OTHER_TOKENS),
        ({"sbtc": sbtc(x_balance=0)}, SBTC_POOL, parse.EMPTY),
        ({"sbtc": sbtc(y_balance=2**128)}, SBTC_POOL, parse.ODD),
        ({"sbtc": sbtc(y_balance=-1)}, SBTC_POOL, parse.ODD),
        ({"sbtc": sbtc(x_provider_fee="20")}, SBTC_POOL, parse.ODD),
        ({"sbtc": sbtc(x_provider_fee=9_990)}, SBTC_POOL, parse.ODD),
        ({"sbtc": sbtc(pool_status=1)}, SBTC_POOL, parse.ODD),
        ({"sbtc": sbtc(y_token=None)}, SBTC_POOL, parse.ODD),
        ({"sbtc": Err(1008)}, SBTC_POOL, parse.ODD),
        ({"sbtc": None}, SBTC_POOL, parse.ODD),
        ({"ststx": ststx(pool_status=False)}, STSTX_POOL, parse.SWITCHED_OFF),
        ({"ststx": ststx(midpoint_primary_denominator=0)}, STSTX_POOL, parse.ODD),
        ({"ststx": ststx(amplification_coefficient=None)}, STSTX_POOL, parse.ODD),
        ({"ststx": ststx(convergence_threshold=True)}, STSTX_POOL, parse.ODD),
        ({"ratio": Err(1)}, STSTX_POOL, parse.NO_RATIO),
        ({"ratio": Ok(999_999)}, STSTX_POOL, parse.NO_RATIO),
        ({"ratio": Ok(10_000_001)}, STSTX_POOL, parse.NO_RATIO),
    ],
)
async def test_market__pool_that_cannot_be_traded_at__is_absent_by_name_and_the_others_stay(
    changes: dict[str, Any], contract: str, reason: str
) -> None:
    view = await bitflow().market(node(**changes), build.tip())

    assert view.absent == {KEYS[contract]: reason}
    assert set(view.books) == set(KEYS.values()) - {KEYS[contract]}
    assert {route.payer for route in view.routes} == set(KEYS) - {contract}


async def test_market__absent_pool__is_logged_when_the_reason_is_new_only() -> None:
    dex = bitflow()
    off, empty = node(sbtc=sbtc(pool_status=False)), node(sbtc=sbtc(x_balance=0))

    with capture_logs() as logs:
        for reader in (off, off, empty, node(), off):
            await dex.market(reader, build.tip())

    assert [(entry["event"], entry["pool"], entry["reason"]) for entry in logs] == [
        ("pool_absent", KEYS[SBTC_POOL], reason) for reason in (parse.SWITCHED_OFF, parse.EMPTY, parse.SWITCHED_OFF)
    ]


async def test_market__nothing_left__is_source_unavailable_with_every_reason() -> None:
    reader = node(sbtc=sbtc(pool_status=False), welsh=welsh(y_balance=0), ratio=None)

    with pytest.raises(SourceUnavailable) as caught:
        await bitflow().market(reader, build.tip())

    assert all(f"{KEYS[c]}: " in str(caught.value) for c in KEYS)
    assert caught.value.facts["absent"] == {
        KEYS[SBTC_POOL]: parse.SWITCHED_OFF,
        KEYS[WELSH_POOL]: parse.EMPTY,
        KEYS[STSTX_POOL]: parse.NO_RATIO,
    }


async def test_market__no_pool_created_yet__is_a_market_without_routes() -> None:
    not_yet = {name: made(pool_created=False) for name, made in (("sbtc", sbtc), ("welsh", welsh), ("ststx", ststx))}

    view = await bitflow().market(node(**not_yet), build.tip())

    assert (view.routes, set(view.absent.values())) == ((), {parse.NOT_OPENED})


@pytest.mark.parametrize(("name", "contract"), [("sbtc", SBTC_POOL), ("ststx", STSTX_POOL), ("ratio", STSTX_POOL)])
async def test_market__contract_that_is_not_there__takes_its_own_pool_out_only(name: str, contract: str) -> None:
    view = await bitflow().market(node(**{name: MarketRefused("NoSuchContract")}), build.tip())

    assert view.absent == {KEYS[contract]: "the read failed: NoSuchContract"}
    assert set(view.books) == set(KEYS.values()) - {KEYS[contract]}


async def test_market__silent_node__is_not_taken_for_an_absent_pool() -> None:
    with pytest.raises(NodeUnavailable):
        await bitflow().market(node(welsh=NodeUnavailable()), build.tip())


async def test_quote__unlike_fees__takes_those_of_the_side_that_goes_in() -> None:
    # Bitflow's own get-dx would read the fees of the x side here.
    view = await bitflow().market(node(sbtc=sbtc(y_protocol_fee=100, y_provider_fee=400)), build.tip())

    fill = view.between("STX", "sBTC")[0].quote(view.books, BaseUnits(1_000 * M))

    assert fill.amount_out == 200_000_000 * 950 * M // (475_000 * M + 950 * M)


async def test_quote__protocol_fee__leaves_the_pool() -> None:
    view = await bitflow().market(node(), build.tip())

    after = view.between("sBTC", "STX")[0].quote(view.books, BaseUnits(1_000_000)).books[KEYS[SBTC_POOL]]

    assert isinstance(after, xyk.Pool)
    assert after.x_balance == 200_000_000 + 1_000_000 - 1_000


@pytest.mark.parametrize(("amount", "code"), [(1, 1020), (10**16, None), (10**16 + 1, None)])
async def test_quote__dust_and_more_than_the_adapter_offers__are_refused(amount: int, code: int | None) -> None:
    view = await bitflow().market(node(welsh=welsh(x_balance=10**18)), build.tip())
    route = view.between("WELSH", "STX")[0]

    if amount == 10**16:
        assert route.quote(view.books, BaseUnits(amount)).amount_out > 0
    else:
        with pytest.raises(MarketRefused) as caught:
            route.quote(view.books, BaseUnits(amount))
        assert caught.value.facts.get("code") == code


async def test_quote__stable_pool_at_its_midpoint__pays_the_ratio_less_the_fees() -> None:
    reader = node(ststx=ststx(x_balance=3_270_000 * M, y_balance=3_000_000 * M))
    view = await bitflow().market(reader, build.tip())

    out = view.between("stSTX", "STX")[0].quote(view.books, BaseUnits(1_000 * M)).amount_out

    assert out == pytest.approx(1_090 * M * 0.997, rel=1e-5)


async def test_quote__stable_price_off_the_ratio__is_refused_on_the_losing_side_only() -> None:
    view = await bitflow().market(node(ratio=Ok(1_150_000)), build.tip())

    with pytest.raises(MarketRefused, match="ratio"):
        view.between("stSTX", "STX")[0].quote(view.books, BaseUnits(1_000 * M))
    assert view.between("STX", "stSTX")[0].quote(view.books, BaseUnits(1_000 * M)).amount_out > 0


async def test_quote__ten_times_the_stable_pool__is_refused_with_the_contracts_code() -> None:
    view = await bitflow().market(node(), build.tip())

    with pytest.raises(MarketRefused) as caught:
        view.between("STX", "stSTX")[0].quote(view.books, BaseUnits(30_000_000 * M))

    assert caught.value.facts["code"] == 1002


async def test_quote__tokens_of_unlike_decimals__are_brought_to_the_finer_ones() -> None:
    coarse = replace(build.STX, decimals=4)
    reader = node(ststx=ststx(x_balance=3_270_000 * 10**4, y_balance=3_000_000 * M))
    view = await bitflow(assets=(coarse, build.STSTX)).market(reader, build.tip())
    route = view.between("STX", "stSTX")[0]
    state = view.books[KEYS[STSTX_POOL]]

    done = stable.swap(state.pool, 1_090 * 10**4, 1, x_for_y=True)  # type: ignore[attr-defined]

    assert route.scale == 100  # type: ignore[attr-defined]
    assert done.out == pytest.approx(1_000 * M * 0.997, rel=1e-4)
    assert done.to_protocol == 1_090 * 10**4 // 1_000
    assert done.pool.x_balance == 3_270_000 * 10**4 + 1_090 * 10**4 - done.to_protocol


def test_hook__without_settings__adds_the_venue(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    (venue,) = keeper_dexes(build.toolbox(session, clock, assets=ASSETS))

    assert venue.name == "bitflow"


def test_hook__setting_nobody_knows__is_refused(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    with pytest.raises(ValidationError, match="pools"):
        list(keeper_dexes(build.toolbox(session, clock, settings={"bitflow": {"pools": []}})))


def test_settings__configured_pool_with_an_unknown_asset__is_refused_by_name() -> None:
    own = {"contract": f"{BITFLOW_DEPLOYER}.xyk-pool-leo-stx-v-1-1", "x": build.WELSH.principal, "y": VENUE_STX}

    with pytest.raises(BadSettings, match="LEO"):
        bitflow(settings_from({"xyk_pools": [own | {"symbol_x": "LEO", "symbol_y": "STX"}]}))
