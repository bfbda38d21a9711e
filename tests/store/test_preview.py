"""`keeper whales preview` as a shell runs it, on a real MongoDB of somebody else's."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pymongo
import pytest

from keeper.whale_mongo import MOST_DOCUMENTS
from tests.cli.kit import CONFIG

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("mongod")]
GOOD, BAD = "SP1JDAZZQTF2QRNMDRHGXTJY8Z7ZGBJ35PG0X9KG9", "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"
MAPPING = """
[[whale_mappings]]
name = "indexer"
url = "{url}"
database = "their_preview"
collection = "profiles"
address = "wallet"
fixed_category = "defi"
holdings = "portfolio"
holdings_unit = "percent"
observed_at = "seen"
"""


@pytest.fixture
def config(mongod, tmp_path):
    """Give settings that read a collection with a good document and a bad one."""
    seen = datetime(2026, 1, 2, tzinfo=UTC)
    with pymongo.MongoClient(mongod.url) as client:
        profiles = client["their_preview"]["profiles"]
        profiles.delete_many({})
        profiles.insert_one({"wallet": GOOD, "portfolio": {"STX": 75, "ALEX": 25}, "seen": seen})
        profiles.insert_one({"wallet": BAD, "portfolio": {}, "seen": seen})
    file = tmp_path / "keeper.toml"
    file.write_text(CONFIG.format(folder=tmp_path, plugins="[]") + MAPPING.format(url=mongod.url))
    return file


def test_preview__of_a_collection__shows_whales_and_each_refusal_and_writes_nothing(config, mongod):
    command = [sys.executable, "-m", "keeper", "whales", "preview", "-c", str(config), "--json"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["mappings"]["indexer"]
    [whale], [bad] = found["whales"], found["bad"]
    assert (whale["address"], whale["category"], whale["allocation_bps"]) == (
        GOOD,
        "defi",
        {"STX": 7_500, "ALEX": 2_500},
    )
    assert (whale["win_rate_bps"], found["cut"]) == (None, False)
    assert (bad["document"], "portfolio is not an object or a list" in bad["why"]) == (BAD, True)
    with pymongo.MongoClient(mongod.url) as client:
        assert client["their_preview"].list_collection_names() == ["profiles"]


def preview(config, *more):
    command = [sys.executable, "-m", "keeper", "whales", "preview", "-c", str(config), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, check=False)


def test_preview__for_people__says_all_that_was_read_and_that_there_is_more(config, mongod):
    with pymongo.MongoClient(mongod.url) as client:
        profiles = client["their_preview"]["profiles"]
        seen = datetime(2026, 1, 2, tzinfo=UTC)
        profiles.insert_many({"wallet": 1, "seen": seen} for _ in range(MOST_DOCUMENTS))

    lines = preview(config).stdout.splitlines()

    assert lines[1] == "indexer: there are more than 10,000 documents; those after the first 10,000 are not read"
    assert " ".join(lines[2].split()) == "address category score win rate stacked STX allocation seen at"
    assert " ".join(lines[3].split()) == (f"{GOOD} defi 100 — 0.00 STX 75.00 %, ALEX 25.00 % 2026-01-02 00:00:00 UTC")


def test_preview__of_amounts_before_the_first_round__values_stx_and_makes_no_store(config, mongod, tmp_path):
    config.write_text(config.read_text().replace('"percent"', '"tokens"'))
    with pymongo.MongoClient(mongod.url) as client:
        profiles = client["their_preview"]["profiles"]
        profiles.update_one({"wallet": GOOD}, {"$set": {"portfolio": {"STX": 75}}})

    found = json.loads(preview(config, "--json").stdout)["mappings"]["indexer"]

    assert found["whales"][0]["allocation_bps"] == {"STX": 10_000}
    assert list(tmp_path.iterdir()) == [config]
