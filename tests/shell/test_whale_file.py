"""A file of whales: taken whole, or refused with the row and the field."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from keeper.errors import BadInput
from keeper.whale_file import MAX_BYTES, read_whales

ROW = {
    "address": "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR",
    "category": "defi",
    "score": 9_000,
    "allocation_bps": {"STX": 6_000, "ALEX": 4_000},
    "observed_at": 1_795_000_000,
}


def file_of(folder, *rows):
    file = folder / "whales.json"
    file.write_text(json.dumps(rows))
    return file


def test_read__good_file__gives_whales_with_unknown_numbers_unknown(tmp_path):
    [whale] = read_whales(file_of(tmp_path, ROW))

    assert (whale.address, whale.allocation_bps) == (ROW["address"], ROW["allocation_bps"])
    assert (whale.win_rate_bps, whale.stacked_ustx) == (None, 0)


def test_read__empty_list__gives_no_whales(tmp_path):
    assert read_whales(file_of(tmp_path)) == ()


BAD_FIELDS = {
    "category": "",
    "score": -1,
    "win_rate_bps": 10_001,
    "stacked_ustx": 2**63,
    "allocation_bps": {"STX": "6000"},
    "observed_at": 0,
    "colour": "blue",
}


@pytest.mark.parametrize("field", BAD_FIELDS)
def test_read__bad_field__is_refused_with_row_and_field(tmp_path, field):
    file = file_of(tmp_path, ROW, ROW | {field: BAD_FIELDS[field]})

    with pytest.raises(BadInput, match=rf"whale 1\.{field}"):
        read_whales(file)


@pytest.mark.parametrize("field", ROW)
def test_read__field_left_out__is_refused_with_row_and_field(tmp_path, field):
    file = file_of(tmp_path, {name: value for name, value in ROW.items() if name != field})

    with pytest.raises(BadInput, match=rf"whale 0\.{field}: Field required"):
        read_whales(file)


def test_read__number_as_text__is_not_guessed(tmp_path):
    with pytest.raises(BadInput, match=r"whale 0\.score"):
        read_whales(file_of(tmp_path, ROW | {"score": "9000"}))


def test_read__address_with_a_wrong_checksum__is_refused(tmp_path):
    with pytest.raises(BadInput, match="checksum"):
        read_whales(file_of(tmp_path, ROW | {"address": ROW["address"][:-1] + "X"}))


@pytest.mark.parametrize("text", ["", "[", "{}", "null", '"whales"'])
def test_read__not_a_list__is_refused_with_the_files_name(tmp_path, text):
    file = tmp_path / "whales.json"
    file.write_text(text)

    with pytest.raises(BadInput, match=r"whales\.json is not (JSON:|a list; write) .*what a whale looks like"):
        read_whales(file)


def test_read__example_of_the_documents__is_taken_and_every_field_is_explained(tmp_path):
    page = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
    _, _, section = page.partition("## A file of whales")
    file = tmp_path / "whales.json"
    file.write_text(section.partition("```json")[2].partition("```")[0])

    [whale] = read_whales(file)

    assert whale.win_rate_bps == 6_200
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == {field.name for field in fields(whale)}


def test_read__no_such_file__is_refused_with_the_systems_reason(tmp_path):
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_whales(tmp_path / "none.json")


def test_read__file_beyond_the_limit__is_refused_unread(tmp_path):
    file = tmp_path / "whales.json"
    with file.open("wb") as big:
        big.truncate(MAX_BYTES + 1)

    with pytest.raises(BadInput, match="is larger than"):
        read_whales(file)
