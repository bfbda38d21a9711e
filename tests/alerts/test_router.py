import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keeper.alerts.lanes import LONGEST_LINE
from keeper.alerts.router import AlertRouter
from keeper.alerts.rules import AlertRule
from keeper.core.records import Alert, AlertRecord, Severity
from keeper.core.units import Seconds
from keeper.errors import NotifierUnavailable, StoreUnavailable
from keeper.retry import Retry
from keeper.store.sqlite import open_store
from tests.alerts.kit import START, Channel, Hands

QUICK = Retry(attempts=3, budget=0.04, first_wait=1.0)


class BrokenStore:
    """The part of the Store that the router uses, out of order."""

    async def alerts(self, *, limit: int = 50) -> Sequence[AlertRecord]:
        raise StoreUnavailable

    async def add_alert(self, record: AlertRecord) -> None:
        raise StoreUnavailable

    async def note(self, key: str) -> None:
        raise StoreUnavailable

    async def put_note(self, key: str, body: Any) -> None:
        raise StoreUnavailable


def alert(key: str = "refused:1:StalePrice", severity: Severity = Severity.WARNING) -> Alert:
    return Alert(
        key,
        severity,
        "ALEX price is stale",
        "no price for 20 min",
        "skipped the cycle",
        "check the node",
        START,
        link=f"docs/runbook/{key.partition(':')[0]}.md",
    )


class Router(AlertRouter):
    """An AlertRouter whose `tell` waits until the channels have spoken."""

    async def tell(self, said: Alert) -> AlertRecord | None:
        task = await self.send(said)
        return None if task is None else await task


def router_of(channels: list[Channel], store: Any, clock: Hands, **rule: Any) -> Router:
    return Router(channels, store, clock, AlertRule(**rule), retry=QUICK, patience=0.3)


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as opened:
        yield opened


@pytest.fixture
def clock():
    return Hands()


async def test_alert__first_time__goes_to_every_channel_and_is_recorded(store, clock):
    slack, discord = Channel("slack"), Channel("discord")

    record = await router_of([slack, discord], store, clock).tell(alert())

    assert record == AlertRecord(alert(), delivered_to=("slack", "discord"), failed=())
    assert slack.taken == discord.taken == [alert()]
    assert list(await store.alerts()) == [record]


async def test_alert__same_key_while_cooling__is_held_back_then_said_again(store, clock):
    slack = Channel("slack")
    router = router_of([slack], store, clock, cool_seconds=3_600)
    await router.tell(alert())

    clock.at = Seconds(START + 3_599)
    held = await router.tell(alert())
    other = await router.tell(alert("signer-low"))
    clock.at = Seconds(START + 3_600)
    again = await router.tell(alert())

    assert held is None
    assert other is not None
    assert again is not None
    assert len(slack.taken) == 3


async def test_alert__more_severe_while_cooling__is_said_at_once(store, clock):
    router = router_of([Channel("slack")], store, clock)
    await router.tell(alert())

    assert await router.tell(alert(severity=Severity.CRITICAL)) is not None
    assert await router.tell(alert(severity=Severity.CRITICAL)) is None
    assert await router.tell(alert(severity=Severity.INFO)) is None


async def test_alert__after_a_restart__is_still_cooling(store, clock):
    await router_of([Channel("slack")], store, clock).tell(alert())
    slack = Channel("slack")

    assert await router_of([slack], store, clock).tell(alert()) is None
    assert slack.tries == 0


async def test_alert__two_tasks_with_one_trouble__say_it_once(store, clock):
    slack = Channel("slack")
    router = router_of([slack], store, clock)

    await asyncio.gather(*(router.tell(alert()) for _ in range(5)))

    assert len(slack.taken) == 1


async def test_channel__hiccups__is_tried_again(store, clock):
    slack = Channel("slack", errors=[NotifierUnavailable("429")])

    record = await router_of([slack], store, clock).tell(alert())

    assert record is not None
    assert record.delivered_to == ("slack",)
    assert slack.tries == 2


@pytest.mark.parametrize("error", [NotifierUnavailable("down"), RuntimeError("a mistake in the plugin"), KeyError("x")])
async def test_channel__keeps_failing__is_recorded_and_the_other_still_hears(store, clock, error):
    slack, discord = Channel("slack", errors=[error] * 9), Channel("discord")

    record = await router_of([slack, discord], store, clock).tell(alert())

    assert record is not None
    assert (record.delivered_to, record.failed) == (("discord",), ("slack",))
    assert list(await store.alerts()) == [record]


async def test_alert__no_channel_took_it__is_tried_again_after_a_minute(store, clock):
    slack = Channel("slack", errors=[NotifierUnavailable("down")] * 3)
    router = router_of([slack], store, clock)
    first = await router.tell(alert())
    clock.at = Seconds(START + 59)
    early = await router.tell(alert())
    clock.at = Seconds(START + 60)
    second = await router.tell(alert())

    assert first is not None
    assert first.failed == ("slack",)
    assert early is None
    assert second is not None
    assert second.delivered_to == ("slack",)


async def test_alert__no_channels_at_all__is_recorded_and_cools(store, clock):
    router = router_of([], store, clock)

    assert await router.tell(alert()) == AlertRecord(alert(), (), ())
    assert await router.tell(alert()) is None


async def test_channel__hangs__keeps_neither_the_caller_nor_the_others_waiting(store, clock):
    slow, quick = Channel("slack", hangs=True), Channel("discord")
    router = router_of([slow, quick], store, clock)
    started = time.monotonic()

    sending = await router.send(alert())

    assert sending is not None
    assert time.monotonic() - started < 0.2
    record = await sending
    assert (record.delivered_to, record.failed) == (("discord",), ("slack",))
    assert quick.taken == [alert()]


async def test_store__unavailable__alert_is_still_said_and_still_cools(clock):
    slack = Channel("slack")
    router = router_of([slack], BrokenStore(), clock)

    record = await router.tell(alert())

    assert record is not None
    assert record.delivered_to == ("slack",)
    assert await router.tell(alert()) is None


async def test_clock__no_block_seen_yet__alerts_own_time_counts(store):
    router = router_of([Channel("slack")], store, Hands(None))

    assert await router.tell(alert()) is not None
    assert await router.tell(alert()) is None
    assert await router.tell(replace(alert(), at=Seconds(START + 3_600))) is not None


async def test_keys__that_never_come_back__do_not_pile_up_and_warm_ones_stay(store, clock):
    router = router_of([], BrokenStore(), clock, cool_seconds=100)
    for number in range(700):
        clock.at = Seconds(START + number)
        await router.tell(alert(f"tx-{number}"))

    assert await router.tell(alert("tx-699")) is None
    assert await router.tell(alert("tx-1")) is not None


async def test_channel__asks_for_patience__is_left_alone_so_long_and_then_gets_it(store, clock):
    slack = Channel("slack", errors=[NotifierUnavailable("429", retry_after=1)] * 3)
    started = time.monotonic()

    record = await router_of([slack], store, clock).tell(alert())

    assert record is not None
    assert record.delivered_to == ("slack",)
    assert time.monotonic() - started >= 1


async def test_channel__line_is_full__gives_up_the_least_severe_and_never_a_critical_one(store, clock):
    slow = Channel("slack", hangs=True)
    router = router_of([slow], store, clock)
    page = await router.send(alert("halted:LedgerMismatch", Severity.CRITICAL))
    waiting = [await router.send(alert(f"tx-{number}")) for number in range(LONGEST_LINE + 3)]
    given_up = [task for task in waiting if task is not None and await is_done_soon(task)]

    assert len(waiting) - len(given_up) <= LONGEST_LINE
    assert given_up == waiting[: len(given_up)]
    assert page is not None
    await router.close(0.05)
    assert (await page).failed == ("slack",)


async def is_done_soon(task):
    await asyncio.wait({task}, timeout=0.02)
    return task.done()


async def test_close__alerts_on_their_way__arrive_first(store, clock):
    slack = Channel("slack")
    router = router_of([slack], store, clock)
    for number in range(5):
        await router.send(alert(f"tx-{number}"))

    await router.close(1.0)

    assert len(slack.taken) == 5
    assert len(await store.alerts()) == 5


async def test_close__channel_hangs__ends_within_the_bound_and_the_record_says_so(store, clock):
    router = router_of([Channel("slack", hangs=True)], store, clock)
    await router.send(alert())
    await router.send(alert("tx-1"))
    started = time.monotonic()

    await router.close(0.1)

    assert time.monotonic() - started < 2
    assert [record.failed for record in await store.alerts()] == [("slack",), ("slack",)]
