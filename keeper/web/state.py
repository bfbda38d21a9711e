"""What the web server is handed: where to look, and the few things that a person with the token may ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from keeper.chain.members import NodeHealth
from keeper.core.units import Seconds
from keeper.errors import Transient
from keeper.ports import Clock, Store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.web.access import OPEN, Access
from keeper.web.estimates import Found


def _never_valued(_: int) -> None:
    return None


def _no_nodes() -> Sequence[NodeHealth]:
    return ()


@dataclass(frozen=True, slots=True)
class WebState:
    """The readable side of the running keeper."""

    store: Store
    clock: Clock
    metrics: Metrics
    pulse: Pulse
    cycle_seconds: int
    network: str
    address: str
    """The keeper's own address."""
    plugins: tuple[str, ...] = ()
    pool_names: Mapping[int, str] = field(default_factory=dict)
    """Names of the configured pools, for those that no cycle has seen yet."""
    found: Found = _never_valued
    """What the last cycle saw of a pool."""
    nodes: Callable[[], Sequence[NodeHealth]] = _no_nodes
    """How every Stacks node does."""
    runbook: str = ""
    """Address or folder of the runbook's pages; empty when there is none."""
    analyse: Callable[[], None] | None = None
    """Have the next cycle begin at once; None where no cycles run."""
    access: Access = OPEN
    """Which tokens are asked for."""
    host: str = "127.0.0.1"
    """Address that the server listens on."""
    hosts: tuple[str, ...] = ()
    """Names besides this machine's, `host` and plain addresses that requests may come for."""
    requests_per_minute: int = 3_000
    """Most requests of one address."""

    def now(self) -> Seconds | None:
        """Return the time by the keeper's clock, None before it has seen a block."""
        try:
            return self.clock.now()
        except Transient:
            return None
