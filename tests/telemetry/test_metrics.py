from keeper.core.prices import AgreedPrice
from keeper.core.records import IntentKind, Outcome, Severity
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.telemetry.metrics import Metrics

NOW = Seconds(1_790_000_000)


def series(metrics: Metrics) -> dict[str, float]:
    rows = [line.rsplit(" ", 1) for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def test_metrics__nothing_known__say_nothing():
    assert series(Metrics()) == {}


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
    metrics.price("ALEX", price, now=NOW)
    metrics.signer_balance("ST1", MicroStx(5))
    before = series(metrics)

    for _ in range(2):
        metrics.drift(1, None)
        metrics.price("ALEX", None, now=NOW)
        metrics.signer_balance("ST1", None)

    assert before['keeper_pool_drift_bps{pool="1"}'] == 1_200
    assert before['keeper_price_age_seconds{asset="ALEX"}'] == 30
    assert before['keeper_price_spread_bps{asset="ALEX"}'] == 40
    assert before['keeper_signer_balance_ustx{address="ST1"}'] == 5
    assert series(metrics) == {}


def test_intents_open__kinds_named_or_not__each_has_a_number():
    metrics = Metrics()

    metrics.intents_open({IntentKind.REBALANCE: 2})

    found = series(metrics)
    assert found['keeper_intents_open{kind="rebalance"}'] == 2
    assert found['keeper_intents_open{kind="propose"}'] == 0


def test_slice__loss_unknown__is_counted_without_a_loss():
    metrics = Metrics()

    metrics.slice_executed(1, Bps(35))
    metrics.slice_executed(1, None)

    found = series(metrics)
    assert found['keeper_slices_total{pool="1"}'] == 2
    assert found['keeper_slice_slippage_bps_count{pool="1"}'] == 1
    assert found['keeper_slice_slippage_bps_bucket{le="50.0",pool="1"}'] == 1


def test_alert__undelivered__is_told_apart():
    metrics = Metrics()

    metrics.alert(Severity.CRITICAL, delivered=False)

    assert series(metrics)['keeper_alerts_total{fate="undelivered",severity="critical"}'] == 1


def test_two_registries__do_not_share_numbers():
    first, second = Metrics(), Metrics()

    first.slice_executed(1, None)

    assert series(second) == {}
