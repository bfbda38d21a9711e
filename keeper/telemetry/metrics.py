"""Numbers for Prometheus, in a registry of our own. A number that is not known has no series."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from keeper.core.records import OPEN_STATES, IntentKind, IntentState, Outcome
from keeper.core.units import BPS_ONE, Bps, Seconds
from keeper.telemetry.key_metrics import KeyMetrics
from keeper.telemetry.price_metrics import PriceMetrics
from keeper.telemetry.series import CONTENT_TYPE, SLIPPAGE_BUCKETS, Cells, Families, put
from keeper.telemetry.state_metrics import StateMetrics

__all__ = ["CONTENT_TYPE", "Metrics"]

_CYCLE_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_HTTP_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)
_FAILURES: Final = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE})


class Metrics:
    """What the cycle and the executor count. Every method is cheap and none does I/O."""

    def __init__(self) -> None:
        self.families = families = Families()
        self.registry = families.registry
        gauge, counter, histogram = families.gauge, families.counter, families.histogram
        self.key = KeyMetrics(families)
        self.prices = PriceMetrics(families)
        self.state = StateMetrics(families)
        self._before: list[Callable[[], None]] = []
        self._finished = Cells(
            gauge("cycle_last_finished_timestamp_seconds", "When a pool's cycle last ended.", "pool")
        )
        self._success = Cells(
            gauge("cycle_last_success_timestamp_seconds", "When a pool's cycle last ended well.", "pool")
        )
        self._watched = Cells(
            gauge("pool_watched_since_timestamp_seconds", "When this keeper began to look after a pool.", "pool")
        )
        self._drift = Cells(gauge("pool_drift_bps", "Drift from the target, in basis points of value.", "pool"))
        self._open = gauge("intents_open", "Transactions that are not settled yet.", "kind", "state")
        self._decisions = counter("decisions_total", "Cycles by pool and how they ended.", "pool", "outcome")
        self._rounds = counter("rounds_total", "Rounds over all pools that are due, by how they ended.", "ended")
        self._slices = counter("slices_total", "Slices of rebalances executed.", "pool")
        self._plugins = counter("plugin_failures_total", "Failures of a plugin's own making.", "plugin", "where")
        self._seconds = histogram("cycle_seconds", "Time one cycle of one pool took.", "pool", buckets=_CYCLE_BUCKETS)
        self._answers = counter("http_answers_total", "Answers of the page and the API.", "route", "status")
        self._answer_seconds = histogram(
            "http_answer_seconds", "Time an answer of the page or the API took.", "route", buckets=_HTTP_BUCKETS
        )
        # A histogram with negative buckets has no sum, so the last slice is shown beside it.
        self._last_slippage = gauge("slice_last_slippage_bps", "What the last slice lost.", "pool", "measure")
        self._slippage = histogram(
            "slice_slippage_bps",
            "Value a slice lost, in basis points of what it sold; negative is a gain. "
            "Measures: paid_vs_agreed, quoted_vs_agreed, paid_vs_quoted.",
            "pool",
            "measure",
            buckets=SLIPPAGE_BUCKETS,
        )

    def begin(self, pool_ids: Iterable[int], channels: Iterable[str]) -> None:
        """Show at 0 what is counted from now on and what rules go by; what has no series never rises for them."""
        self._rounds.labels("well")
        for pool_id in pool_ids:
            self._slices.labels(str(pool_id))
        self.state.channels(channels)

    def watched(self, pool_ids: Iterable[int], *, since: Seconds) -> None:
        """Show since when this keeper looks after these pools; those that stand by do not."""
        for pool_id in pool_ids:
            self._watched.put((str(pool_id),), since)

    def cycle_finished(self, pool_id: int, outcome: Outcome, *, at: Seconds, took: float) -> None:
        """Count one finished cycle; `took` is seconds. A refusal is a finished cycle but no success."""
        pool = str(pool_id)
        self._decisions.labels(pool, outcome.value).inc()
        self._seconds.labels(pool).observe(took)
        self._finished.put((pool,), at)
        if outcome not in _FAILURES:
            self._success.put((pool,), at)

    def round_ended(self) -> None:
        """Count a round that came to its end."""
        self._rounds.labels("well").inc()

    def drift(self, pool_id: int, drift_bps: Bps | None) -> None:
        """Show a pool's drift; None takes the number away."""
        self._drift.put((str(pool_id),), drift_bps)

    def intents_open(self, counts: Mapping[tuple[IntentKind, IntentState], int]) -> None:
        """Show how many transactions are open, by kind and state; what is not named has none."""
        for kind in IntentKind:
            for state in OPEN_STATES:
                self._open.labels(kind.value, state.value).set(counts.get((kind, state), 0))

    def slice_executed(self, pool_id: int, done: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Count an executed slice and what it lost; `done` and `plan` are the facts of its decision record."""
        pool = str(pool_id)
        self._slices.labels(pool).inc()
        paid, quoted = done.get("cost_bps"), _quoted_bps(plan)
        surprise = None if paid is None or quoted is None else paid - quoted
        measures = {"paid_vs_agreed": paid, "quoted_vs_agreed": quoted, "paid_vs_quoted": surprise}
        for measure, bps in measures.items():
            if bps is not None:
                self._slippage.labels(pool, measure).observe(bps)
            put(self._last_slippage, (pool, measure), bps)

    def plugin_failed(self, plugin: str, where: str) -> None:
        """Count a plugin that was left out at the start, or an answer of one that could not be used."""
        self._plugins.labels(plugin, where).inc()

    def http_answered(self, route: str, status: int, *, took: float | None) -> None:
        """Count an answer by its route's pattern and status; `took` is seconds, None for a stream that never ends."""
        self._answers.labels(route, str(status)).inc()
        if took is not None:
            self._answer_seconds.labels(route).observe(took)

    def before_rendering(self, show: Callable[[], None]) -> None:
        """Have `show` called each time before the series are written out; it must not do I/O."""
        self._before.append(show)

    def render(self) -> bytes:
        """Return all series in the text format of CONTENT_TYPE."""
        for show in self._before:
            show()
        return self.families.render()


def _quoted_bps(plan: Mapping[str, Any]) -> float | None:
    """Return what the plan expected to lose at agreed prices, in bps of what it sells; None where it sells nothing."""
    turnover = int(plan.get("turnover_ustx") or 0)
    return None if turnover <= 0 else round(int(plan["expected_cost_ustx"]) * BPS_ONE / turnover, 2)
