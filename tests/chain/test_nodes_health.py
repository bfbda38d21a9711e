"""Several endpoints behind one face: who is left alone and for how long, and what goes elsewhere."""

from typing import Any

import pytest
from nodes_kit import ACCOUNT, CALL, DOWN, KEY, NONCES, NOT_THERE, SEND, Several, breaks, reads, several, stands_at
from scripted_node import RAW, TXID, WHO, Reply, ScriptedNode

from keeper.errors import MarketRefused, NodeUnavailable, TipMoved, TransactionRefused


async def fail_twice(two: Several, number: int = 0) -> None:
    """Let an endpoint fail as often as it takes to be put to rest."""
    before = breaks(two.scripts[number], DOWN)
    for _ in range(2):
        await two.nodes.tip()
    two.scripts[number].replies = before
    assert two.nodes.health()[number].resting_seconds > 0


# --- health -------------------------------------------------------------------------------------------------


async def test_failures__in_a_row__bring_rests_that_double_up_to_a_bound_and_end_with_a_success() -> None:
    async with several(1) as one:
        before = breaks(one.scripts[0], DOWN)
        rests = []
        for _ in range(12):
            with pytest.raises(NodeUnavailable):
                await one.nodes.account(WHO)
            rests.append(one.nodes.health()[0].resting_seconds)
        assert rests == [0, 1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120]

        one.scripts[0].replies = before
        await one.nodes.account(WHO)

        assert one.nodes.health()[0].resting_seconds == 0
        assert one.nodes.health()[0].failures == 0


@pytest.mark.parametrize(
    ("path", "reply", "error"),
    [
        (ACCOUNT, Reply({"error": "bad request"}, status=400), NodeUnavailable),
        (ACCOUNT, Reply({"error": "not found"}, status=404), NodeUnavailable),
        (CALL, NOT_THERE, TipMoved),
        (CALL, Reply({"okay": False, "cause": "NotReadOnly"}), MarketRefused),
        (CALL, Reply({"okay": False, "cause": "CostBalanceExceeded"}), NodeUnavailable),
        (SEND, Reply({"reason": "BadNonce"}, status=400), TransactionRefused),
        (SEND, Reply({"error": "too large"}, status=413), NodeUnavailable),
        ("/v2/fees/transaction", Reply({"error": "bad", "reason": "Other"}, status=400), NodeUnavailable),
    ],
)
async def test_refusal__however_often__is_no_failure_of_the_node(path: str, reply: Reply, error: type) -> None:
    async with several(1) as one:
        tip = await one.nodes.tip()
        one.scripts[0][path] = reply
        calls = {
            ACCOUNT: lambda: one.nodes.account(WHO),
            CALL: lambda: reads(one.nodes, tip),
            SEND: lambda: one.nodes.broadcast(RAW),
            "/v2/fees/transaction": lambda: one.nodes.estimate_fee(b"\x02", 300),
        }

        for _ in range(5):
            with pytest.raises(error):
                await calls[path]()

        assert one.nodes.health()[0].resting_seconds == 0
        assert one.nodes.health()[0].failures == 0


async def test_failures__with_a_refusal_between__are_not_in_a_row() -> None:
    async with several(1) as one:
        tip = await one.nodes.tip()
        for reply, error in [(DOWN, NodeUnavailable), (NOT_THERE, TipMoved)] * 4:
            one.scripts[0][CALL] = reply
            with pytest.raises(error):
                await reads(one.nodes, tip)

        assert one.nodes.health()[0].resting_seconds == 0


async def test_everybody_rests__the_one_whose_rest_ends_first_is_asked_all_the_same() -> None:
    async with several(2) as two:
        await two.nodes.tip()
        two.scripts[0][NONCES] = Reply({}, status=429, headers={"Retry-After": "100"})
        two.scripts[1][NONCES] = Reply({}, status=429, headers={"Retry-After": "10"})
        with pytest.raises(NodeUnavailable):
            await two.nodes.mempool_nonces(WHO)
        assert [round(seen.resting_seconds) for seen in two.nodes.health()] == [100, 10]

        assert (await two.nodes.account(WHO)).balance_ustx == 1
        assert (await two.nodes.tip()).height == 100
        assert two.asked(ACCOUNT) == [0, 1]


DATED = {"Date": "Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2026 07:28:45 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "99999999999999999999"}, 120),
        ({"Retry-After": "0"}, 1),
        (DATED, 45),
        (DATED | {"Retry-After": "Fri, 31 Dec 2100 00:00:00 GMT"}, 120),
        (DATED | {"Retry-After": "Wed, 21 Oct 2020 07:28:45 GMT"}, 1),
        ({"Retry-After": "soon"}, 30),
        ({"Retry-After": "-5"}, 30),
        ({}, 30),
    ],
)
async def test_429__rests_just_that_endpoint_for_as_long_as_it_asks(headers: dict[str, str], seconds: int) -> None:
    async with several(2) as two:
        await two.nodes.tip()
        two.scripts[0][NONCES] = Reply({}, status=429, headers=headers)

        assert (await two.nodes.mempool_nonces(WHO)).next_nonce == 1
        assert [round(seen.resting_seconds) for seen in two.nodes.health()] == [seconds, 0]
        two.timer.at += seconds + 1
        assert two.nodes.health()[0].resting_seconds == 0


async def test_429__to_a_broadcast__was_not_accepted_and_rests_the_endpoint() -> None:
    async with several(2) as two:
        await two.nodes.tip()
        two.scripts[0][SEND] = Reply({}, status=429, headers={"Retry-After": "20"})

        with pytest.raises(NodeUnavailable) as unclear:
            await two.nodes.broadcast(RAW)

        assert unclear.value.facts["may_be_accepted"] is False
        assert two.nodes.health()[0].resting_seconds == 20
        assert two.asked(SEND) == [1, 0]


async def test_rest_is_over__the_first_leads_again() -> None:
    async with several(2) as two:
        await fail_twice(two)
        await two.nodes.tip()
        assert two.nodes.health()[1].leads

        two.timer.at += 2
        await two.nodes.tip()

        assert two.nodes.health()[0].leads
        assert two.nodes.health()[0].last_error is None


async def test_health__with_keys__shows_none_and_no_path() -> None:
    async with several(2, requests_per_minute=60) as two:
        await fail_twice(two)
        shown = repr(two.nodes.health())

        assert KEY not in shown
        assert two.nodes.health()[0].name == two.scripts[0].url.removeprefix("http://").rstrip("/")
        assert two.nodes.health()[1].requests_left is not None
        assert two.nodes.health()[1].height == 100


# --- what needs no tip --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda nodes: nodes.account(WHO), ACCOUNT),
        (lambda nodes: nodes.mempool_nonces(WHO), NONCES),
        (lambda nodes: nodes.estimate_fee(b"\x02", 300), "/v2/fees/transaction"),
        (lambda nodes: nodes.transaction(TXID), f"/extended/v3/transactions/0x{TXID}"),
    ],
)
@pytest.mark.parametrize("broken", [DOWN, Reply(b"{}", cut=True), Reply(b"", silent=True), Reply(b"[[[")])
async def test_asked_without_a_tip__first_is_broken__the_second_answers(call: Any, path: str, broken: Reply) -> None:
    async with several(2, timeout=1.5 if broken.silent else 10.0) as two:
        two.scripts[1][f"/extended/v3/transactions/0x{TXID}"] = {"tx_id": f"0x{TXID}", "status": "pending"}
        await two.nodes.tip()
        two.scripts[0][path] = broken

        await call(two.nodes)

        assert two.asked(path) == [1, 1]


async def test_asked_without_a_tip__second_leads__is_asked_first() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 102)
        await two.nodes.tip()

        assert (await two.nodes.mempool_nonces(WHO)).next_nonce == 1
        assert two.asked(NONCES) == [0, 1]


# --- broadcast ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", [DOWN, Reply(TXID, cut=True), Reply(TXID, silent=True), Reply({"reason": "FeeTooLow"}, status=400)]
)
async def test_broadcast__whatever_becomes_of_it__is_offered_to_exactly_one(broken: Reply) -> None:
    async with several(3, timeout=1.5 if broken.silent else 10.0) as three:
        await three.nodes.tip()
        for script in three.scripts:
            script[SEND] = broken

        with pytest.raises((NodeUnavailable, TransactionRefused)):
            await three.nodes.broadcast(RAW)

        assert sum(three.asked(SEND)) == 1


async def test_broadcast__leader_is_dead__the_next_offer_goes_elsewhere() -> None:
    async with several(2) as two:
        two.scripts[1][SEND] = TXID
        await two.kill(0)

        with pytest.raises(NodeUnavailable) as refused:
            await two.nodes.broadcast(RAW)
        assert refused.value.facts["may_be_accepted"] is False

        assert await two.nodes.broadcast(RAW) == TXID


# --- routes that are not there ------------------------------------------------------------------------------

TX_V3, TX_V1, TX_NODE = f"/extended/v3/transactions/0x{TXID}", f"/extended/v1/tx/0x{TXID}", f"/v3/transaction/{TXID}"
GONE = Reply({"error": "Gone", "message": "…"}, status=410)
NO_ROUTE = Reply({"message": f"Route GET:{NONCES} not found", "error": "Not Found", "statusCode": 404}, status=404)


def old_nonces(script: ScriptedNode) -> str:
    path = f"/extended/v1/address/{WHO}/nonces"
    nothing = {"detected_missing_nonces": [], "detected_mempool_nonces": [], "last_mempool_tx_nonce": None}
    script[path] = {"possible_next_nonce": 5, "last_executed_tx_nonce": None, **nothing}
    return path


@pytest.mark.parametrize("missing", [GONE, NO_ROUTE])
async def test_route__found_missing__is_not_asked_again_for_ten_minutes(missing: Reply) -> None:
    async with several(1) as one:
        one.scripts[0][NONCES] = missing
        old = old_nonces(one.scripts[0])

        assert [(await one.nodes.mempool_nonces(WHO)).next_nonce for _ in range(3)] == [5, 5, 5]
        assert (one.asked(NONCES), one.asked(old)) == ([1], [3])
        one.timer.at += 601
        await one.nodes.mempool_nonces(WHO)
        assert one.asked(NONCES) == [2]


async def test_route__that_only_does_not_know_a_transaction__is_asked_again() -> None:
    async with several(1) as one:
        one.scripts[0][TX_V1] = GONE
        one.scripts[0][TX_NODE] = Reply(b"", status=501)

        assert [await one.nodes.transaction(TXID) for _ in range(3)] == [None, None, None]
        assert [one.asked(path) for path in (TX_V3, TX_V1, TX_NODE)] == [[3], [1], [1]]


async def test_transaction__no_endpoint_has_an_index__is_unavailable_and_not_unknown() -> None:
    async with several(1) as one:
        one.scripts[0][TX_V3] = one.scripts[0][TX_V1] = GONE
        one.scripts[0][TX_NODE] = Reply(b"", status=501)

        for _ in range(4):
            with pytest.raises(NodeUnavailable, match="index"):
                await one.nodes.transaction(TXID)
        assert one.nodes.health()[0].failures == 0
