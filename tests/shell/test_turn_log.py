"""What a round's turns came to: when it is written, in which order, and what is left when the store is away."""

from dataclasses import dataclass, field, replace

import pytest

from keeper.core.records import Decision, Outcome, Turn
from keeper.core.units import Seconds
from keeper.errors import LedgerMismatch, StoreUnavailable
from keeper.testing.fakes import ManualClock
from keeper.turn_log import MOST_SECONDS, MOST_TURNS, TurnLog
from tests.shell.world import ADRIFT, AT_HOME, RULE, open_world, whale

NOW = ManualClock().at


@dataclass
class Book:
    """A store that remembers what it was given, and may be away."""

    away: bool = False
    written: list[tuple[list[str], dict[str, dict]]] = field(default_factory=list)

    async def record(self, turns, notes=None):
        if self.away:
            raise StoreUnavailable
        self.written.append(([turn.decision.decision_id for turn in turns], dict(notes)))


@dataclass
class Watch:
    """A timer that is set by hand."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def turn(name: str) -> Turn:
    return Turn(Decision(name, 1, Seconds(1), 1, Outcome.WITHIN_THRESHOLD, "nothing to do"))


async def test_turns__without_news__are_written_together_when_the_round_ends():
    book = Book()
    log = TurnLog(book, Watch())

    async with log:
        await log.add(turn("a"), news=False)
        log.note("prices", {"n": 1})
        await log.add(turn("b"), news=False)
        before = list(book.written)

    assert (before, book.written) == ([], [(["a", "b"], {"prices": {"n": 1}})])


async def test_turns__one_is_news__those_before_it_are_written_with_it_in_order():
    book = Book()
    log = TurnLog(book, Watch())

    async with log:
        await log.add(turn("a"), news=False)
        await log.add(turn("b"), news=True)
        written = list(book.written)

    assert book.written == written == [(["a", "b"], {})]


async def test_turns__many_or_slow__are_written_before_the_round_ends():
    book, watch = Book(), Watch()
    log = TurnLog(book, watch)

    async with log:
        for number in range(MOST_TURNS):
            await log.add(turn(str(number)), news=False)
        await log.add(turn("first"), news=False)
        watch.now += MOST_SECONDS
        await log.add(turn("late"), news=False)
        written = [ids for ids, _ in book.written]

    assert written == [[str(number) for number in range(MOST_TURNS)], ["first", "late"]]


async def test_round__store_is_away_at_its_end__fails_and_the_next_one_begins_anew():
    book = Book(away=True)
    log = TurnLog(book, Watch())

    with pytest.raises(StoreUnavailable):
        async with log:
            await log.add(turn("lost"), news=False)
    book.away = False
    async with log:
        await log.add(turn("anew"), news=False)

    assert book.written == [(["anew"], {})]


async def one_round(log, *news):
    """Have a round in which the first turn is at rest and others are news."""
    async with log:
        await log.add(turn("at rest"), news=False)
        log.note("prices", {"n": 1})
        for name in news:
            await log.add(turn(name), news=True)


async def test_round__store_was_away__news_and_its_notes_are_written_before_the_next_one_does_anything():
    book = Book(away=True)
    log = TurnLog(book, Watch())

    for names in (("traded",), ("never begun",)):
        with pytest.raises(StoreUnavailable):
            await one_round(log, *names)
    book.away = False
    async with log:
        written = list(book.written)

    assert written == book.written == [(["traded"], {"prices": {"n": 1}})]


async def test_round__another_keeper_had_the_lease_meanwhile__nothing_of_the_outage_is_written():
    book = Book(away=True)
    log = TurnLog(book, Watch())

    with pytest.raises(StoreUnavailable):
        await one_round(log, "traded")
    book.away = False
    log.forget()
    async with log:
        pass

    assert book.written == []


@pytest.mark.parametrize("away", [False, True])
async def test_round__ended_by_something_worse__tells_that_and_writes_what_it_can(away):
    book = Book(away=away)
    log = TurnLog(book, Watch())

    async def end() -> None:
        async with log:
            await log.add(turn("a"), news=False)
            message = "less than booked"
            raise LedgerMismatch(message)

    with pytest.raises(LedgerMismatch, match="less than booked"):
        await end()

    assert book.written == ([] if away else [(["a"], {})])


async def test_cycle__pools_at_rest_before_one_adrift__are_written_before_anything_is_sent(tmp_path):
    rules = [replace(RULE, pool_id=number, whales=replace(RULE.whales, category=f"of {number}")) for number in (1, 2)]
    async with open_world(tmp_path, pools=tuple(rules)) as world:
        await world.store.put_whales([replace(whale(AT_HOME, NOW), category=f"of {number}") for number in (1, 2)])
        await world.cycle.run()
        world.chain.pass_time(61)
        await world.store.put_whales([replace(whale(ADRIFT, NOW), category="of 2")])
        known, put = [], world.store.put_intent

        async def watched(intent, **more):
            known.append([decision.pool_id for decision in await world.store.decisions()])
            await put(intent, **more)

        world.store.put_intent = watched
        decisions = await world.cycle.run()

    assert [decision.outcome for decision in decisions] == [Outcome.WITHIN_THRESHOLD, Outcome.PROPOSED]
    assert known[0] == [1, 2, 1]
