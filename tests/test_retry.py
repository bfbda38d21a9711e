"""A retry rule tries again what may pass by itself, as often and as long as it says, and nothing else."""

import asyncio

import pytest

from keeper.errors import BadInput, NodeUnavailable, TipMoved
from keeper.pause import pause
from keeper.retry import Retry

SOON = Retry(attempts=3, budget=5.0, first_wait=0.001)


class Flaky:
    """Fails with the errors it is given, one a call, and then answers; each call takes `seconds`."""

    def __init__(self, *errors, seconds=0.0):
        self.errors, self.seconds, self.calls = list(errors), seconds, 0

    async def __call__(self, answer):
        self.calls += 1
        if self.seconds:
            await pause(asyncio.Event(), self.seconds)
        if self.errors:
            raise self.errors.pop(0)
        return answer


async def test_retry__works_at_once__is_called_once():
    flaky = Flaky()

    assert (await SOON(flaky, 7), flaky.calls) == (7, 1)


async def test_retry__fails_less_often_than_it_may__answers():
    flaky = Flaky(NodeUnavailable("one"), NodeUnavailable("two"))

    assert (await SOON(flaky, answer=7), flaky.calls) == (7, 3)


async def test_retry__fails_every_time__gives_the_last_error_after_all_attempts():
    flaky = Flaky(*(NodeUnavailable(str(number)) for number in range(5)))

    with pytest.raises(NodeUnavailable, match="2"):
        await SOON(flaky, 7)
    assert flaky.calls == 3


@pytest.mark.parametrize("error", [BadInput("no"), TipMoved(), ValueError("no")])
async def test_retry__error_that_does_not_pass__comes_out_at_once(error):
    flaky = Flaky(error)

    with pytest.raises(type(error)):
        await SOON(flaky, 7)
    assert flaky.calls == 1


async def test_retry__tip_moved_under_whoever_chose_it__is_tried_again():
    flaky = Flaky(TipMoved())

    assert (await Retry(3, 5.0, 0.001, on_new_tip=True)(flaky, 7), flaky.calls) == (7, 2)


async def test_retry__first_attempt_uses_the_budget_up__is_the_only_one():
    flaky = Flaky(NodeUnavailable("late"), seconds=0.05)

    with pytest.raises(NodeUnavailable, match="late"):
        await Retry(attempts=3, budget=0.02, first_wait=0.001)(flaky, 7)
    assert flaky.calls == 1
