"""The budget of an endpoint: never more than its limit in any minute, and never none for a broadcast."""

import asyncio
import time
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nodes_kit import ACCOUNT, NONCES, several
from scripted_node import RAW, TXID, WHO

from keeper.chain.budget import Budget, TokenBucket
from keeper.chain.nodes import HIRO_KEYLESS, NodeAddress, open_nodes
from keeper.errors import NodeUnavailable

limits = st.integers(min_value=4, max_value=2_000)
steps = st.lists(st.tuples(st.floats(min_value=0, max_value=40), st.booleans()), max_size=400)


def busiest_minute(times: list[float]) -> int:
    return max((bisect_left(times, at + 60) - index for index, at in enumerate(times)), default=0)


@given(per_minute=limits, steps=steps)
def test_bucket__however_it_is_asked__no_minute_holds_more_than_the_limit(
    per_minute: int, steps: list[tuple[float, bool]]
) -> None:
    bucket, now, taken = TokenBucket(per_minute, 0.0), 0.0, []
    for step, urgent in steps:
        now += step
        taken += [now for _ in range(20) if bucket.take(now, urgent=urgent) == 0]

    assert busiest_minute(taken) <= per_minute


@given(per_minute=st.integers(min_value=4, max_value=300), urgent=st.booleans(), idle=st.floats(0, 300))
def test_bucket__asked_as_greedily_as_can_be__no_minute_holds_more_than_the_limit(
    *, per_minute: int, urgent: bool, idle: float
) -> None:
    bucket, now, taken = TokenBucket(per_minute, 0.0), idle, []
    while now < idle + 130:
        wait = bucket.take(now, urgent=urgent)
        taken += [now] if wait == 0 else []
        now += wait

    assert per_minute * 0.7 - 2 <= busiest_minute(taken) <= per_minute


@given(per_minute=limits, steps=steps)
def test_bucket__after_ordinary_requests_only__always_has_one_for_a_broadcast(
    per_minute: int, steps: list[tuple[float, bool]]
) -> None:
    bucket, now = TokenBucket(per_minute, 0.0), 0.0
    for step, _ in steps:
        now += step
        while bucket.take(now, urgent=False) == 0:
            pass

    assert bucket.take(now, urgent=True) == 0


@given(per_minute=limits, urgent=st.booleans(), asked=st.integers(min_value=1, max_value=60))
def test_bucket__the_wait_it_names__is_enough_and_bounded(*, per_minute: int, urgent: bool, asked: int) -> None:
    bucket, now = TokenBucket(per_minute, 0.0), 0.0
    for _ in range(asked):
        while wait := bucket.take(now, urgent=urgent):
            assert 0 < wait <= 60
            now += wait

    assert now <= asked * 60 / (per_minute * 0.5)


@given(per_minute=limits, back=st.floats(min_value=0, max_value=1_000))
def test_bucket__time_runs_backwards__gives_nothing_extra(per_minute: int, back: float) -> None:
    bucket = TokenBucket(per_minute, 1_000.0)
    while bucket.take(1_000.0, urgent=True) == 0:
        pass

    assert bucket.take(1_000.0 - back, urgent=True) > 0


@pytest.mark.parametrize("per_minute", [-1, 0, 3])
def test_bucket__too_small_for_a_reserve__is_refused(per_minute: int) -> None:
    with pytest.raises(ValueError, match="too few"):
        TokenBucket(per_minute, 0.0)


async def test_budget__spent__callers_wait_in_line_and_all_get_through() -> None:
    budget, order = Budget(1_200, asyncio.Event()), []
    while budget.left() >= 76:  # a reserve of 75 stays
        await budget.take()

    async def ask(number: int) -> None:
        await budget.take()
        order.append(number)

    began = time.monotonic()
    await asyncio.gather(*(ask(number) for number in range(5)))

    assert order == [0, 1, 2, 3, 4]
    assert 0.1 < time.monotonic() - began < 5


async def test_budget__spent_for_too_long__is_unavailable_and_never_reached_the_node() -> None:
    budget = Budget(4, asyncio.Event(), longest=0.05)
    await budget.take()

    with pytest.raises(NodeUnavailable, match="requests_per_minute") as spent:
        await budget.take()

    assert spent.value.facts == {"reason": "budget", "reached": False}
    await budget.take(urgent=True)


async def test_budget__waiter_is_cancelled__the_line_moves_on() -> None:
    budget = Budget(6_000, asyncio.Event())
    while budget.left() >= 376:  # a reserve of 375 stays
        await budget.take()
    waiters = [asyncio.create_task(budget.take()) for _ in range(3)]
    await asyncio.wait(waiters, timeout=0)
    waiters[0].cancel()

    async with asyncio.timeout(5):
        done = await asyncio.gather(*waiters, return_exceptions=True)

    assert [type(outcome) for outcome in done] == [asyncio.CancelledError, type(None), type(None)]


async def test_budget__told_to_stop__nobody_waits_any_more() -> None:
    stop = asyncio.Event()
    budget = Budget(4, stop)
    await budget.take()
    waiter = asyncio.create_task(budget.take())
    await asyncio.wait([waiter], timeout=0.05)
    assert not waiter.done()

    stop.set()

    async with asyncio.timeout(1):
        await waiter


async def test_nodes__reads_have_spent_the_budget__a_broadcast_still_goes_out_at_once() -> None:
    async with several(1, requests_per_minute=10) as one:
        one.scripts[0]["/v2/transactions"] = TXID
        await one.nodes.account(WHO)
        reader = asyncio.create_task(one.nodes.mempool_nonces(WHO))
        await asyncio.wait([reader], timeout=0.1)
        assert not reader.done()

        async with asyncio.timeout(1):
            assert await one.nodes.broadcast(RAW) == TXID
        reader.cancel()

        assert (one.asked(ACCOUNT), one.asked(NONCES)) == ([1], [0])


async def test_nodes__only_a_spent_budget__is_no_failure_of_the_node() -> None:
    async with several(1, requests_per_minute=10) as one:
        await one.nodes.account(WHO)
        one.nodes._members[0].node._budgets[0]._longest = 0.01  # noqa: SLF001

        for _ in range(4):
            with pytest.raises(NodeUnavailable, match="requests_per_minute"):
                await one.nodes.account(WHO)

        assert one.nodes.health()[0].resting_seconds == 0


@pytest.mark.parametrize(
    ("address", "limited"),
    [
        (NodeAddress("https://api.hiro.so"), True),
        (NodeAddress("https://API.testnet.hiro.so/"), True),
        (NodeAddress("https://hiro.so"), True),
        (NodeAddress("https://api.hiro.so", api_key="k"), False),
        (NodeAddress("https://nothiro.so"), False),
        (NodeAddress("https://hiro.so.example.com"), False),
        (NodeAddress("http://127.0.0.1:20443"), False),
        (NodeAddress("http://127.0.0.1:20443", api_url="https://api.hiro.so"), True),
    ],
)
async def test_limit__not_set__is_hiros_where_there_is_no_key(address: NodeAddress, *, limited: bool) -> None:
    nodes = open_nodes(None, [address], asyncio.Event())  # type: ignore[arg-type]

    left = nodes.health()[0].requests_left
    assert left == (HIRO_KEYLESS // 4 if limited else None)


async def test_limit__api_at_hiro_beside_an_own_node__slows_the_api_only() -> None:
    address = NodeAddress("http://127.0.0.1:20443", api_url="https://api.hiro.so")
    node = open_nodes(None, [address], asyncio.Event())._members[0].node  # type: ignore[arg-type]  # noqa: SLF001

    assert node._node._budget is None  # noqa: SLF001
    assert node._api._budget is not None  # noqa: SLF001
