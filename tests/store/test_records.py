"""Documents of views: what many of them have in common is spelled out once, and nobody can tell."""

import json

import pytest

from keeper.core.records import PoolView
from keeper.core.units import Seconds
from keeper.store.records import FORM, VIEWS, Kind, Shared, to_json

CROWD = [{"address": f"SP{number}", "allocation_bps": {"STX": 10_000}, "score": '9"0\\'} for number in range(5)]


def view(body):
    return PoolView(1, 'A "pool"', Seconds(1_795_000_000), 1_000, body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"whales": CROWD},
        {"whales": None, "state": "on target"},
        {"whales": [], "state": "on target"},
        {"state": "on target", "whales": CROWD, "queue": [1, 2]},
        {"state": "on target", "queue": None},
    ],
)
def test_document__of_a_view__says_what_any_document_says_and_reads_back(body):
    one, again = VIEWS.document(view(body)), VIEWS.document(view(body))

    assert json.loads(one) == json.loads(Kind.document(VIEWS, view(body))) == json.loads(again)
    assert json.loads(one)["form"] == FORM
    assert VIEWS.record(one) == view(body)


def test_document__of_a_view_with_what_is_no_json__is_refused():
    for body in ({"whales": CROWD, "x": float("nan")}, {"whales": [{"score": float("nan")}], "x": 1}):
        with pytest.raises(ValueError, match="JSON"):
            VIEWS.document(view(body))


def test_text__equal_but_not_the_same__is_not_taken_for_it():
    shared, one, other = Shared(2), [1], [1]
    first = shared.text(one)
    other.append(2)

    assert (first, shared.text(other), shared.text(one)) == ("[1]", "[1,2]", "[1]")


def test_text__more_than_are_kept__is_spelled_out_anew():
    shared, lists = Shared(2), [[number] for number in range(5)]

    assert [shared.text(each) for each in (*lists, *lists)] == [to_json(each) for each in (*lists, *lists)]
