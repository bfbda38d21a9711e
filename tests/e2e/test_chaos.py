"""The short form of `make chaos`: a dozen kills of the real keeper at the most telling points, and two disorders."""

import sys

import pytest

from keeper.core.records import Intent, IntentKind, IntentState
from keeper.points import POINTS
from tests.chaos.audit import Row, audit
from tests.chaos.matrix import SHORT_FAULTS, SHORT_POINTS, Order, go

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("e2e")]


def an_intent(key="pay:1:x#1", state=IntentState.SETTLED, nonce=0, txid="aa", **changes):
    return Intent(key, IntentKind.PAY_WITHDRAWAL, 1, state, 0, 0, "ST1", nonce, 1, txid, **changes)


def a_row(txid="aa", nonce=0, status="success", height=5):
    return Row(txid, nonce, status, height)


async def test_kills__at_the_most_telling_points__lose_nothing_and_do_nothing_twice():
    order = Order(points=SHORT_POINTS, faults=SHORT_FAULTS, seeds=(1,), workers=2)

    outcome = await go(order, lambda result: sys.stderr.write(f"{result}\n"))

    assert outcome.lines() == []
    assert outcome.never_reached() == []
    assert sum(row.once for row in outcome.rows()) >= len(SHORT_POINTS)
    assert set(SHORT_POINTS) <= set(POINTS)


def test_audit__journal_and_chain_agree__is_clean():
    found = audit([an_intent()], [a_row()], foreign=set())

    assert (found.clean, found.once, found.given_up) == (True, {"pay:1:x#1"}, frozenset())


@pytest.mark.parametrize(
    ("intents", "rows", "kind"),
    [
        ([an_intent()], [a_row(height=None, status="pending")], "wrong"),
        ([an_intent(state=IntentState.REFUSED)], [a_row()], "wrong"),
        ([an_intent(state=IntentState.DROPPED)], [a_row()], "wrong"),
        ([an_intent(state=IntentState.DROPPED)], [], "lost"),
        ([an_intent(state=IntentState.REFUSED, result={"block_height": 5})], [], "lost"),
        ([an_intent(), an_intent(key="pay:1:x#2", nonce=1, txid="bb")], [a_row(), a_row("bb", 1)], "twice"),
        ([an_intent()], [a_row(), a_row("bb", 1)], "unknown"),
        ([an_intent(nonce=1)], [a_row(nonce=1)], "unknown"),
    ],
)
def test_audit__each_disagreement__is_found(intents, rows, kind):
    found = audit(intents, rows, foreign=set())

    assert getattr(found, kind) != []
    assert not found.clean


def test_audit__a_purpose_that_failed_in_a_block_and_then_worked__is_clean():
    first = an_intent(state=IntentState.REFUSED, result={"block_height": 5})
    second = an_intent(key="pay:1:x#2", nonce=1, txid="bb")

    found = audit([first, second], [a_row(status="abort_by_response"), a_row("bb", 1)], foreign=set())

    assert (found.lines(), found.once, found.given_up) == ([], {"pay:1:x#2"}, {"pay:1:x#1"})


def test_audit__refused_by_a_node_and_the_same_bytes_taken_later__is_clean():
    refused = an_intent(state=IntentState.REFUSED, result={"why": "NotEnoughFunds"})
    same = an_intent(key="pay:1:x#2")

    for intents in ([refused, same], [same, refused]):
        found = audit(intents, [a_row()], foreign=set())
        assert (found.lines(), found.once, found.given_up) == ([], {"pay:1:x#2"}, {"pay:1:x#1"})


def test_audit__a_nonce_that_a_stranger_spent__is_no_loss():
    dropped = an_intent(state=IntentState.DROPPED)

    assert audit([dropped], [a_row("ff")], foreign={"ff"}).clean
    assert not audit([dropped], [a_row("ff")], foreign=set()).clean
