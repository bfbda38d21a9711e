from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from structlog.testing import capture_logs

from keeper.chain.clarity import Err, Ok, principal
from keeper.core.assets import Asset, AssetBook
from keeper.core.units import BaseUnits
from keeper.errors import BadSettings, MarketRefused, SourceUnavailable
from keeper.testing import build
from keeper.testing.conformance import DexConformance
from keeper.testing.fakes import ScriptedReader
from keeper_velar import arithmetic, parse, univ2, univ2_gen2
from keeper_velar.adapter import Velar
from keeper_velar.arithmetic import Rate
from keeper_velar.settings import LAUNCH_SECOND_POOLS, VELAR_DEPLOYER, VelarSettings, settings_from

CORE = f"{VELAR_DEPLOYER}.univ2-core"
WSTX = f"{VELAR_DEPLOYER}.wstx"
WELSH = build.WELSH.principal

SBTC = Asset("sBTC", 8, "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token", "sbtc-token")
POOL_70, FEES_70 = LAUNCH_SECOND_POOLS[0].contract, LAUNCH_SECOND_POOLS[0].fees
KEY_70 = "velar:univ2-pool-v1_0_0-0070"


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


def second(**changes: Any) -> Ok:
    body = {
        "symbol": "wstx-sbtc",
        "token0": WSTX,
        "token1": SBTC.principal,
        "lp-token": f"{VELAR_DEPLOYER}.lp",
        "fees": FEES_70,
        "reserve0": 388_177_625_562,
        "reserve1": 163_266_241,
        "block-height": 1,
        "burn-block-height": 1,
    }
    return Ok(body | changes)


def charged(**changes: Any) -> Ok:
    fees = {"swap-fee": {"num": 9970, "den": 10000}, "protocol-fee": {"num": 2500, "den": 10000}}
    return Ok(fees | {name.replace("_", "-"): value for name, value in changes.items()})


def node(answer: Any, pool_70: Any = None, fees_70: Any = None) -> ScriptedReader:
    return ScriptedReader(
        {
            (CORE, "lookup-pool"): answer,
            (POOL_70, "get-pool"): pool_70 or second(),
            (FEES_70, "get-fees"): fees_70 or charged(),
        }
    )


def velar(settings: VelarSettings | None = None, assets: tuple[Asset, ...] = build.LAUNCH_ASSETS) -> Velar:
    return Velar(settings or VelarSettings(), AssetBook(assets), build.DEPLOYER)


def both_generations() -> Velar:
    return velar(assets=(*build.LAUNCH_ASSETS, SBTC))


class TestVelarConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> Velar:
        return velar()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        return node(LIQUID)


class TestBothGenerationsConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> Velar:
        return both_generations()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        # So deep that ten million sats are a small trade too, as the kit's amounts have to be.
        return node(LIQUID, second(reserve0=388_177_625_562_000, reserve1=163_266_241_000))


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

    assert (view.routes, view.absent) == ((), {"velar:STX-WELSH": parse.NO_POOL})


async def test_market__both_generations__take_three_calls() -> None:
    reader = node(LIQUID)

    await both_generations().market(reader, build.tip(9))

    assert sorted((call.contract, call.function) for call in reader.asked) == sorted(
        [(CORE, "lookup-pool"), (POOL_70, "get-pool"), (FEES_70, "get-fees")]
    )
    assert {call.tip for call in reader.asked} == {build.tip(9)}


async def test_route__second_generation__names_its_own_adapter_payer_and_tokens() -> None:
    view = await both_generations().market(node(LIQUID), build.tip())

    named = {(r.sell, r.buy): (r.adapter, r.payer, r.tokens, r.scale) for r in view.routes if KEY_70 in r.pool_keys}  # type: ignore[attr-defined]
    adapter = f"{build.DEPLOYER}.velar-pool-adapter"
    assert named == {
        ("STX", "sBTC"): (adapter, POOL_70, (WSTX, SBTC.principal), 1),
        ("sBTC", "STX"): (adapter, POOL_70, (SBTC.principal, WSTX), 1),
    }


async def test_quote__second_generation__pays_the_worked_example_to_the_unit() -> None:
    # The venue's facts: with these reserves 995 sats pay 2 358 539 microSTX.
    view = await both_generations().market(node(LIQUID), build.tip())

    fill = view.between("sBTC", "STX")[0].quote(view.books, BaseUnits(995))

    assert fill.amount_out == 2_358_539


@pytest.mark.parametrize(("amount", "code"), [(1, 107), (10**16 + 1, None)])
async def test_quote__second_generation__refuses_dust_and_what_the_adapter_does_not_offer(
    amount: int, code: int | None
) -> None:
    view = await both_generations().market(node(LIQUID), build.tip())

    with pytest.raises(MarketRefused) as caught:
        view.between("STX", "sBTC")[0].quote(view.books, BaseUnits(amount))

    assert caught.value.facts.get("code") == code


@pytest.mark.parametrize(
    ("pool_70", "fees_70", "reason"),
    [
        (second(reserve0=0), charged(), parse.EMPTY),
        (second(token0=SBTC.principal, token1=WSTX), charged(), parse.OTHER_TOKENS),
        (second(fees=POOL_70), charged(), parse.OTHER_FEES),
        (second(reserve1=None), charged(), "get-pool answered"),
        (second(reserve1=2**128), charged(), "get-pool answered"),
        (Err(1), charged(), "get-pool answered"),
        (Ok(7), charged(), "get-pool answered"),
        (second(), Err(1), "get-fees answered"),
        (second(), charged(swap_fee={"num": 9970, "den": 0}), "get-fees answered"),
        (second(), charged(swap_fee={"num": 10_001, "den": 10_000}), "get-fees answered"),
        (second(), charged(protocol_fee=None), "get-fees answered"),
    ],
)
async def test_market__second_pool_that_cannot_be_traded_at__is_absent_and_the_first_stays(
    pool_70: Any, fees_70: Any, reason: str
) -> None:
    view = await both_generations().market(node(LIQUID, pool_70, fees_70), build.tip())

    assert set(view.absent) == {KEY_70}
    assert view.absent[KEY_70].startswith(reason)
    assert {route.pool_keys for route in view.routes} == {("velar:STX-WELSH",)}


async def test_market__empty_first_pool__is_absent_logged_once_and_the_second_stays() -> None:
    dex = both_generations()

    with capture_logs() as logs:
        for _ in range(3):
            view = await dex.market(node(pool(0, 10**12)), build.tip())

    assert view.absent == {"velar:STX-WELSH": parse.EMPTY}
    assert {route.pool_keys for route in view.routes} == {(KEY_70,)}
    assert [(entry["event"], entry["pool"]) for entry in logs] == [("pool_absent", "velar:STX-WELSH")]


@pytest.mark.parametrize("where", [(POOL_70, "get-pool"), (FEES_70, "get-fees")], ids=["pool", "fees"])
async def test_market__contract_that_is_not_there__takes_its_own_pool_out_only(where: tuple[str, str]) -> None:
    reader = node(LIQUID)
    reader.answers[where] = MarketRefused("NoSuchContract")

    view = await both_generations().market(reader, build.tip())

    assert view.absent == {KEY_70: "the read failed: NoSuchContract"}
    assert {route.pool_keys for route in view.routes} == {("velar:STX-WELSH",)}


async def test_market__nothing_left__is_source_unavailable_with_every_reason() -> None:
    with pytest.raises(SourceUnavailable, match=r"velar:STX-WELSH: .*; velar:univ2-pool-v1_0_0-0070: "):
        await both_generations().market(node(pool(1, 0), second(reserve1=0)), build.tip())


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
        pool(1, 1, swap_fee={"num": 1, "den": 0}),
        pool(1, 2**128),
    ],
    ids=["empty", "none", "other tokens", "negative", "text", "no fee", "half a fee", "bool", "no whole", "too much"],
)
async def test_market__odd_answer__is_source_unavailable(answer: Any) -> None:
    with pytest.raises(SourceUnavailable, match="lookup-pool"):
        await velar().market(node(answer), build.tip())


def test_settings__configured_pool_with_an_unknown_asset__is_refused_by_name() -> None:
    section = {"pools": [{"token0": WSTX, "token1": WELSH, "symbol0": "STX", "symbol1": "VELAR"}]}

    with pytest.raises(BadSettings, match="VELAR"):
        velar(settings_from(section))


# --- what has to hold for every pool and every amount

reserves = st.integers(1, 10**15)
kept = st.integers(9_950, 10_000).map(lambda num: Rate(num, 10_000))
parts = st.integers(0, 10_000).map(lambda num: Rate(num, 10_000))
seconds = st.builds(arithmetic.Pool, st.just("a"), st.just("b"), reserves, reserves, kept, parts)
firsts = st.builds(univ2.Pool, st.just("a"), st.just("b"), reserves, reserves, kept, parts, parts)
amounts = st.integers(1, 10**15)


def pays(pool: Any, amount: int, *, zero_for_one: bool) -> tuple[int, Any]:
    """What a swap pays and the pool after it; nothing, and the pool as it was, where the venue refuses."""
    swap: Any = univ2.router_swap if isinstance(pool, univ2.Pool) else univ2_gen2.pool_swap
    try:
        done = swap(pool, amount, 1, zero_for_one=zero_for_one)
    except MarketRefused:
        return 0, pool
    return done.out, done.pool


@tries(deadline=None)
@given(firsts | seconds, amounts, amounts, st.booleans())
def test_swap__more_in__is_never_less_out(some: arithmetic.Pool, one: int, other: int, forth: bool) -> None:  # noqa: FBT001
    less, more = sorted((one, other))

    assert pays(some, less, zero_for_one=forth)[0] <= pays(some, more, zero_for_one=forth)[0]


@tries(deadline=None)
@given(firsts | seconds, amounts, st.booleans())
def test_swap__there_and_back__never_gains(some: arithmetic.Pool, amount: int, forth: bool) -> None:  # noqa: FBT001
    out, after = pays(some, amount, zero_for_one=forth)

    assert pays(after, out, zero_for_one=not forth)[0] <= amount
