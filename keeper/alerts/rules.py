"""Which alerts are said, how loudly, where, and how often. Plain rules, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from keeper.core.alert_kinds import link_to, page_of
from keeper.core.records import Alert, Severity

Volume = Severity | Literal["off"]
"""How loud a kind is; `off` is not said at all."""
RANK: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
RUNBOOK: Final = "docs/runbook"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What an operator may choose about alerts; seconds are of the keeper's clock."""

    least: Severity = Severity.INFO
    """Least severe alert for a channel that `channels` does not name."""
    channels: Mapping[str, Severity] = field(default_factory=dict)
    kinds: Mapping[str, Volume] = field(default_factory=dict)
    cool_seconds: int = 3_600
    """How long the same trouble is not said again."""
    settle_seconds: int = 300
    """How long a trouble must not have come up to be over."""
    runbook: str = RUNBOOK

    def judged(self, alert: Alert) -> Alert | None:
        """Return the alert as it is to be said, with the link to its page; None when its kind is off."""
        volume = self.kinds.get(alert.kind, alert.severity)
        if volume == "off":
            return None
        return replace(alert, severity=Severity(volume), link=link_to(self.runbook, page_of(alert)))

    def wants(self, channel: str, severity: Severity) -> bool:
        """Tell whether a channel is for alerts of this severity."""
        return RANK[severity] >= RANK[self.channels.get(channel, self.least)]
