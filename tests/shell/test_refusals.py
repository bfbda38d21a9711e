"""What the keeper does when it must not do what it would like to."""

import pytest

from keeper.core.records import IntentState, Outcome, Severity
from keeper.errors import NodeUnavailable, UnknownContractError
from keeper.execution.journal import MAX_FAILURES
from tests.shell.world import ADRIFT, ALL_PAUSED, KEY, say

READS_OF_ONE_LOOK = 6
"""The tip, the pool, its assets, its queue, its proposal, its mandate: a node that then falls silent does so at the fee."""
ERR_SLIPPAGE, ERR_NOT_KEEPER, NOBODYS_CODE = 1338, 1400, 999_999


def venues_of(decision):
    return {leg["venue"] for leg in decision.facts["plan"]["legs"]}


async def test_run__prices_disagree__is_refused_with_an_alert_and_nothing_is_sent(world):
    await world.follow(ADRIFT)
    world.sources[0].usd_e12["ALEX"] = 60_000_000_000

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "PriceDisagreement")
    assert "the sources of ALEX are" in decision.reason
    assert decision.facts["sources"]["pyth"] == 120_000_000_000
    assert decision.drift_bps is None
    assert world.chain.sent == []
    [alert] = world.notifier.delivered
    assert (alert.severity, alert.title) == (Severity.WARNING, "DeFi Whale Index: nothing was traded")


async def test_run__trouble_lasts__is_told_once_an_hour(world):
    world.sources[0].usd_e12["ALEX"] = 60_000_000_000

    await world.run_times(3)
    once = len(world.notifier.delivered)
    world.chain.pass_time(3_600)
    await world.run()

    assert (once, len(world.notifier.delivered)) == (1, 2)


async def test_run__a_source_is_silent_and_too_few_are_left__is_refused_and_names_it(world):
    await world.follow(ADRIFT)
    world.sources[1].outages = 99

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "TooFewSources")
    assert list(decision.facts["silent_sources"]) == ["coingecko"]
    assert world.chain.sent == []


async def test_run__a_source_comes_back__goes_on_by_itself(world):
    await world.follow(ADRIFT)
    world.sources[1].outages = 4  # one cycle's tries

    refused, done = await world.run_times(2)

    assert (refused.outcome, done.outcome) == (Outcome.REFUSED, Outcome.PROPOSED)


async def test_run__price_jumped_since_the_last_cycle__is_refused(world):
    await world.run()
    for source in world.sources:
        source.usd_e12["STX"] = 400_000_000_000

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "TooFewSources")
    assert "moved" in decision.facts["stx_usd"]


async def test_run__price_jumped_while_the_keeper_was_down__is_still_refused(world):
    await world.run()
    for source in world.sources:
        source.usd_e12["STX"] = 400_000_000_000
    reborn, _ = world.rebuild()

    [decision] = await reborn.run()

    assert "moved" in decision.facts["stx_usd"]


async def test_run__breaker_is_out__refuses_the_slice(world):
    await world.with_mandate()
    world.chain.tripped.add(world.assets["ALEX"].principal)

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "PriceJump")
    assert "ERR_TRIPPED" in decision.reason
    assert world.chain.sent == []


async def test_run__breaker_trips_on_the_post__refuses_the_slice_after_it(world):
    await world.with_mandate()
    world.chain.pass_time(600)
    world.chain.trips_on_next_post.add(world.assets["ALEX"].principal)

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "PriceJump")
    assert "the oracle's breaker tripped on 1 price(s)" in decision.reason
    assert world.chain.called() == ["post-prices"]


async def test_run__contract_refuses_the_slice__says_its_reason_and_tries_again(world):
    await world.with_mandate()
    world.chain.answers_next["rebalance-pool"] = [ERR_SLIPPAGE]

    refused, retried = await world.run_times(2)

    assert refused.outcome is Outcome.REFUSED
    assert "ERR_SLIPPAGE u1338" in refused.reason
    assert refused.facts["txid"] == world.chain.sent[0].txid
    assert world.titles()[-1] == "DeFi Whale Index: nothing was traded"
    assert retried.outcome is Outcome.SLICE_EXECUTED
    states = {intent.key: intent.state for intent in await world.store.intents() if "rebalance" in intent.key}
    assert states == {"rebalance:1:1:1#1": IntentState.REFUSED, "rebalance:1:1:1#2": IntentState.SETTLED}


async def test_run__slice_failed_at_one_venue__the_next_attempt_goes_to_the_other(world):
    other, world.dexes[1].pools = world.dexes[1].pools, {}
    await world.follow({"STX": 4_000, "ALEX": 5_000, "DIKO": 1_000})
    await world.run()
    world.vote(1, passes=True)
    await world.run()
    world.chain.answers_next["rebalance-pool"] = [ERR_SLIPPAGE]
    refused = await world.run()
    world.dexes[1].pools = other

    retried = await world.run()

    assert refused.outcome is Outcome.REFUSED
    assert retried.outcome is Outcome.SLICE_EXECUTED
    assert venues_of(retried) == {"velar"}


async def test_run__slice_fails_every_time__rests_after_five_attempts(world):
    await world.with_mandate()
    world.chain.answers_next["rebalance-pool"] = [ERR_SLIPPAGE] * 9

    decisions = await world.run_times(7)

    assert {d.outcome for d in decisions} == {Outcome.REFUSED}
    assert world.chain.called().count("rebalance-pool") == MAX_FAILURES
    assert "rebalance:1:1:1 failed 5 times" in decisions[-1].reason


async def test_run__pool_is_paused__refuses_to_propose(world):
    await world.follow(ADRIFT)
    world.pool.pauses = ALL_PAUSED

    decision = await world.run()

    assert (decision.outcome, decision.reason) == (Outcome.REFUSED, "the pool is stopped: paused")
    assert world.chain.sent == []


async def test_run__pool_is_paused_with_an_open_mandate__refuses_the_slice(world):
    await world.with_mandate()
    world.pool.pauses = ALL_PAUSED

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "PlanRejected")
    assert world.chain.sent == []


async def test_run__contract_answers_a_code_nobody_knows__halts(world):
    await world.with_mandate()
    world.chain.answers_next["rebalance-pool"] = [NOBODYS_CODE]

    with pytest.raises(UnknownContractError, match="u999999"):
        await world.run()

    [intent] = [i for i in await world.store.intents() if "rebalance" in i.key]
    assert intent.state is IntentState.REFUSED


async def test_run__pool_holds_an_asset_nobody_configured__refuses_that_pool_alone(world):
    world.pool.holdings["SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.usda-token"] = 1

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "BadInput")
    assert "usda-token" in decision.reason
    assert world.chain.sent == []


async def test_run__role_was_taken_away__is_refused_with_the_contracts_reason(world):
    await world.with_mandate()
    world.chain.answers_next["rebalance-pool"] = [ERR_NOT_KEEPER]

    decision = await world.run()

    assert decision.outcome is Outcome.REFUSED
    assert "ERR_NOT_KEEPER u1400" in decision.reason


async def test_run__fee_above_the_cap__is_refused_and_nothing_is_signed(world):
    await world.follow(ADRIFT)
    world.chain.fee = 200_001

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "FeeTooHigh")
    assert world.chain.sent == []


async def test_run__no_whale_passes_the_rule__is_refused_and_says_so(world):
    world.chain.pass_time(8 * 86_400)

    decision = await world.run()

    assert (decision.outcome, decision.facts["error"]) == (Outcome.REFUSED, "BadInput")
    assert "no whale passes this pool's rule" in decision.reason


async def test_run__node_goes_silent_within_a_turn__is_unavailable_and_nothing_is_sent(world):
    await world.follow(ADRIFT)
    world.chain.down_after = READS_OF_ONE_LOOK

    decision = await world.cycle.turn(world.pools[0])

    assert decision.outcome is Outcome.UNAVAILABLE
    assert decision.facts["error"] == "NodeUnavailable"
    assert world.chain.sent == []
    assert world.titles() == []


async def test_run__node_is_silent_from_the_start__nothing_is_decided(world):
    world.chain.down_after = 0

    with pytest.raises(NodeUnavailable):
        await world.cycle.run()

    assert list(await world.store.decisions()) == []


async def test_run__venue_is_silent__is_named_in_the_facts(world):
    world.dexes[1].outages = 99

    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert list(decision.facts["silent_venues"]) == ["velar"]


async def test_run__pool_is_absent_from_its_venue__is_named_in_the_facts_with_the_reason(world):
    world.dexes[1].absent = {"velar:STX-WELSH": "it is switched off"}

    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert decision.facts["silent_venues"] == {"velar:STX-WELSH": "it is switched off"}


async def test_run__alert_channel_is_down__the_record_says_who_was_not_reached(world):
    await world.follow(ADRIFT)
    world.notifier.outages = 99

    decision = await world.run()

    [record] = await world.store.alerts()
    assert decision.outcome is Outcome.PROPOSED
    assert (record.delivered_to, record.failed) == ((), ("fake",))


@pytest.mark.parametrize("spoil", ["nothing", "disagree", "silence", "slice"])
async def test_facts__whatever_happened__are_json_and_hold_no_secret(world, spoil):
    await world.with_mandate()
    if spoil == "disagree":
        world.sources[0].usd_e12["ALEX"] = 60_000_000_000
    if spoil == "silence":
        world.sources[1].usd_e12.clear()
    if spoil == "slice":
        world.chain.answers_next["rebalance-pool"] = [ERR_SLIPPAGE]

    decision = await world.run()

    said = say(decision)
    assert len(said) > 100
    assert KEY.hex() not in said
    for intent in await world.store.intents():
        assert KEY.hex() not in repr(intent)
