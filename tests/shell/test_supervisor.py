"""The loop around the cycle: what skips a round, what ends it, and that it stops at once."""

import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from keeper.errors import LedgerMismatch, NodeUnavailable, TooFewSources
from keeper.pause import pause
from keeper.supervisor import beside, repeat, stop_on_signals

AT_ONCE = 5.0
"""Far below the hour the loop would otherwise wait."""
HOUR = 3_600.0


class Steps:
    """Does one thing a round: raises it, or stops when there is nothing left to do."""

    def __init__(self, stop, *rounds):
        self._stop = stop
        self._rounds = list(rounds)
        self.done = 0

    async def __call__(self):
        self.done += 1
        if not self._rounds:
            self._stop.set()
            return
        error = self._rounds.pop(0)
        if error is not None:
            raise error


@pytest.fixture
def stop():
    return asyncio.Event()


async def test_repeat__told_to_stop_before_the_start__does_nothing(stop):
    stop.set()
    step = Steps(stop)

    await repeat("test", step, every=HOUR, stop=stop)

    assert step.done == 0


async def test_repeat__told_to_stop_during_a_round__ends_without_waiting(stop):
    step = Steps(stop)

    async with asyncio.timeout(AT_ONCE):
        await repeat("test", step, every=HOUR, stop=stop)

    assert step.done == 1


async def test_repeat__told_to_stop_while_waiting__ends_at_once(stop):
    step = Steps(stop, None)
    loop = asyncio.create_task(repeat("test", step, every=HOUR, stop=stop))
    await asyncio.wait({loop}, timeout=0.05)

    stop.set()

    await asyncio.wait_for(loop, AT_ONCE)
    assert step.done == 1


@pytest.mark.parametrize("error", [NodeUnavailable, TooFewSources])
async def test_repeat__trouble_that_passes__skips_the_round_and_goes_on(stop, error):
    step = Steps(stop, error("hiccup"), error("hiccup"), None)

    await repeat("test", step, every=0.001, stop=stop)

    assert step.done == 4


@pytest.mark.parametrize("error", [LedgerMismatch, ZeroDivisionError])
async def test_repeat__a_halt_or_a_mistake__comes_out_and_no_round_follows(stop, error):
    step = Steps(stop, None, error("look at me"))

    with pytest.raises(error):
        await repeat("test", step, every=0.001, stop=stop)

    assert step.done == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stop_on_signals__first_signal__asks_to_stop_and_the_second_is_left_to_the_system(stop, number):
    with stop_on_signals(stop):
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), AT_ONCE)

        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_stop_on_signals__afterwards__nothing_is_left_behind(stop):
    before = signal.getsignal(signal.SIGTERM)

    with stop_on_signals(stop):
        pass

    assert signal.getsignal(signal.SIGTERM) == before
    assert not stop.is_set()


async def test_repeat__nudged__runs_again_at_once():
    stop, nudge, ran = asyncio.Event(), asyncio.Event(), []

    async def step():
        nudge.clear()
        ran.append(1)
        if len(ran) == 2:
            stop.set()

    async with asyncio.timeout(5):
        task = asyncio.create_task(repeat("x", step, every=600, stop=stop, nudge=nudge))
        while not ran:
            await asyncio.to_thread(lambda: None)
        nudge.set()
        await task

    assert ran == [1, 1]


async def test_beside__its_step_fails_for_good__is_told_at_once_and_the_block_goes_on(stop):
    step = Steps(stop, ValueError("no such day"))

    with capture_logs() as said:
        async with beside("tidy", step, every=HOUR, stop=stop):
            while not said:
                await pause(stop, 0.01)
            stop_was_set = stop.is_set()

    assert [(row["event"], row["loop"], row["error"], row["reason"]) for row in said] == [
        ("loop_ended", "tidy", "ValueError", "no such day")
    ]
    assert (step.done, stop_was_set) == (1, False)


async def test_beside__block_is_left__the_loop_ends_with_it_and_nothing_is_said(stop):
    step = Steps(stop, None)

    with capture_logs() as said:
        async with beside("tidy", step, every=HOUR, stop=stop):
            while not step.done:
                await pause(stop, 0.01)

    assert (step.done, said) == (1, [])
    assert len(asyncio.all_tasks()) == 1
