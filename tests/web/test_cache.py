"""Answers that are kept: how old they may get, who waits for whom, and what is never kept."""

import asyncio

import pytest
from samples import Hands

from keeper.web.cache import FRESH_SECONDS, LONGEST_SECONDS, MOST_BYTES, MOST_KEPT, Kept, answer_of


class Maker:
    """Makes answers that count up; waits when told to."""

    def __init__(self):
        self.made = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error = None

    async def __call__(self):
        self.made += 1
        number = self.made
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return answer_of(str(number).encode())


@pytest.fixture
def timer():
    return Hands(0)


async def body(kept, maker, question="q"):
    return (await kept.get(question, maker)).body


async def test_kept__within_its_time__is_made_once(timer):
    kept, maker = Kept(timer), Maker()

    assert [await body(kept, maker) for _ in range(3)] == [b"1"] * 3
    assert maker.made == 1


async def test_kept__no_longer_fresh__serves_once_more_while_the_next_is_made(timer):
    kept, maker = Kept(lambda: timer.at / 100), Maker()
    await body(kept, maker)
    timer.at = int(FRESH_SECONDS * 100) + 1
    maker.go.clear()

    stale = await body(kept, maker)
    timer.at = int(LONGEST_SECONDS * 100) + 1
    waiting = asyncio.create_task(body(kept, maker))
    await asyncio.wait({waiting}, timeout=0.01)
    was_waiting = not waiting.done()
    maker.go.set()

    assert (stale, was_waiting, await waiting) == (b"1", True, b"2")
    assert maker.made == 2


async def test_kept__many_ask_at_once__it_is_made_once_for_all(timer):
    kept, maker = Kept(timer), Maker()

    assert await asyncio.gather(*(body(kept, maker) for _ in range(20))) == [b"1"] * 20


async def test_kept__first_asker_goes_away__the_others_get_their_answer(timer):
    kept, maker = Kept(timer), Maker()
    maker.go.clear()
    first, second = (asyncio.create_task(body(kept, maker)) for _ in range(2))
    await asyncio.wait({first, second}, timeout=0.01)
    first.cancel()
    maker.go.set()

    assert await second == b"1"


async def test_kept__something_changed_while_it_was_made__is_not_kept(timer):
    kept, maker = Kept(timer), Maker()
    maker.go.clear()
    before = asyncio.create_task(body(kept, maker))
    await asyncio.wait({before}, timeout=0.01)
    kept.forget()
    after = asyncio.create_task(body(kept, maker))
    await asyncio.wait({after}, timeout=0.01)
    maker.go.set()

    assert (await before, await after, await body(kept, maker)) == (b"1", b"2", b"2")


async def test_kept__error__is_raised_to_all_and_not_kept(timer):
    kept, maker = Kept(timer), Maker()
    maker.error = KeyError("gone")
    found = await asyncio.gather(*(body(kept, maker) for _ in range(3)), return_exceptions=True)
    maker.error = None

    assert {type(each) for each in found} == {KeyError}
    assert await body(kept, maker) == b"2"


async def test_kept__endless_questions__the_oldest_is_forgotten(timer):
    kept, maker = Kept(timer), Maker()
    for number in range(MOST_KEPT + 1):
        await body(kept, maker, str(number))

    assert await body(kept, maker, str(MOST_KEPT)) == str(MOST_KEPT + 1).encode()
    assert await body(kept, maker, "0") == str(MOST_KEPT + 2).encode()


async def test_kept__long_answers__never_take_more_than_their_bytes(timer):
    kept, made = Kept(timer), []

    async def long():
        made.append(1)
        return answer_of(bytes(MOST_BYTES // 3))

    for question in "abcd":
        await kept.get(question, long)
    for question in "bcd":
        await kept.get(question, long)

    assert len(made) == 4
    await kept.get("a", long)
    assert len(made) == 5


async def test_kept__answers_too_old_to_serve__are_let_go_when_the_next_is_kept(timer):
    kept, maker = Kept(timer), Maker()
    for question in "abc":
        await body(kept, maker, question)
    timer.at = 100

    await body(kept, maker, "d")

    assert list(kept._answers) == ["d"]  # noqa: SLF001 - what takes the memory
