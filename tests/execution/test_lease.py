import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from keeper.core.leases import FREE, SENDER, Lease
from keeper.errors import LeaseLost, StoreUnavailable
from keeper.execution.lease import LEASE_SECONDS, Tenancy, timer
from keeper.pause import pause
from keeper.store.sqlite import SqliteStore, open_store

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHORT = 0.9
"""Seconds of a lease in tests that move the timer by hand: the keeper then looks ten times a second."""
PATIENCE = 20.0


@dataclass
class Timer:
    """Stands still until it is moved."""

    at: float = 1_000.0

    def __call__(self):
        return self.at


class Moody(SqliteStore):
    """Answers, says that it cannot, or does not answer at all; `after_write` happens before a write is answered."""

    mood = "well"

    def after_write(self):
        """Do nothing, until a test says otherwise."""

    async def _behave(self):
        if self.mood == "down":
            raise StoreUnavailable
        if self.mood == "mute":
            await asyncio.Event().wait()

    async def lease(self, name):
        await self._behave()
        return await super().lease(name)

    async def renew_lease(self, lease):
        await self._behave()
        renewed = await super().renew_lease(lease)
        self.after_write()
        return renewed

    async def take_lease(self, name, holder, *, seen):
        taken = await super().take_lease(name, holder, seen=seen)
        self.after_write()
        return taken

    async def release_lease(self, lease):
        await self._behave()
        return await super().release_lease(lease)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keeper.sqlite3"


@pytest.fixture
async def store(path):
    async with open_store(path) as opened:
        yield Moody(opened._db)  # noqa: SLF001 - the same file, with moods


class Keeper:
    """A tenancy at work, and what it told."""

    def __init__(self, store, holder, timer):
        self.timer = timer
        self.told = []
        self.stop = asyncio.Event()
        self.tenancy = Tenancy(
            store,
            holder=holder,
            lease_seconds=SHORT,
            monotonic=timer,
            changed=lambda lease: self.told.append(lease.term if lease else None),
        )
        self.task = asyncio.create_task(self.tenancy.run(self.stop))

    async def leave(self):
        self.stop.set()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def start(store):
    keepers = []

    def begin(holder, timer):
        keepers.append(Keeper(store, holder, timer))
        return keepers[-1]

    yield begin
    store.mood = "well"
    for keeper in keepers:
        await keeper.leave()


async def until(condition):
    """Wait until `condition`; a test that waits for what never comes fails."""
    never = asyncio.Event()
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await pause(never, 0.01)


async def looks(count=3):
    """Give every keeper the time for `count` looks."""
    await pause(asyncio.Event(), count * SHORT / 9)


async def test_lease__nobody_holds_it__is_taken_at_once(start, store):
    one = start("one", Timer())

    await until(one.tenancy.held)

    assert one.tenancy.require() == 1
    assert one.told == [1]
    assert (await store.lease(SENDER)).holder == "one"


async def test_lease__held__beats_while_it_is_kept(start, store):
    one = start("one", Timer())
    await until(one.tenancy.held)

    await until(lambda: one.tenancy.held().beat >= 3)

    assert (await store.lease(SENDER)).term == 1


async def test_standby__lease_is_held__stands_by_and_may_not_send(start):
    one = start("one", Timer())
    await until(one.tenancy.held)
    two = start("two", Timer())
    await looks()

    assert two.tenancy.held() is None
    with pytest.raises(LeaseLost, match="stands by and sends nothing"):
        two.tenancy.require()
    assert two.told == []


async def test_holder__stops__releases_so_that_the_next_takes_at_once(start, store):
    one = start("one", Timer())
    await until(one.tenancy.held)
    two = start("two", Timer())
    await one.leave()

    assert one.tenancy.held() is None
    assert one.told == [1, None]
    await until(two.tenancy.held)
    assert two.tenancy.require() == 2


async def test_holder__stops_while_nobody_waits__leaves_the_lease_free_with_its_term(start, store):
    one = start("one", Timer())
    await until(one.tenancy.held)
    with capture_logs() as logs:
        await one.leave()

    left = await store.lease(SENDER)

    assert (left.term, left.holder) == (1, FREE)
    assert [(line["event"], line["term"]) for line in logs] == [("lease_released", 1)]  # which is no loss


async def test_holder__cancelled__holds_nothing_any_more(start):
    one = start("one", Timer())
    await until(one.tenancy.held)
    one.task.cancel()
    await asyncio.wait([one.task])

    assert one.tenancy.held() is None
    assert one.told == [1, None]


@pytest.mark.parametrize(("passed", "held"), [(0.66, True), (0.67, False), (1_000.0, False), (-0.1, False)])
async def test_held__time_since_the_last_renewal__is_trusted_for_two_thirds(start, passed, held):
    one = start("one", Timer())
    await until(one.tenancy.held)

    one.timer.at += SHORT * passed  # nothing else runs before the next line: a keeper that was paused wakes up so

    assert (one.tenancy.held() is not None) == held


async def test_held__answer_took_long__is_counted_from_the_question(start, store):
    moving = Timer()

    def answers_late():
        moving.at += SHORT * 0.7

    store.after_write = answers_late
    one = start("one", moving)
    await looks()
    assert (await store.lease(SENDER)).holder == "one"
    assert one.tenancy.held() is None

    store.after_write = lambda: None
    await until(one.tenancy.held)
    before = one.tenancy.held()
    store.after_write = answers_late
    while await store.lease(SENDER) == before:
        await looks(1)

    assert one.tenancy.held() is None


async def test_holder__slept_while_nobody_took_over__goes_on_with_the_same_term(start):
    one = start("one", Timer())
    await until(one.tenancy.held)
    one.timer.at += 50.0
    assert one.tenancy.held() is None

    await until(one.tenancy.held)

    assert one.tenancy.require() == 1


async def test_standby__lease_stands_still_for_its_length__takes_it_and_not_before(start, store):
    dead = await store.take_lease(SENDER, "a holder elsewhere", seen=None)
    assert dead == Lease(SENDER, 1, "a holder elsewhere", 0)
    two = start("two", Timer())
    await looks()
    two.timer.at += SHORT * 0.99
    await looks()
    assert two.tenancy.held() is None

    two.timer.at += SHORT * 0.02
    await until(two.tenancy.held)

    assert two.tenancy.require() == 2


async def test_standby__holder_renews_now_and_then__waits_the_whole_length_again(start, store):
    held = await store.take_lease(SENDER, "a holder elsewhere", seen=None)
    two = start("two", Timer())
    for _ in range(4):
        await looks()
        two.timer.at += SHORT * 0.9
        await store.renew_lease(held)
        await looks()

    assert two.tenancy.held() is None
    assert two.told == []


async def test_timers__far_apart_and_jumping__the_one_replaced_too_early_is_refused(start, store):
    one = start("one", Timer(5.0))
    await until(one.tenancy.held)
    two = start("two", Timer(9e9))
    await looks()
    assert two.tenancy.held() is None

    def jump():  # its timer is broken: it thinks every time that the holder has been silent for long
        two.timer.at += 1_000.0
        return two.tenancy.held()

    await until(lambda: one.told[-1] is None or jump())

    with pytest.raises(LeaseLost):
        await store.put_note("mark", {}, term=1)
    await until(two.tenancy.held)
    await store.put_note("mark", {}, term=two.tenancy.require())
    await until(lambda: one.told == [1, None])
    assert one.tenancy.held() is None


async def test_holder__replaced_behind_its_back__stands_by_from_its_next_renewal(start, store):
    one = start("one", Timer())
    await until(one.tenancy.held)

    async def steal():
        return await store.take_lease(SENDER, "thief", seen=await store.lease(SENDER))

    while await steal() is None:
        pass
    await until(lambda: one.tenancy.held() is None)

    assert one.told == [1, None]
    with pytest.raises(LeaseLost):
        one.tenancy.require()


@pytest.mark.parametrize("mood", ["down", "mute"])
async def test_store__silent_for_a_while__lease_runs_out_and_comes_back_with_the_same_term(start, store, mood):
    one = start("one", Timer())
    await until(one.tenancy.held)
    store.mood = mood
    await looks()
    assert one.tenancy.held() is not None

    one.timer.at += SHORT * 0.7
    await until(lambda: one.told == [1, None])
    store.mood = "well"
    await until(one.tenancy.held)

    assert one.told == [1, None, 1]


@pytest.mark.parametrize("mood", ["down", "mute"])
async def test_store__silent_when_the_holder_stops__does_not_keep_it(start, store, mood):
    one = start("one", Timer())
    await until(one.tenancy.held)
    store.mood = mood

    async with asyncio.timeout(PATIENCE):
        await one.leave()

    assert one.tenancy.held() is None


class Child:
    """A keeper in a process of its own, read line by line."""

    def __init__(self, process):
        self.process = process

    def next(self):
        """Return the next report: when it was asked, the term held, the last term, what the write did."""
        line = self.process.stdout.readline()
        assert line, "the child ended"
        asked_at, held, last, done = line.split()
        return float(asked_at), held, last, done

    def until(self, condition):
        """Read on until a report meets `condition`, and return it."""
        deadline = timer() + PATIENCE
        while not condition(report := self.next()):
            assert timer() < deadline, f"still waiting; the last report was {report}"
        return report

    def signal(self, number):
        os.kill(self.process.pid, number)


@contextmanager
def child(path, lease_seconds, holder=None):
    command = [
        sys.executable,
        str(HERE / "lease_holder.py"),
        str(path),
        str(lease_seconds),
        *([holder] if holder else []),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def holds(term):
    return lambda report: report[1] == str(term) and report[3] == "written"


def test_process__holder_killed_on_this_machine__next_takes_over_at_once(path):
    with child(path, LEASE_SECONDS) as one:
        one.until(holds(1))
        with child(path, LEASE_SECONDS) as two:
            two.until(lambda report: report[1] == "-")
            killed_at = timer()
            one.signal(signal.SIGKILL)  # and nobody reaps it: a zombie is dead enough
            taken_at, *_ = two.until(holds(2))

    assert taken_at - killed_at < LEASE_SECONDS / 3


def test_process__holder_killed_elsewhere__next_takes_over_within_fifteen_seconds(path):
    # A name that says nothing of a process is what another machine's name is to this one.
    with child(path, LEASE_SECONDS, "elsewhere-1") as one:
        one.until(holds(1))
        with child(path, LEASE_SECONDS, "elsewhere-2") as two:
            two.until(lambda report: report[1] == "-")
            killed_at = timer()
            one.signal(signal.SIGKILL)
            taken_at, *_ = two.until(holds(2))

    assert LEASE_SECONDS * 2 / 3 < taken_at - killed_at < 15


def test_process__holder_stopped_past_its_lease__is_refused_and_knows_it_when_it_wakes(path):
    lease_seconds = 3.0
    with child(path, lease_seconds) as one:
        one.until(holds(1))
        with child(path, lease_seconds) as two:
            two.until(lambda report: report[1] == "-")
            one.signal(signal.SIGSTOP)
            two.until(holds(2))
            woken_at = timer()
            one.signal(signal.SIGCONT)
            after = one.until(lambda report: report[0] >= woken_at)
            later = [one.next() for _ in range(20)]
            assert two.until(lambda report: report[0] >= later[-1][0])[1:] == ("2", "2", "written")

    assert after[1:] == ("-", "1", "refused")
    assert {report[1:] for report in later} == {("-", "1", "refused")}


def test_process__holder_told_to_stop__next_takes_over_at_once(path):
    with child(path, LEASE_SECONDS, "elsewhere-1") as one:
        one.until(holds(1))
        with child(path, LEASE_SECONDS, "elsewhere-2") as two:
            two.until(lambda report: report[1] == "-")
            told_at = timer()
            one.signal(signal.SIGTERM)
            taken_at, *_ = two.until(holds(2))
            assert one.process.wait() == 0

    assert taken_at - told_at < LEASE_SECONDS / 3
