from keeper.core.consensus import Agreement
from keeper.core.prices import AgreedPrice, PricePoint
from keeper.core.records import OPEN_STATES, IntentKind, IntentState, Outcome, Severity
from keeper.core.runway import runway_days
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.execution.nonces import Nonces
from keeper.telemetry.metrics import Metrics

NOW = Seconds(1_790_000_000)
MEASURES = ("paid_vs_agreed", "quoted_vs_agreed", "paid_vs_quoted")


def series(metrics: Metrics) -> dict[str, float]:
    rows = [line.rsplit(" ", 1) for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def test_metrics__nothing_known__say_nothing():
    assert series(Metrics()) == {}


def test_begin__what_rules_see_rising__starts_at_nothing():
    metrics = Metrics()

    metrics.begin([1, 2], ["slack"])
    metrics.watched([1, 2], since=NOW)

    assert {name: value for name, value in series(metrics).items() if "_created" not in name} == {
        'keeper_rounds_total{ended="well"}': 0,
        'keeper_slices_total{pool="1"}': 0,
        'keeper_slices_total{pool="2"}': 0,
        'keeper_alert_deliveries_total{channel="slack",fate="taken"}': 0,
        'keeper_alert_deliveries_total{channel="slack",fate="given_up"}': 0,
        'keeper_pool_watched_since_timestamp_seconds{pool="1"}': NOW,
        'keeper_pool_watched_since_timestamp_seconds{pool="2"}': NOW,
    }


def test_cycle__refused__is_finished_and_counted_but_no_success():
    metrics = Metrics()

    metrics.cycle_finished(1, Outcome.PROPOSED, at=NOW, took=0.3)
    metrics.cycle_finished(1, Outcome.REFUSED, at=Seconds(NOW + 60), took=0.3)

    found = series(metrics)
    assert found['keeper_cycle_last_finished_timestamp_seconds{pool="1"}'] == NOW + 60
    assert found['keeper_cycle_last_success_timestamp_seconds{pool="1"}'] == NOW
    assert found['keeper_decisions_total{outcome="refused",pool="1"}'] == 1
    assert found['keeper_cycle_seconds_count{pool="1"}'] == 2


def test_gauges__value_becomes_unknown__series_goes_away():
    metrics = Metrics()
    price = AgreedPrice("ALEX", PriceE12(10**12), Seconds(NOW - 30), Bps(40), ())
    metrics.drift(1, Bps(1_200))
    metrics.prices.agreed("ALEX", price, now=NOW)
    metrics.key.balance("ST1", MicroStx(5), 1.5)
    before = series(metrics)

    for _ in range(2):
        metrics.drift(1, None)
        metrics.prices.agreed("ALEX", None, now=NOW)
        metrics.key.balance("ST1", None, None)

    assert before['keeper_pool_drift_bps{pool="1"}'] == 1_200
    assert before['keeper_price_age_seconds{asset="ALEX"}'] == 30
    assert before['keeper_price_spread_bps{asset="ALEX"}'] == 40
    assert before['keeper_signer_balance_ustx{address="ST1"}'] == 5
    assert series(metrics) == {}


def test_intents_open__kinds_named_or_not__each_has_a_number():
    metrics = Metrics()

    metrics.intents_open({(IntentKind.REBALANCE, IntentState.SENT): 2})

    found = series(metrics)
    assert found['keeper_intents_open{kind="rebalance",state="sent"}'] == 2
    assert found['keeper_intents_open{kind="rebalance",state="mined"}'] == 0
    assert found['keeper_intents_open{kind="propose",state="planned"}'] == 0
    assert len(found) == len(IntentKind) * len(OPEN_STATES)


def test_slice__loss_unknown__is_counted_without_a_loss():
    metrics = Metrics()

    plan = {"expected_cost_ustx": "20", "turnover_ustx": "10000"}
    metrics.slice_executed(1, {"cost_bps": 35.0}, plan)
    last = series(metrics)
    metrics.slice_executed(1, {"cost_bps": None}, {"expected_cost_ustx": "0", "turnover_ustx": "0"})

    found = series(metrics)
    assert found['keeper_slices_total{pool="1"}'] == 2
    shown = {m: last[f'keeper_slice_last_slippage_bps{{measure="{m}",pool="1"}}'] for m in MEASURES}
    assert shown == {"paid_vs_agreed": 35, "quoted_vs_agreed": 20, "paid_vs_quoted": 15}
    assert not [name for name in found if name.startswith("keeper_slice_last_slippage_bps")]
    assert {found[f'keeper_slice_slippage_bps_count{{measure="{m}",pool="1"}}'] for m in MEASURES} == {1}


def test_alert__undelivered__is_told_apart():
    metrics = Metrics()

    metrics.state.alert(Severity.CRITICAL, delivered=False)

    assert series(metrics)['keeper_alerts_total{fate="undelivered",severity="critical"}'] == 1


def test_two_registries__do_not_share_numbers():
    first, second = Metrics(), Metrics()

    first.plugin_failed("alex", "market")

    assert series(second) == {}


def point(source: str, asset: str, price_e12: int, quote: str, *, age: int = 10) -> PricePoint:
    return PricePoint(source, asset, quote, PriceE12(price_e12), Seconds(NOW - age))  # type: ignore[arg-type]


def test_sources__each_beside_the_agreed_price__in_its_own_quote():
    metrics = Metrics()
    usd = AgreedPrice("STX/USD", PriceE12(5 * 10**11), NOW, Bps(0), ())
    alex = AgreedPrice("ALEX", PriceE12(10**11), NOW, Bps(0), ())
    points = [
        point("pyth", "STX", 505 * 10**9, "USD"),
        point("pyth", "ALEX", 51 * 10**9, "USD"),
        point("alex", "ALEX", 99 * 10**9, "STX", age=3),
        point("alex", "WELSH", 10**9, "STX"),
    ]

    metrics.prices.sources(points, Agreement({"ALEX": alex}, {}, usd, ()), now=NOW)

    found = series(metrics)
    off = {name: value for name, value in found.items() if "off_bps" in name}
    assert off == {
        'keeper_source_price_off_bps{asset="STX",source="pyth"}': 100,
        'keeper_source_price_off_bps{asset="ALEX",source="pyth"}': 200,
        'keeper_source_price_off_bps{asset="ALEX",source="alex"}': -100,
    }
    assert found['keeper_source_price_age_seconds{asset="ALEX",source="alex"}'] == 3


def test_sources__one_falls_silent__keeps_the_time_of_its_last_price_and_no_age():
    metrics = Metrics()
    nothing = Agreement({}, {}, None, ())
    metrics.prices.sources([point("pyth", "ALEX", 10**9, "USD")], nothing, now=NOW)

    metrics.prices.sources([], nothing, now=Seconds(NOW + 60))

    assert series(metrics) == {'keeper_source_price_timestamp_seconds{asset="ALEX",source="pyth"}': NOW - 10}


def test_nonces__hole_before_what_waits__is_a_gap():
    metrics = Metrics()

    metrics.key.nonces("ST1", Nonces(5, frozenset({4, 7, 8}), frozenset({6})))

    found = series(metrics)
    assert found['keeper_nonce_gap{address="ST1"}'] == 2
    assert found['keeper_nonces_waiting{address="ST1"}'] == 2
    assert found['keeper_nonces_foreign{address="ST1"}'] == 1


def test_nonces__nothing_open__no_gap_and_nobody_knows_of_others():
    metrics = Metrics()
    metrics.key.nonces("ST1", Nonces(5, frozenset({5}), frozenset()))

    metrics.key.nonces("ST1", None)

    assert series(metrics) == {'keeper_nonce_gap{address="ST1"}': 0, 'keeper_nonces_waiting{address="ST1"}': 0}


def test_runway__days_before_the_first_fee_do_not_count():
    assert runway_days(1_000, [5, 100, 0, 100, 0, 0, 0, 0]) == 15
    assert runway_days(1_000, [50, 0, 0]) == 20
    assert runway_days(0, [50, 100]) == 0
    assert runway_days(1_000, [0, 0, 0]) is None
