"""Troubles that last: told once, over once, whatever comes in between."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from keeper.alerts.open_troubles import NOTE
from keeper.alerts.router import AlertRouter
from keeper.alerts.rules import AlertRule
from keeper.core.records import Alert, Severity
from keeper.core.units import Seconds
from keeper.errors import NotifierUnavailable
from keeper.retry import Retry
from keeper.store.sqlite import open_store
from tests.alerts.kit import START, Channel, Hands

KEY = "refused:1:StalePrice"
ONCE = Retry(attempts=1, budget=1.0)


@dataclass
class Bench:
    store: Any
    clock: Hands = field(default_factory=Hands)
    channel: Channel = field(default_factory=Channel)
    rule: AlertRule = field(default_factory=AlertRule)

    def router(self) -> AlertRouter:
        return AlertRouter([self.channel], self.store, self.clock, self.rule)


def trouble(key: str = KEY, severity: Severity = Severity.WARNING) -> Alert:
    return Alert(key, severity, "ALEX is stale", "what", "done", "remedy", Seconds(START), pool_id=1)


@pytest.fixture
async def bench(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        yield Bench(store)


async def test_over__gone_for_the_settling_time__is_told_once_with_how_long_it_lasted(bench):
    router = bench.router()
    await router.send(trouble())
    bench.clock.at = START + 1_200
    await router.send(trouble())

    for later in (1_260, 1_500, 1_560, 1_620, 5_000):
        bench.clock.at = START + later
        await router.over("refused:1")
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "Over: ALEX is stale"]
    end = bench.channel.taken[-1]
    assert (end.key, end.resolved, end.severity, end.pool_id) == (KEY, True, Severity.INFO, 1)
    assert "20 min" in end.what
    assert end.link == "docs/runbook/refused.md"
    assert await bench.store.note(NOTE) == {}


async def test_over_outside__pool_was_taken_out_of_the_settings__its_troubles_end_and_no_others(bench):
    router = bench.router()
    await router.send(trouble())
    await router.send(replace(trouble("refused:2:StalePrice"), title="DIKO is stale", pool_id=2))
    await router.send(replace(trouble("low-balance:ST1"), title="Runs out of STX", pool_id=None))

    for later in (1_260, 1_800):
        bench.clock.at = START + later
        await router.over_outside({2})
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "DIKO is stale", "Runs out of STX", "Over: ALEX is stale"]


async def test_over__comes_back_before_it_has_settled__is_not_over(bench):
    router = bench.router()
    for later in range(0, 3_000, 200):
        bench.clock.at = START + later
        await router.send(trouble())
        bench.clock.at += 100
        await router.over("refused:1")
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale"]


async def test_over__comes_back_after_it_was_over__is_told_at_once(bench):
    router = bench.router()
    await router.send(trouble())
    for later in (10, 400):
        bench.clock.at = START + later
        await router.over("refused:1")
    bench.clock.at = START + 401
    await router.send(trouble())
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "Over: ALEX is stale", "ALEX is stale"]


async def test_over__after_a_restart__is_told_by_the_next_life(bench):
    first = bench.router()
    await first.send(trouble())
    bench.clock.at = START + 60
    await first.over("refused:1")
    await first.flush(5)

    second = bench.router()
    bench.clock.at = START + 361
    await second.tell_what_is_over()
    await second.flush(5)
    third = bench.router()
    await third.over("refused:1")
    await third.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "Over: ALEX is stale"]


async def test_over__other_pools_and_the_one_still_there__stay_open(bench):
    router = bench.router()
    for key in (KEY, "refused:1:PriceJump", "refused:12:StalePrice"):
        await router.send(trouble(key))

    await router.over("refused:1", still="refused:1:PriceJump")
    bench.clock.at = START + 301
    await router.tell_what_is_over()
    await router.flush(5)

    assert [alert.key for alert in bench.channel.taken if alert.resolved] == [KEY]
    assert set(await bench.store.note(NOTE)) == {"refused:1:PriceJump", "refused:12:StalePrice"}


async def test_over__event_that_has_happened__is_never_over(bench):
    router = bench.router()
    await router.send(trouble("rebalanced:1:7"))

    await router.over("rebalanced:1")
    bench.clock.at = START + 9_999
    await router.over("rebalanced:1")
    await router.flush(5)

    assert len(bench.channel.taken) == 1


async def test_over__goes_to_those_who_heard_of_the_trouble_and_to_nobody_else(bench):
    loud, quiet = Channel("loud"), Channel("quiet")
    rule = AlertRule(channels={"quiet": Severity.CRITICAL}, settle_seconds=0)
    router = AlertRouter([loud, quiet], bench.store, bench.clock, rule)
    await router.send(trouble())
    await router.send(trouble("halted:LedgerMismatch", Severity.CRITICAL))

    await router.over("refused:1")
    await router.over("halted")
    await router.flush(5)

    assert len(loud.taken) == 4
    assert [alert.key for alert in quiet.taken] == ["halted:LedgerMismatch", "halted:LedgerMismatch"]


async def test_over__channel_was_down_when_it_was_told__is_said_to_the_others_alone(bench):
    up, down = Channel("up"), Channel("down", errors=[NotifierUnavailable("down")])
    rule = AlertRule(settle_seconds=0)
    for life in range(2):  # the second has it from the note
        router = AlertRouter([up, down], bench.store, bench.clock, rule, retry=ONCE)
        if life == 0:
            await router.send(trouble())
        else:
            await router.over("refused:1")
        await router.flush(5)

    assert up.titles() == ["ALEX is stale", "Over: ALEX is stale"]
    assert (down.tries, down.taken) == (1, [])


async def test_over__channel_was_down_and_took_it_later__is_said_to_it_too(bench):
    bench.channel.errors = [NotifierUnavailable("down")]
    router = AlertRouter([bench.channel], bench.store, bench.clock, AlertRule(settle_seconds=0), retry=ONCE)
    for later in (0, 61):
        bench.clock.at = START + later
        await router.send(trouble())
        await router.flush(5)
    await router.over("refused:1")
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "Over: ALEX is stale"]


async def test_over__grew_worse_while_the_channel_was_down__is_said_to_it_when_it_took_the_second(bench):
    bench.channel.errors = [NotifierUnavailable("down")]
    router = AlertRouter([bench.channel], bench.store, bench.clock, AlertRule(settle_seconds=0), retry=ONCE)
    await router.send(trouble())
    await router.send(trouble(severity=Severity.CRITICAL))
    await router.flush(5)
    await router.over("refused:1")
    await router.flush(5)

    assert [alert.resolved for alert in bench.channel.taken] == [False, True]


async def test_over__still_on_its_way__follows_what_it_ends(bench):
    router = AlertRouter([bench.channel], bench.store, bench.clock, AlertRule(settle_seconds=0), retry=ONCE)
    await router.send(trouble())
    await router.over("refused:1")
    await router.flush(5)

    assert bench.channel.titles() == ["ALEX is stale", "Over: ALEX is stale"]


async def test_over__note_of_an_earlier_version__is_said_by_severity(bench):
    row = {"severity": "warning", "title": "T", "pool_id": 1, "since": START, "seen_at": START, "gone_at": START}
    await bench.store.put_note(NOTE, {KEY: row})
    quiet = Channel("quiet")
    rule = AlertRule(channels={"quiet": Severity.CRITICAL})
    router = AlertRouter([bench.channel, quiet], bench.store, bench.clock, rule)

    bench.clock.at = START + 301
    await router.over("refused:1")
    await router.flush(5)

    assert bench.channel.titles() == ["Over: T"]
    assert quiet.taken == []


async def test_over__no_block_seen_yet__waits_for_a_time(bench):
    bench.clock.at = None
    bench.rule = AlertRule(settle_seconds=0)
    router = bench.router()
    await router.send(trouble("cycles-skipped", Severity.CRITICAL))

    await router.over("cycles-skipped")
    bench.clock.at = START
    await router.over("cycles-skipped")
    await router.flush(5)

    assert [alert.resolved for alert in bench.channel.taken] == [False, True]


async def test_rule__kind_is_off_or_louder__is_obeyed(bench):
    bench.rule = AlertRule(
        least=Severity.WARNING, kinds={"refused": "off", "low-balance": Severity.CRITICAL, "stuck": Severity.INFO}
    )
    router = bench.router()
    for key in (KEY, "low-balance:ST1", "stuck:ST1", "not-paid:1"):
        await router.send(trouble(key))
    await router.flush(5)

    assert [(alert.kind, alert.severity) for alert in bench.channel.taken] == [
        ("low-balance", Severity.CRITICAL),
        ("not-paid", Severity.WARNING),
    ]
    assert {record.alert.kind for record in await bench.store.alerts()} == {"low-balance", "not-paid", "stuck"}


async def test_link__address_of_the_runbook__is_where_the_operator_says(bench):
    bench.rule = AlertRule(runbook="https://runbook.example/keeper/")
    router = bench.router()
    await router.send(trouble("halted:UnknownContractError", Severity.CRITICAL))
    await router.flush(5)

    assert bench.channel.taken[0].link == "https://runbook.example/keeper/halted-unknown-contract-error.md"


async def test_note__damaged_rows__are_left_out_and_the_rest_counts(bench):
    await bench.store.put_note(NOTE, {"refused:1:X": {"severity": "loud"}, "refused:1:Y": 7})
    router = bench.router()
    await router.send(trouble())

    assert set(await bench.store.note(NOTE)) == {KEY}


async def test_recall_anew__another_keeper_spoke_meanwhile__goes_on_from_what_it_left(bench):
    standby, active = bench.router(), bench.router()
    await standby.send(trouble("standing-by", Severity.INFO))
    await active.send(trouble())
    await active.send(trouble("low-balance:ST1"))
    for later in (10, 400):
        bench.clock.at = START + later
        await active.over("refused")
    await active.flush(5)

    standby.recall_anew()
    for later in (410, 800):
        bench.clock.at = START + later
        await standby.over("standing-by")
        await standby.over("refused")
        await standby.over("low-balance")
    await standby.flush(5)

    ended = [alert.key for alert in bench.channel.taken if alert.resolved]
    assert sorted(ended) == ["low-balance:ST1", KEY, "standing-by"]
    assert await bench.store.note(NOTE) == {}
