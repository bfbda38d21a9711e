"""Whales out of somebody else's documents: the rules, and a real MongoDB with the kinds of values that it has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pymongo
import pytest
from bson import Decimal128, Int64

from keeper.core.assets import Asset, AssetBook
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import Whale
from keeper.errors import BadInput, SourceUnavailable, StoreUnavailable
from keeper.whale_mapping import WhaleMapping, whale_of
from keeper.whale_mongo import MongoWhales, WhalePlace, open_whale_feeds

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("mongod")]
ONE, TWO = "SP1JDAZZQTF2QRNMDRHGXTJY8Z7ZGBJ35PG0X9KG9", "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"
RULE = WhaleMapping(
    name="indexer",
    address="wallet.address",
    holdings="portfolio",
    holdings_unit="percent",
    observed_at="seen",
    score="scores.composite",
    category="type",
    win_rate="performance.win30",
    win_rate_unit="percent",
    stacked="pox",
    symbols={"$WELSH": "WELSH"},
)
DOCUMENT = {
    "wallet": {"address": ONE},
    "portfolio": {"STX": 50, "ALEX": 37.5, "$WELSH": "12.5"},
    "seen": datetime(2026, 1, 2, tzinfo=UTC),
    "scores": {"composite": 87.25},
    "type": "defi",
    "performance": {"win30": 64.2},
    "pox": 1_000_000.5,
}
SEEN = Seconds(int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()))
WHALE = Whale(
    ONE, "defi", 8_725, Bps(6_420), MicroStx(1_000_000_500_000), {"STX": 5_000, "ALEX": 3_750, "WELSH": 1_250}, SEEN
)
BOOK = AssetBook((Asset("STX", 6, "SP1.stx-token", None), Asset("ALEX", 8, f"{TWO}.alex", "alex")))
NO_PRICES: dict[str, int] = {}


def changed(**fields):
    from dataclasses import replace  # noqa: PLC0415

    return replace(RULE, **fields)


def test_document__as_mapped__is_the_whale():
    assert whale_of(DOCUMENT, RULE, BOOK, NO_PRICES) == WHALE


@pytest.mark.parametrize(
    ("unit", "value"), [("fraction", 0.642), ("percent", 64.2), ("bps", 6_420), ("fraction", Decimal128("0.642"))]
)
def test_win_rate__in_any_unit__is_the_same(unit, value):
    document = DOCUMENT | {"performance": {"win30": value}}

    assert whale_of(document, changed(win_rate_unit=unit), BOOK, NO_PRICES).win_rate_bps == 6_420


def test_win_rate__not_there__is_not_known_and_never_zero():
    assert whale_of(DOCUMENT | {"performance": {}}, RULE, BOOK, NO_PRICES).win_rate_bps is None


def test_holdings__as_a_list_of_amounts__are_valued_at_the_agreed_prices():
    rule = changed(holdings_unit="tokens", list_symbol="token.ticker", list_amount="qty")
    rows = [
        {"token": {"ticker": "STX"}, "qty": Int64(300)},
        {"token": {"ticker": "ALEX"}, "qty": Decimal128("1000.5")},
        {"token": {"ticker": "NFT"}, "qty": 5},
    ]

    found = whale_of(DOCUMENT | {"portfolio": rows}, rule, BOOK, {"STX": 10**12, "ALEX": 10**11})

    assert found.allocation_bps == {"STX": 7_499, "ALEX": 2_500}
    with pytest.raises(BadInput, match=r"portfolio\.ALEX cannot be valued: there is no agreed price"):
        whale_of(DOCUMENT | {"portfolio": rows}, rule, BOOK, {"STX": 10**12})


@pytest.mark.parametrize(
    "seen",
    [
        SEEN,
        float(SEEN),
        str(SEEN),
        "2026-01-02T00:00:00Z",
        datetime(2026, 1, 2),  # noqa: DTZ001 - a driver may give such
        datetime(2026, 1, 2, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_time__in_any_form__is_the_same(seen):
    assert whale_of(DOCUMENT | {"seen": seen}, RULE, BOOK, NO_PRICES).observed_at == SEEN


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"wallet": {}}, "wallet.address is not a text"),
        ({"wallet": {"address": "SP1JDAZZQTF2QRNMDRHGXTJY8Z7ZGBJ35PG0X9KG8"}}, "wallet.address"),
        ({"wallet": ONE}, "wallet.address is not a text"),
        ({"portfolio": {}}, "portfolio is not an object or a list"),
        ({"portfolio": 5}, "portfolio is not an object or a list"),
        ({"portfolio": [{"symbol": "STX"}]}, "portfolio.STX is not a number"),
        ({"portfolio": [{"amount": 1}]}, "portfolio.symbol is not the name"),
        ({"portfolio": {"STX": -1}}, "portfolio.STX is not a number"),
        ({"portfolio": {"STX": True}}, "portfolio.STX is not a number"),
        ({"portfolio": {"STX": float("nan")}}, "portfolio.STX is not a number"),
        ({"portfolio": {"STX": "1" * 100}}, "portfolio.STX is not a number"),
        ({"portfolio": {"STX": 0}}, "holds nothing of any worth"),
        ({"seen": None}, "seen is not a time"),
        ({"seen": "yesterday"}, "seen is not a time"),
        ({"seen": -5}, "seen is not a time"),
        ({"scores": {}}, "scores.composite is not a number"),
        ({"scores": {"composite": "high"}}, "scores.composite is not a number"),
        ({"type": None}, "type is not a text"),
        ({"performance": {"win30": 101}}, "performance.win30 is not a number from 0 to 100"),
        ({"pox": -1}, "pox is not a number"),
    ],
)
def test_document__damaged__is_bad_and_the_path_is_named(damage, said):
    with pytest.raises(BadInput, match=said.replace(".", r"\.")):
        whale_of(DOCUMENT | damage, RULE, BOOK, NO_PRICES)


@pytest.fixture
def place(mongod):
    with pymongo.MongoClient(mongod.url) as client:
        whales = client["their_database"]["whales"]
        whales.delete_many({})
        whales.insert_many(
            [
                dict(DOCUMENT),
                {**DOCUMENT, "wallet": {"address": TWO}, "type": "meme", "scores": {"composite": Decimal128("1.5")}},
                {**DOCUMENT, "_id": "lost", "wallet": {}},
                {**DOCUMENT, "_id": 7, "wallet": {"address": TWO}, "seen": "?"},
            ]
        )
    return WhalePlace(mongod.url, "their_database", "whales", RULE, "whale_mappings[0].url")


async def test_collection__read__gives_good_whales_and_names_the_bad(place, mongod):
    async with open_whale_feeds([place]) as [feed]:
        reading = await feed.read()
        defi, meme = await feed.whales("defi"), await feed.whales("meme")

    assert list(defi) == [WHALE]
    assert [(whale.address, whale.score) for whale in meme] == [(TWO, 150)]
    assert [(bad.document, bad.why) for bad in reading.bad] == [
        ("_id lost", "wallet.address is not a text"),
        (TWO, "seen is not a time"),
    ]
    assert mongod.url not in repr(place)
    with pymongo.MongoClient(mongod.url) as client:
        assert client["their_database"].list_collection_names() == ["whales"]


async def test_collection__silent_and_of_one_category__is_no_matter_to_another():
    async def find():
        raise StoreUnavailable

    rule = replace(RULE, category=None, fixed_category="defi")
    feed = MongoWhales(WhalePlace("mongodb://nowhere", "d", "c", rule, "whale_mappings[0].url"), find)

    assert await feed.whales("meme") == ()
    with pytest.raises(SourceUnavailable):
        await feed.whales("defi")
