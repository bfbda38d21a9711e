"""Families of series in one registry, all named `keeper_…`. The only importer of prometheus_client."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

SLIPPAGE_BUCKETS: Final = (-50.0, 0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 150.0, 200.0)


@dataclass(frozen=True, slots=True)
class Made:
    """A family as a page may describe it; the names of a counter's series end in `_total` already."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


class Families:
    """Makes families; each has labels, because one without would start at 0, and 0 is a statement."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.made: list[Made] = []

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """Return a new family of gauges."""
        self.made.append(Made(f"keeper_{name}", "gauge", labels, meaning))
        return Gauge(f"keeper_{name}", meaning, labels, registry=self.registry)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Return a new family of counters."""
        self.made.append(Made(f"keeper_{name}", "counter", labels, meaning))
        return Counter(f"keeper_{name}", meaning, labels, registry=self.registry)

    def histogram(self, name: str, meaning: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        """Return a new family of histograms."""
        self.made.append(Made(f"keeper_{name}", "histogram", labels, meaning))
        return Histogram(f"keeper_{name}", meaning, labels, registry=self.registry, buckets=buckets)

    def render(self) -> bytes:
        """Return all series in the text format of CONTENT_TYPE."""
        return generate_latest(self.registry)


def put(gauge: Gauge, labels: Sequence[str], value: float | None) -> None:
    """Show a number under these labels; None takes it away."""
    if value is not None:
        gauge.labels(*labels).set(value)
        return
    with contextlib.suppress(KeyError):
        gauge.remove(*labels)


class Cells:
    """A gauge that remembers its series and what they show, since most of what it is told is what it was told before."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._cells: dict[tuple[str, ...], Gauge] = {}
        self._values: dict[tuple[str, ...], float] = {}

    def put(self, labels: tuple[str, ...], value: float | None) -> None:
        """Show a number under these labels; None takes it away."""
        if self._values.get(labels) == value:
            return
        if value is None:
            del self._cells[labels], self._values[labels]
            self._gauge.remove(*labels)
            return
        cell = self._cells.get(labels)
        if cell is None:
            cell = self._cells[labels] = self._gauge.labels(*labels)
        cell.set(value)
        self._values[labels] = value

    def show(self, rows: Mapping[tuple[str, ...], float]) -> None:
        """Show exactly these rows, by their labels; what is not named any more has no series."""
        for labels in self._values.keys() - rows.keys():
            self.put(labels, None)
        for labels, value in rows.items():
            self.put(labels, value)
