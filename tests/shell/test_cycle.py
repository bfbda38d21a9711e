"""From drift to settlement, one cycle at a time."""

from keeper.core.records import Outcome, Severity
from tests.shell.world import ADRIFT, AT_HOME

DAY = 86_400


async def test_run__quiet_day__does_nothing_and_says_so(world):
    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert decision.reason == "drift is 0.00 %, within the threshold of 10.00 %"
    assert (world.chain.sent, world.titles()) == ([], [])


async def test_run__drift_at_the_threshold__leaves_the_pool_alone(world):
    await world.follow({"STX": 5_000, "ALEX": 4_000, "DIKO": 1_000})

    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert 995 <= decision.drift_bps <= 1_000
    assert world.chain.sent == []


async def test_run__whales_moved__proposes_once_and_then_waits(world):
    await world.follow(ADRIFT)

    first, second = await world.run_times(2)

    assert (first.outcome, second.outcome) == (Outcome.PROPOSED, Outcome.WAITING_FOR_VOTE)
    assert 2_990 < first.drift_bps <= 3_000
    assert world.chain.called() == ["propose-mandate"]
    assert world.titles() == ["DeFi Whale Index: rebalance proposed"]


async def test_run__proposal__asks_for_the_whales_target_inside_the_policy(world):
    await world.follow(ADRIFT)

    await world.run()

    proposal = world.chain.proposals[1]
    assert {world.assets.by_principal(t["asset"]).symbol: t["bps"] for t in proposal.targets} == ADRIFT
    assert proposal.limits == {"turnover-bps": 6_000, "slippage-bps": 150, "loss-bps": 100}
    assert proposal.open_secs == 172_800


async def test_run__vote_passed__concludes_trades_and_is_back_on_target(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)

    decisions = await world.run_times(3)

    assert [d.outcome for d in decisions] == [Outcome.VOTE_PASSED, Outcome.SLICE_EXECUTED, Outcome.REBALANCED]
    assert decisions[-1].facts["worst_bps"] <= 200
    assert world.chain.called() == ["propose-mandate", "post-prices", "conclude", "rebalance-pool"]
    last = world.notifier.delivered[-1]
    assert (last.title, last.severity) == ("DeFi Whale Index: back on target", Severity.INFO)
    assert "in 1 slice(s)" in last.done


async def test_run__slice__what_it_says_is_what_the_pool_did(world):
    await world.with_mandate()
    before = dict(world.pool.holdings)

    decision = await world.run()

    done = decision.facts["slice"]
    for leg in done["legs"]:
        assert int(leg["actual_out"]) >= int(leg["min_out"]) > 0
    for symbol in ("ALEX", "DIKO"):
        principal = world.assets[symbol].principal
        gained = sum(int(leg["actual_out"]) for leg in done["legs"] if leg["buy"] == symbol)
        lost = sum(int(leg["amount_in"]) for leg in done["legs"] if leg["sell"] == symbol)
        assert world.pool.holdings[principal] == before[principal] + gained - lost
    assert done["drift_before_bps"] == 3_000  # by the oracle's prices
    assert done["drift_after_bps"] < 50
    assert done["cost_bps"] == round(
        (int(done["sold_ustx"]) - int(done["bought_ustx"])) * 1e4 / int(done["sold_ustx"]), 2
    )


async def test_run__slice__is_signed_in_originator_mode_with_the_vault_and_every_venue_named(world):
    await world.with_mandate()

    await world.run()

    [transaction] = [t for t in world.chain.sent if t.payload.function == "rebalance-pool"]
    named = {(str(c.who).partition(".")[2], c.compare.name) for c in transaction.conditions}
    assert transaction.mode.name == "ORIGINATOR"
    assert named == {("whale-pool-vault", "LE"), ("alex-vault", "GE")}


async def test_run__legs__only_those_without_a_fallback_bind_their_venue(world):
    await world.with_mandate()

    decision = await world.run()

    [transaction] = [t for t in world.chain.sent if t.payload.function == "rebalance-pool"]
    legs = decision.facts["slice"]["legs"]
    bound = sum(c.amount for c in transaction.conditions if c.compare.name == "GE")
    assert {(leg["buy"], leg["fallback"]) for leg in legs} >= {("DIKO", None)}
    assert {leg["fallback"] for leg in legs if leg["buy"] == "ALEX"} <= {"alex", "velar"}
    assert bound == sum(int(leg["min_out"]) for leg in legs if leg["fallback"] is None)


async def test_run__venue_fails_its_swap__the_leg_goes_to_the_other_in_the_same_transaction(world):
    await world.follow({"STX": 4_000, "ALEX": 5_000, "DIKO": 1_000})
    await world.run()
    world.vote(1, passes=True)
    await world.run()
    world.chain.closed_venues.add("velar")

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert {leg["venue"]: leg["fallback"] for leg in decision.facts["slice"]["legs"]} == {
        "alex": "velar",
        "velar": "alex",
    }


async def test_run__small_slices__take_several_and_count_on(world):
    await world.follow({"STX": 1_000, "ALEX": 5_000, "DIKO": 4_000})
    await world.run()
    world.vote(1, passes=True)

    decisions = await world.run_times(4)

    slices = [d.facts["slice"]["slice"] for d in decisions if d.outcome is Outcome.SLICE_EXECUTED]
    assert slices == [1, 2]
    assert decisions[-1].outcome is Outcome.REBALANCED
    assert world.chain.mandates[1].slices == 2


async def test_run__whales_move_during_the_vote__the_vote_runs_to_its_end(world):
    await world.follow(ADRIFT)
    await world.run()
    await world.follow({"STX": 1_000, "ALEX": 9_000})

    decision = await world.run()

    assert decision.outcome is Outcome.WAITING_FOR_VOTE
    assert "the whales have moved since" in decision.reason
    assert world.chain.called() == ["propose-mandate"]


async def test_run__vote_is_over__waits_until_it_may_be_carried_out(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)
    world.chain.proposals[1].due_at += 1_800

    waiting = await world.run()
    world.chain.pass_time(1_800)
    passed = await world.run()

    assert (waiting.outcome, passed.outcome) == (Outcome.WAITING_FOR_VOTE, Outcome.VOTE_PASSED)
    assert waiting.reason == "the vote on proposal 1 has ended; it may be carried out in 30 min"
    assert world.chain.called().count("conclude") == 1


async def test_run__guardians_veto_a_passed_vote__is_concluded_in_words_and_rests(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)
    world.chain.proposals[1].vetoed = True

    vetoed, resting = await world.run_times(2)
    world.chain.pass_time(DAY)
    again = await world.run()

    assert [d.outcome for d in (vetoed, resting, again)] == [
        Outcome.VOTE_FAILED,
        Outcome.WITHIN_THRESHOLD,
        Outcome.PROPOSED,
    ]
    assert vetoed.reason == "proposal 1 was vetoed by the guardians"
    assert "this target was vetoed by the guardians; it is not proposed again" in resting.reason
    assert world.titles()[1] == "DeFi Whale Index: rebalance vetoed"


async def test_run__guardians_veto_at_once__rests_without_concluding(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)
    world.chain.proposals[1].state = "vetoed"

    decision = await world.run()

    assert decision.outcome is Outcome.WITHIN_THRESHOLD
    assert "conclude" not in world.chain.called()


async def test_run__nobody_concluded_for_a_week__ends_the_proposal_and_makes_another(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=True)
    world.chain.pass_time(7 * DAY)
    await world.follow(ADRIFT)

    expired, again = await world.run_times(2)

    assert (expired.outcome, expired.reason) == (Outcome.VOTE_FAILED, "proposal 1 was not carried out in time")
    assert (again.outcome, again.facts["proposal"]) == (Outcome.PROPOSED, 2)


async def test_run__vote_failed__says_so_and_rests_for_a_day(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=False)

    failed, resting = await world.run_times(2)

    assert (failed.outcome, resting.outcome) == (Outcome.VOTE_FAILED, Outcome.WITHIN_THRESHOLD)
    assert "was rejected; it is not proposed again" in resting.reason
    assert world.chain.called().count("propose-mandate") == 1
    assert world.titles()[-1] == "DeFi Whale Index: rebalance rejected"


async def test_run__rejected_target_after_its_rest__is_proposed_again(world):
    await world.follow(ADRIFT)
    await world.run()
    world.vote(1, passes=False)
    await world.run()
    world.chain.pass_time(DAY)

    decision = await world.run()

    assert (decision.outcome, decision.facts["proposal"]) == (Outcome.PROPOSED, 2)


async def test_run__oracle_old__prices_are_posted_before_the_slice(world):
    await world.with_mandate()
    world.chain.pass_time(600)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert world.chain.called() == ["post-prices", "rebalance-pool"]
    posted = {world.assets.by_principal(p).symbol: price for p, (price, _) in world.chain.oracle.items()}
    assert posted == {"ALEX": 100_000_000_000, "DIKO": 20_000_000_000, "STX": 500_000_000_000}


async def test_run__oracle_found_its_sources_apart_once__reports_anew_before_the_slice(world):
    await world.with_mandate()
    world.chain.apart.add(world.assets["ALEX"].principal)

    decision = await world.run()

    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert world.chain.called() == ["post-prices", "rebalance-pool"]


async def test_run__oracle_fresh__no_price_is_posted(world):
    await world.with_mandate()

    await world.run()

    assert world.chain.called() == ["rebalance-pool"]


async def test_run__mandate_expired__asks_for_a_new_vote(world):
    await world.with_mandate()
    world.chain.pass_time(172_800)
    await world.follow(ADRIFT)

    decision = await world.run()

    assert decision.outcome is Outcome.PROPOSED
    assert world.chain.called() == ["propose-mandate"]


async def test_run__block_does_not_come__waits_and_sends_nothing_twice(world):
    await world.follow(ADRIFT)
    world.chain.mines_at_once = False

    first, second = await world.run_times(2)
    world.chain.mine()
    third = await world.run()

    assert [first.outcome, second.outcome] == [Outcome.WAITING_FOR_TRANSACTION] * 2
    assert third.outcome is Outcome.WAITING_FOR_VOTE
    assert world.chain.called() == ["propose-mandate"]


async def test_run__restarted_in_between__finds_what_was_sent(world):
    await world.follow(ADRIFT)
    world.chain.mines_at_once = False
    await world.run()

    reborn, _ = world.rebuild()
    await reborn.run()
    world.chain.mine()
    [decision] = await reborn.run()

    assert decision.outcome is Outcome.WAITING_FOR_VOTE
    assert world.chain.called() == ["propose-mandate"]


async def test_run__every_cycle__leaves_a_record_and_a_view(world):
    await world.follow(ADRIFT)

    done = await world.run_times(2)

    kept = await world.store.decisions(pool_id=1)
    [view] = await world.store.views()
    assert [d.decision_id for d in kept] == [d.decision_id for d in reversed(done)]
    assert (view.body["state"], view.body["last_decision"]["outcome"]) == ("in vote", "waiting_for_vote")


async def test_run__back_home__stays_there(world):
    await world.follow(AT_HOME)

    decisions = await world.run_times(5)

    assert {d.outcome for d in decisions} == {Outcome.WITHIN_THRESHOLD}
    assert world.chain.sent == []
