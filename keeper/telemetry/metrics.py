"""Numbers for Prometheus, in a registry of our own. A number that is not known has no series.

Series carry labels even where one would do, because a series without labels starts at 0, and 0 is a
statement.
"""

import contextlib
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from keeper.core.prices import AgreedPrice, Fault
from keeper.core.records import IntentKind, Outcome, Severity
from keeper.core.units import Bps, MicroStx, Seconds

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_CYCLE_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_SLIPPAGE_BUCKETS: Final = (-50.0, 0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 150.0, 200.0)
_FAILURES: Final = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE})


class Metrics:
    """What the cycle and the executor count. Every method is cheap and none does I/O."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        gauge, counter = self._gauge, self._counter
        self._finished = gauge("cycle_last_finished_timestamp_seconds", "When a pool's cycle last ended.", "pool")
        self._success = gauge("cycle_last_success_timestamp_seconds", "When a pool's cycle last ended well.", "pool")
        self._drift = gauge("pool_drift_bps", "Drift from the target, in basis points of value.", "pool")
        self._price_at = gauge("price_oldest_timestamp_seconds", "Time of an agreed price's oldest point.", "asset")
        self._price_age = gauge("price_age_seconds", "Age of an agreed price when it was last used.", "asset")
        self._spread = gauge("price_spread_bps", "Distance between the sources of an agreed price.", "asset")
        self._open = gauge("intents_open", "Transactions planned and not yet settled.", "kind")
        self._balance = gauge("signer_balance_ustx", "STX left to pay fees, in microSTX.", "address")
        self._decisions = counter("decisions_total", "Cycles by pool and how they ended.", "pool", "outcome")
        self._refused = counter("prices_refused_total", "Prices not used, by source and why.", "source", "reason")
        self._slices = counter("slices_total", "Slices of rebalances executed.", "pool")
        self._plugins = counter("plugin_failures_total", "Failures of a plugin's own making.", "plugin", "where")
        self._alerts = counter("alerts_total", "Alerts by severity and what became of them.", "severity", "fate")
        self._seconds = Histogram(
            "keeper_cycle_seconds",
            "Time one cycle of one pool took.",
            ("pool",),
            registry=self.registry,
            buckets=_CYCLE_BUCKETS,
        )
        self._slippage = Histogram(
            "keeper_slice_slippage_bps",
            "Value lost by a slice at agreed prices, in basis points of what it sold; negative is a gain.",
            ("pool",),
            registry=self.registry,
            buckets=_SLIPPAGE_BUCKETS,
        )

    def cycle_finished(self, pool_id: int, outcome: Outcome, *, at: Seconds, took: float) -> None:
        """Count one finished cycle; `took` is seconds. A refusal is a finished cycle but no success."""
        pool = str(pool_id)
        self._decisions.labels(pool, outcome.value).inc()
        self._seconds.labels(pool).observe(took)
        self._finished.labels(pool).set(at)
        if outcome not in _FAILURES:
            self._success.labels(pool).set(at)

    def drift(self, pool_id: int, drift_bps: Bps | None) -> None:
        """Show a pool's drift; None takes the number away."""
        _set(self._drift, str(pool_id), drift_bps)

    def price(self, asset: str, price: AgreedPrice | None, *, now: Seconds) -> None:
        """Show an agreed price's age and spread; None takes them away."""
        _set(self._price_at, asset, None if price is None else price.oldest_at)
        _set(self._price_age, asset, None if price is None else now - price.oldest_at)
        _set(self._spread, asset, None if price is None else price.spread_bps)

    def price_refused(self, source: str, fault: Fault) -> None:
        """Count something a source said that was not used as a price, or that it said nothing."""
        self._refused.labels(source, fault.value).inc()

    def intents_open(self, counts: Mapping[IntentKind, int]) -> None:
        """Show how many transactions of each kind are open; a kind that is not named has none."""
        for kind in IntentKind:
            self._open.labels(kind.value).set(counts.get(kind, 0))

    def slice_executed(self, pool_id: int, slippage_bps: Bps | None) -> None:
        """Count an executed slice and, when it is known, what it lost."""
        self._slices.labels(str(pool_id)).inc()
        if slippage_bps is not None:
            self._slippage.labels(str(pool_id)).observe(slippage_bps)

    def signer_balance(self, address: str, balance_ustx: MicroStx | None) -> None:
        """Show what is left for fees; None takes the number away."""
        _set(self._balance, address, balance_ustx)

    def plugin_failed(self, plugin: str, where: str) -> None:
        """Count a plugin that was left out at the start, or an answer of one that could not be used."""
        self._plugins.labels(plugin, where).inc()

    def alert(self, severity: Severity, *, delivered: bool) -> None:
        """Count an alert that at least one channel took, or that none did."""
        self._alerts.labels(severity.value, "delivered" if delivered else "undelivered").inc()

    def render(self) -> bytes:
        """Return all series in the text format of CONTENT_TYPE."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"keeper_{name}", meaning, labels, registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"keeper_{name}", meaning, labels, registry=self.registry)


def _set(gauge: Gauge, label: str, value: int | None) -> None:
    if value is not None:
        gauge.labels(label).set(value)
        return
    with contextlib.suppress(KeyError):
        gauge.remove(label)
