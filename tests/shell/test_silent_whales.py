"""A source of whales that stays silent changes nothing of what pools follow: its last answer counts, or the pool is refused."""

from dataclasses import replace

import pytest

from keeper.core.records import Outcome
from keeper.errors import SourceUnavailable
from tests.shell.world import ADRIFT, AT_HOME, RULE, WHALE, open_world, say, whale


class Feed:
    """Names one whale that holds what the pool holds; may be silent."""

    name = "indexer"

    def __init__(self):
        self.has, self.away = [], False

    async def whales(self, category):
        if self.away:
            message = "indexer: the database of whales could not be read"
            raise SourceUnavailable(message)
        return [whale for whale in self.has if whale.category == category]


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture
async def world(tmp_path, feed):
    """Give a keeper whose feed names the best whale, and whose store names one that would have the pool rebalanced."""
    rule = replace(RULE, whales=replace(RULE.whales, top=1))
    async with open_world(tmp_path, pools=(rule,), feeds=[feed]) as opened:
        feed.has = [replace(whale(AT_HOME, opened.clock.at), address="SP1")]
        await opened.store.put_whales([replace(whale(ADRIFT, opened.clock.at), score=100)])
        yield opened


async def test_silent__after_an_answer__is_followed_as_it_was_and_named(world, feed):
    before = await world.run()
    feed.away = True
    world.chain.pass_time(120)
    after = await world.run()

    assert before.facts["silent_whale_sources"] == {}
    assert after.facts["whales"] == before.facts["whales"] == {"SP1": 10_000}
    assert after.outcome is before.outcome
    assert after.facts["silent_whale_sources"] == {"indexer": "indexer: the database of whales could not be read"}


async def test_silent__never_heard__refuses_the_pool_by_name_until_it_answers(world, feed):
    feed.away = True
    refused = await world.run()
    feed.away = False
    world.chain.pass_time(120)
    after = await world.run()

    assert (refused.outcome, refused.facts["error"]) == (Outcome.REFUSED, "WhalesUnknown")
    assert "the whale source indexer is silent" in refused.reason
    assert "not known since the keeper started" in refused.reason
    assert list(refused.facts["silent_whale_sources"]) == ["indexer"]
    assert say(refused)
    assert after.facts["whales"] == {"SP1": 10_000}


async def test_silent__what_it_said_is_too_old__refuses_rather_than_following_others(world, feed):
    await world.run()
    feed.away = True
    world.chain.pass_time(RULE.whales.max_age + 1)
    await world.store.put_whales([replace(whale(ADRIFT, world.clock.at), score=100)])
    world.chain.sent.clear()

    refused = await world.run()

    assert (refused.outcome, refused.facts["error"]) == (Outcome.REFUSED, "WhalesUnknown")
    assert "1 of its whales of the category defi were seen too long ago" in refused.reason
    assert world.chain.sent == []


async def test_silent__said_that_it_has_none__is_no_matter(world, feed):
    feed.has = []
    await world.run()
    feed.away = True
    world.chain.pass_time(120)

    assert list((await world.run()).facts["whales"]) == [WHALE]


async def test_answering__names_nobody_any_more__is_believed(world, feed):
    await world.run()
    feed.has = []
    world.chain.pass_time(120)

    assert list((await world.run()).facts["whales"]) == [WHALE]
