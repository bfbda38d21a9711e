"""What many pools share: whales are chosen once and never a second too long, and prices are written when they are new."""

from dataclasses import replace

import pytest

from keeper.agreed_prices import PRICES_NOTE
from keeper.core.allocation import MAX_AHEAD, select_whales, target_from_whales
from keeper.core.records import Outcome
from keeper.core.units import Seconds
from keeper.errors import BadInput
from keeper.whales import SeenWhales, Whales
from tests.shell.world import ADRIFT, RULE, open_world, whale

NOW = 1_795_000_000
WEEK = 7 * 24 * 3_600


class Source:
    """Counts how often it is asked."""

    def __init__(self, *whales):
        self.has, self.asked = whales, 0

    async def whales(self, category):
        self.asked += 1
        return self.has


def named(name, at):
    return replace(whale(ADRIFT, at), address=name)


async def test_followed__many_pools__asks_once_until_told_to_forget():
    source = Source(named("SP1", NOW))
    seen = SeenWhales(Whales(source))

    first = [await seen.followed(RULE.whales, Seconds(NOW)) for _ in range(3)]
    await seen.followed(replace(RULE.whales, top=1), Seconds(NOW))
    asked = source.asked
    source.has = (named("SP2", NOW),)
    seen.forget()

    assert (asked, [followed.whales[0].address for followed in first]) == (1, ["SP1"] * 3)
    assert [row.address for row in (await seen.followed(RULE.whales, Seconds(NOW))).whales] == ["SP2"]


@pytest.mark.parametrize("step", [1, 300, 60_000])
async def test_followed__time_goes_on_and_back__is_what_would_be_chosen_anew(step):
    whales = [
        named("SP1", NOW),
        named("SP2", NOW - WEEK + 30),
        named("SP3", NOW + MAX_AHEAD + 40),
        named("SP1", NOW + 20),
    ]
    seen = SeenWhales(Whales(Source(*whales)))
    times = [NOW + step * count for count in (0, 1, 2, 20, 30, 31, 39, 40, 41, 3, 0)]

    for now in times:
        assert (await seen.followed(RULE.whales, now)).whales == select_whales(whales, RULE.whales, now)


async def test_followed__impossible_rule__is_refused_every_time():
    seen = SeenWhales(Whales(Source(named("SP1", NOW))))

    for _ in range(2):
        with pytest.raises(BadInput):
            await seen.followed(replace(RULE.whales, top=0), Seconds(NOW))


async def test_cycle__unchanged_prices__are_written_once(tmp_path):
    rules = tuple(replace(RULE, pool_id=number) for number in (1, 2, 3))
    async with open_world(tmp_path, pools=rules) as world:
        written, record = [], world.store.record

        async def counted(turns, notes):
            written.extend(notes)
            await record(turns, notes)

        world.store.record = counted
        await world.cycle.run()
        first = written.count("agreed-prices")
        world.clock.advance(60)
        world.chain.pass_time(1)
        for source in world.sources:
            source.usd_e12 = dict(source.usd_e12)
        await world.cycle.run()

    assert (first, written.count("agreed-prices")) == (1, 2)


async def test_cycle__about_to_send__has_the_agreed_prices_written(tmp_path):
    async with open_world(tmp_path) as world:
        await world.follow(ADRIFT)
        known, put = [], world.store.put_intent

        async def watched(intent, **more):
            known.append(await world.store.note(PRICES_NOTE))
            await put(intent, **more)

        world.store.put_intent = watched
        decision = await world.run()

    assert decision.outcome is Outcome.PROPOSED
    assert set(known[0]) == {"STX", "ALEX", "DIKO", "STX/USD"}


async def test_wanted__pools_with_the_same_assets__share_what_others_work_out_anew():
    whales = (named("SP1", NOW), replace(named("SP2", NOW), allocation_bps={"STX": 10_000}))
    followed = await SeenWhales(Whales(Source(*whales))).followed(RULE.whales, Seconds(NOW))

    first, again, other = (followed.wanted(symbols) for symbols in (RULE.symbols, RULE.symbols, ("STX", "ALEX")))

    assert again is first
    assert first.target == target_from_whales(followed.whales, RULE.symbols)
    assert other.target == target_from_whales(followed.whales, ("STX", "ALEX"))
    assert [(row["address"], row["weight_bps"]) for row in other.whale_rows] == [("SP1", 5_000), ("SP2", 5_000)]
