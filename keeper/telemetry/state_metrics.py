"""What Prometheus sees of the process and what it leans on: nodes, store, lease, pause, alert channels."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from keeper.core.records import Severity
from keeper.telemetry.series import Cells, Families, put

TAKEN: Final = "taken"
GIVEN_UP: Final = "given_up"


class NodeView(Protocol):
    """How one endpoint does; see keeper.chain.members.NodeHealth."""

    @property
    def name(self) -> str:
        """Its host."""
        ...

    @property
    def standing(self) -> str:
        """How its chain compares with the others'; `in line` is good."""
        ...

    @property
    def leads(self) -> bool:
        """Whether it gave the last tip."""
        ...

    @property
    def failures(self) -> int:
        """In a row."""
        ...

    @property
    def resting_seconds(self) -> float:
        """How long it is still left alone."""
        ...

    @property
    def height(self) -> int | None:
        """Of its last tip."""
        ...

    @property
    def requests_left(self) -> float | None:
        """What its budget would let through at once; None without a budget."""
        ...


class StateMetrics:
    """Nodes are those of the settings, channels those of the plugins: the number of series is theirs."""

    def __init__(self, families: Families) -> None:
        gauge, counter = families.gauge, families.counter
        self._in_use = Cells(gauge("node_in_use", "Whether an endpoint is asked, or left alone for a while.", "node"))
        self._in_line = Cells(gauge("node_in_line", "Whether an endpoint's chain is that of the others.", "node"))
        self._leads = Cells(gauge("node_leads", "Whether an endpoint gave the last tip.", "node"))
        self._failures = Cells(gauge("node_failures", "Failures of an endpoint in a row.", "node"))
        self._height = Cells(gauge("node_height", "Height of an endpoint's last tip.", "node"))
        self._budget = Cells(
            gauge("node_requests_left", "Requests an endpoint's budget would let through now.", "node")
        )
        self._lease = gauge("lease_held", "Whether this keeper holds the lease to send.", "lease")
        self._paused = gauge("paused", "Whether a person paused the keeper.", "what")
        self._store = gauge("store_up", "Whether the store could be read and written when it was last asked.", "store")
        self._told = counter("alerts_total", "Alerts by severity and what became of them.", "severity", "fate")
        self._sent = counter("alert_deliveries_total", "Alerts by channel and what it did.", "channel", "fate")
        self._open = Cells(gauge("alerts_open", "Troubles people were told of that are not over.", "kind"))

    def nodes(self, nodes: Iterable[NodeView]) -> None:
        """Show how every endpoint does."""
        seen = tuple(nodes)
        self._in_use.show({(node.name,): int(node.resting_seconds <= 0) for node in seen})
        self._in_line.show({(node.name,): int(node.standing == "in line") for node in seen})
        self._leads.show({(node.name,): int(node.leads) for node in seen})
        self._failures.show({(node.name,): node.failures for node in seen})
        self._height.show({(node.name,): node.height for node in seen if node.height is not None})
        self._budget.show({(node.name,): node.requests_left for node in seen if node.requests_left is not None})

    def lease(self, name: str, *, held: bool) -> None:
        """Show whether the lease is ours."""
        put(self._lease, (name,), int(held))

    def paused(self, *, paused: bool | None) -> None:
        """Show whether a person paused sending; None when the store did not say."""
        put(self._paused, ("sending",), None if paused is None else int(paused))

    def store(self, *, up: bool) -> None:
        """Show whether the store can be read and written."""
        put(self._store, ("main",), int(up))

    def alert(self, severity: Severity, *, delivered: bool) -> None:
        """Count an alert that at least one channel took, or that none did."""
        self._told.labels(severity.value, "delivered" if delivered else "undelivered").inc()

    def channels(self, names: Iterable[str]) -> None:
        """Show what alert channels have done so far, which is nothing for one that has done nothing."""
        for name in names:
            for fate in (TAKEN, GIVEN_UP):
                self._sent.labels(name, fate)

    def alert_sent(self, channel: str, *, taken: bool) -> None:
        """Count what one channel did with one alert."""
        self._sent.labels(channel, TAKEN if taken else GIVEN_UP).inc()

    def alerts_open(self, by_kind: Mapping[str, int]) -> None:
        """Show how many troubles of each kind are not over."""
        self._open.show({(kind,): count for kind, count in by_kind.items()})
