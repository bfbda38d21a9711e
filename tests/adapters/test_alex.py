from typing import Any

import pytest
from structlog.testing import capture_logs

from keeper.chain.clarity import Err, Ok, principal, uint
from keeper.core.assets import Asset, AssetBook
from keeper.core.units import BaseUnits
from keeper.errors import BadInput, BadSettings, MarketRefused, SourceUnavailable
from keeper.testing import build
from keeper.testing.conformance import DexConformance
from keeper.testing.fakes import ScriptedReader
from keeper_alex import curve, parse
from keeper_alex.adapter import Alex
from keeper_alex.settings import ALEX_DEPLOYER, AlexSettings, settings_from

POOL_CONTRACT = f"{ALEX_DEPLOYER}.amm-pool-v2-01"
WSTX, ALEX, WCORGI, WDIKO = (f"{ALEX_DEPLOYER}.token-{t}" for t in ("wstx-v2", "alex", "wcorgi", "wdiko"))
WSTSTX = "SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx"
Key = tuple[bytes, ...]


def details(pool_id: int, balance_x: int, balance_y: int, /, **changes: Any) -> Ok:
    body = {
        "pool-id": pool_id,
        "total-supply": 1,
        "balance-x": balance_x,
        "balance-y": balance_y,
        "pool-owner": f"{ALEX_DEPLOYER}.executor-dao",
        "fee-rate-x": 500_000,
        "fee-rate-y": 500_000,
        "fee-rebate": 50_000_000,
        "oracle-enabled": True,
        "oracle-average": 99_000_000,
        "oracle-resilient": 0,
        "start-block": 0,
        "end-block": 2**128 - 1,
        "threshold-x": 0,
        "threshold-y": 0,
        "max-in-ratio": 60_000_000,
        "max-out-ratio": 60_000_000,
    }
    return Ok(body | {name.replace("_", "-"): value for name, value in changes.items()})


def key(x: str, y: str, factor: int = 100_000_000) -> Key:
    return principal(x), principal(y), uint(factor)


STX_ALEX, STX_WELSH, ALEX_DIKO = key(WSTX, ALEX), key(WSTX, WCORGI), key(ALEX, WDIKO)
STX_STSTX = key(WSTX, WSTSTX)
POOLS: dict[Key, Ok] = {
    STX_ALEX: details(13, 200_000 * 10**8, 900_000 * 10**8),
    STX_WELSH: details(27, 150_000 * 10**8, 90_000_000 * 10**8),
    ALEX_DIKO: details(31, 500_000 * 10**8, 400_000 * 10**8),
    STX_STSTX: details(44, 300_000 * 10**8, 270_000 * 10**8),
}


def node(pools: dict[Key, Any] | None = None, *, paused: Any = False, blocked: Any = False) -> ScriptedReader:
    answers = POOLS if pools is None else pools
    return ScriptedReader(
        {
            (POOL_CONTRACT, "is-paused"): paused,
            (POOL_CONTRACT, "is-blocklisted-or-default"): blocked,
            (POOL_CONTRACT, "get-pool-details"): lambda *args: answers.get(args, Err(2001)),
        }
    )


def alex(settings: AlexSettings | None = None, assets: tuple[Asset, ...] = build.LAUNCH_ASSETS) -> Alex:
    return Alex(settings or AlexSettings(), AssetBook(assets), build.DEPLOYER)


class TestAlexConformance(DexConformance):
    @pytest.fixture
    def dex(self) -> Alex:
        return alex()

    @pytest.fixture
    def reader(self) -> ScriptedReader:
        return node()


async def test_market__launch_pools__give_both_directions_and_two_hops() -> None:
    view = await alex().market(node(), build.tip())

    assert {(r.sell, r.buy, r.pool_keys) for r in view.routes} == {
        ("STX", "ALEX", ("alex:13",)),
        ("ALEX", "STX", ("alex:13",)),
        ("STX", "WELSH", ("alex:27",)),
        ("WELSH", "STX", ("alex:27",)),
        ("ALEX", "DIKO", ("alex:31",)),
        ("DIKO", "ALEX", ("alex:31",)),
        ("STX", "stSTX", ("alex:44",)),
        ("stSTX", "STX", ("alex:44",)),
        ("STX", "DIKO", ("alex:13", "alex:31")),
        ("DIKO", "STX", ("alex:31", "alex:13")),
    }


async def test_route__names_our_adapter_and_alexs_vault() -> None:
    view = await alex().market(node(), build.tip())

    assert {route.adapter for route in view.routes} == {f"{build.DEPLOYER}.alex-adapter"}
    assert {route.payer for route in view.routes} == {f"{ALEX_DEPLOYER}.amm-vault-v2-01"}


async def test_quote__native_units_in__are_native_units_out() -> None:
    # The worked example of the venue's facts: 1000 of x into 100k/1M at 0.5 % pays 9851.97286994 of y.
    pools = {STX_ALEX: details(13, 100_000 * 10**8, 1_000_000 * 10**8)}
    view = await alex().market(node(pools), build.tip())

    fill = view.between("STX", "ALEX")[0].quote(view.books, BaseUnits(1_000_000_000))

    assert (fill.amount_in, fill.amount_out) == (1_000_000_000, 985_197_286_994)


async def test_quote__six_decimal_output__is_cut_to_native_units() -> None:
    pools = {STX_ALEX: details(13, 1_000_000 * 10**8, 100_000 * 10**8)}
    view = await alex().market(node(pools), build.tip())

    fill = view.between("ALEX", "STX")[0].quote(view.books, BaseUnits(100 * 10**8))

    eight_decimals = view.books["alex:13"].x.balance - fill.books["alex:13"].x.balance  # type: ignore[attr-defined]
    assert fill.amount_out == eight_decimals // 100
    assert eight_decimals % 100 != 0


async def test_quote__two_hops__pays_what_two_swaps_in_eight_decimals_pay() -> None:
    view = await alex().market(node(), build.tip())
    amount = BaseUnits(50_000_000)

    first = view.between("STX", "ALEX")[0].quote(view.books, amount)
    second = view.between("ALEX", "DIKO")[0].quote(first.books, first.amount_out)
    both = view.between("STX", "DIKO")[0].quote(view.books, amount)

    assert both.amount_out == second.amount_out
    assert both.books == second.books


async def test_quote__more_than_the_pool_takes__is_refused_with_the_contracts_code() -> None:
    view = await alex().market(node(), build.tip())

    with pytest.raises(MarketRefused) as caught:
        view.between("STX", "ALEX")[0].quote(view.books, BaseUnits(150_000 * 10**6))

    assert caught.value.facts["code"] == 2011


async def test_quote__dust__is_refused() -> None:
    view = await alex().market(node(), build.tip())

    with pytest.raises(MarketRefused, match=r"would abort|pay nothing"):
        view.between("WELSH", "STX")[0].quote(view.books, BaseUnits(1))


@pytest.mark.parametrize(("sell", "buy", "most"), [("STX", "ALEX", 10**16), ("ALEX", "STX", 10**18)])
async def test_quote__more_than_the_adapter_contract_offers__is_refused(sell: str, buy: str, most: int) -> None:
    pools = {STX_ALEX: details(13, 10**20, 10**20)}
    view = await alex().market(node(pools), build.tip())
    route = view.between(sell, buy)[0]

    assert route.quote(view.books, BaseUnits(most)).amount_out > 0
    with pytest.raises(MarketRefused, match="does not offer"):
        route.quote(view.books, BaseUnits(most + 1))


async def test_market__paused__is_source_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="paused"):
        await alex().market(node(paused=True), build.tip())


async def test_market__vault_on_the_blocklist__is_source_unavailable() -> None:
    reader = node(blocked=True)

    with pytest.raises(SourceUnavailable, match="blocklist"):
        await alex().market(reader, build.tip())

    asked = next(call for call in reader.asked if call.function == "is-blocklisted-or-default")
    assert asked.args == (principal(f"{build.DEPLOYER}.whale-pool-vault"),)


@pytest.mark.parametrize("answer", [None, 0, "no", Ok(value=False)], ids=repr)
async def test_market__odd_blocklist__is_source_unavailable(answer: Any) -> None:
    with pytest.raises(SourceUnavailable, match="is-blocklisted-or-default"):
        await alex().market(node(blocked=answer), build.tip())


async def test_market__launch_pools__take_one_call_each_and_two_for_all() -> None:
    reader = node()

    await alex().market(reader, build.tip(5))

    asked = sorted(call.function for call in reader.asked)
    assert asked == ["get-pool-details"] * len(POOLS) + ["is-blocklisted-or-default", "is-paused"]
    assert {call.tip for call in reader.asked} == {build.tip(5)}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (details(13, 0, 10**12), parse.EMPTY),
        (details(13, 10**12, 0), parse.EMPTY),
        (details(13, 10**12, 10**12, max_in_ratio=0), parse.TAKES_NOTHING),
        (details(13, 10**12, 10**12, max_out_ratio=0), parse.TAKES_NOTHING),
        (details(13, 10**12, 10**12, start_block=2**127), parse.NOT_OPEN),
        (details(13, 10**12, 2**128), parse.ODD),
        (details(13, 10**12, 10**12, fee_rate_x=10**8 + 1), parse.ODD),
        (Err(1000), parse.ODD),
        (Err(2001), parse.NO_POOL),
    ],
)
async def test_market__pool_that_cannot_be_traded_at__is_absent_with_its_two_hops_and_the_others_stay(
    answer: Any, reason: str
) -> None:
    dex = alex()

    with capture_logs() as logs:
        for _ in range(2):
            view = await dex.market(node(POOLS | {STX_ALEX: answer}), build.tip())

    assert view.absent == {"alex:STX-ALEX": reason}
    assert set(view.books) == {"alex:27", "alex:31", "alex:44"}
    assert view.between("STX", "DIKO") == ()
    assert len(view.routes) == 6
    assert [(entry["event"], entry["pool"], entry["reason"]) for entry in logs] == [
        ("pool_absent", "alex:STX-ALEX", reason)
    ]


async def test_market__read_that_aborts__takes_its_own_pool_out_only() -> None:
    def details_of(*args: bytes) -> Any:
        if args == STX_ALEX:
            msg = "an abort"
            raise MarketRefused(msg)
        return POOLS[args]

    reader = node()
    reader.answers[POOL_CONTRACT, "get-pool-details"] = details_of

    view = await alex().market(reader, build.tip())

    assert view.absent == {"alex:STX-ALEX": "the read failed: an abort"}
    assert set(view.books) == {"alex:27", "alex:31", "alex:44"}


async def test_market__nothing_left__is_source_unavailable_with_every_reason() -> None:
    empty = {where: details(1, 0, 0) for where in POOLS}

    with pytest.raises(SourceUnavailable, match=r"alex:STX-ALEX: .*; alex:STX-WELSH: .*; alex:ALEX-DIKO: "):
        await alex().market(node(empty), build.tip())


async def test_route__each__names_the_venues_tokens_and_scale() -> None:
    view = await alex().market(node(), build.tip())

    named = {(r.sell, r.buy): (r.tokens, r.scale) for r in view.routes}  # type: ignore[attr-defined]
    assert named["STX", "ALEX"] == ((WSTX, ALEX), 100)
    assert named["ALEX", "STX"] == ((ALEX, WSTX), 1)
    assert named["STX", "DIKO"] == ((WSTX, ALEX, WDIKO), 100)
    assert named["DIKO", "STX"] == ((WDIKO, ALEX, WSTX), 100)


async def test_quote__three_hops__pay_what_three_swaps_in_eight_decimals_pay() -> None:
    dex = alex(settings_from({"paths": [("stSTX", "STX", "ALEX", "DIKO")]}))
    view = await dex.market(node(), build.tip())
    (route,) = (r for r in view.routes if len(r.pool_keys) == 3 and r.sell == "stSTX")
    books = {key: state for key, state in view.books.items() if isinstance(state, curve.Pool)}

    amount = 5_000_000 * 100
    for key, x_for_y in (("alex:44", False), ("alex:13", True), ("alex:31", True)):
        amount = curve.swap(books[key], amount, x_for_y=x_for_y).out

    assert route.pool_keys == ("alex:44", "alex:13", "alex:31")
    assert route.quote(view.books, BaseUnits(5_000_000)).amount_out == amount // 100


async def test_market__pool_that_does_not_exist__has_no_route_and_no_two_hops() -> None:
    pools = {k: v for k, v in POOLS.items() if k != ALEX_DIKO}

    view = await alex().market(node(pools), build.tip())

    assert view.between("ALEX", "DIKO") == ()
    assert view.between("STX", "DIKO") == ()
    assert len(view.routes) == 6


async def test_market__pool_not_opened_yet__has_no_route() -> None:
    pools = {STX_ALEX: details(13, 10**12, 10**12, start_block=2**128 - 1)}

    view = await alex().market(node(pools), build.tip())

    assert view.routes == ()


@pytest.mark.parametrize(
    "answer",
    [
        Err(1000),
        Ok(None),
        Ok({}),
        details(13, 10**12, 10**12, balance_x=None),
        details(13, 10**12, 10**12, balance_x="1000"),
        details(13, 10**12, 10**12, balance_y=-1),
        details(13, 10**12, 10**12, fee_rate_x=True),
        details(13, 10**12, 10**12, oracle_enabled=1),
    ],
    ids=["another error", "none", "empty", "missing", "text", "negative", "bool", "oracle flag"],
)
async def test_market__odd_pool_details__is_source_unavailable(answer: Any) -> None:
    with pytest.raises(SourceUnavailable, match="get-pool-details"):
        await alex().market(node({STX_ALEX: answer}), build.tip())


async def test_market__assets_not_configured__their_launch_pools_are_not_read() -> None:
    reader = node()

    view = await alex(assets=(build.STX, build.ALEX)).market(reader, build.tip())

    assert [(route.sell, route.buy) for route in view.routes] == [("STX", "ALEX"), ("ALEX", "STX")]
    assert [call.args for call in reader.asked if call.function == "get-pool-details"] == [STX_ALEX]


def test_settings__configured_pool_with_an_unknown_asset__is_refused_by_name() -> None:
    pool = {"x": WSTX, "y": f"{ALEX_DEPLOYER}.token-wleo", "symbol_x": "STX", "symbol_y": "LEO"}

    with pytest.raises(BadSettings, match="LEO"):
        alex(settings_from({"pools": [pool]}))


def test_settings__asset_finer_than_eight_decimals__is_refused_by_name() -> None:
    fine = Asset("FINE", 9, f"{build.DEPLOYER}.fine", "fine")
    pool = {"x": WSTX, "y": fine.principal, "symbol_x": "STX", "symbol_y": "FINE"}

    with pytest.raises(BadSettings, match="FINE"):
        alex(settings_from({"pools": [pool]}), (build.STX, fine))


def test_settings__principal_with_a_wrong_checksum__is_refused_at_start() -> None:
    pool = {"x": WSTX.replace("SP102V8", "SP102V9"), "y": ALEX, "symbol_x": "STX", "symbol_y": "ALEX"}

    with pytest.raises(BadInput):
        alex(settings_from({"pools": [pool]}))
