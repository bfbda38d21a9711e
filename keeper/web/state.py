"""What the web server is handed: where to look, and nothing that can act."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keeper.core.units import Seconds
from keeper.errors import Transient
from keeper.ports import Clock, Store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse


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

    def now(self) -> Seconds | None:
        """Return the time by the keeper's clock, None before it has seen a block."""
        try:
            return self.clock.now()
        except Transient:
            return None
