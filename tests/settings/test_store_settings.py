"""Settings of the store and of whales from elsewhere: refused with the remedy, and never shown with a password."""

import json

import pytest

from keeper.errors import BadSettings
from keeper.settings import load_settings
from keeper.settings.origin import shown
from keeper.store.opening import MongoPlace, SqlitePlace
from tests.settings.test_settings import BASE

SECRET = "s3cr3t%2Fword"  # noqa: S105 - not one
PLAIN = "s3cr3t/word"
URL = f"mongodb://keeper:{SECRET}@db.example/?replicaSet=rs0"
ONE, TWO = "SP1JDAZZQTF2QRNMDRHGXTJY8Z7ZGBJ35PG0X9KG9", "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"
MAPPING = {
    "name": "indexer",
    "url": URL,
    "database": "whales",
    "collection": "profiles",
    "address": "wallet.address",
    "category": "type",
    "holdings": "portfolio",
    "holdings_unit": "tokens",
    "observed_at": "updatedAt",
}
WATCHED = {"category": "defi", "addresses": [ONE, TWO]}


def settings(folder, text="", **env):
    file = folder / "keeper.toml"
    file.write_text(BASE + text)
    return load_settings(file, {f"KEEPER_{name}": value for name, value in env.items()})


def refusal(folder, text="", **env):
    with pytest.raises(BadSettings) as caught:
        settings(folder, text, **env)
    assert SECRET not in repr(caught.value)
    assert PLAIN not in repr(caught.value)
    return str(caught.value)


def mapping(**changes):
    """Return mappings for the environment; a change to None takes a field away."""
    fields = {name: value for name, value in {**MAPPING, **changes}.items() if value is not None}
    return json.dumps([fields])


def watched(**changes):
    return json.dumps([{**WATCHED, **changes}])


def test_store__nothing_said__is_the_file(tmp_path):
    assert isinstance(settings(tmp_path).store_place(), SqlitePlace)


def test_store__address_in_the_environment__is_mongodb_and_shown_nowhere(tmp_path):
    found = settings(tmp_path, '[store]\ndatabase = "pools"\n', STORE__URL=URL, WHALE_MAPPINGS=mapping())
    place, [whales] = found.store_place(), found.whale_places()

    assert isinstance(place, MongoPlace)
    assert (place.url, place.database, place.words()) == (URL, "pools", "MongoDB, database pools")
    assert (whales.url, whales.database, whales.setting) == (URL, "whales", "whale_mappings[0].url")
    shown = json.dumps(found.public()) + repr(found) + repr(place) + repr(whales)
    assert SECRET not in shown
    assert PLAIN not in shown
    assert "db.example" not in shown
    assert {URL, SECRET, PLAIN} <= set(found.secrets())


def test_mapping__without_an_address__is_read_where_the_store_is(tmp_path):
    found = settings(tmp_path, STORE__URL=URL, WHALE_MAPPINGS=mapping(url=None))

    assert [place.url for place in found.whale_places()] == [URL]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STORE__URL", "http://x", "store.url (KEEPER_STORE__URL) must start with mongodb:// or mongodb+srv://"),
        ("STORE__URL", f"postgres://me:{SECRET}@x", "for a file use store_path"),
        ("STORE__DATABASE", "a.b", "store.database (KEEPER_STORE__DATABASE) must be letters, digits, - and _"),
        ("STORE__DATABASE", "x" * 39, "must have at most 38 characters"),
        ("STORE__WHOLE_DAYS", "0", "store.whole_days (KEEPER_STORE__WHOLE_DAYS) must be at least 1; raise it"),
        ("STORE__INTENT_DAYS", "29", "must be at least 30"),
        ("STORE__ALERT_DAYS", "1.5", "must be a whole number"),
        ("STORE__FOREVER", "true", "store.forever"),
        ("WHALE_MAPPINGS", mapping(url=None), "whale_mappings[0].url (KEEPER_WHALE_MAPPINGS) is missing"),
        ("WHALE_MAPPINGS", mapping(url=f"x://{SECRET}"), "whale_mappings[0].url"),
        ("WHALE_MAPPINGS", mapping(category=None), "or fixed_category has to be there, and not both"),
        ("WHALE_MAPPINGS", mapping(fixed_category="defi"), "or fixed_category has to be there, and not both"),
        ("WHALE_MAPPINGS", mapping(collection="$cmd"), "must be the names of fields joined by dots"),
        ("WHALE_MAPPINGS", mapping(address="a..b"), "must be the names of fields joined by dots"),
        ("WHALE_MAPPINGS", mapping(holdings_unit="dollars"), "whale_mappings[0].holdings_unit"),
        ("WHALE_MAPPINGS", mapping(database=None), "whale_mappings[0].database"),
        ("WHALE_MAPPINGS", json.dumps([MAPPING, MAPPING]), "is the name of another mapping already"),
        ("WATCHED_WHALES", watched(addresses=[]), "must have at least 1 entries"),
        ("WATCHED_WHALES", watched(addresses=[ONE, ONE]), "names an address twice; remove one"),
        ("WATCHED_WHALES", watched(addresses=["SP1"]), "watched_whales[0].addresses"),
        (
            "WATCHED_WHALES",
            json.dumps([WATCHED, WATCHED]),
            "is watched by another entry already; put the addresses into one",
        ),
        ("WATCHED_WHALES", watched(scores=[5]), "are 1 for 2 addresses; give each its own"),
        ("WATCHED_WHALES", watched(scores=[0, 5]), "must be at least 1"),
        ("WATCHED_WHALES", watched(hours=0), "watched_whales[0].hours"),
        ("WATCHED_WHALES", watched(every=5), "watched_whales[0].every (KEEPER_WATCHED_WHALES) is unknown"),
    ],
)
def test_setting__that_cannot_be_right__is_refused_with_the_remedy(tmp_path, name, value, said):
    assert said in refusal(tmp_path, **{name: value})


def test_store__folder_for_state__goes_before_the_file_and_behind_the_environment(tmp_path):
    text = 'store_path = "here.sqlite3"\n' + BASE
    (tmp_path / "keeper.toml").write_text(text)
    state = {"KEEPER_STATE_DIRECTORY": "/var/lib/keeper"}
    own = state | {"KEEPER_STORE_PATH": "/srv/own.sqlite3"}

    found = [load_settings(tmp_path / "keeper.toml", env).store_path for env in ({}, state, own)]
    rows = [shown(load_settings(tmp_path / "keeper.toml", env), tmp_path / "keeper.toml", env) for env in (state, own)]

    assert [str(path) for path in found] == ["here.sqlite3", "/var/lib/keeper/keeper.sqlite3", "/srv/own.sqlite3"]
    origins = [next(row.origin for row in each if row.name == "store_path") for each in rows]
    assert origins == ["KEEPER_STATE_DIRECTORY", "KEEPER_STORE_PATH"]


def test_store__both_a_file_and_an_address__are_one_too_many(tmp_path):
    said = refusal(tmp_path, STORE__URL=URL, STORE_PATH="keeper.sqlite3")

    assert "store.url (KEEPER_STORE__URL) says where the store is, and so does store_path; remove one of them" in said


def test_watched__as_it_stands__is_what_the_reader_takes(tmp_path):
    [plain] = settings(tmp_path, WATCHED_WHALES=watched()).watched_whales
    [scored] = settings(tmp_path, WATCHED_WHALES=watched(scores=[90, 5], hours=1)).watched_whales

    assert (dict(plain.watched().scores), plain.watched().every) == ({ONE: 100, TWO: 100}, 6 * 3_600)
    assert (dict(scored.watched().scores), scored.watched().every) == ({ONE: 9_000, TWO: 500}, 3_600)
