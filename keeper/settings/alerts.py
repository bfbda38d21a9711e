"""Which alerts go where, and how often."""

from typing import Literal

from pydantic import Field, field_validator

from keeper.alerts.rules import RUNBOOK, AlertRule, Volume
from keeper.core.alert_kinds import KINDS
from keeper.core.records import Severity
from keeper.settings.sections import Section

SeverityName = Literal["info", "warning", "critical"]


class AlertSettings(Section):
    """Which alerts go where, and how often. Channels are those that plugins add (slack, discord); kinds are the pages of docs/runbook."""

    min_severity: SeverityName = "info"
    """Least severe alert for a channel that `channels` does not name."""
    channels: dict[str, SeverityName] = Field(default_factory=dict)
    """Least severe alert for single channels, such as discord = "critical"."""
    kinds: dict[str, Literal["off", "info", "warning", "critical"]] = Field(default_factory=dict)
    """How severe single kinds are, such as refused = "info" or proposal-opened = "off"; what is critical cannot be off."""
    cool_seconds: int = Field(default=3_600, ge=60, le=604_800)
    """How long the same trouble is not said again, in seconds."""
    settle_seconds: int = Field(default=300, ge=0, le=86_400)
    """How long a trouble must not have come up again before people are told that it is over, in seconds."""
    runbook_url: str = Field(default=RUNBOOK, min_length=1, max_length=500)
    """Address of the runbook's pages, which every alert links, such as `/runbook` below the keeper's own page as your people reach it; a folder is shown as text."""

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: dict[str, str]) -> dict[str, str]:
        for kind, volume in kinds.items():
            if kind not in KINDS:
                msg = f"must name known kinds, {kind!r} is none; use {', '.join(KINDS)}"
                raise ValueError(msg)
            if volume == "off" and KINDS[kind].severity is Severity.CRITICAL:
                msg = f"must leave {kind!r} on, which is critical; give it another severity"
                raise ValueError(msg)
        return kinds

    def rule(self) -> AlertRule:
        """Return the same choice as the router takes it."""
        kinds: dict[str, Volume] = {
            kind: "off" if volume == "off" else Severity(volume) for kind, volume in self.kinds.items()
        }
        return AlertRule(
            least=Severity(self.min_severity),
            channels={name: Severity(value) for name, value in self.channels.items()},
            kinds=kinds,
            cool_seconds=self.cool_seconds,
            settle_seconds=self.settle_seconds,
            runbook=self.runbook_url,
        )
