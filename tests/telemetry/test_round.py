"""What Prometheus reads after real rounds: every series parsed as Prometheus parses it, and bounded in number."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from keeper.core.records import OPEN_STATES, IntentKind, Outcome
from keeper.watching import look_at_store
from tests.shell.world import ADRIFT, RULE, open_world

ASSETS = {"STX", "ALEX", "DIKO"}
SOURCES = {"pyth", "coingecko", "alex", "velar"}


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


def metrics_of(world):
    return vars(world.cycle)["_metrics"]


def scraped(world):
    """Return {name: {labels: value}} of everything that is shown."""
    text = metrics_of(world).render().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def values(found, name, *labels):
    """Return a family's values by the values of these labels."""
    return {tuple(dict(at)[label] for label in labels): value for at, value in found[name].items()}


async def test_round__slice_traded__every_number_is_there_and_right(world):
    await world.with_mandate()

    decision = await world.run()

    found, now = scraped(world), world.clock.at
    assert decision.outcome is Outcome.SLICE_EXECUTED
    assert values(found, "keeper_cycle_last_success_timestamp_seconds", "pool") == {("1",): decision.at}
    assert values(found, "keeper_pool_drift_bps", "pool") == {("1",): decision.drift_bps}
    assert values(found, "keeper_breaker_tripped", "asset") == {(asset,): 0 for asset in ASSETS}
    assert set(values(found, "keeper_price_spread_bps", "asset")) == {(asset,) for asset in ASSETS}
    seen = values(found, "keeper_source_price_timestamp_seconds", "source", "asset")
    assert {("pyth", "ALEX"), ("coingecko", "STX"), ("alex", "ALEX"), ("velar", "ALEX")} <= set(seen)
    assert all(now - 900 <= at <= now for at in seen.values())
    assert set(values(found, "keeper_source_price_off_bps", "source", "asset")) == set(seen)
    cost = decision.facts["slice"]["cost_bps"]
    paid = values(found, "keeper_slice_last_slippage_bps", "measure")
    assert paid[("paid_vs_agreed",)] == cost
    assert paid[("paid_vs_quoted",)] == pytest.approx(cost - paid[("quoted_vs_agreed",)])
    assert values(found, "keeper_rounds_total", "ended") == {("well",): 3}


async def test_round__key__shows_nonces_fees_and_how_long_they_last(world):
    await world.with_mandate()
    await world.run()

    found = scraped(world)
    [(who,)] = values(found, "keeper_signer_balance_ustx", "address")
    used = found["keeper_fee_budget_used_ustx"][frozenset({("address", who)})]
    left = found["keeper_fee_budget_left_ustx"][frozenset({("address", who)})]
    balance = found["keeper_signer_balance_ustx"][frozenset({("address", who)})]
    assert used > 0
    assert used + left == 5_000_000
    [days] = found["keeper_signer_runway_days"].values()
    past = await world.store.note(f"fees:{world.clock.at // 86_400 - 1}")
    assert days == pytest.approx(balance / (used if past is None else past["ustx"]))
    assert found["keeper_nonce_gap"] == {frozenset({("address", who)}): 0}
    counts = values(found, "keeper_intents_open", "kind", "state")
    assert set(counts) == {(kind, state) for kind in IntentKind for state in OPEN_STATES}


async def test_round__prices_disagree__the_trouble_is_open_until_it_has_settled(world):
    world.sources[0].usd_e12["ALEX"] *= 3
    await world.follow(ADRIFT)
    refused = await world.run()
    during = scraped(world)
    world.sources[0].usd_e12["ALEX"] //= 3
    await world.run()
    world.chain.pass_time(301)
    await world.run()

    assert refused.outcome is Outcome.REFUSED
    assert "keeper_cycle_last_success_timestamp_seconds" not in during
    assert world.titles()[0] == f"{RULE.name}: nothing was traded"
    assert f"Over: {RULE.name}: nothing was traded" in world.titles()


async def test_round__many__makes_no_more_series_than_the_settings_name(world):
    await world.run()
    before = sum(len(rows) for rows in scraped(world).values())

    await world.run_times(5)

    assert sum(len(rows) for rows in scraped(world).values()) == before
    sources = {dict(at)["source"] for at in scraped(world)["keeper_source_price_timestamp_seconds"]}
    assert sources <= SOURCES


async def test_store__answers_or_not__is_shown(world):
    state = metrics_of(world).state
    await look_at_store(world.store, state)
    up = scraped(world)
    await world.store.put_note("paused", {"by": "ops", "why": "", "at": None})
    await look_at_store(world.store, state)
    paused = scraped(world)
    await world.store.close()
    await look_at_store(world.store, state)
    down = scraped(world)

    assert [list(found["keeper_store_up"].values()) for found in (up, paused, down)] == [[1], [1], [0]]
    assert [list(found["keeper_paused"].values()) for found in (up, paused)] == [[0], [1]]
    assert "keeper_paused" not in down
